//! What a client has seen, as text: `global@1.42,region/us-east-1@1.7`.
//!
//! Clients pass it on as it is; only this file reads and writes it.

use ids::{Incarnation, Log, Position, Seq, Token};

use super::status::Refusal;

/// Positions of one token: a ring has at most 64 regions, and its global log.
const POSITIONS_MAX: usize = 65;
const WANTED: &str = "positions as an answer gave them, such as global@1.42,region/us-east-1@1.7";

/// The text of a token; empty for one that saw nothing.
pub fn print(token: &Token) -> String {
    let positions: Vec<String> = token.positions().map(|position| position.to_string()).collect();
    positions.join(",")
}

/// Reads the text of a token.
///
/// # Errors
/// `field` is named, as a refused field of the request.
pub fn parse(field: &str, text: &str) -> Result<Token, Refusal> {
    let mut token = Token::default();
    if text.is_empty() {
        return Ok(token);
    }
    for (count, part) in text.split(',').enumerate() {
        let position = (count < POSITIONS_MAX).then(|| position(part)).flatten();
        token.see(&position.ok_or_else(|| Refusal::field(field, text, WANTED))?);
    }
    Ok(token)
}

fn position(text: &str) -> Option<Position> {
    let (log, place) = text.split_once('@')?;
    let (incarnation, seq) = place.split_once('.')?;
    let log: Log = log.parse().ok()?;
    let incarnation = number(incarnation).filter(|incarnation| *incarnation > 0)?;
    Some(Position { log, incarnation: Incarnation(incarnation), seq: Seq(number(seq)?) })
}

/// Digits only: `parse` alone would take a sign.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_reads_back() {
        for text in ["", "global@1.42", "global@1.0,region/us-east-1@2.18446744073709551615"] {
            assert_eq!(print(&parse("t", text).unwrap()), text);
        }
    }

    #[test]
    fn other_text_is_refused_with_its_field() {
        let many = vec!["global@1.1"; POSITIONS_MAX + 1].join(",");
        for text in
            [",", "global", "global@1", "global@0.1", "global@+1.1", "global@1.-1", "moon@1.1", "global@1.1,", &many]
        {
            let refusal = parse("read.token", text).unwrap_err();
            assert_eq!(refusal.violations[0].0, "read.token", "{text}");
        }
    }
}
