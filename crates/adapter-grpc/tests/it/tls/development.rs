//! Certificates made on first start.

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path};

use adapter_grpc::tls::{Material, Mode, TlsError, load};

use crate::peers::ring::{How, SOON, Server, call, heads, of_ring, transport, who};

fn made(dir: &Path, member: u64, names: &[&str]) -> Result<Material, TlsError> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    load(&Mode::Development { dir: dir.to_owned(), names }, &who(member))
}

fn file(dir: &Path, member: u64) -> String {
    fs::read_to_string(dir.join(format!("member-{member}.pem"))).unwrap()
}

#[tokio::test]
async fn members_that_start_at_once_agree_on_one_authority() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("not/there/yet");
    let materials: Vec<Material> = std::thread::scope(|scope| {
        let starting: Vec<_> = (1..=8)
            .map(|member| {
                scope.spawn({
                    let dir = &dir;
                    move || made(dir, member, &[])
                })
            })
            .collect();
        starting.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    let authorities: BTreeSet<_> = materials.iter().map(|material| material.authority_pem().unwrap()).collect();
    assert_eq!(authorities.len(), 1);
    let left: Vec<_> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 9, "an authority and 8 members, no drafts: {left:?}");
    // And they believe each other.
    let server = Server::start(&materials[1], How::AtOnce);
    call(&transport(&materials[0], &[(2, server.address)]), 2, heads(1, 1), SOON).await.unwrap();
}

#[test]
fn keys_are_for_their_owner_only_and_never_shown() {
    let dir = tempfile::tempdir().unwrap();
    let material = made(dir.path(), 1, &[]).unwrap();
    for (name, mode) in [("authority/key.pem", 0o600), ("member-1.pem", 0o600), ("authority/cert.pem", 0o644)] {
        let permissions = fs::metadata(dir.path().join(name)).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, mode, "{name}");
    }
    let shown = format!("{material:?} {:?} {:?}", material.members(), material.outgoing());
    // The whole label: three letters alone turn up in the base64 of one certificate in some hundreds.
    const KEY: &str = "PRIVATE KEY-----";
    assert!(!shown.contains(KEY) && !material.authority_pem().unwrap().contains(KEY), "{shown}");
}

#[test]
fn a_certificate_is_kept_until_its_names_change_or_it_does_not_fit() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, names) = (dir.path(), ["node.example", "10.0.0.7", "fd00::7"]);
    made(dir, 1, &names).unwrap();
    let first = file(dir, 1);
    made(dir, 1, &names).unwrap();
    assert_eq!(file(dir, 1), first, "nothing changed");
    made(dir, 1, &["node.example"]).unwrap();
    let second = file(dir, 1);
    assert_ne!(second, first, "names changed");
    fs::write(dir.join("member-1.pem"), &second[..second.len() / 2]).unwrap();
    made(dir, 1, &["node.example"]).unwrap();
    let third = file(dir, 1);
    assert_ne!(third, second, "half a file");
    fs::remove_dir_all(dir.join("authority")).unwrap();
    made(dir, 1, &["node.example"]).unwrap();
    assert_ne!(file(dir, 1), third, "another authority");
}

#[test]
fn a_directory_of_another_ring_and_names_that_are_none_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    made(dir.path(), 1, &[]).unwrap();
    let mode = Mode::Development { dir: dir.path().to_owned(), names: Vec::new() };
    let error = load(&mode, &of_ring("other", 1)).unwrap_err();
    assert!(matches!(&error, TlsError::OtherRing { .. }), "{error}");
    let error = made(dir.path(), 1, &["no name at all"]).unwrap_err();
    assert!(matches!(&error, TlsError::Name { name } if name == "no name at all"), "{error}");
    let error = load(&mode, &of_ring("Not a ring", 1)).unwrap_err();
    assert!(matches!(&error, TlsError::Name { .. }), "{error}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = dir.path().join("a file");
    fs::write(&taken, "").unwrap();
    let error = made(&taken, 1, &[]).unwrap_err();
    assert!(matches!(&error, TlsError::Write { .. }) && error.to_string().contains("a file"), "{error}");
}
