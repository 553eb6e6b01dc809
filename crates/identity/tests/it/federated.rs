//! Tokens of an issuer that an organization trusts.

use identity::{Keys, KeysError, Method, Provider, Refusal, TOKEN_BYTES_MAX, issuer_of, keys::secret};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::issuers::{CLIENT, ELLIPTIC, ISSUER, NOW, PSS, RSA, base64url, elliptic, good, provider, with};

fn reason(provider: &Provider, token: &str) -> String {
    let refused = provider.identify(token, NOW).expect_err("it was taken");
    format!("{}: {refused}", refused.reason())
}

fn refused(claims: &Value) -> String {
    reason(&provider(), &ELLIPTIC.sign(claims))
}

#[test]
fn a_token_of_each_kind_of_key_says_who_it_is() {
    for secret in [&*ELLIPTIC, &*RSA, &*PSS] {
        let token = secret.sign(&good());
        assert_eq!(issuer_of(&token).unwrap(), ISSUER);
        let who = provider().identify(&token, NOW).unwrap();
        assert_eq!((who.member.to_string().as_str(), who.method), ("user:ann@acme.example", Method::OpenIdConnect));
        // The group that no binding could name is left out, and one that is named twice is one.
        let groups: Vec<String> = who.groups.iter().map(ToString::to_string).collect();
        assert_eq!(groups, ["group:oncall", "group:staff"]);
        assert_eq!(
            (who.organization.to_string().as_str(), who.issued, who.expires),
            ("organizations/acme", NOW - 10, NOW + 3600)
        );
    }
}

#[test]
fn a_user_is_named_by_the_claim_that_the_organization_chose() {
    let subjects = Provider { user_claim: "sub".to_owned(), groups_claim: String::new(), ..provider() };
    let who = subjects.identify(&ELLIPTIC.sign(&good()), NOW).unwrap();
    assert_eq!((who.member.to_string().as_str(), who.groups.len()), ("user:248289761001", 0));
    for (claim, value, wanted) in [
        ("email_verified", json!(false), "verified"),
        ("email_verified", Value::Null, "verified"),
        ("email", Value::Null, "one text"),
        ("email", json!(["a@b", "c@d"]), "one text"),
        ("email", json!("two words"), "printable"),
        ("email", json!("x".repeat(256)), "printable"),
        ("groups", json!({ "oncall": true }), "a list of texts"),
        ("groups", json!([1, 2]), "a list of texts"),
        ("groups", json!(vec!["g"; 501]), "500"),
    ] {
        let said = refused(&with(claim, value));
        assert!(said.starts_with("TOKEN_REFUSED: ") && said.contains(wanted), "{claim}: {said}");
    }
    assert!(provider().identify(&ELLIPTIC.sign(&with("email_verified", json!("true"))), NOW).is_ok());
    assert!(provider().identify(&ELLIPTIC.sign(&with("groups", json!("oncall"))), NOW).is_ok());
}

#[test]
fn a_token_is_for_us_and_of_its_issuer() {
    for (claim, value) in [
        ("iss", json!("https://login.evil.example")),
        ("iss", json!("https://login.acme.example/")),
        ("iss", Value::Null),
        ("aud", json!("another")),
        ("aud", json!(["another"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        // For several, and it does not say that it was issued to us.
        ("aud", json!([CLIENT, "another"])),
        ("azp", json!("another")),
    ] {
        let said = refused(&with(claim, value.clone()));
        assert!(said.starts_with("TOKEN_REFUSED: read a token "), "{claim} {value}: {said}");
    }
    let mut several = with("aud", json!([CLIENT, "another"]));
    several["azp"] = json!(CLIENT);
    assert!(provider().identify(&ELLIPTIC.sign(&several), NOW).is_ok());
}

#[test]
fn a_token_counts_from_its_beginning_to_its_end_give_or_take_a_minute() {
    let at =
        |claims: &Value, now| provider().identify(&ELLIPTIC.sign(claims), now).map(drop).map_err(|why| why.reason());
    assert_eq!(at(&with("exp", json!(NOW)), NOW + 59), Ok(()));
    assert_eq!(at(&with("exp", json!(NOW)), NOW + 60), Err("TOKEN_EXPIRED"));
    assert_eq!(at(&with("exp", json!(NOW as f64 + 0.5)), NOW + 59), Ok(()));
    assert_eq!(at(&with("nbf", json!(NOW + 60)), NOW), Ok(()));
    assert_eq!(at(&with("nbf", json!(NOW + 61)), NOW), Err("TOKEN_NOT_YET_VALID"));
    assert_eq!(at(&with("iat", json!(NOW + 61)), NOW), Err("TOKEN_NOT_YET_VALID"));
    assert_eq!(at(&with("exp", Value::Null), NOW), Err("TOKEN_REFUSED"));
    assert_eq!(at(&with("exp", json!(-1)), NOW), Err("TOKEN_EXPIRED"));
    assert_eq!(at(&with("exp", json!(1e300)), NOW), Ok(()));
    assert_eq!(at(&with("exp", json!("tomorrow")), NOW), Err("TOKEN_REFUSED"));
}

#[test]
fn no_algorithm_key_or_signature_but_that_of_the_key_is_taken() {
    let (claims, good) = (good(), ELLIPTIC.sign(&good()));
    let parts: Vec<&str> = good.split('.').collect();
    let header = |header: Value| base64url(header.to_string().as_bytes());
    let none = format!("{}.{}.", header(json!({ "alg": "none", "typ": "JWT", "kid": "ec-1" })), parts[1]);
    // The public key as a secret that both sides know.
    let public = ELLIPTIC.public()["x"].as_str().unwrap().as_bytes().to_vec();
    let confused = Header { kid: Some("ec-1".to_owned()), ..Header::new(Algorithm::HS256) };
    let confused = encode(&confused, &claims, &EncodingKey::from_secret(&public)).unwrap();
    let stranger = elliptic("ec-1").sign(&claims);
    let unknown = elliptic("ec-9").sign(&claims);
    let other_use = Header { kid: Some("rsa-1".to_owned()), ..Header::new(Algorithm::ES256) };
    let other_use = encode(&other_use, &claims, &ELLIPTIC.key).unwrap();
    let changed = base64url(with("email", json!("root@acme.example")).to_string().as_bytes());
    for token in [
        none,
        confused,
        stranger,
        unknown,
        other_use,
        format!("{}.{changed}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}", parts[0], parts[1]),
        format!("{good}."),
        format!("{good}="),
        good.replace('.', " "),
        String::new(),
        "..".to_owned(),
        "é.é.é".to_owned(),
        "a".repeat(1_000_000),
        format!("{good}{}", "a".repeat(TOKEN_BYTES_MAX)),
    ] {
        let said = reason(&provider(), &token);
        assert!(said.starts_with("TOKEN_REFUSED: "), "{said}");
        assert!(said.len() < 500, "what a stranger wrote goes into no log in full: {} bytes", said.len());
    }
}

/// Each signed by the right key, so that nothing but its header is wrong.
#[test]
fn a_header_names_its_key_and_asks_for_nothing_that_is_not_known() {
    let signed = |header: Header| encode(&header, &good(), &ELLIPTIC.key).unwrap();
    let named = Header { kid: Some("ec-1".to_owned()), ..Header::new(Algorithm::ES256) };
    assert!(provider().identify(&signed(named.clone()), NOW).is_ok());
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..named.clone() };
    assert_eq!(provider().identify(&signed(critical), NOW), Err(Refusal::Critical));
    let nameless = Header { kid: None, ..named.clone() };
    assert!(
        matches!(provider().identify(&signed(nameless), NOW), Err(Refusal::UnknownKey { key, .. }) if key.is_empty())
    );
    // What a token says about keys of its own is not looked at.
    let jwk = serde_json::from_value(elliptic("ec-1").public()).unwrap();
    assert!(provider().identify(&signed(Header { jwk: Some(jwk), ..named }), NOW).is_ok());
}

#[test]
fn what_is_secret_is_found_at_any_depth() {
    let found = |text: &str| secret(&serde_json::from_str(text).unwrap()).map(str::to_owned);
    assert_eq!(found(r#"{"keys":[{"kty":"RSA","n":"AQ","e":"AQ","kid":"d"}]}"#), None);
    assert_eq!(found(r#"{"keys":[{"kty":"RSA","qi":"AQ"}]}"#).as_deref(), Some("qi"));
    assert_eq!(found(r#"{"keys":[],"x":[{"y":{"\u0064":1}}]}"#).as_deref(), Some("d"));
    assert_eq!(found(r#"{"kty":"oct"}"#).as_deref(), Some("kty"));
}

#[test]
fn a_key_set_is_read_for_what_is_of_use_in_it() {
    let keys = |all: Value| Keys::parse(&json!({ "keys": all }).to_string());
    let mut encrypts = ELLIPTIC.public();
    encrypts["use"] = json!("enc");
    let mut pinned = RSA.public();
    pinned["alg"] = json!("PS256");
    let symmetric = json!({ "kty": "oct", "kid": "s", "k": "c2VjcmV0" });
    let mut nameless = RSA.public();
    nameless.as_object_mut().unwrap().remove("kid");
    let of_use = keys(json!([encrypts, symmetric, nameless, { "kty": "what" }, 7, ELLIPTIC.public()])).unwrap();
    assert_eq!(of_use.ids().collect::<Vec<_>>(), ["ec-1"]);
    assert_eq!(keys(json!([encrypts, symmetric])).err(), Some(KeysError::NoneOfUse { keys: 2 }));
    assert_eq!(keys(json!(vec![7; 65])).err(), Some(KeysError::TooMany { keys: 65 }));
    assert_eq!(Keys::parse("{}").err(), Some(KeysError::Malformed));
    assert_eq!(Keys::parse(&" ".repeat(300_000)).err(), Some(KeysError::TooLong { bytes: 300_000 }));
    // A key that says which of two ways it signs in signs in that way only.
    let pinned = Provider { keys: keys(json!([pinned])).unwrap(), ..provider() };
    assert!(reason(&pinned, &RSA.sign(&good())).contains("RS256"));
}
