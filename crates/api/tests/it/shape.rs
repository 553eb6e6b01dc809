//! What is in an edition of the catalogue has one shape in two packages: the public one, and the one in which logs keep it. Servers read the
//! bytes of one as the other, so a field that only one of them has would be lost without a word.

use std::path::Path;

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet, field_descriptor_proto::Type};

#[test]
fn what_is_in_an_edition_has_the_shape_in_which_logs_keep_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let kept = protox::compile([root.join("atoll/internal/v1/catalog.proto")], [root]).unwrap();
    // Through bytes, whatever version of the messages the compiler has.
    let kept = FileDescriptorSet::decode(kept.encode_to_vec().as_slice()).unwrap();
    let public = FileDescriptorSet::decode(api::DESCRIPTORS).unwrap();
    let kept = shape(&kept, ".atoll.internal.v1.Catalog", 0);
    assert!(kept.len() > 40 && kept.iter().any(|line| line.contains("4 fixed")), "{kept:#?}");
    assert_eq!(shape(&public, ".atoll.v1.CatalogContents", 0), kept);
}

/// The fields of a message, by number, and below each those of its own message. Names of messages are left out.
fn shape(set: &FileDescriptorSet, name: &str, depth: usize) -> Vec<String> {
    let mut fields = message(set, name).field.clone();
    fields.sort_by_key(|field| field.number());
    let mut lines = Vec::new();
    for field in fields {
        let (kind, label) = (field.r#type(), field.label());
        lines.push(format!("{}{} {} {kind:?} {label:?}", "  ".repeat(depth), field.number(), field.name()));
        if kind == Type::Message {
            lines.extend(shape(set, field.type_name(), depth + 1));
        }
    }
    lines
}

fn message<'a>(set: &'a FileDescriptorSet, name: &str) -> &'a DescriptorProto {
    let in_file = |(package, one): &(&str, &DescriptorProto)| format!(".{package}.{}", one.name()) == name;
    let all = set.file.iter().flat_map(|file| file.message_type.iter().map(|one| (file.package(), one)));
    all.into_iter().find(in_file).unwrap_or_else(|| panic!("no message {name}")).1
}
