//! Keys and tokens of those who run the ring. Nothing of it is sent anywhere.

use std::{fs, path::Path, time::SystemTime};

use identity::{Signer, operator, own::SEED_BYTES};
use serde_json::{Value, json};

use super::iam::keys;
use crate::{args::OperatorCommand, fail::Fail, output::say};

pub fn run(command: OperatorCommand) -> Result<(), Fail> {
    match command {
        OperatorCommand::CreateKey { name, file } => create_key(&name, &file),
        OperatorCommand::Token { key, ring, seconds } => token(&key, &ring, seconds.as_secs()),
    }
}

fn create_key(name: &str, file: &Path) -> Result<(), Fail> {
    let pair = keys::Pair::generate(name)?;
    keys::write_new(file, &pair.private)?;
    let public: Value = serde_json::from_str(&pair.public).unwrap_or_default();
    say(format!("{:#}", json!({ "keys": [public] })))
}

fn token(file: &Path, ring: &str, seconds: u64) -> Result<(), Fail> {
    let now = now();
    let token = signer(file, ring).and_then(|signer| {
        operator::sign(&signer, now, seconds).map_err(|error| Fail::usage(format!("sign a token: {error}")))
    })?;
    say(token)
}

/// In Unix seconds.
#[expect(clippy::disallowed_methods, reason = "a token counts by the clock of the machine that it is made on")]
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn signer(file: &Path, ring: &str) -> Result<Signer, Fail> {
    let wrong = |why: &str| {
        let wanted = "wanted a private Ed25519 key as `atoll operator create-key` writes it";
        Fail::usage(format!("read the key in {}: {why}, {wanted}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|error| wrong(&error.to_string()))?;
    // Not what is wrong with it: the text is a secret.
    let key: Value = serde_json::from_str(&text).map_err(|_| wrong("it is no JSON"))?;
    let member = |name: &str| key.get(name).and_then(Value::as_str);
    let seed = member("d").and_then(keys::bytes).and_then(|bytes| <[u8; SEED_BYTES]>::try_from(bytes).ok());
    let (Some(seed), Some(name), Some("Ed25519")) = (seed, member("kid"), member("crv")) else {
        return Err(wrong("it is another kind of key"));
    };
    Signer::new(ring, name, &seed).map_err(|error| wrong(&error.to_string()))
}
