use proptest::prelude::*;

use super::*;

#[test]
fn every_shape_round_trips() {
    for name in [
        "organizations/acme",
        "organizations/acme/folders/eng",
        "organizations/acme/projects/shop",
        "organizations/acme/projects/shop/locations/eu-west-1/clusters/web",
    ] {
        assert_eq!(name.parse::<ResourceName>().unwrap().to_string(), name);
    }
}

#[test]
fn a_refusal_names_the_value_and_the_shape_that_was_wanted() {
    let error = "organizations/Acme".parse::<OrganizationName>().unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"parsed the name "Acme": wanted 1 to 63 of a-z, 0-9 and -, starting with a letter, not ending in -"#
    );
    let error = "organizations/a/folders/f".parse::<ProjectName>().unwrap_err();
    assert_eq!(error.expected, "organizations/{o}/projects/{p}");
    assert!("organizations/a/projects/p".parse::<ContainerName>().is_err());
    let long = "a".repeat(10_000);
    assert_eq!(long.parse::<Label>().unwrap_err().input.len(), 80, "an error never carries a huge value");
}

proptest! {
    #[test]
    fn parsing_never_panics_and_accepts_only_what_it_prints(input in "[a-z0-9/#A-Z-]{0,80}") {
        if let Ok(name) = input.parse::<ResourceName>() {
            prop_assert_eq!(name.to_string(), input);
        }
    }
}

#[test]
fn what_is_beside_the_tree_is_named_after_its_organization() {
    let group: GroupName = "organizations/acme/groups/oncall".parse().unwrap();
    assert_eq!(group.to_string(), "organizations/acme/groups/oncall");
    for not in [
        "organizations/acme/roles/oncall",
        "organizations/acme/groups",
        "organizations/acme/groups/a/b",
        "x/acme/groups/a",
    ] {
        assert!(not.parse::<GroupName>().is_err(), "{not}");
    }
    let provider: IdentityProviderName = "organizations/acme/identityProviders/corp".parse().unwrap();
    assert_eq!((provider.provider.as_str(), provider.to_string().len()), ("corp", 41));
    let account: ServiceAccountName = "organizations/acme/serviceAccounts/pager".parse().unwrap();
    assert_eq!(account.to_string(), "organizations/acme/serviceAccounts/pager");
    assert!(account.to_string().parse::<IdentityProviderName>().is_err());
}
