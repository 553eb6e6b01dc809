//! Keys and tokens of those who run the ring.

use std::time::{SystemTime, UNIX_EPOCH};

use identity::Operators;

use crate::world::World;

#[expect(clippy::disallowed_methods, reason = "tokens are read by the wall clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn a_token_is_taken_by_who_has_the_printed_key() {
    let world = World::start();
    let file = world.files.path().join("ada.jwk").display().to_string();
    let made = world.run(&format!("operator create-key ada --file {file}"));
    let set = String::from_utf8(made.stdout).unwrap();
    assert!(!set.contains("\"d\""), "{set}");
    let token = world.run(&format!("operator token --key {file} --ring demo --for 10m"));
    let token = String::from_utf8(token.stdout).unwrap();
    let identified = |ring: &str, at: u64| Operators::parse(ring, &set).unwrap().identify(token.trim(), at);
    assert_eq!(identified("demo", now()).unwrap().0, "ada");
    assert_eq!(identified("demo", now() + 700).unwrap_err().reason(), "TOKEN_EXPIRED");
    assert_eq!(identified("other", now()).unwrap_err().reason(), "TOKEN_REFUSED");
    // A key is never written over.
    let again = world.run(&format!("operator create-key ada --file {file}"));
    assert!(!again.status.success() && String::from_utf8_lossy(&again.stderr).contains("not there yet"));
}

#[test]
fn what_is_no_key_or_no_time_is_refused_and_no_secret_is_told() {
    let world = World::start();
    let file = world.files.path().join("ada.jwk");
    let path = file.display().to_string();
    assert!(world.run(&format!("operator create-key ada --file {path}")).status.success());
    let long = world.run(&format!("operator token --key {path} --ring demo --for 2h"));
    assert!(String::from_utf8_lossy(&long.stderr).contains("wanted 1 to 3600"));
    for text in
        ["no json", r#"{"kty":"OKP","kid":"ada","d":"c2VjcmV0"}"#, r#"{"crv":"Ed25519","kid":"ada","d":"c2VjcmV0"}"#]
    {
        std::fs::write(&file, text).unwrap();
        let refused = world.run(&format!("operator token --key {path} --ring demo"));
        let told = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && told.contains("create-key") && !told.contains("c2VjcmV0"), "{told}");
    }
}
