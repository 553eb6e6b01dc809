//! Keys in files, and key pairs that are made here.
//!
//! **Architecture invariant:** a private key is never sent: what is read from a file is refused here already if it holds one.

use std::{fs, io::Write as _, path::Path};

use aws_lc_rs::{
    rand,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use identity::keys::secret;
use serde_json::{Value, json};

use crate::{fail::Fail, view::json::base64url};

const SEED_BYTES: usize = 32;

/// Both halves of a key pair, as JSON Web Keys.
pub struct Pair {
    pub private: String,
    pub public: String,
}

impl Pair {
    pub fn generate(id: &str) -> Result<Self, Fail> {
        let mut seed = [0; SEED_BYTES];
        rand::fill(&mut seed).map_err(|_| Fail::plain("make a key pair: the system gave no random bytes"))?;
        Self::of(&seed, id)
    }

    /// RFC 8037, section 2.
    fn of(seed: &[u8; SEED_BYTES], id: &str) -> Result<Self, Fail> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed);
        let pair = pair.map_err(|_| Fail::plain("make a key pair: the random bytes are no Ed25519 key"))?;
        let x = base64url(pair.public_key().as_ref());
        let public = json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": x });
        let private = json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": x, "d": base64url(seed) });
        Ok(Self { private: private.to_string(), public: public.to_string() })
    }
}

/// The key set in a file; nothing where the file is empty.
pub fn key_set(path: &Path) -> Result<String, Fail> {
    let text = read(path)?;
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    // As it was looked at: of members of one name in the text only the last is.
    public_json(path, &text).map(|set| set.to_string())
}

/// The one public key in a file, and its id if it has one.
pub fn public_key(path: &Path) -> Result<(String, Option<String>), Fail> {
    let all = public_json(path, &read(path)?)?;
    let key = match all.get("keys").map(|keys| keys.as_array().map(Vec::as_slice)) {
        None => &all,
        Some(Some([key])) => key,
        Some(of) => {
            let said = of.map_or_else(|| "no list of keys".to_owned(), |keys| format!("{} keys", keys.len()));
            return Err(Fail::usage(format!("read the key in {}: found {said}, wanted one", path.display())));
        }
    };
    Ok((key.to_string(), key.get("kid").and_then(Value::as_str).map(str::to_owned)))
}

/// What base64url without padding says.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// Writes a private key where nothing is yet, for its owner's eyes only.
pub fn write_new(path: &Path, text: &str) -> Result<(), Fail> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let failed = |error: std::io::Error| {
        Fail::usage(format!(
            "write the private key to {}: {error}, wanted a file that is not there yet",
            path.display()
        ))
    };
    let mut file = options.open(path).map_err(failed)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(failed)
}

fn read(path: &Path) -> Result<String, Fail> {
    fs::read_to_string(path).map_err(|error| Fail::usage(format!("read keys from {}: {error}", path.display())))
}

fn public_json(path: &Path, text: &str) -> Result<Value, Fail> {
    let value: Value = serde_json::from_str(text)
        .map_err(|_| Fail::usage(format!("read keys from {}: wanted JSON (RFC 7517)", path.display())))?;
    match secret(&value) {
        None => Ok(value),
        Some(member) => {
            let what = format!("read keys from {}: found a private or symmetric key ({member})", path.display());
            Err(Fail::usage(format!("{what}, wanted public keys only")).next("nothing was sent; name the public half"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8037, appendix A.
    #[test]
    fn a_pair_is_written_as_its_standard_does() {
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
            0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];
        let Ok(pair) = Pair::of(&seed, "one") else { panic!("the key is one") };
        let public = r#"{"kty":"OKP","crv":"Ed25519","kid":"one","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
        assert_eq!(pair.public, format!("{public}}}"));
        assert_eq!(pair.private, format!(r#"{public},"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}}"#));
    }
}
