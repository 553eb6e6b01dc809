//! What is refused, and that the refusal names the field and the value.

use std::sync::Arc;

use bytes::Bytes;
use domain::Entity;
use ids::{
    RequestId, Revision,
    limits::{FACTS_MAX, GUARDS_MAX, PROPOSAL_BYTES_MAX, REJECTION_BYTES_MAX},
};
use wire::{
    Error, LEVEL, Proposal, RawFact, Record, Rejected, command_in, command_out, decode, decode_entity, encode,
    encode_entity,
    proto::{self, command, entity},
    submission_in, submission_out,
};

use crate::samples::{self, text};

fn fact(at: usize) -> RawFact {
    RawFact { kind: 1, subject: text(&format!("row/{at}")), after: None, detail: Bytes::new() }
}

/// Changes the message of a sample, past what the writer would let through.
fn proposal_message(change: impl FnOnce(&mut proto::Proposal)) -> Bytes {
    let mut message = decode("a proposal", samples::proposal().encode().unwrap()).unwrap();
    change(&mut message);
    encode(&message)
}

fn organization(change: impl FnOnce(&mut proto::Organization)) -> String {
    let (_, sample) = samples::entities().remove(0);
    let message: proto::Entity = decode("an entity", encode_entity(&sample)).unwrap();
    let Some(entity::Kind::Organization(mut organization)) = message.kind else { panic!("another kind") };
    change(&mut organization);
    let bytes = encode(&proto::Entity { kind: Some(entity::Kind::Organization(organization)) });
    decode_entity(&bytes).unwrap_err().to_string()
}

#[test]
fn more_guards_than_a_proposal_may_have() {
    let mut proposal = samples::proposal();
    proposal.guards = vec![(text("row"), Revision(1)); GUARDS_MAX];
    Proposal::decode(&proposal.encode().unwrap()).unwrap();
    proposal.guards.push((text("row"), Revision(1)));
    let error = proposal.encode().unwrap_err();
    assert!(matches!(error, Error::TooMuch { given: 65, max: GUARDS_MAX, .. }), "{error}");
    assert_eq!(error.to_string(), "measured guards of a proposal at 65: at most 64 are accepted");
    let bytes = proposal_message(|message| {
        message.guards = vec![proto::Guard { subject: "row".into(), revision: 1 }; GUARDS_MAX + 1];
    });
    assert!(matches!(Proposal::decode(&bytes), Err(Error::TooMuch { given: 65, max: GUARDS_MAX, .. })));
}

#[test]
fn more_facts_than_a_proposal_may_have() {
    let mut proposal = samples::proposal();
    proposal.facts = (0..FACTS_MAX).map(fact).collect();
    Proposal::decode(&proposal.encode().unwrap()).unwrap();
    proposal.facts.push(fact(FACTS_MAX));
    let error = proposal.encode().unwrap_err();
    assert!(matches!(error, Error::TooMuch { given: 257, max: FACTS_MAX, .. }), "{error}");
    assert_eq!(error.to_string(), "measured facts of a proposal at 257: at most 256 are accepted");
    let bytes = proposal_message(|message| {
        message.facts =
            (0..=FACTS_MAX).map(|at| proto::Fact { subject: format!("r{at}"), ..Default::default() }).collect();
    });
    assert!(matches!(Proposal::decode(&bytes), Err(Error::TooMuch { given: 257, max: FACTS_MAX, .. })));
}

#[test]
fn more_bytes_than_a_proposal_may_have() {
    let mut proposal = samples::proposal();
    let rest = proposal.encode().unwrap().len();
    // Two more bytes of length prefix than the sample's actor has.
    proposal.actor += &"x".repeat(PROPOSAL_BYTES_MAX - rest - 2);
    let largest = proposal.encode().unwrap();
    assert_eq!(largest.len(), PROPOSAL_BYTES_MAX);
    Proposal::decode(&largest).unwrap();
    proposal.actor.push('x');
    let error = proposal.encode().unwrap_err();
    assert!(matches!(error, Error::TooMuch { given: 262_145, max: PROPOSAL_BYTES_MAX, .. }), "{error}");
    let bytes = proposal_message(|message| message.actor = "x".repeat(PROPOSAL_BYTES_MAX));
    assert!(matches!(Proposal::decode(&bytes), Err(Error::TooMuch { max: PROPOSAL_BYTES_MAX, .. })));
}

#[test]
fn a_subject_written_twice_is_refused_by_the_writer_too() {
    let mut proposal = samples::proposal();
    proposal.facts = vec![fact(1), fact(2), fact(1)];
    let wanted = "read the field facts.subject of a proposal with the value row/1: wanted each subject once";
    assert_eq!(proposal.encode().unwrap_err().to_string(), wanted);
    let bytes = proposal_message(|message| message.facts.push(message.facts[0].clone()));
    assert!(matches!(Proposal::decode(&bytes), Err(Error::Field { field: "facts.subject", .. })));
}

#[test]
fn a_kind_of_fact_that_no_version_of_this_level_writes() {
    let mut proposal = samples::proposal();
    proposal.facts[0].kind = 999;
    let wanted = "read the field kind of a fact with the value 999: wanted a kind of fact of this level";
    assert_eq!(proposal.encode().unwrap_err().to_string(), wanted);
    let bytes = proposal_message(|message| message.facts[0].kind = 999);
    assert!(matches!(Proposal::decode(&bytes), Err(Error::Field { field: "kind", .. })));
}

#[test]
fn a_kind_of_fact_of_a_higher_level() {
    let added = domain::FactKind::AccountAdded.number();
    let mut proposal = samples::proposal();
    proposal.facts[0].kind = added;
    let wanted = "read the field kind of a fact with the value 70: wanted a kind of fact of this level";
    assert_eq!(proposal.encode().unwrap_err().to_string(), wanted);
    let bytes = proposal_message(|message| message.facts[0].kind = added);
    assert_eq!(Proposal::decode(&bytes).unwrap_err().to_string(), wanted);
    proposal.level = wire::level_of(&proposal.facts);
    assert_eq!(Proposal::decode(&proposal.encode().unwrap()).unwrap(), proposal);
}

#[test]
fn a_level_that_this_build_does_not_know_is_refused_by_the_writer_too() {
    let mut proposal = samples::proposal();
    proposal.level = LEVEL + 1;
    let error = proposal.encode().unwrap_err();
    assert_eq!(error.to_string(), "read a proposal of level 8: this build reads up to 7");
    let bytes = proposal_message(|message| message.level = LEVEL + 1);
    assert!(matches!(Proposal::decode(&bytes), Err(Error::FromTheFuture { level: 8, supported: LEVEL, .. })));
}

#[test]
fn a_rejection_beside_facts_or_guards_is_refused_by_the_writer_too() {
    let beside = [
        Proposal { facts: vec![fact(1)], ..samples::proposal_rejected() },
        Proposal { guards: samples::proposal().guards, ..samples::proposal_rejected() },
    ];
    for proposal in beside {
        assert!(matches!(proposal.encode(), Err(Error::Field { field: "rejected", .. })), "{proposal:?}");
    }
    let bytes = proposal_message(|message| message.rejected = Some(samples::rejected().out()));
    let wanted =
        "read the field rejected of a proposal with the value set beside 2 guards and 4 facts: wanted it alone";
    assert_eq!(Proposal::decode(&bytes).unwrap_err().to_string(), wanted);
}

#[test]
fn a_rejection_is_cut_to_what_a_record_may_hold() {
    let long = Rejected {
        message: "é".repeat(3000),
        details: vec![("entry".to_owned(), "é".repeat(3000)); 9],
        ..samples::rejected()
    };
    let with =
        |rejected: &Rejected| Proposal { rejected: Some(Arc::new(rejected.clone())), ..samples::proposal_rejected() };
    let error = with(&long).encode().unwrap_err();
    assert!(matches!(error, Error::TooMuch { max: REJECTION_BYTES_MAX, .. }), "{error}");
    let cut = long.cut();
    assert_eq!((cut.message.len(), cut.details.len(), cut.details[3].1.len()), (1024, 4, 512));
    assert_eq!(Proposal::decode(&with(&cut).encode().unwrap()).unwrap().rejected.as_deref(), Some(&cut));
    let bytes = proposal_message(|message| {
        (message.guards, message.facts) = (Vec::new(), Vec::new());
        message.rejected = Some(proto::Rejected { message: "x".repeat(REJECTION_BYTES_MAX), ..Default::default() });
    });
    assert!(matches!(Proposal::decode(&bytes), Err(Error::TooMuch { max: REJECTION_BYTES_MAX, .. })));
}

#[test]
fn fields_of_another_shape_are_named_with_their_value() {
    assert_eq!(
        organization(|message| message.name = "organizations/acme/folders/x".into()),
        "read the field name of an organization with the value organizations/acme/folders/x: wanted organizations/{o}"
    );
    assert_eq!(
        organization(|message| message.uid.truncate(15)),
        "read the field uid of an organization with the value 15 bytes: wanted 16 bytes"
    );
    for state in [0, 4] {
        assert_eq!(
            organization(|message| message.state = state),
            format!(
                "read the field state of an organization with the value {state}: wanted 1 (ACTIVE), 2 (DELETING) or 3 (DELETED)"
            )
        );
    }
    let bytes = proposal_message(|message| message.guards[0].subject = "a b".into());
    assert!(matches!(Proposal::decode(&bytes), Err(Error::Field { field: "subject", value, .. }) if value == "a b"));
    let message = proto::Record { log: "lunar".into(), ..Default::default() };
    assert!(
        matches!(Record::decode(encode(&message)), Err(Error::Field { field: "log", value, .. }) if value == "lunar")
    );
}

#[test]
fn an_account_that_is_ready_and_somebodys_or_claimed_by_nobody() {
    let account = |change: &dyn Fn(&mut proto::Account)| {
        let (_, sample) = samples::entities().into_iter().find(|(kind, _)| *kind == "account").unwrap();
        let message: proto::Entity = decode("an entity", encode_entity(&sample)).unwrap();
        let Some(entity::Kind::Account(mut account)) = message.kind else { panic!("another kind") };
        change(&mut account);
        let bytes = encode(&proto::Entity { kind: Some(entity::Kind::Account(account)) });
        decode_entity(&bytes).unwrap_err().to_string()
    };
    let said = account(&|message| message.state = proto::AccountState::Ready.into());
    assert!(
        said.starts_with("read the field organization of a cloud account with the value organizations/acme"),
        "{said}"
    );
    let said = account(&|message| message.organization.clear());
    assert!(said.starts_with("read the field organization of a cloud account with the value : wanted"), "{said}");
    let said = account(&|message| message.organization_uid.clear());
    assert_eq!(said, "read the field organization_uid of a cloud account with the value 0 bytes: wanted 16 bytes");
    let said = account(&|message| message.id.push('0'));
    assert!(said.ends_with("wanted twelve decimal digits"), "{said}");
    for state in [0, 4] {
        let said = account(&|message| message.state = state);
        assert!(said.ends_with("wanted 1 (READY), 2 (CLAIMED) or 3 (RETIRED)"), "{said}");
    }
}

#[test]
fn kinds_that_this_build_does_not_know_are_refused() {
    // Field 99 of a message, of length 0: what a later version's kind looks like from here.
    let later = Bytes::from_static(&[0x9a, 0x06, 0x00]);
    for bytes in [later, Bytes::new()] {
        assert!(matches!(decode_entity(&bytes), Err(Error::Field { field: "kind", .. })));
        let refused = decode("a command", bytes).and_then(command_in);
        assert!(matches!(refused, Err(Error::Field { field: "kind", .. })));
    }
    assert_eq!(encode_entity(&Entity::Marker).as_ref(), [0x2a, 0x00], "a marker is small and is not nothing");
}

#[test]
fn commands_and_submissions_of_another_shape() {
    let (_, sample) = samples::commands().into_iter().find(|(kind, _)| *kind == "create_cluster").unwrap();
    let Some(command::Kind::CreateCluster(mut cluster)) = command_out(&sample).kind else { panic!("another kind") };
    cluster.cluster_type = "production".into();
    let message = proto::Command { kind: Some(command::Kind::CreateCluster(cluster)) };
    assert_eq!(
        command_in(message).unwrap_err().to_string(),
        "read the field cluster_type of the creation of a cluster with the value production: wanted 1 to 40 of A-Z, 0-9 and _, a letter first"
    );
    let message = submission_out(&samples::submission());
    let without = proto::Submission { command: None, ..message.clone() };
    assert!(matches!(submission_in(without), Err(Error::Field { field: "command", .. })));
    let short = proto::Submission { request_id: Bytes::from_static(&[1; 15]), ..message.clone() };
    assert!(matches!(submission_in(short), Err(Error::Field { field: "request_id", .. })));
    assert_eq!(submission_in(message).unwrap().request_id, RequestId(std::array::from_fn(|at| 0x50 + at as u8)));
}
