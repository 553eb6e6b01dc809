//! Reading public keys: JSON Web Key Sets (RFC 7517) of issuers, and single keys of service accounts.
//!
//! **Architecture invariant:** what is secret is not kept, and not repeated in a refusal or a log. A text with a private or a symmetric key
//! anywhere in it is refused, not cut to what is public: whoever sent it is to know that it went astray.

use identity::{Keys, keys::secret};
use ids::Label;
use serde_json::Value;

use super::status::Refusal;

/// What is wanted of a single key.
const ONE: &str = "a JSON object, which is one public key";
/// What is wanted instead.
const PUBLIC: &str = "public keys only, such as {\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"...\"}";

/// A key set with a public key that tokens can be verified with, or nothing.
pub fn key_set(field: &str, text: &str) -> Result<String, Refusal> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let read = serde_json::from_str::<Value>(text);
    let all = read.map_err(|_| refused(field, "a JSON object with a list of keys, or nothing"))?;
    check_public(field, &all)?;
    let kept = kept(all);
    Keys::parse(&kept).map_err(|why| refused(field, &why.to_string()))?;
    Ok(kept)
}

/// A public key that has this id.
pub fn public_key(field: &str, id: &Label, text: &str) -> Result<String, Refusal> {
    let Ok(mut read) = serde_json::from_str::<Value>(text) else { return Err(refused(field, ONE)) };
    check_public(field, &read)?;
    let key = read.as_object_mut().ok_or_else(|| refused(field, ONE))?;
    let kid = key.entry("kid").or_insert_with(|| id.as_str().into());
    if kid.as_str() != Some(id.as_str()) {
        return Err(refused(field, &format!("a key whose kid is {id}, as the id of the key is, or that has none")));
    }
    let kept = kept(read);
    Keys::parse(&format!("{{\"keys\":[{kept}]}}"))
        .map_err(|_| refused(field, "a public key for RS256, PS256, ES256 or EdDSA"))?;
    Ok(kept)
}

/// What was looked at, and nothing else that the text said: of members of one name it may say several, of which the last is read.
fn kept(mut value: Value) -> String {
    value.sort_all_objects();
    value.to_string()
}

fn check_public(field: &str, value: &Value) -> Result<(), Refusal> {
    secret(value).map_or(Ok(()), |member| Err(private(field, member)))
}

fn private(field: &str, member: &str) -> Refusal {
    let what = format!("a private or symmetric key, as its member {member:?} says");
    let message = format!("read the field {field}: it holds {what}, which was not kept; wanted {PUBLIC}");
    let mut refusal = Refusal::new("PRIVATE_KEY", message).with("field", field);
    refusal.violations.push((field.to_owned(), format!("wanted {PUBLIC}")));
    refusal
}

/// As [`Refusal::field`], without what was given.
fn refused(field: &str, wanted: &str) -> Refusal {
    let mut refusal = Refusal::new("INVALID_ARGUMENT", format!("read the field {field}: wanted {wanted}"));
    refusal.violations.push((field.to_owned(), format!("wanted {wanted}")));
    refusal
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn id() -> Label {
        "one".parse().unwrap()
    }

    fn set_of(key: &str) -> String {
        format!(r#"{{"keys":[{key}]}}"#)
    }

    #[test]
    fn public_keys_are_taken_and_single_ones_get_their_id() {
        let key = format!(r#"{{"kty":"OKP", "crv":"Ed25519", "kid":"one", "x":"{X}"}}"#);
        let kept = format!(r#"{{"crv":"Ed25519","kid":"one","kty":"OKP","x":"{X}"}}"#);
        assert_eq!(key_set("keys", &set_of(&key)).unwrap(), set_of(&kept));
        assert_eq!(key_set("keys", "").unwrap(), "");
        assert_eq!(public_key("jwk", &id(), &key).unwrap(), kept);
        let without = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"}}"#);
        assert_eq!(public_key("jwk", &id(), &without).unwrap(), kept);
    }

    #[test]
    fn a_secret_is_refused_wherever_it_is_and_not_repeated() {
        let public = format!(r#""kty":"OKP","crv":"Ed25519","kid":"one","x":"{X}""#);
        let secrets = [
            format!(r#"{{{public},"d":"hidden"}}"#),
            format!(r#"{{{public},"\u0064":"hidden"}}"#),
            format!(r#"{{{public},"d":null}}"#),
            format!(r#"{{{public},"ext":{{"p":"hidden"}}}}"#),
            r#"{"kty":"oct","k":"hidden","kid":"one"}"#.to_owned(),
            r#"{"kty":"oct","kid":"one"}"#.to_owned(),
            r#"{"kty":"RSA","n":"AQ","e":"AQ","oth":["hidden"],"kid":"one"}"#.to_owned(),
        ];
        for key in secrets {
            let beside = format!(r#"{{"keys":[{{{public}}}],"other":{key}}}"#);
            for refused in [
                key_set("keys", &set_of(&key)).unwrap_err(),
                key_set("keys", &beside).unwrap_err(),
                public_key("keys", &id(), &key).unwrap_err(),
            ] {
                assert_eq!((refused.reason.as_ref(), refused.violations[0].0.as_str()), ("PRIVATE_KEY", "keys"));
                assert!(!format!("{refused:?}").contains("hidden"), "{refused:?}");
                assert!(refused.message.contains("wanted public keys only"), "{refused:?}");
            }
        }
    }

    /// Of two members of one name only the last is read, and so only that one is kept.
    #[test]
    fn what_nobody_looked_at_is_not_kept() {
        let key = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"one","x":"{X}"}}"#);
        let twice = format!(r#"{{"keys":[{{"d":"hidden"}}],"more":{{"d":"hidden"}},"more":1,"keys":[{key}]}}"#);
        let kept = key_set("keys", &twice).unwrap();
        assert!(!kept.contains("hidden") && kept.contains(X), "{kept}");
        let twice = format!(r#"{{"more":{{"d":"hidden"}},"more":1,{}"#, &key[1..]);
        let kept = public_key("jwk", &id(), &twice).unwrap();
        assert!(!kept.contains("hidden") && kept.contains(X), "{kept}");
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let texts = ["hidden", "[\"hidden\"]", "{}", "{\"keys\":[]}", "{\"keys\":[\"hidden\"]}", "-----BEGIN hidden"];
        for text in texts {
            let refused = key_set("keys", text).unwrap_err();
            assert_eq!((refused.reason.as_ref(), refused.violations[0].0.as_str()), ("INVALID_ARGUMENT", "keys"));
            assert!(!format!("{refused:?}").contains("hidden"), "{refused:?}");
            assert!(refused.message.contains("wanted"), "{refused:?}");
        }
        let unusable = [
            "hidden".to_owned(),
            "{}".to_owned(),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"other","x":"{X}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":7,"x":"{X}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{X}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"Ed25519","use":"enc","x":"{X}"}}"#),
        ];
        for text in unusable {
            let refused = public_key("jwk", &id(), &text).unwrap_err();
            assert_eq!((refused.reason.as_ref(), refused.violations[0].0.as_str()), ("INVALID_ARGUMENT", "jwk"));
            assert!(!format!("{refused:?}").contains("hidden"), "{refused:?}");
        }
    }
}
