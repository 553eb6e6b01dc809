//! Bytes that were written once must decode for ever, and today's writer must write them again.
//!
//! One file per message in `tests/golden`, in hexadecimal, 32 bytes a line. A file that changes is a change of what is kept on
//! disks and of what other versions are sent: it needs a new field, or a new level and a file of its own beside the old one. Run
//! with `UPDATE_GOLDEN=1` to write the files, and commit them alone.

use std::{collections::BTreeSet, fmt::Debug, fs, path::PathBuf};

use bytes::Bytes;
use wire::{
    Proposal, Record, checked, command_in, command_out, decode, decode_batch, decode_entity, encode, encode_batch,
    encode_entity, proto, seal, submission_in, submission_out,
};

use crate::samples;

const BYTES_PER_LINE: usize = 32;

#[test]
fn records_and_what_is_in_them() {
    holds("proposal", &samples::proposal(), |value| value.encode().unwrap(), |bytes| Proposal::decode(&bytes).unwrap());
    let read = |bytes| Proposal::decode(&bytes).unwrap();
    holds("proposal_rejected", &samples::proposal_rejected(), |value| value.encode().unwrap(), read);
    holds("record", &samples::record(), Record::encode, |bytes| Record::decode(bytes).unwrap());
    holds("batch", &samples::batch(), |value| encode_batch(value), |bytes| decode_batch(bytes).unwrap());
    let unsealed = |bytes| seal::unseal("a sample", &bytes).unwrap();
    let unchecked = |bytes| checked::uncheck("a sample", &bytes).unwrap();
    holds("checked", &Bytes::from_static(b"rows"), |content| checked::check(content), unchecked);
    holds("sealed", &Bytes::from_static(b"rows"), |content| seal::seal(content), unsealed);
}

#[test]
fn the_hash_of_a_record() {
    let record = samples::record();
    holds("record_hash", &record.hash().0.to_vec(), |hash| hash.clone().into(), |bytes| bytes.to_vec());
    let read_back = Record::decode(record.encode()).unwrap();
    assert_eq!(read_back.hash(), record.hash(), "a reader computes the same link of the chain");
}

#[test]
fn snapshots_and_the_ends_of_journals() {
    let end = proto::RecordsEnd { seq: 300, hash: samples::record().hash().0.to_vec().into() };
    holds("records_end", &end, encode, |bytes| decode("the end of a journal", bytes).unwrap());
    holds("snapshot", &samples::snapshot(), encode, |bytes| decode("a snapshot", bytes).unwrap());
    let rejected = samples::snapshot_rejected();
    holds("snapshot_rejected", &rejected, encode, |bytes| decode("a snapshot", bytes).unwrap());
}

#[test]
fn entries_of_the_raft_log() {
    for (payload, entry) in samples::raft_entries() {
        holds(&format!("raft_entry_{payload}"), &entry, encode, |bytes| decode("an entry", bytes).unwrap());
    }
}

#[test]
fn entities() {
    for (kind, entity) in samples::entities().into_iter().chain(samples::more_entities()) {
        holds(&format!("entity_{kind}"), &entity, encode_entity, |bytes| decode_entity(&bytes).unwrap());
    }
}

#[test]
fn commands() {
    let read = |bytes| command_in(decode("a command", bytes).unwrap()).unwrap();
    for (kind, command) in samples::commands().into_iter().chain(samples::more_commands()) {
        holds(&format!("command_{kind}"), &command, |command| encode(&command_out(command)), read);
    }
    let read = |bytes| submission_in(decode("a submission", bytes).unwrap()).unwrap();
    holds("submission", &samples::submission(), |value| encode(&submission_out(value)), read);
    holds("submission_retried", &samples::submission_retried(), |value| encode(&submission_out(value)), read);
}

#[test]
fn every_kind_has_a_file_and_every_file_has_a_message() {
    let entity = include_str!("../../../../proto/atoll/internal/v1/entity.proto");
    let command = include_str!("../../../../proto/atoll/internal/v1/command.proto");
    let log = include_str!("../../../../proto/atoll/internal/v1/log.proto");
    let mut wanted: BTreeSet<String> =
        ["batch", "checked", "proposal", "record", "record_hash", "records_end", "sealed", "snapshot", "submission"]
            .map(String::from)
            .into();
    wanted.extend(["proposal_rejected", "snapshot_rejected", "submission_retried"].map(String::from));
    wanted.extend(variants(entity, "oneof kind {").map(|kind| format!("entity_{kind}")));
    wanted.extend(samples::more_entities().into_iter().map(|(look, _)| format!("entity_{look}")));
    wanted.extend(variants(command, "oneof kind {").map(|kind| format!("command_{kind}")));
    wanted.extend(samples::more_commands().into_iter().map(|(look, _)| format!("command_{look}")));
    wanted.extend(variants(log, "oneof payload {").map(|payload| format!("raft_entry_{payload}")));
    if updating() {
        return;
    }
    let stem = |path: PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
    let given: BTreeSet<String> = fs::read_dir(directory()).unwrap().map(|entry| stem(entry.unwrap().path())).collect();
    assert_eq!(given, wanted);
}

#[test]
fn an_entity_of_a_version_with_more_fields_is_read_by_this_one() {
    let (_, entity) = samples::entities().remove(0);
    let message: proto::Entity = decode("an entity", encode_entity(&entity)).unwrap();
    let Some(proto::entity::Kind::Organization(organization)) = message.kind else { panic!("another kind") };
    // Field 15, a varint, behind the fields that are known; all of it as field 1 of an Entity.
    let later = [encode(&organization).as_ref(), &[0x78, 0x01]].concat();
    let mut bytes = vec![0x0a];
    prost::encode_length_delimiter(later.len(), &mut bytes).unwrap();
    bytes.extend(later);
    assert_eq!(decode_entity(&bytes.into()).unwrap(), entity);
}

/// The file decodes to the value, and the value encodes to the file.
fn holds<T: PartialEq + Debug>(name: &str, value: &T, write: impl Fn(&T) -> Bytes, read: impl Fn(Bytes) -> T) {
    let path = directory().join(format!("{name}.hex"));
    let written = write(value);
    if updating() {
        fs::write(&path, to_hex(&written)).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    assert_eq!(&read(from_hex(&text)), value, "{name}: the kept bytes mean something else");
    assert_eq!(to_hex(&written), text, "{name}: the value is written as other bytes");
}

/// The names of the fields of the first block that begins with `opening`.
fn variants<'a>(source: &'a str, opening: &str) -> impl Iterator<Item = &'a str> {
    let (_, block) = source.split_once(opening).unwrap();
    let (block, _) = block.split_once('}').unwrap();
    block.lines().filter_map(|line| line.split_once(" = ")?.0.split_whitespace().last())
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[expect(
    clippy::disallowed_methods,
    reason = "writing golden files is asked for by whoever runs the tests, not by a config"
)]
fn updating() -> bool {
    std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1")
}

fn to_hex(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + "\n";
    bytes.chunks(BYTES_PER_LINE).map(line).collect()
}

fn from_hex(text: &str) -> Bytes {
    let digits: Vec<char> = text.split_whitespace().flat_map(str::chars).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}
