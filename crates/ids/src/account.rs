//! Ids of cloud accounts: the provider's, not ours.

use std::{fmt, str::FromStr};

use crate::NameError;

/// A cloud account, as AWS numbers them: twelve decimal digits, leading zeros among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(u64);

const DIGITS: usize = 12;

impl FromStr for AccountId {
    type Err = NameError;

    fn from_str(input: &str) -> Result<Self, NameError> {
        let error = || NameError::new(input, "twelve decimal digits");
        if input.len() != DIGITS || !input.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error());
        }
        input.parse().map(Self).map_err(|_| error())
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_twelve_digits_and_anything_else_is_refused_with_the_value() {
        for text in ["123456789012", "000000000001", "999999999999"] {
            assert_eq!(text.parse::<AccountId>().unwrap().to_string(), text);
        }
        for text in ["", "12345678901", "1234567890123", "12345678901x", "+12345678901", "1234 5678901", "١٢٣٤٥٦"]
        {
            let error = text.parse::<AccountId>().unwrap_err();
            assert_eq!((error.input.as_str(), error.expected), (text, "twelve decimal digits"));
        }
    }

    #[test]
    fn accounts_are_in_the_order_of_their_digits() {
        let account = |text: &str| text.parse::<AccountId>().unwrap();
        assert!(account("000000000002") < account("000000000010"));
    }
}
