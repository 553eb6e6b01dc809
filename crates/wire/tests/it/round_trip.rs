//! What is written is read back, one value has one encoding, and a record's hash depends on all of it.

use bytes::Bytes;
use ids::{Hash, Hlc, Incarnation, Log, Seq};
use proptest::prelude::*;
use wire::{
    Proposal, Record, command_in, command_out, decode, decode_batch, decode_entity, encode, encode_batch,
    encode_entity, submission_in, submission_out,
};

use crate::{samples::text, strategies};

proptest! {
    #[test]
    fn entities(entity in strategies::entity()) {
        let bytes = encode_entity(&entity);
        let read = decode_entity(&bytes)?;
        prop_assert_eq!(&encode_entity(&read), &bytes);
        prop_assert_eq!(read, entity);
    }

    #[test]
    fn commands(command in strategies::command()) {
        let bytes = encode(&command_out(&command));
        prop_assert_eq!(command_in(decode("a command", bytes)?)?, command);
    }

    #[test]
    fn submissions(submission in strategies::submission()) {
        let bytes = encode(&submission_out(&submission));
        prop_assert_eq!(submission_in(decode("a submission", bytes)?)?, submission);
    }

    #[test]
    fn proposals(proposal in strategies::proposal()) {
        let bytes = proposal.encode()?;
        let read = Proposal::decode(&bytes)?;
        prop_assert_eq!(&read.encode()?, &bytes);
        prop_assert_eq!(read, proposal);
    }

    #[test]
    fn proposals_that_were_rejected(proposal in strategies::proposal_rejected()) {
        let bytes = proposal.encode()?;
        let read = Proposal::decode(&bytes)?;
        prop_assert_eq!(&read.encode()?, &bytes);
        prop_assert_eq!(read, proposal);
    }

    #[test]
    fn records_keep_the_bytes_of_their_proposal_and_their_hash(record in strategies::record()) {
        let read = Record::decode(record.encode())?;
        prop_assert_eq!(read.hash(), record.hash());
        prop_assert_eq!(read, record);
    }

    #[test]
    fn batches(proposals in proptest::collection::vec(strategies::blob(), 0..8)) {
        prop_assert_eq!(decode_batch(encode_batch(&proposals))?, proposals);
    }

    #[test]
    fn every_field_of_a_record_is_in_its_hash(record in strategies::record(), at in any::<prop::sample::Index>()) {
        let changed = |change: &dyn Fn(&mut Record)| {
            let mut other = record.clone();
            change(&mut other);
            other.hash()
        };
        let other_log = if record.log == Log::Global { Log::Region(text("xx-north-1")) } else { Log::Global };
        let mut hashes = vec![
            record.hash(),
            changed(&|record| record.log = other_log.clone()),
            changed(&|record| record.incarnation = Incarnation(record.incarnation.0 ^ 1)),
            changed(&|record| record.seq = Seq(record.seq.0 ^ 1)),
            changed(&|record| record.hlc = Hlc(record.hlc.0 ^ 1)),
            changed(&|record| record.prev_hash = flip(&record.prev_hash, at.index(32))),
            changed(&|record| record.proposal = [record.proposal.as_ref(), &[0]].concat().into()),
        ];
        if !record.proposal.is_empty() {
            let at = at.index(record.proposal.len());
            hashes.push(changed(&|record| record.proposal = flip_bit(&record.proposal, at)));
        }
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        prop_assert_eq!(hashes.len(), count);
    }
}

#[test]
fn neighbouring_fields_of_a_record_do_not_run_into_each_other() {
    let record = |incarnation, seq| Record {
        log: Log::Global,
        incarnation: Incarnation(incarnation),
        seq: Seq(seq),
        hlc: Hlc(9),
        prev_hash: Hash::ZERO,
        proposal: Bytes::new(),
    };
    assert_ne!(record(1, 2).hash(), record(2, 1).hash());
}

fn flip(hash: &Hash, at: usize) -> Hash {
    let mut bytes = hash.0;
    bytes[at] ^= 1;
    Hash(bytes)
}

fn flip_bit(bytes: &Bytes, at: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes.into()
}

/// All of it, beside the parts that samples have: every instance type, every decision.
#[test]
fn the_first_edition_of_the_catalogue_fits_in_a_proposal_and_is_read_back() {
    let edition = catalog::first().unwrap();
    let bytes = encode_entity(&edition.clone().into());
    assert!(bytes.len() < ids::limits::PROPOSAL_BYTES_MAX / 4, "{} bytes", bytes.len());
    assert_eq!(decode_entity(&bytes).unwrap(), edition.into());
}

#[test]
fn a_catalogue_whose_parts_do_not_read_is_refused_with_the_field_and_the_value() {
    let good = wire::proto::Catalog::from(&crate::samples::contents());
    let refused = |change: &dyn Fn(&mut wire::proto::Catalog), wanted: &str| {
        let mut message = good.clone();
        change(&mut message);
        let error = domain::catalog::Catalog::try_from(message).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    };
    refused(&|m| m.regions[0].pods[0] = "10.0.0.1/8".to_owned(), "the field pods of a region of a catalogue");
    refused(&|m| m.regions.push(m.regions[0].clone()), "wanted each once");
    refused(&|m| m.instance_types[0].architecture = "vax".to_owned(), "wanted x86_64 or arm64");
    refused(&|m| m.versions[0].released = "yesterday".to_owned(), "wanted YYYY-MM-DD");
    refused(&|m| m.cluster_types[0].decisions[0].value = "many".to_owned(), "with the value many");
    refused(&|m| m.cluster_types[0].decisions[0].key = "masters.shoes".to_owned(), "with the value masters.shoes");
    let mut unnamed = crate::samples::contents();
    unnamed.edition = "the best one".to_owned();
    let command = command_out(&domain::command::PublishCatalog { catalog: unnamed, waves: None }.into());
    assert!(command_in(command).unwrap_err().to_string().contains("with the value the best one"));
}
