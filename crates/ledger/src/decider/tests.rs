//! Who may say what about a submission: exactly one side wins, whichever comes first.

use super::*;

#[test]
fn a_submission_is_withdrawn_or_proposed_and_never_both() {
    let claim = Claim::default();
    assert!(claim.withdraw());
    assert!(!claim.propose(), "what was withdrawn is never proposed");
    let claim = Claim::default();
    assert!(claim.propose());
    assert!(!claim.withdraw(), "what was proposed may have an effect");
}

#[test]
fn each_step_is_taken_once() {
    let claim = Claim::default();
    assert!(!claim.release(), "only what was proposed can be released");
    assert!(claim.propose());
    assert!(!claim.propose());
    assert!(claim.release());
    assert!(!claim.release());
    assert!(claim.withdraw());
    assert!(!claim.withdraw());
    assert!(!claim.release());
}

#[test]
fn a_proposal_that_had_no_effect_can_be_withdrawn_or_proposed_again() {
    for withdrawn in [true, false] {
        let claim = Claim::default();
        assert!(claim.propose() && claim.release());
        let won = if withdrawn { claim.withdraw() } else { claim.propose() };
        assert!(won);
        assert!(!claim.propose());
        assert!(!claim.withdraw());
    }
}
