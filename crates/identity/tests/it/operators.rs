//! Tokens of those who run the ring.

use identity::{Operators, Signer, operator::sign};
use serde_json::json;

use crate::issuers::NOW;

fn key(name: &str, seed: u8) -> Signer {
    Signer::new("prod", name, &[seed; 32]).unwrap()
}

fn configured(keys: &[&Signer]) -> Operators {
    let keys: Vec<_> = keys.iter().map(|key| key.public_jwk()).collect();
    Operators::parse("prod", &json!({ "keys": keys }).to_string()).unwrap()
}

#[test]
fn an_operator_is_whoever_has_a_key_of_the_configuration() {
    let (ada, bob) = (key("ada", 1), key("bob", 2));
    let both = configured(&[&ada, &bob]);
    assert_eq!(both.identify(&sign(&ada, NOW, 600).unwrap(), NOW), Ok(("ada".to_owned(), NOW + 600)));
    assert_eq!(both.identify(&sign(&bob, NOW, 600).unwrap(), NOW), Ok(("bob".to_owned(), NOW + 600)));
    let only_bob = configured(&[&bob]);
    assert_eq!(only_bob.identify(&sign(&ada, NOW, 600).unwrap(), NOW).unwrap_err().reason(), "TOKEN_REFUSED");
    // A key of the same name that is another.
    assert_eq!(both.identify(&sign(&key("ada", 9), NOW, 600).unwrap(), NOW).unwrap_err().reason(), "TOKEN_REFUSED");
}

#[test]
fn nobody_speaks_for_another_operator_or_as_a_service_account() {
    let (ada, bob) = (key("ada", 1), key("bob", 2));
    let both = configured(&[&ada, &bob]);
    let claim = |iss: &str, sub: &str| {
        let claimed = identity::own::Claimed { iss, aud: "atoll:prod", sub, org: None, jti: None };
        both.identify(&bob.sign(&claimed, NOW, 60).unwrap(), NOW)
    };
    assert_eq!(claim("operator:bob", "operator:bob"), Ok(("bob".to_owned(), NOW + 60)));
    for (iss, sub) in [
        ("operator:ada", "operator:ada"),
        ("operator:bob", "operator:ada"),
        ("bob", "bob"),
        ("atoll:prod", "operator:bob"),
        ("operator:", "operator:"),
    ] {
        assert_eq!(claim(iss, sub).unwrap_err().reason(), "TOKEN_REFUSED", "{iss} {sub}");
    }
}

#[test]
fn a_token_of_an_operator_is_for_one_ring_and_an_hour() {
    let ada = key("ada", 1);
    let configured = configured(&[&ada]);
    let staging = Signer::new("staging", "ada", &[1; 32]).unwrap();
    assert_eq!(configured.identify(&sign(&staging, NOW, 60).unwrap(), NOW).unwrap_err().reason(), "TOKEN_REFUSED");
    let token = sign(&ada, NOW, 3600).unwrap();
    assert_eq!(configured.identify(&token, NOW + 3600 + 60).unwrap_err().reason(), "TOKEN_EXPIRED");
    assert_eq!(configured.identify(&token, NOW - 61).unwrap_err().reason(), "TOKEN_NOT_YET_VALID");
    assert!(sign(&ada, NOW, 3601).is_err() && sign(&ada, NOW, 0).is_err());
}
