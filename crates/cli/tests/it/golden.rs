//! Comparing with files of expected output.

use std::{fs, path::Path};

/// Fails when `text` is not what `tests/golden/{name}` holds. `UPDATE_GOLDEN=1` writes it instead.
#[expect(clippy::disallowed_methods, reason = "the one way to say that golden files are to be written")]
pub fn assert_golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var("UPDATE_GOLDEN").is_ok() {
        fs::write(&file, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let difference = expected.lines().zip(text.lines()).enumerate().find(|(_, (expected, got))| expected != got);
    let place = difference.map(|(line, (expected, got))| format!("line {}:\n- {expected}\n+ {got}", line + 1));
    assert!(expected == text, "{name} differs; {}\n\nUPDATE_GOLDEN=1 writes it anew", place.unwrap_or_default());
}
