//! Those who run the ring.

use domain::{Command, command as c};
use gateway::{Need, Who};
use ids::RegionId;

use crate::world::{ACME, CLUSTER, NOW, PROJECT, acme, ann, give, node, sees};

fn operator() -> Who {
    Who::Operator("ada".to_owned())
}

fn region_only() -> Command {
    c::RegisterRegion { region: "a".parse::<RegionId>().unwrap() }.into()
}

#[test]
fn an_operator_runs_the_ring_and_acts_for_whoever_has_nobody_to_act_for_them() {
    let mut arena = acme();
    assert_eq!(operator().may(&Need::Operator, None, NOW), Ok(()));
    for on in [ACME, PROJECT, CLUSTER] {
        assert_eq!(sees(&operator(), on, &arena), Ok(()));
        assert_eq!(operator().may(&Need::set_policy(&node(on)), Some(&arena), NOW), Ok(()));
    }
    // What is not known here may have one.
    let unknown = operator().may(&Need::set_policy(&node(ACME)), None, NOW).unwrap_err();
    assert_eq!(unknown.reason(), "NOT_FOUND");
    give(&mut arena, "organization.admin", "user:ann", ACME);
    assert_eq!(sees(&operator(), ACME, &arena), Ok(()), "that it is there they see");
    for need in [Need::set_policy(&node(ACME)), Need::see(&node(PROJECT)), Need::see(&node(CLUSTER))] {
        assert_eq!(operator().may(&need, Some(&arena), NOW).unwrap_err().reason(), "RIGHT_MISSING", "{need:?}");
    }
}

#[test]
fn nobody_of_an_organization_runs_the_ring() {
    let mut arena = acme();
    give(&mut arena, "organization.admin", "user:ann", ACME);
    let denied = ann().may(&Need::Operator, Some(&arena), NOW).unwrap_err();
    assert_eq!((denied.reason(), denied.to_string().contains("user:ann")), ("OPERATOR_ONLY", true));
}

#[test]
fn what_regions_owe_each_other_no_client_says() {
    assert_eq!(Need::of(&region_only()), Need::Region);
    for who in [operator(), ann()] {
        assert_eq!(who.may(&Need::Region, Some(&acme()), NOW).unwrap_err().reason(), "OPERATOR_ONLY");
    }
}

#[test]
fn a_ring_that_knows_no_operators_lets_everybody_do_everything_but_says_who_they_are_not() {
    assert_eq!(Who::Anybody.to_string(), "anonymous");
    assert_eq!(Who::Anybody.may(&Need::Operator, None, NOW), Ok(()));
    assert_eq!((operator().to_string(), operator().method()), ("operator:ada".to_owned(), "operator key"));
    assert_eq!((ann().to_string(), ann().method()), ("user:ann".to_owned(), "OpenID Connect"));
}
