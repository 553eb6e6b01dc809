//! Service accounts prove themselves with keys of their own.

use access::Member;
use identity::{Keys, assertion};
use serde_json::{Value, json};

use crate::issuers::{ELLIPTIC, NOW, elliptic};

fn check(claims: &Value) -> Result<(), &'static str> {
    let robot: Member = "serviceAccount:robot".parse().unwrap();
    let keys = Keys::parse(&json!({ "keys": [ELLIPTIC.public()] }).to_string()).unwrap();
    assertion::check(&ELLIPTIC.sign(claims), &robot, &keys, "prod", NOW).map_err(|why| why.reason())
}

fn good() -> Value {
    let robot = "serviceAccount:robot";
    json!({ "iss": robot, "sub": robot, "aud": "atoll:prod", "iat": NOW, "exp": NOW + 60 })
}

#[test]
fn an_assertion_is_of_the_account_for_this_ring_and_short_lived() {
    assert_eq!(check(&good()), Ok(()));
    for (claim, value, reason) in [
        ("iss", json!("serviceAccount:other"), "TOKEN_REFUSED"),
        ("sub", json!("serviceAccount:other"), "TOKEN_REFUSED"),
        ("aud", json!("atoll:staging"), "TOKEN_REFUSED"),
        // A token that the ring issued is no assertion.
        ("aud", json!("atoll"), "TOKEN_REFUSED"),
        ("exp", json!(NOW + 301), "TOKEN_REFUSED"),
        ("iat", Value::Null, "TOKEN_REFUSED"),
        ("exp", json!(NOW - 60), "TOKEN_EXPIRED"),
    ] {
        let mut claims = good();
        claims[claim] = value.clone();
        assert_eq!(check(&claims), Err(reason), "{claim}: {value}");
    }
    let robot: Member = "serviceAccount:robot".parse().unwrap();
    let keys = Keys::parse(&json!({ "keys": [ELLIPTIC.public()] }).to_string()).unwrap();
    let stranger = elliptic("ec-1").sign(&good());
    assert_eq!(assertion::check(&stranger, &robot, &keys, "prod", NOW).unwrap_err().reason(), "TOKEN_REFUSED");
}
