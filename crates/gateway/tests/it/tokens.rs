//! From a token to a caller.

use std::sync::Arc;

use gateway::{Authenticator, Who};
use identity::{Keys, Operators, OwnTokens, Provider, Signer, operator, own::Claimed};
use ids::OrganizationName;

const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://login.example";

fn key(ring: &str, id: &str, seed: u8) -> Signer {
    Signer::new(ring, id, &[seed; 32]).unwrap()
}

fn set(key: &Signer) -> String {
    format!(r#"{{"keys":[{}]}}"#, key.public_jwk())
}

fn authenticator() -> Authenticator {
    let (operator, own) = (key("prod", "ada", 1), key("prod", "k1", 2));
    Authenticator {
        operators: Arc::new(Operators::parse("prod", &set(&operator)).unwrap()),
        own: OwnTokens::new("prod", [(own.id(), own.public())]),
    }
}

fn organization(label: &str) -> OrganizationName {
    format!("organizations/{label}").parse().unwrap()
}

/// Both trust the same issuer, each for a client of its own.
fn trusting(issuer: &str) -> Vec<Arc<Provider>> {
    let of = |label: &str| {
        Arc::new(Provider {
            organization: organization(label),
            issuer: ISSUER.to_owned(),
            audience: format!("atoll-{label}"),
            user_claim: "sub".to_owned(),
            groups_claim: String::new(),
            keys: Keys::parse(&set(&key("", "login-1", 3))).unwrap(),
        })
    };
    if issuer == ISSUER { vec![of("acme"), of("other")] } else { Vec::new() }
}

fn login(audience: &str) -> String {
    let claimed = Claimed { iss: ISSUER, aud: audience, sub: "ann", org: None, jti: None };
    key("", "login-1", 3).sign(&claimed, NOW, 600).unwrap()
}

fn who(token: &str, about: Option<&str>) -> Result<String, &'static str> {
    let about = about.map(organization);
    let found = authenticator().identify(token, about.as_ref(), NOW, trusting);
    found.map_err(|why| why.reason()).map(|(who, until)| {
        assert!(until > NOW);
        match who {
            Who::Member(of) => format!("{} of {}", of.member, of.organization),
            other => other.to_string(),
        }
    })
}

#[test]
fn each_kind_of_token_is_looked_at_by_whoever_issued_it() {
    let operator = operator::sign(&key("prod", "ada", 1), NOW, 600).unwrap();
    assert_eq!(who(&operator, Some("acme")).as_deref(), Ok("operator:ada"));
    let robot = "serviceAccount:ci".parse().unwrap();
    let own = key("prod", "k1", 2).issue((&organization("acme"), &robot), NOW, 600, "t1").unwrap();
    assert_eq!(who(&own, None).as_deref(), Ok("serviceAccount:ci of organizations/acme"));
    assert_eq!(who(&login("atoll-acme"), None).as_deref(), Ok("user:ann of organizations/acme"));
}

#[test]
fn one_login_is_somebody_in_the_organization_that_it_is_for() {
    assert_eq!(who(&login("atoll-other"), None).as_deref(), Ok("user:ann of organizations/other"));
    assert_eq!(who(&login("atoll-other"), Some("other")).as_deref(), Ok("user:ann of organizations/other"));
    assert_eq!(who(&login("atoll-other"), Some("acme")), Err("TOKEN_REFUSED"));
    assert_eq!(who(&login("something-else"), Some("acme")), Err("TOKEN_REFUSED"));
    assert_eq!(who(&login("atoll-acme"), Some("third")), Err("TOKEN_REFUSED"));
}

#[test]
fn nobody_makes_a_token_of_one_kind_with_the_key_of_another() {
    let sign = |by: &Signer, iss: &str, sub: &str, aud: &str| {
        let claimed = Claimed { iss, aud, sub, org: Some("organizations/acme"), jti: None };
        who(&by.sign(&claimed, NOW, 600).unwrap(), Some("acme"))
    };
    let (operator, own, login) = (key("prod", "ada", 1), key("prod", "k1", 2), key("", "login-1", 3));
    for by in [&operator, &own, &login] {
        let kinds = [
            ("operator:ada", "operator:ada", "atoll:prod", operator.id()),
            ("atoll:prod", "user:ann", "atoll", own.id()),
            (ISSUER, "ann", "atoll-acme", login.id()),
        ];
        for (iss, sub, aud, of) in kinds {
            let expected = if by.id() == of { None } else { Some("TOKEN_REFUSED") };
            assert_eq!(sign(by, iss, sub, aud).err(), expected, "{iss} by {}", by.id());
        }
    }
    assert_eq!(who("", None), Err("TOKEN_REFUSED"));
    assert_eq!(who("a.b.c", None), Err("TOKEN_REFUSED"));
    assert_eq!(who(&"a".repeat(1 << 20), None), Err("TOKEN_REFUSED"));
}
