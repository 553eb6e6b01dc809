//! The table of rights and roles as people review it, held in `tests/golden`. `UPDATE_GOLDEN=1` writes the file anew.

use std::{fmt::Write as _, fs, path::Path};

use access::{Kind, ROLES, Right};

#[test]
fn roles_and_rights_are_the_reviewed_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/matrix.txt");
    let text = matrix();
    if std::env::vars().any(|(key, _)| key == "UPDATE_GOLDEN") {
        fs::write(&path, &text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "compare {} and, if the change is meant, run with UPDATE_GOLDEN=1", path.display());
}

fn matrix() -> String {
    let mut text = String::from("Roles, where each may be bound, and the rights that it holds (x).\n\n");
    for (at, role) in ROLES.iter().enumerate() {
        let ends = if role.must_end { "; for a time only" } else { "" };
        writeln!(text, "{:>2} {:<22} bound on {}{ends}", at + 1, role.name, role.bound_at).unwrap();
    }
    for kind in Kind::ALL {
        let columns: String = (1..=ROLES.len()).map(|column| format!("{column:>3}")).collect();
        writeln!(text, "\n{:<28}{columns}", format!("on a node of kind {kind}")).unwrap();
        for right in Right::ALL.iter().filter(|right| right.kind() == kind) {
            let cells: String =
                ROLES.iter().map(|role| if role.rights().contains(*right) { "  x" } else { "  ." }).collect();
            writeln!(text, "{:<28}{cells}", right.name()).unwrap();
        }
    }
    text
}

#[test]
fn names_are_those_of_their_kind_and_parse() {
    for right in Right::ALL {
        assert_eq!(right.name().parse(), Ok(*right));
        assert!(right.name().starts_with(&format!("{}.", right.kind())), "{right}");
    }
    for role in ROLES {
        let name: access::RoleName = role.name.parse().unwrap();
        assert_eq!(name.to_string(), role.name);
        assert_eq!(ROLES.iter().filter(|other| other.name == role.name).count(), 1, "{name}");
        assert!(!role.rights().is_empty(), "{name}");
    }
}
