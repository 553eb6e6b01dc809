//! Guards come from reads alone, facts keep their order, and the limits of a proposal hold.

use super::*;

/// A log in which every subject has revision 4 and no set has entries.
struct Flat;

impl View for Flat {
    fn revision(&self, _subject: &Subject) -> Revision {
        Revision(4)
    }

    fn get(&self, subject: &Subject) -> Result<Option<(Revision, Entity)>, ViewError> {
        if subject.as_str() == "damaged" {
            return Err(ViewError { subject: subject.clone(), detail: "3 bytes".to_owned() });
        }
        Ok(Some((Revision(4), Entity::Marker)))
    }

    fn entries(&self, _set: &Subject, _after: Option<&str>, _limit: usize) -> Vec<String> {
        Vec::new()
    }
}

fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

#[test]
fn what_is_read_is_guarded_once_and_what_is_read_unguarded_is_not() {
    let mut txn = Txn::new(&Flat);
    txn.revision(&subject("b"));
    txn.revision(&subject("b"));
    txn.entries(&subject("a#children"), None, 1);
    txn.unguarded().revision(&subject("c"));
    let decision = txn.finish(subject("b")).unwrap();
    let guarded: Vec<&str> = decision.guards.iter().map(|guard| guard.subject.as_str()).collect();
    assert_eq!(guarded, ["a#children", "b"]);
    assert!(decision.guards.iter().all(|guard| guard.revision == Revision(4)));
}

#[test]
fn a_row_of_another_kind_and_a_damaged_row_are_unreadable() {
    let mut txn = Txn::new(&Flat);
    let error = txn.get::<crate::Folder>(&subject("x")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the row x is not readable: found a marker where a folder belongs; wanted a readable entity"
    );
    let rejection = Rejection::from(txn.get::<crate::Folder>(&subject("damaged")).unwrap_err());
    assert_eq!(rejection.reason(), "UNREADABLE_ROW");
}

#[test]
fn a_set_is_changed_without_a_guard_and_only_once() {
    let mut txn = Txn::new(&Flat);
    txn.add_entry(&subject("a#children"), "folders/x").unwrap();
    let again = txn.remove_entry(&subject("a#children"), "folders/y").unwrap_err();
    assert_eq!(again, Rejection::WrittenTwice { subject: subject("a#children") });

    let mut txn = Txn::new(&Flat);
    txn.add_entry(&subject("a#children"), "folders/x").unwrap();
    let decision = txn.finish(subject("x")).unwrap();
    assert!(decision.guards.is_empty());
    let kinds: Vec<FactKind> = decision.facts.iter().map(|fact| fact.kind).collect();
    assert_eq!(kinds, [FactKind::EntryAdded, FactKind::SetChanged]);
}

#[test]
fn a_decision_at_the_limits_passes_and_one_beyond_is_refused_with_its_counts() {
    let build = |guards: usize, facts: usize| {
        let mut txn = Txn::new(&Flat);
        for i in 0..guards {
            txn.revision(&subject(&format!("read{i}")));
        }
        for i in 0..facts {
            txn.bump(&subject(&format!("written{i}"))).unwrap();
        }
        txn.finish(subject("x"))
    };
    assert!(build(GUARDS_MAX, FACTS_MAX).is_ok());
    for (guards, facts) in [(GUARDS_MAX + 1, 0), (0, FACTS_MAX + 1)] {
        let wanted = Rejection::DecisionTooLarge { subject: subject("x"), guards, facts };
        assert_eq!(build(guards, facts).unwrap_err(), wanted);
    }
}
