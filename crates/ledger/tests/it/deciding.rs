//! Commands at leaders and followers: what is told is what happened, and nothing else happened.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use domain::{ClusterOptions, Command, View, command::*};
use ids::{
    Log, MemberId, Seq, Subject,
    limits::{DESCRIPTION_BYTES_MAX, DISPLAY_NAME_BYTES_MAX, FACTS_MAX, GUARDS_MAX, PROPOSAL_BYTES_MAX},
};
use ledger::{Verdict, group::GroupError};
use ports::Env;
use wire::{
    Error, Submission,
    proto::{peer_reply, peer_request, raft_reply, raft_request},
};

use crate::{
    ring::{Process, Ring, described, done, organization, until},
    script::{fact, proposal, subject},
};

const G: Log = Log::Global;

fn name(label: &str) -> Subject {
    subject(&format!("organizations/{label}"))
}

#[tokio::test(start_paused = true)]
async fn a_ring_forms_and_what_its_leader_decides_is_everywhere() {
    for members_per_region in [&[3][..], &[1, 1, 1]] {
        let ring = Ring::formed(members_per_region).await;
        let voters = BTreeSet::from([MemberId(1), MemberId(2), MemberId(3)]);
        let leader = ring.leader(&G).await;
        assert_eq!(ring.at(leader).group(&G).voters(), [voters]);
        let seq = done(ring.decide(organization("acme")).await);
        assert_eq!(seq, Seq(1));
        ring.all_hold(&G, seq).await;
        let states = ring.ids().into_iter().map(|id| ring.at(id).group(&G).cell().state());
        let heads: BTreeSet<_> =
            states.map(|state| (state.revision(&name("acme")), state.hash, state.digest())).collect();
        assert_eq!(heads.len(), 1, "one state: {heads:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_decides_about_its_clusters_and_the_others_get_a_copy() {
    let ring = Ring::formed(&[1, 1, 1]).await;
    done(ring.decide(organization("acme")).await);
    let parent = "organizations/acme".parse().unwrap();
    let (project, words) = ("organizations/acme/projects/web", String::new);
    let create = CreateProject { name: project.parse().unwrap(), parent, display_name: words(), description: words() };
    let seq = done(ring.decide(Command::CreateProject(create)).await);
    ring.all_hold(&G, seq).await;
    let cluster = CreateCluster {
        name: format!("{project}/locations/b/clusters/one").parse().unwrap(),
        display_name: words(),
        description: words(),
        cluster_type: domain::ClusterType::PRODUCTION,
        options: ClusterOptions::default(),
    };
    let log = Log::Region("b".parse().unwrap());
    let seq = done(ring.decide(Command::CreateCluster(cluster)).await);
    ring.all_hold(&log, seq).await;
    let copies = ring.ids().into_iter().map(|id| ring.at(id).ledger.copy(&log).unwrap());
    let heads: Vec<_> = copies.map(|copy| (copy.voter, copy.head().hash)).collect();
    assert_eq!(heads.iter().map(|(voter, _)| *voter).collect::<Vec<_>>(), [false, true, false]);
    assert!(heads.windows(2).all(|pair| pair[0].1 == pair[1].1));
}

#[tokio::test(start_paused = true)]
async fn a_follower_names_the_leader_and_does_nothing() {
    let ring = Ring::formed(&[3]).await;
    let (leader, follower) = (ring.leader(&G).await, ring.follower(&G).await);
    let verdict = ring.at(follower).submit(ring.submission(organization("acme"))).await;
    assert_eq!(verdict, Verdict::NotLeader { leader: Some(leader) });
    assert_eq!(done(ring.decide(organization("other")).await), Seq(1), "nothing came before");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_sent_twice_has_one_effect_and_one_answer() {
    let ring = Ring::formed(&[3]).await;
    let leader = ring.at(ring.leader(&G).await);
    let submission = ring.submission(organization("acme"));
    let first = leader.submit(submission.clone()).await;
    done(ring.decide(organization("between")).await);
    // Without its request id it would be refused: the name is taken.
    assert_eq!(leader.submit(submission.clone()).await, first);
    assert_eq!(leader.group(&G).cell().seq(), Seq(2));
    // At the same time, before either is answered.
    let twins = ring.submission(organization("twin"));
    let (one, other) = tokio::join!(leader.submit(twins.clone()), leader.submit(twins));
    assert_eq!((one.clone(), done(one)), (other, Seq(3)));
    assert_eq!(leader.group(&G).cell().seq(), Seq(3));
    // After another member took over.
    ring.kill(ring.leader(&G).await);
    let successor = ring.at(ring.leader(&G).await);
    assert_eq!(successor.submit(submission).await, first);
}

#[tokio::test(start_paused = true)]
async fn a_request_id_that_is_used_for_another_command_is_refused_and_changes_nothing() {
    let ring = Ring::formed(&[3]).await;
    let first = ring.submission(organization("first"));
    let leader = ring.at(ring.leader(&G).await);
    done(leader.submit(first.clone()).await);
    let refused = |verdict: Verdict| {
        let Verdict::Rejected { reason, details, .. } = verdict else { panic!("wanted a refusal, got {verdict:?}") };
        assert_eq!(reason, "REQUEST_ID_REUSED");
        assert!(details.contains(&("subject".to_owned(), "organizations/first".to_owned())), "{details:?}");
    };
    let others = [organization("second"), described("first", "another body".to_owned())];
    for command in others.clone() {
        refused(leader.submit(Submission { command, ..first.clone() }).await);
    }
    // Both at the same time, before either is answered: one takes effect.
    let one = ring.submission(organization("twin"));
    let other = Submission { command: organization("sibling"), ..one.clone() };
    let verdicts = tokio::join!(leader.submit(one), leader.submit(other));
    done(verdicts.0);
    assert!(
        matches!(&verdicts.1, Verdict::Rejected { reason, .. } if reason == "REQUEST_ID_REUSED"),
        "{:?}",
        verdicts.1
    );
    // Also by a leader that only heard of the first.
    ring.all_hold(&G, Seq(2)).await;
    ring.kill(ring.leader(&G).await);
    let successor = ring.at(ring.leader(&G).await);
    for command in others {
        refused(successor.submit(Submission { command, ..first.clone() }).await);
    }
    assert_eq!(successor.group(&G).cell().seq(), Seq(2));
    assert_eq!(done(successor.submit(first).await), Seq(1));
}

#[tokio::test(start_paused = true)]
async fn a_validation_says_what_would_happen_and_has_no_effect() {
    let ring = Ring::formed(&[3]).await;
    let leader = ring.at(ring.leader(&G).await);
    done(ring.decide(organization("taken")).await);
    let validate = |label| Submission { validate_only: true, ..ring.submission(organization(label)) };
    let before = leader.group(&G).cell().state();
    let free = leader.submit(validate("free")).await;
    let subject = name("free");
    assert_eq!(free, Verdict::Done { incarnation: before.incarnation, seq: Seq(1), subject, validated_only: true });
    let taken = leader.submit(validate("taken")).await;
    assert!(matches!(&taken, Verdict::Rejected { reason, .. } if reason == "ALREADY_EXISTS"), "{taken:?}");
    let after = leader.group(&G).cell().state();
    assert_eq!((after.hash, after.digest()), (before.hash, before.digest()));
    // Its request id stays free for the real thing.
    let validation = validate("free");
    leader.submit(validation.clone()).await;
    assert_eq!(done(leader.submit(Submission { validate_only: false, ..validation }).await), Seq(2));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_the_rules_has_no_effect() {
    let ring = Ring::formed(&[3]).await;
    done(ring.decide(organization("taken")).await);
    for (command, wanted) in [
        (organization("taken"), "ALREADY_EXISTS"),
        (described("wordy", "x".repeat(DESCRIPTION_BYTES_MAX + 1)), "INVALID_ARGUMENT"),
    ] {
        let verdict = ring.decide(command).await;
        assert!(matches!(&verdict, Verdict::Rejected { reason, .. } if reason == wanted), "{verdict:?}");
    }
    assert_eq!(done(ring.decide(organization("next")).await), Seq(2));
}

fn retried(submission: Submission) -> Submission {
    Submission { retried: true, ..submission }
}

fn deletion(label: &str) -> Command {
    DeleteOrganization { name: format!("organizations/{label}").parse().unwrap(), etag: None }.into()
}

#[tokio::test(start_paused = true)]
async fn a_rejection_of_a_retried_command_is_recorded_and_is_the_last_word_on_it() {
    let ring = Ring::formed(&[3]).await;
    done(ring.decide(organization("taken")).await);
    let leader = ring.at(ring.leader(&G).await);
    let first_try = ring.submission(organization("taken"));
    let before = leader.group(&G).cell().state();
    let verdict = leader.submit(retried(first_try.clone())).await;
    let Verdict::Rejected { reason, message, record, .. } = &verdict else { panic!("{verdict:?}") };
    assert_eq!((reason.as_str(), *record), ("ALREADY_EXISTS", Some(Seq(2))), "{message}");
    let after = leader.group(&G).cell().state();
    assert_eq!((after.seq, after.digest()), (Seq(2), before.digest()), "a record without effect");
    // Now it would succeed; but the first try, which comes late, must not.
    done(ring.decide(deletion("taken")).await);
    for late in [first_try.clone(), retried(first_try.clone())] {
        assert_eq!(leader.submit(late).await, verdict);
    }
    let other = leader.submit(Submission { command: organization("other"), ..first_try.clone() }).await;
    assert!(matches!(&other, Verdict::Rejected { reason, .. } if reason == "REQUEST_ID_REUSED"), "{other:?}");
    // Nor at a leader that only heard of it.
    ring.all_hold(&G, Seq(3)).await;
    ring.kill(ring.leader(&G).await);
    let successor = ring.at(ring.leader(&G).await);
    assert_eq!(successor.submit(first_try).await, verdict);
    assert_eq!(successor.group(&G).cell().seq(), Seq(3));
    // Another wish for the same is free to succeed.
    assert_eq!(done(ring.decide(organization("taken")).await), Seq(4));
}

#[tokio::test(start_paused = true)]
async fn tries_of_one_rejected_request_at_the_same_time_have_one_record_and_one_answer() {
    let ring = Ring::formed(&[3]).await;
    done(ring.decide(organization("taken")).await);
    let leader = ring.at(ring.leader(&G).await);
    let tries = retried(ring.submission(organization("taken")));
    let free = retried(ring.submission(organization("free")));
    let (one, other, free) = tokio::join!(leader.submit(tries.clone()), leader.submit(tries), leader.submit(free));
    assert_eq!(one, other);
    assert!(matches!(&one, Verdict::Rejected { record: Some(_), .. }), "{one:?}");
    done(free);
    assert_eq!(leader.group(&G).cell().seq(), Seq(3));
}

#[tokio::test(start_paused = true)]
async fn a_retried_command_that_is_allowed_takes_effect_once() {
    let ring = Ring::formed(&[3]).await;
    let leader = ring.at(ring.leader(&G).await);
    let submission = ring.submission(organization("acme"));
    let first = leader.submit(retried(submission.clone())).await;
    assert_eq!(leader.submit(submission).await, first);
    assert_eq!(done(first), Seq(1));
}

#[tokio::test(start_paused = true)]
async fn first_tries_and_validations_that_are_rejected_leave_no_record() {
    let ring = Ring::formed(&[3]).await;
    done(ring.decide(organization("taken")).await);
    let leader = ring.at(ring.leader(&G).await);
    let submission = ring.submission(organization("taken"));
    let validation = Submission { validate_only: true, ..retried(submission.clone()) };
    for submission in [submission, validation] {
        let verdict = leader.submit(submission).await;
        assert!(matches!(&verdict, Verdict::Rejected { record: None, .. }), "{verdict:?}");
    }
    assert_eq!(leader.group(&G).cell().seq(), Seq(1));
}

#[tokio::test(start_paused = true)]
async fn the_largest_command_that_is_allowed_is_decided_and_many_at_once_too() {
    let ring = Ring::formed(&[3]).await;
    let leader = ring.at(ring.leader(&G).await);
    let largest = |number: usize| {
        Command::CreateOrganization(CreateOrganization {
            name: format!("organizations/{}{number:03}", "o".repeat(60)).parse().unwrap(),
            display_name: "d".repeat(DISPLAY_NAME_BYTES_MAX),
            description: "x".repeat(DESCRIPTION_BYTES_MAX),
        })
    };
    // More than one Raft entry holds.
    let pending = (0..300).map(|number| leader.submit(ring.submission(largest(number))));
    let verdicts = futures_util::future::join_all(pending).await;
    let seqs: BTreeSet<Seq> = verdicts.into_iter().map(done).collect();
    assert_eq!(seqs, (1..=300).map(Seq).collect());
    ring.all_hold(&G, Seq(300)).await;
}

#[test]
fn a_proposal_past_a_limit_is_refused_before_it_is_replicated() {
    let refused = |guards: usize, facts: usize, bytes: usize| {
        let guards = (0..guards).map(|at| (subject(&format!("g/{at}")), ids::Revision(0))).collect();
        let facts = (0..facts).map(|at| fact(&format!("f/{at}"), &vec![0; bytes])).collect();
        let error = proposal(1, guards, facts).encode().err();
        error.map(|error| match error {
            Error::TooMuch { what, given, max } => (what, given > max, max),
            other => panic!("{other}"),
        })
    };
    assert_eq!(refused(GUARDS_MAX, FACTS_MAX, 8), None);
    assert_eq!(refused(GUARDS_MAX + 1, 1, 8), Some(("guards of a proposal", true, GUARDS_MAX)));
    assert_eq!(refused(1, FACTS_MAX + 1, 8), Some(("facts of a proposal", true, FACTS_MAX)));
    assert_eq!(refused(1, 64, 4096), Some(("bytes of a proposal", true, PROPOSAL_BYTES_MAX)));
}

#[tokio::test(start_paused = true)]
async fn leadership_goes_to_another_voter_and_to_nobody_else() {
    let ring = Ring::formed(&[3]).await;
    let (leader, follower) = (ring.leader(&G).await, ring.follower(&G).await);
    let process = ring.at(leader);
    for to in [leader, MemberId(77)] {
        let group = Arc::clone(process.group(&G));
        let error = process.env.tasks().enter(group.transfer_leader(to)).await.unwrap_err();
        assert!(
            matches!(&error, GroupError::Members { log: G, detail } if detail.contains(&to.to_string())),
            "{error:?}"
        );
    }
    done(ring.decide(organization("acme")).await);
    process.env.tasks().enter(process.group(&G).transfer_leader(follower)).await.unwrap();
    crate::ring::until(|| ring.at(follower).group(&G).is_leader().then_some(())).await;
    assert_eq!(ring.leader(&G).await, follower);
    assert_eq!(done(ring.decide(organization("other")).await), Seq(2));
}

/// An update of an organization: of its description, or of its display name.
fn updated(label: &str, display_name: Option<&str>, description: Option<&str>) -> Command {
    let name = format!("organizations/{label}").parse().unwrap();
    let [display_name, description] = [display_name, description].map(|text| text.map(str::to_owned));
    Command::UpdateOrganization(UpdateOrganization { name, display_name, description, etag: None })
}

/// Submits to one member until it decides.
async fn decided(leader: &Process, submission: Submission) -> Seq {
    loop {
        match leader.submit(submission.clone()).await {
            Verdict::NotLeader { .. } => tokio::time::sleep(Duration::from_millis(10)).await,
            verdict => return done(verdict),
        }
    }
}

/// A lost update, found as a deletion of a project that waited for ever: of three regions' acknowledgements one was overwritten.
///
/// A new leader decided on what it had applied, before what its predecessor left was settled. Its first guess took, in its own
/// look-ahead, the very place that the predecessor's record had in the log; its second was guarded by that place's number, which
/// held, and stored a row made from the first guess: what the predecessor's record said was gone, though it had been committed.
#[tokio::test(start_paused = true)]
async fn a_new_leader_guesses_nothing_about_places_that_its_predecessor_left_open() {
    let ring = Ring::formed(&[3]).await;
    assert_eq!(done(ring.decide(organization("acme")).await), Seq(1));
    let old = ring.leader(&G).await;
    // From now on entries reach the others and no leader learns of it: nothing is committed.
    let deaf = |body: &mut peer_reply::Body| {
        let peer_reply::Body::Raft(reply) = body else { return true };
        !matches!(reply.body, Some(raft_reply::Body::Append(_)))
    };
    ring.replies(deaf);
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    ring.requests(move |body| {
        let peer_request::Body::Raft(request) = body else { return true };
        if let Some(raft_request::Body::Append(append)) = &request.body {
            count.fetch_add(append.entries.len(), SeqCst);
        }
        true
    });
    let (leader, left_open) = (ring.at(old), ring.submission(updated("acme", Some("by the old leader"), None)));
    let group = Arc::clone(leader.group(&G));
    drop(leader.env.tasks().spawn(async move { group.submit(left_open, Duration::from_secs(5)).await }));
    until(|| (sent.load(SeqCst) > 1).then_some(())).await;
    ring.kill(old);
    // The new leader is heard, or it would take no writes; its entries are not, so what is left open stays so.
    ring.replies(|_| true);
    ring.requests(|body| {
        let peer_request::Body::Raft(request) = body else { return true };
        !matches!(&request.body, Some(raft_request::Body::Append(append)) if !append.entries.is_empty())
    });
    let new = ring.ids().into_iter().filter(|id| *id != old).map(|id| ring.at(id)).collect::<Vec<_>>();
    let new = until(|| new.iter().find(|process| process.group(&G).is_leader())).await.clone();
    assert_eq!(new.group(&G).cell().seq(), Seq(1), "what the old leader left is not applied");
    let one = ring.submission(updated("acme", None, Some("one")));
    let two = ring.submission(updated("acme", None, Some("two")));
    let hears_again = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        ring.requests(|_| true);
    };
    let (first, second, ()) = tokio::join!(decided(&new, one), decided(&new, two), hears_again);
    assert!(first > Seq(2) && second > Seq(2), "the old leader's record is 2: {first} {second}");
    let state = new.group(&G).cell().state();
    let view: &dyn View = &state;
    let (_, row) = view.row::<domain::Organization>(&name("acme")).unwrap().unwrap();
    assert_eq!(row.display_name, "by the old leader", "committed, and nobody wrote it since");
    assert!(["one", "two"].contains(&row.description.as_str()));
}
