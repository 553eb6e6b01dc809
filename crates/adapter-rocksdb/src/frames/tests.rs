//! Files made by hand, cut at every place, with lost sectors, and with every byte flipped.

use super::*;

fn push(file: &mut Vec<u8>, kind: u8, content: &[u8]) {
    file.extend_from_slice(&mask(checksum(kind, content)).to_le_bytes());
    file.extend_from_slice(&u16::try_from(content.len()).unwrap().to_le_bytes());
    file.push(kind);
    file.extend_from_slice(content);
}

/// Content without a zero in it.
fn content(bytes: usize, salt: usize) -> Vec<u8> {
    (0..bytes).map(|at| u8::try_from((at * 31 + salt) % 255).unwrap() + 1).collect()
}

/// Three records: a short one, one over three blocks, a short one. And where each begins and the last ends.
fn file() -> (Vec<u8>, [usize; 4]) {
    let mut file = Vec::new();
    push(&mut file, FULL, &content(1000, 1));
    let second = file.len();
    push(&mut file, FIRST, &content(BLOCK_BYTES - second - HEADER_BYTES, 2));
    push(&mut file, MIDDLE, &content(BLOCK_BYTES - HEADER_BYTES, 3));
    push(&mut file, LAST, &content(5000, 4));
    let third = file.len();
    push(&mut file, FULL, &content(3000, 5));
    let end = file.len();
    (file, [0, second, third, end])
}

fn shape_of(file: &[u8]) -> Shape {
    shape(file).unwrap()
}

#[test]
fn a_cut_anywhere_leaves_whole_records_or_one_torn_one() {
    let (file, starts) = file();
    for length in (0..file.len()).filter(|at| at % 7 == 0 || starts.contains(at)) {
        let shape = shape_of(&file[..length]);
        let start = *starts.iter().rev().find(|start| **start <= length).unwrap();
        let whole = start == length;
        match shape {
            Shape::Whole => assert!(whole, "{length}"),
            Shape::Torn { at } => assert!(!whole && at >= start as u64, "{length}: torn at {at}"),
            Shape::Damaged { at, why } => panic!("cut at {length}: {why} at {at}"),
        }
    }
}

#[test]
fn a_flipped_byte_is_damage_wherever_it_is() {
    let (file, starts) = file();
    for at in (0..file.len()).filter(|at| at % 13 == 0 || starts.iter().any(|start| (*start..*start + 9).contains(at)))
    {
        for flip in [1, 0x80, 0xff] {
            let mut file = file.clone();
            file[at] ^= flip;
            let shape = shape_of(&file);
            assert!(matches!(shape, Shape::Damaged { .. }), "byte {at} flipped by {flip}: {shape:?}");
        }
    }
}

#[test]
fn sectors_that_were_never_written_are_a_torn_tail_in_the_last_record_only() {
    let (file, [_, second, third, end]) = file();
    for sector in (0..end / SECTOR_BYTES).map(|number| number * SECTOR_BYTES) {
        let lose = |file: &[u8]| {
            let mut file = file.to_vec();
            file.iter_mut().skip(sector).take(SECTOR_BYTES).for_each(|byte| *byte = 0);
            shape_of(&file)
        };
        let damaged = matches!(lose(&file), Shape::Damaged { .. });
        assert_eq!(damaged, sector < third, "sector at {sector} of all three");
        if sector >= second && sector + SECTOR_BYTES <= third {
            let shape = lose(&file[..third]);
            assert!(matches!(shape, Shape::Torn { .. }), "sector at {sector} of two: {shape:?}");
        }
    }
}

#[test]
fn zeros_behind_the_last_record_are_a_torn_tail() {
    let (mut file, [.., end]) = file();
    file.resize(end + 3 * BLOCK_BYTES, 0);
    assert_eq!(shape_of(&file), Shape::Torn { at: end as u64 });
}
