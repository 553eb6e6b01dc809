//! Watches that keep the promise, each way to break it, and generated watches over many reconnects.

use proptest::prelude::*;

use super::*;

fn hash(seq: u64) -> Hash {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seq.to_be_bytes());
    Hash(bytes)
}

fn truth(end: u64) -> BTreeMap<Seq, Hash> {
    (1..=end).map(|seq| (Seq(seq), hash(seq))).collect()
}

fn event(seq: u64) -> Delivered {
    Delivered::Event { seq: Seq(seq), hash: hash(seq) }
}

fn progress(seq: u64) -> Delivered {
    Delivered::Progress { seq: Seq(seq) }
}

fn resumed(after: u64) -> Delivered {
    Delivered::Resumed { after: Seq(after) }
}

fn reset(to: u64) -> Delivered {
    Delivered::Reset { to: Seq(to) }
}

/// Judges a watch from the beginning of a log of nine records, nothing being due.
fn judge(delivered: &[Delivered]) -> Result<(), Violation> {
    check(&Watch { after: Seq::ZERO, delivered: delivered.to_vec() }, &truth(9), Seq::ZERO)
}

fn words(delivered: &[Delivered]) -> String {
    judge(delivered).unwrap_err().to_string()
}

#[test]
fn a_watch_with_marks_reconnects_and_a_reset_passes() {
    let delivered = [
        event(1),
        event(2),
        progress(2),
        resumed(2),
        progress(2),
        event(3),
        reset(6),
        event(7),
        progress(6),
        progress(7),
    ];
    assert_eq!(judge(&delivered), Ok(()));
}

#[test]
fn a_watcher_that_goes_back_by_itself_is_sent_records_again() {
    assert_eq!(judge(&[event(1), event(2), progress(2), resumed(0), progress(0), event(1), event(2)]), Ok(()));
}

#[test]
fn a_record_that_never_comes_is_a_gap() {
    assert_eq!(words(&[event(1), event(3)]), "gap: message 1 is record 3 while record 2 never came on this connection");
    let late_on_another_connection = [event(1), event(3), resumed(1), event(2)];
    assert!(matches!(judge(&late_on_another_connection), Err(Violation::Gap { .. })));
    assert!(matches!(judge(&[event(1), reset(4), event(6)]), Err(Violation::Gap { missing: Seq(5), .. })));
}

#[test]
fn a_record_that_comes_late_is_a_reordering() {
    let expected = "reordering: message 1 is record 3 while record 2 came only later, as message 3";
    assert_eq!(words(&[event(1), event(3), progress(1), event(2)]), expected);
}

#[test]
fn a_record_that_comes_again_is_a_duplicate() {
    assert_eq!(
        words(&[event(1), event(2), event(1)]),
        "duplicate: message 2 is record 1 again, after everything up to 2"
    );
    assert!(matches!(judge(&[event(1), resumed(1), event(1)]), Err(Violation::Duplicate { .. })), "across a reconnect");
    assert!(matches!(judge(&[reset(5), event(5)]), Err(Violation::Duplicate { .. })), "behind a snapshot");
}

#[test]
fn a_record_that_the_log_does_not_have_is_a_phantom() {
    assert_eq!(words(&[event(10)]), "phantom: message 0 is record 10, which the log does not have");
}

#[test]
fn a_record_of_another_content_is_told() {
    let forged = Delivered::Event { seq: Seq(1), hash: hash(7) };
    let text = words(&[forged]);
    assert!(text.starts_with("wrong record: message 0 is 0000000000000007"), "{text}");
    assert!(text.contains("at 1, where the log has 0000000000000001"), "{text}");
}

#[test]
fn a_mark_ahead_of_its_events_is_told() {
    assert_eq!(words(&[event(1), progress(2)]), "progress ahead of events: message 1 marks 2, delivered up to 1");
}

#[test]
fn a_mark_that_goes_back_is_told() {
    let expected = "progress back in time: message 4 marks 1 after a mark at 2";
    assert_eq!(words(&[event(1), event(2), progress(2), resumed(2), progress(1)]), expected);
}

#[test]
fn a_reconnect_that_skips_is_told() {
    assert_eq!(words(&[event(1), resumed(3)]), "gap at a reconnect: message 1 resumed after 3, delivered up to 1");
}

#[test]
fn a_snapshot_from_the_past_or_from_the_future_is_told() {
    assert_eq!(
        words(&[event(1), event(2), reset(1)]),
        "reset back in time: message 2 is a snapshot at 1, delivered up to 2"
    );
    assert_eq!(words(&[event(1), reset(10)]), "reset beyond the log: message 1 is a snapshot at 10, the log ends at 9");
}

#[test]
fn what_is_due_must_have_come_in_the_end() {
    let watch = Watch { after: Seq(2), delivered: vec![event(3), event(4)] };
    assert_eq!(check(&watch, &truth(9), Seq(4)), Ok(()));
    let violation = check(&watch, &truth(9), Seq(5)).unwrap_err();
    assert_eq!(violation.to_string(), "not delivered: everything up to 5 is due, delivered up to 4");
    let idle = Watch { after: Seq(3), delivered: vec![] };
    assert_eq!(check(&idle, &BTreeMap::new(), Seq(3)), Ok(()));
}

/// A correct server over `end` records: each draw is one message or one turn of the connection.
fn serve(end: u64, draws: &[(u8, u64)]) -> Vec<Delivered> {
    let (mut place, mut mark, mut delivered) = (0, 0, Vec::new());
    for (kind, draw) in draws {
        match kind {
            0 => {
                mark += draw % (place - mark + 1);
                delivered.push(progress(mark));
            }
            1 => delivered.push(resumed(place)),
            2 => {
                place -= draw % (place + 1);
                mark = mark.min(place);
                delivered.push(resumed(place));
            }
            3 => {
                place += draw % (end - place + 1).min(4);
                delivered.push(reset(place));
            }
            _ if place < end => {
                place += 1;
                delivered.push(event(place));
            }
            _ => {}
        }
    }
    delivered.extend((place + 1..=end).map(event));
    delivered
}

proptest! {
    #[test]
    fn a_correct_server_passes_and_any_dropped_doubled_or_swapped_record_is_caught(
        end in 1u64..40,
        draws in prop::collection::vec((0u8..12, 0u64..100), 0..60),
        chosen in any::<prop::sample::Index>(),
    ) {
        let delivered = serve(end, &draws);
        let judge = |delivered: Vec<Delivered>| check(&Watch { after: Seq::ZERO, delivered }, &truth(end), Seq(end));
        prop_assert_eq!(judge(delivered.clone()), Ok(()));

        let is_event = |at: &usize| matches!(delivered[*at], Delivered::Event { .. });
        let events: Vec<usize> = (0..delivered.len()).filter(is_event).collect();
        prop_assume!(!events.is_empty());
        let at = *chosen.get(&events);

        let mut doubled = delivered.clone();
        doubled.insert(at, delivered[at]);
        let is_duplicate = matches!(judge(doubled), Err(Violation::Duplicate { .. }));
        prop_assert!(is_duplicate);

        // Dropping is not wrong where the watcher goes back afterwards, so the rest of the watch is one connection.
        let straight: Vec<Delivered> = (1..=end).map(event).collect();
        let lost = chosen.index(straight.len());
        let mut dropped = straight.clone();
        dropped.remove(lost);
        prop_assert!(judge(dropped).is_err());
        if lost + 1 < straight.len() {
            let mut swapped = straight;
            swapped.swap(lost, lost + 1);
            let is_reordered = matches!(judge(swapped), Err(Violation::Reordered { .. }));
            prop_assert!(is_reordered);
        }
    }
}
