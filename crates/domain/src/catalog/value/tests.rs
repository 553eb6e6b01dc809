//! One text for one value.

use super::*;
use crate::catalog::Key;

const SECONDS: Shape = Shape::Number { unit: Unit::Seconds, min: 0, max: 10_000_000 };

#[test]
fn what_is_read_is_printed_as_it_was() {
    let count = Shape::Number { unit: Unit::Things, min: 0, max: 500 };
    let percent = Shape::Number { unit: Unit::Percent, min: 0, max: 100 };
    let size = Shape::Number { unit: Unit::Gibibytes, min: 1, max: 1000 };
    let prefix = Shape::Number { unit: Unit::Prefix, min: 8, max: 28 };
    let cases = [
        (Shape::Flag, &["on", "off"][..]),
        (count, &["0", "3", "500"]),
        (percent, &["0%", "100%"]),
        (SECONDS, &["0s", "90s", "15m", "36h", "14d"]),
        (size, &["1GiB", "1000GiB"]),
        (prefix, &["/8", "/28"]),
        (Shape::Word(&["gp3", "io2"]), &["gp3", "io2"]),
        (Shape::Words(&["c", "m", "r"]), &["none", "c", "m, c"]),
        (Shape::Words(&[]), &["none", "guard, image-policy"]),
        (Shape::Ranges, &["none", "0.0.0.0/0", "10.0.0.0/8, 192.0.2.0/24"]),
        (Shape::Machine, &["2 vCPU 8 GiB"]),
        (Shape::Steps, &["2 vCPU 4 GiB", "2 vCPU 8 GiB; from 50: 4 vCPU 16 GiB; from 250: 8 vCPU 32 GiB"]),
        (Shape::Window, &["any", "sunday 03:00 4h"]),
    ];
    for (shape, text) in cases.iter().flat_map(|(shape, texts)| texts.iter().map(move |text| (shape, *text))) {
        assert_eq!(shape.read(text).unwrap().to_string(), text, "{shape}");
    }
}

#[test]
fn what_is_no_value_of_the_shape_is_refused_with_what_would_be() {
    let count = Shape::Number { unit: Unit::Things, min: 1, max: 5 };
    let cases = [
        (Shape::Flag, &["true", "", "ON"][..]),
        (count, &["0", "6", "-1", "+3", "03", "3.0", "three", ""]),
        (SECONDS, &["15", "m", "15 m", "-1s", "116d", "99999999999999999999d"]),
        (Shape::Word(&["gp3", "io2"]), &["gp2", "", "gp3, io2"]),
        (Shape::Words(&["c", "m"]), &["", "c,m", "c, c", "x"]),
        (Shape::Words(&[]), &["Guard", "a b"]),
        (Shape::Ranges, &["10.0.0.0", "10.0.0.1/8", "10.0.0.0/8, 10.0.0.0/8"]),
        (Shape::Machine, &["2x8", "2 vCPU", "2 vCPU 8 GiB "]),
        (Shape::Steps, &["from 0: 2 vCPU 8 GiB", "2 vCPU 8 GiB; from 0: 4 vCPU 8 GiB", "2 vCPU 8 GiB; 4 vCPU 8 GiB"]),
        (Shape::Window, &["sunday", "sunday 3:00 4h", "sunday 24:00 4h", "sunday 03:60 4h", "sunday 03:00 25h"]),
        (Shape::Computed, &["m7g.large", "none"]),
    ];
    for (shape, text) in cases.iter().flat_map(|(shape, texts)| texts.iter().map(move |text| (shape, *text))) {
        let error = shape.read(text).expect_err(text);
        assert!(error.to_string().ends_with(&shape.to_string()), "{error}");
    }
}

#[test]
fn every_key_has_a_name_of_its_own_and_every_decision_a_key() {
    let mut names: Vec<&str> = Key::ALL.iter().map(|key| key.name()).collect();
    assert!(names.iter().all(|name| Key::named(name).is_some_and(|key| key.name() == *name)));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Key::ALL.len());
    let numbers: std::collections::BTreeSet<u8> = Key::ALL.iter().map(|key| key.number()).collect();
    assert_eq!(numbers.into_iter().collect::<Vec<_>>(), (1..=64).collect::<Vec<_>>());
}
