//! Bytes from anywhere are read or refused, and never stop the process. Noise alone seldom gets past the first field, so most of it
//! is a message that was cut and changed in a few places.

use bytes::Bytes;
use proptest::{collection, prelude::*, sample::Index};
use wire::{
    Proposal, Record, command_in, command_out, decode, decode_batch, decode_entity, encode, encode_entity, seal,
    submission_in, submission_out,
};

use crate::strategies;

fn noise() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        collection::vec(any::<u8>(), 0..256).prop_map(Bytes::from),
        damaged(strategies::entity().prop_map(|entity| encode_entity(&entity))),
        damaged(strategies::command().prop_map(|command| encode(&command_out(&command)))),
        damaged(strategies::submission().prop_map(|submission| encode(&submission_out(&submission)))),
        damaged(strategies::proposal().prop_map(|proposal| proposal.encode().unwrap())),
        damaged(strategies::record().prop_map(|record| record.encode())),
    ]
}

/// Boxed: values in the making are large, and stacks of tests are not.
fn damaged(message: impl Strategy<Value = Bytes> + 'static) -> BoxedStrategy<Bytes> {
    let changes = collection::vec((any::<Index>(), any::<u8>()), 0..4);
    (message.boxed(), changes, any::<bool>(), any::<Index>())
        .prop_map(|(message, changes, cut, end)| {
            let mut bytes = message.to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            Bytes::from(bytes)
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn is_read_or_refused(bytes in noise()) {
        // What is read can be written, and then says the same: no half-read value gets in.
        if let Ok(entity) = decode_entity(&bytes) {
            prop_assert_eq!(decode_entity(&encode_entity(&entity))?, entity);
        }
        if let Ok(command) = decode("a command", bytes.clone()).and_then(command_in) {
            prop_assert_eq!(command_in(command_out(&command))?, command);
        }
        if let Ok(submission) = decode("a submission", bytes.clone()).and_then(submission_in) {
            prop_assert_eq!(submission_in(submission_out(&submission))?, submission);
        }
        if let Ok(proposal) = Proposal::decode(&bytes) {
            prop_assert_eq!(Proposal::decode(&proposal.encode()?)?, proposal);
        }
        if let Ok(record) = Record::decode(bytes.clone()) {
            prop_assert_eq!(Record::decode(record.encode())?, record);
        }
        let _read_or_refused = decode_batch(bytes.clone());
        prop_assert!(seal::unseal("noise", &bytes).is_err(), "noise has no checksum");
    }
}
