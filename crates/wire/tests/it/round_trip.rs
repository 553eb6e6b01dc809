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
