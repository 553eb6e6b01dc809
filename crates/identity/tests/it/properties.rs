//! Whatever is presented, nothing stops and nobody else is let in.

use identity::{OwnTokens, Signer, issuer_of};
use proptest::prelude::*;

use crate::issuers::{NOW, provider};

fn ours() -> (String, OwnTokens) {
    let signer = Signer::new("prod", "k1", &[1; 32]).unwrap();
    let who = ("organizations/acme".parse().unwrap(), "user:ann".parse().unwrap());
    let token = signer.issue((&who.0, &who.1), NOW, 600, "t").unwrap();
    (token, OwnTokens::new("prod", [(signer.id(), signer.public())]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn text_is_refused(text in "\\PC{0,200}") {
        prop_assert!(provider().identify(&text, NOW).is_err());
        prop_assert!(ours().1.identify(&text, NOW).is_err());
        let _either = issuer_of(&text);
    }

    #[test]
    fn what_looks_like_a_token_is_refused(parts in proptest::collection::vec("[A-Za-z0-9_-]{0,80}", 3)) {
        let text = parts.join(".");
        prop_assert!(provider().identify(&text, NOW).is_err());
        prop_assert!(ours().1.identify(&text, NOW).is_err());
    }

    /// One changed letter: refused, or the last bits of a part that no byte is made of, which say the same.
    #[test]
    fn a_token_that_was_changed_is_refused_or_says_the_same(place in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_.-]") {
        let (token, own) = ours();
        let at = place.index(token.len());
        let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
        let before = own.identify(&token, NOW).unwrap();
        if let Ok(after) = own.identify(&changed, NOW) {
            prop_assert_eq!(after, before);
        }
    }
}
