//! Tokens of the ring itself.

use access::Member;
use identity::{Method, OwnTokens, Signer, own::LIFE_MAX};
use ids::OrganizationName;

use crate::issuers::NOW;

fn signer(id: &str, seed: u8) -> Signer {
    Signer::new("prod", id, &[seed; 32]).unwrap()
}

fn robot() -> (OrganizationName, Member) {
    ("organizations/acme".parse().unwrap(), "serviceAccount:robot".parse().unwrap())
}

fn issued(signer: &Signer, seconds: u64) -> String {
    let (organization, member) = robot();
    signer.issue((&organization, &member), NOW, seconds, "t-1").unwrap()
}

fn known(signers: &[&Signer]) -> OwnTokens {
    OwnTokens::new("prod", signers.iter().map(|signer| (signer.id(), signer.public())))
}

#[test]
fn any_region_takes_what_any_other_issued() {
    let one = signer("k1", 1);
    let token = issued(&one, 600);
    let who = known(&[&one]).identify(&token, NOW).unwrap();
    let (organization, member) = robot();
    assert_eq!((who.organization, who.member, who.method), (organization, member, Method::Token));
    assert_eq!((who.issued, who.expires), (NOW, NOW + 600));
    assert_eq!(issued(&signer("k1", 1), 600), token, "the same key and claims make the same token");
}

#[test]
fn keys_change_without_a_gap() {
    let (old, new) = (signer("k1", 1), signer("k2", 2));
    let (before, during, after) = (known(&[&old]), known(&[&old, &new]), known(&[&new]));
    let (of_old, of_new) = (issued(&old, 600), issued(&new, 600));
    assert!(before.identify(&of_old, NOW).is_ok() && during.identify(&of_old, NOW).is_ok());
    assert!(during.identify(&of_new, NOW).is_ok() && after.identify(&of_new, NOW).is_ok());
    let refused = after.identify(&of_old, NOW).unwrap_err();
    assert_eq!((refused.reason(), refused.to_string().contains("k1")), ("TOKEN_REFUSED", true));
    // A key of the same name that is another.
    assert_eq!(known(&[&signer("k1", 9)]).identify(&of_old, NOW).unwrap_err().reason(), "TOKEN_REFUSED");
}

#[test]
fn a_token_is_of_its_ring_and_short_lived() {
    let one = signer("k1", 1);
    let other = OwnTokens::new("staging", [(one.id(), one.public())]);
    let token = issued(&one, LIFE_MAX);
    assert_eq!(other.identify(&token, NOW).unwrap_err().reason(), "TOKEN_REFUSED");
    assert_eq!(known(&[&one]).identify(&token, NOW + LIFE_MAX + 60).unwrap_err().reason(), "TOKEN_EXPIRED");
    assert_eq!(known(&[&one]).identify(&token, NOW - 61).unwrap_err().reason(), "TOKEN_NOT_YET_VALID");
    let (organization, member) = robot();
    let issue =
        |member: &Member, seconds| one.issue((&organization, member), NOW, seconds, "t").unwrap_err().to_string();
    assert!(issue(&member, 0).contains("1 to 3600") && issue(&member, LIFE_MAX + 1).contains("1 to 3600"));
    assert!(issue(&"group:all".parse().unwrap(), 60).contains("service account or a user"));
}
