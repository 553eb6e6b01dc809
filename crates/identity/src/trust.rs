//! What every token must hold: signed by a key of its issuer, for us, now.

use jsonwebtoken::{
    Algorithm, Validation, dangerous::insecure_decode_claims, decode, decode_header, errors::ErrorKind,
};
use serde::Deserialize;

use crate::{
    Keys, Refusal,
    claims::{Claims, Seconds},
};

/// Bytes of a token at most. Those of issuers with hundreds of groups have some 10 KiB; a header of HTTP/2 has room for 16 KiB.
pub const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Clocks may be apart by so many seconds.
pub const LEEWAY: u64 = 60;

/// An issuer, and what its tokens must be for.
#[derive(Clone)]
pub struct Trust {
    pub issuer: String,
    pub audience: String,
    pub keys: Keys,
    /// No token may count for longer, in seconds. `None`: that is the issuer's matter.
    pub longest: Option<u64>,
}

/// Who says that it issued a token. Nothing is verified: this only tells whom to ask.
///
/// # Errors
/// [`Refusal::TooLong`], [`Refusal::Malformed`].
pub fn issuer_of(token: &str) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    check_length(token)?;
    insecure_decode_claims::<Issuer>(token).map(|claims| claims.iss).map_err(|_| Refusal::Malformed)
}

fn check_length(token: &str) -> Result<(), Refusal> {
    let (bytes, max) = (token.len(), TOKEN_BYTES_MAX);
    if bytes > max { Err(Refusal::TooLong { bytes, max }) } else { Ok(()) }
}

impl Trust {
    /// What a token says, at `now` in Unix seconds.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn read(&self, token: &str, now: u64) -> Result<Claims, Refusal> {
        let claims = self.signed(token)?;
        if claims.iss != self.issuer {
            return Err(Refusal::OtherIssuer { given: claims.iss, wanted: self.issuer.clone() });
        }
        self.check_audience(&claims)?;
        self.check_times(&claims, now)?;
        Ok(claims)
    }

    fn signed(&self, token: &str) -> Result<Claims, Refusal> {
        check_length(token)?;
        let header = decode_header(token).map_err(|_| Refusal::Malformed)?;
        if header.crit.is_some() {
            return Err(Refusal::Critical);
        }
        let id = header.kid.unwrap_or_default();
        let unknown = || Refusal::UnknownKey {
            issuer: self.issuer.clone(),
            key: shown(&id),
            algorithm: format!("{:?}", header.alg),
        };
        let key = self.keys.find(&id, header.alg).ok_or_else(unknown)?;
        let decoded = decode::<Claims>(token, key, &only_signature(header.alg));
        decoded.map(|decoded| decoded.claims).map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => Refusal::BadSignature { issuer: self.issuer.clone() },
            _ => Refusal::Malformed,
        })
    }

    /// OpenID Connect Core 1.0, section 3.1.3.7: a token for several says that it was issued to us.
    fn check_audience(&self, claims: &Claims) -> Result<(), Refusal> {
        let all = claims.aud.all();
        let issued_to_us =
            claims.azp.as_ref().is_none_or(|azp| *azp == self.audience) && (all.len() == 1 || claims.azp.is_some());
        if all.contains(&self.audience) && issued_to_us {
            return Ok(());
        }
        let given = all.iter().chain(&claims.azp).take(4).map(|text| shown(text)).collect();
        Err(Refusal::OtherAudience { given, wanted: self.audience.clone() })
    }

    fn check_times(&self, claims: &Claims, now: u64) -> Result<(), Refusal> {
        let claim =
            |claim: &str, wanted| Refusal::Claim { issuer: self.issuer.clone(), claim: claim.to_owned(), wanted };
        let Seconds(exp) = claims.exp.ok_or_else(|| claim("exp", "a time"))?;
        if exp.saturating_add(LEEWAY) <= now {
            return Err(Refusal::Expired { at: exp, now });
        }
        let begins = [claims.nbf, claims.iat].into_iter().flatten().map(|Seconds(at)| at).max().unwrap_or_default();
        if begins > now.saturating_add(LEEWAY) {
            return Err(Refusal::NotYet { at: begins, now });
        }
        if let Some(max) = self.longest {
            let Seconds(iat) = claims.iat.ok_or_else(|| claim("iat", "a time"))?;
            let seconds = exp.saturating_sub(iat);
            if seconds > max {
                return Err(Refusal::TooLongLived { seconds, max });
            }
        }
        Ok(())
    }
}

/// Times, issuer and audience are checked here, by the time that whoever asks says it is.
fn only_signature(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    validation.required_spec_claims.clear();
    validation
}

/// So much of what a stranger wrote goes into a log.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}
