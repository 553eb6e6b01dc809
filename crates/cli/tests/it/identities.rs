//! Whose tokens an organization takes: what people see.

use std::fs;

use crate::{golden::assert_golden, world::World};

const ACCOUNT: &str = "organizations/acme/serviceAccounts/pager";
const JWK: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"laptop","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// Where a file of this name is, with this in it.
fn file(world: &World, name: &str, text: &str) -> String {
    let path = world.files.path().join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

#[test]
fn providers_and_service_accounts_are_made_changed_and_looked_at() {
    let world = World::with_cloud();
    let files = world.files.path().display().to_string();
    let (set, key) = (file(&world, "jwks.json", &format!(r#"{{"keys":[{JWK}]}}"#)), file(&world, "public.jwk", JWK));
    let text = world.session(&[
        &format!("iam provider create corp --issuer https://idp.acme.example --audience atoll --groups-claim groups --keys {set} --request-id 00000000000000000000000000000007"),
        "iam provider create corp --issuer https://idp.acme.example --audience other",
        "iam provider list",
        "iam provider list -o wide",
        "iam provider update corp --user-claim email --groups-claim \"\"",
        "iam provider update corp --audience other --etag 1 --dry-run",
        "iam provider describe corp",
        "iam provider delete corp --yes",
        "iam provider list",
        "iam service-account create pager --display-name \"Wakes people\" --request-id 00000000000000000000000000000008",
        &format!("iam service-account add-key pager --key {key} --expires 2027-12-01"),
        &format!("iam service-account add-key pager --key {set}"),
        &format!("iam service-account add-key serviceAccount:pager --id tower --key {key} --dry-run"),
        "iam service-account update pager --disabled true",
        "iam service-account list",
        "iam service-account describe pager",
        "iam service-account describe pager -o json",
        "iam service-account remove-key pager laptop",
        "iam service-account remove-key pager laptop",
        "iam service-account delete pager --yes",
        "iam service-account list",
        "log list --from 5",
        "iam provider create --help",
        "iam service-account --help",
        "iam service-account add-key --help",
    ]);
    assert_golden("identities.txt", &text.replace(&files, "FILES"));
}

#[test]
fn a_private_key_is_not_sent() {
    let world = World::with_cloud();
    assert!(world.run("iam service-account create pager").status.success());
    let submitted = world.ring.state().submitted.len();
    let secret = JWK.replace("\"x\"", "\"d\":\"hidden\",\"x\"");
    let (key, set) = (file(&world, "key", &secret), file(&world, "set", &format!(r#"{{"keys":[{secret}]}}"#)));
    let two = file(&world, "two", &format!(r#"{{"keys":[{JWK},{JWK}]}}"#));
    for line in [
        format!("iam service-account add-key pager --key {key}"),
        format!("iam service-account add-key pager --key {set}"),
        format!("iam service-account add-key pager --key {two}"),
        format!("iam provider create corp --issuer https://idp.acme.example --audience atoll --keys {set}"),
        format!("iam provider update corp --keys {}", file(&world, "text", "not JSON")),
    ] {
        let output = world.run(&line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{line}: {said}");
        assert!(said.contains("wanted") && !said.contains("hidden"), "{said}");
    }
    assert_eq!(world.ring.state().submitted.len(), submitted);
}

#[test]
fn a_pair_that_is_made_here_leaves_its_private_half_here() {
    let world = World::with_cloud();
    assert!(world.run("iam service-account create pager").status.success());
    let path = world.files.path().join("private.jwk");
    let line = format!("iam service-account add-key pager --id laptop --generate {}", path.display());
    assert!(world.run(&format!("{line} --dry-run")).status.success() && !path.exists(), "a rehearsal leaves nothing");

    let output = world.run(&line);
    assert!(output.status.success(), "{output:?}");
    let private: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let added = world.ring.state().service_accounts[ACCOUNT].keys[0].clone();
    let public: serde_json::Value = serde_json::from_str(&added.jwk).unwrap();
    assert_eq!((added.id.as_str(), &public["kid"], &public["x"]), ("laptop", &private["kid"], &private["x"]));
    assert!(public.get("d").is_none() && private["d"].as_str().is_some_and(|d| d.len() == 43));
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);

    let before = (fs::read(&path).unwrap(), world.ring.state().submitted.len());
    let again = world.run(&line.replace("laptop", "other"));
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("wanted a file that is not there yet"), "{said}");
    assert_eq!((fs::read(&path).unwrap(), world.ring.state().submitted.len()), before, "not overwritten, nothing sent");

    let refused = world.files.path().join("refused.jwk");
    let line = format!("iam service-account add-key pager --id laptop --generate {}", refused.display());
    let output = world.run(&line);
    assert!(String::from_utf8_lossy(&output.stderr).contains("KEY_TAKEN") && !refused.exists(), "{output:?}");
}
