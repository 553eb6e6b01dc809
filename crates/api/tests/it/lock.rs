//! The descriptor lock: one line for each field, method and enum value of `atoll.v1`, in a checked-in file.
//!
//! A line that is missing from the descriptors, or that reads otherwise, would break a client that was built before: the test fails, and
//! nothing rewrites the line but a hand. Lines that are new are taken in with `UPDATE_GOLDEN=1`, so they show in review.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use prost::Message;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto, ServiceDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

const PACKAGE: &str = "atoll.v1";

#[expect(
    clippy::disallowed_methods,
    reason = "writing golden files is asked for by whoever runs the tests, not by a config"
)]
fn updating() -> bool {
    std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1")
}

fn lock_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../proto/atoll/v1.lock")
}

/// The lines of the lock. One that is missing locks nothing, so it is an error: whoever wants to begin anew makes an empty file.
fn locked(path: &Path) -> io::Result<BTreeSet<String>> {
    let text = fs::read_to_string(path)
        .map_err(|error| io::Error::new(error.kind(), format!("read the lock {}: {error}", path.display())))?;
    Ok(text.lines().map(str::to_owned).collect())
}

#[test]
fn a_lock_that_is_missing_is_not_an_empty_one() {
    let error = locked(&lock_file().with_file_name("no.lock")).unwrap_err();
    assert!(error.kind() == io::ErrorKind::NotFound && error.to_string().contains("no.lock"), "{error}");
    assert!(locked(&lock_file()).unwrap().len() > 200);
}

#[test]
fn nothing_that_clients_were_built_against_is_gone_or_changed() {
    let path = lock_file();
    let current = lines(api::DESCRIPTORS);
    let locked = locked(&path).unwrap();
    let broken = broken(&locked, &current);
    assert!(
        broken.is_empty(),
        "these break clients; to break them on purpose, edit proto/atoll/v1.lock by hand:\n{}",
        broken.join("\n")
    );
    if updating() {
        let text: String = current.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&path, text).unwrap();
        return;
    }
    let added: Vec<&String> = current.difference(&locked).collect();
    assert!(added.is_empty(), "not in the lock yet, take them in with UPDATE_GOLDEN=1: {added:#?}");
}

#[test]
fn the_lock_notices_what_breaks_and_lets_pass_what_does_not() {
    let current = lines(api::DESCRIPTORS);
    assert!(current.len() > 200, "{}", current.len());
    let change = |change: &dyn Fn(&mut FileDescriptorSet)| {
        let mut set = FileDescriptorSet::decode(api::DESCRIPTORS).unwrap();
        change(&mut set);
        broken(&current, &lines(&set.encode_to_vec()))
    };
    let in_folders = |set: &mut FileDescriptorSet, change: &dyn Fn(&mut FileDescriptorProto)| {
        change(set.file.iter_mut().find(|file| file.name().ends_with("folders.proto")).unwrap());
    };
    assert_eq!(change(&|_| ()), Vec::<String>::new());
    assert_eq!(change(&|set| in_folders(set, &|file| file.message_type[0].field[0].number = Some(99))).len(), 1);
    assert_eq!(
        change(&|set| in_folders(set, &|file| file.message_type[0].field[0].name = Some("title".to_owned()))).len(),
        1
    );
    assert_eq!(
        change(&|set| in_folders(set, &|file| file.message_type[0].field[0].r#type = Some(Type::Int32.into()))).len(),
        1
    );
    assert_eq!(
        change(&|set| in_folders(set, &|file| file.message_type[0].field[0].label = Some(Label::Repeated.into())))
            .len(),
        1
    );
    assert_eq!(
        change(&|set| in_folders(set, &|file| file.service[0].method[0].server_streaming = Some(true))).len(),
        1
    );
    assert!(change(&|set| in_folders(set, &|file| drop(file.service[0].method.pop()))).len() == 1);
    assert!(change(&|set| in_folders(set, &|file| drop(file.message_type.remove(0)))).len() > 5);
    let add = |file: &mut FileDescriptorProto| {
        let field = FieldDescriptorProto {
            name: Some("colour".to_owned()),
            number: Some(40),
            ..file.message_type[0].field[0].clone()
        };
        file.message_type[0].field.push(field);
    };
    assert_eq!(change(&|set| in_folders(set, &add)), Vec::<String>::new());
}

/// Locked lines that the descriptors no longer have, each with what stands in its place.
fn broken(locked: &BTreeSet<String>, current: &BTreeSet<String>) -> Vec<String> {
    let subject = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let by_subject: BTreeMap<String, &String> = current.iter().map(|line| (subject(line), line)).collect();
    locked
        .difference(current)
        .map(|line| match by_subject.get(&subject(line)) {
            Some(now) => format!("{line}\n    is now: {now}"),
            None => format!("{line}\n    is gone"),
        })
        .collect()
}

fn lines(descriptors: &[u8]) -> BTreeSet<String> {
    let set = FileDescriptorSet::decode(descriptors).unwrap();
    let mut lines = BTreeSet::new();
    for file in set.file.iter().filter(|file| file.package() == PACKAGE) {
        file.message_type.iter().for_each(|message| of_message(PACKAGE, message, &mut lines));
        file.enum_type.iter().for_each(|kind| of_enum(PACKAGE, kind, &mut lines));
        file.service.iter().for_each(|service| of_service(service, &mut lines));
    }
    lines
}

fn of_message(parent: &str, message: &DescriptorProto, lines: &mut BTreeSet<String>) {
    let name = format!("{parent}.{}", message.name());
    lines.insert(format!("message {name}"));
    lines.extend(message.field.iter().map(|field| of_field(&name, message, field)));
    message.nested_type.iter().for_each(|nested| of_message(&name, nested, lines));
    message.enum_type.iter().for_each(|kind| of_enum(&name, kind, lines));
}

fn of_field(message: &str, of: &DescriptorProto, field: &FieldDescriptorProto) -> String {
    let kind = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    };
    let label = if field.label() == Label::Repeated { "repeated" } else { "one" };
    // A oneof of one's own is how `optional` is written.
    let oneof = field.oneof_index.and_then(|index| of.oneof_decl.get(usize::try_from(index).unwrap()));
    let choice = match oneof {
        _ if field.proto3_optional() => " optional".to_owned(),
        Some(oneof) => format!(" in {}", oneof.name()),
        None => String::new(),
    };
    format!("field {message}.{} = {} {label} {kind}{choice}", field.name(), field.number())
}

fn of_enum(parent: &str, kind: &EnumDescriptorProto, lines: &mut BTreeSet<String>) {
    let name = format!("{parent}.{}", kind.name());
    lines.extend(kind.value.iter().map(|value| format!("value {name}.{} = {}", value.name(), value.number())));
}

fn of_service(service: &ServiceDescriptorProto, lines: &mut BTreeSet<String>) {
    let stream = |is: bool| if is { "stream " } else { "" };
    let line = |method: &MethodDescriptorProto| {
        let (input, output) =
            (method.input_type().trim_start_matches('.'), method.output_type().trim_start_matches('.'));
        let (sent, got) = (stream(method.client_streaming()), stream(method.server_streaming()));
        format!("method {PACKAGE}.{}.{} ({sent}{input}) -> ({got}{output})", service.name(), method.name())
    };
    lines.extend(service.method.iter().map(line));
}
