//! How a service account proves itself: it signs a short assertion with a key of its own, and gets a token of the ring for it. RFC 7523.
//!
//! The ring keeps public keys only. An assertion names the account as issuer and subject, is for this ring, and counts for five minutes at most.

use access::Member;

use crate::{Keys, Refusal, Trust, own};

/// No assertion counts for longer, in seconds.
pub const LIFE_MAX: u64 = 300;

/// The assertion is of this service account, which has these keys, at `now` in Unix seconds.
///
/// # Errors
/// [`Refusal`]
pub fn check(assertion: &str, account: &Member, keys: &Keys, ring: &str, now: u64) -> Result<(), Refusal> {
    let (issuer, audience) = (account.to_string(), own::issuer(ring));
    let trust = Trust { issuer: issuer.clone(), audience, keys: keys.clone(), longest: Some(LIFE_MAX) };
    let claims = trust.read(assertion, now)?;
    if claims.sub == issuer {
        return Ok(());
    }
    Err(Refusal::Claim { issuer, claim: "sub".to_owned(), wanted: "the issuer itself" })
}
