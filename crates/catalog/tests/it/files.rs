//! Reading and writing files.

#[test]
fn what_is_written_is_read_back_as_the_same_edition() {
    let first = catalog::first().unwrap();
    let text = catalog::write(&first).unwrap();
    assert_eq!(catalog::read(&text).unwrap(), first);
    assert_eq!(catalog::write(&catalog::read(&text).unwrap()).unwrap(), text);
}

#[test]
fn a_file_with_something_wrong_is_refused_with_the_place_and_what_is_wanted() {
    let cases = [
        ("edition: 2026-11", "editoin: 2026-11", "editoin"),
        ("edition: 2026-11", "edition: 2026-11\nedition: 2026-12", "edition"),
        ("name: us-east-1a", "nmae: us-east-1a", "nmae"),
        ("clusters: [10.0.0.0/11]", "clusters: [10.0.0.1/11]", "a range that begins at its first address"),
        ("  us-east-1:\n", "  US:\n", "1 to 63 of a-z"),
        ("price: 20800,", "price: 0.0208,", "invalid u64 at line"),
        ("price: 20800,", "price: -20800,", "invalid u64 at line"),
        ("name: t3.medium", "name: t3.small", "\"t3.small\" is there twice"),
        ("architecture: x86_64", "architecture: x86", "wanted x86_64 or arm64"),
        ("version: 1.37.2", "version: 1.37", "1.MINOR.PATCH"),
        ("channels: [rapid]", "channels: [fast]", "the channel rapid, regular or stable"),
        ("released: 2026-08-26", "released: 2026-08-32", "wanted a day"),
        ("masters.count: { value: 1,", "masters.count: { value: one,", "wanted 1 to 5"),
        ("masters.count: { value: 1,", "masters.number: { value: 1,", "wanted the name of a decision"),
        ("masters.count: { value: 1,", "masters.instance-type: { value: t4g.medium,", "that is not computed"),
        ("id: DEVELOPMENT", "id: PRODUCTION", "\"PRODUCTION\" is there twice"),
    ];
    for (from, to, wanted) in cases {
        let text = catalog::FIRST.replacen(from, to, 1);
        assert_ne!(text, catalog::FIRST, "{from} is in the first edition");
        let error = catalog::read(&text).expect_err(to).to_string();
        assert!(error.starts_with("read ") && error.contains(wanted), "{to}: {error}");
        assert!(!error.contains('\n'), "one line: {error}");
    }
}

#[test]
fn a_file_that_is_too_large_or_no_yaml_is_refused() {
    let large = " ".repeat(catalog::FILE_BYTES_MAX + 1);
    assert!(catalog::read(&large).unwrap_err().to_string().contains("wanted at most"));
    for text in ["", "[", "edition", "\u{0}"] {
        assert!(catalog::read(text).is_err(), "{text:?}");
    }
}
