//! Reading the fields that requests share; what does not read is refused with the path of its field.

use std::{collections::BTreeSet, str::FromStr};

use ids::{Label, NameError, RequestId, Revision};
use prost_types::FieldMask;

use super::{status::Refusal, token::number};

/// Hexadecimal digits of a request id.
const REQUEST_ID_DIGITS: usize = 32;
/// Where a UUID has its hyphens.
const UUID_HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// A resource's name, a label, a region or a log.
pub fn name<T: FromStr<Err = NameError>>(field: &str, value: &str) -> Result<T, Refusal> {
    value.parse().map_err(|error: NameError| Refusal::field(field, value, error.expected))
}

/// The message that a request is about.
pub fn present<T>(field: &str, message: Option<T>) -> Result<T, Refusal> {
    message.ok_or_else(|| Refusal::field(field, "", "the resource"))
}

/// A creation's name: `{collection}/{id}`. A name in the resource itself must be the same or empty.
pub fn new_name<T>(collection: &str, id: (&str, &str), given: (&str, &str)) -> Result<T, Refusal>
where
    T: FromStr<Err = NameError>,
{
    let label: Label = name(id.0, id.1)?;
    let wanted = format!("{collection}/{label}");
    if !given.1.is_empty() && given.1 != wanted {
        return Err(Refusal::field(
            given.0,
            given.1,
            format!("nothing, or {wanted}, which the id and the parent make"),
        ));
    }
    name(given.0, &wanted)
}

/// The revision that the caller saw last; empty when it does not matter to him.
pub fn etag(field: &str, value: &str) -> Result<Option<Revision>, Refusal> {
    if value.is_empty() {
        return Ok(None);
    }
    let revision = number(value).filter(|revision| *revision > 0);
    revision
        .map(|revision| Some(Revision(revision)))
        .ok_or_else(|| Refusal::field(field, value, "the etag of an answer, or none"))
}

/// The caller's request id; `None` when the server shall make one.
pub fn request_id(value: &str) -> Result<Option<RequestId>, Refusal> {
    if value.is_empty() {
        return Ok(None);
    }
    let wanted = || Refusal::field("request_id", value, "32 hexadecimal digits, a UUID, or none");
    let uuid = value.len() == REQUEST_ID_DIGITS + UUID_HYPHENS.len()
        && UUID_HYPHENS.iter().all(|at| value.as_bytes().get(*at) == Some(&b'-'));
    let digits = if uuid { value.replace('-', "") } else { value.to_owned() };
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wanted());
    }
    digits.parse().map(Some).map_err(|_| wanted())
}

/// Which part of a list: entries at most, 0 for the default.
pub fn page_size(value: i32) -> Result<usize, Refusal> {
    usize::try_from(value).map_err(|_| Refusal::field("page_size", &value.to_string(), "0 or more"))
}

/// The texts of an update: what is `None` stays.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Texts {
    pub display_name: Option<String>,
    pub description: Option<String>,
}

/// Which texts an update sets: those in the mask, or those that are not empty where there is no mask. `fixed` are the paths of the
/// resource that no update changes.
pub fn texts(
    mask: Option<FieldMask>,
    display_name: String,
    description: String,
    fixed: &[&str],
) -> Result<Texts, Refusal> {
    let paths = [("display_name", !display_name.is_empty()), ("description", !description.is_empty())];
    let named = masked(mask, &paths, fixed)?;
    let (first, second) = (named.contains("display_name"), named.contains("description"));
    Ok(Texts { display_name: first.then_some(display_name), description: second.then_some(description) })
}

/// Which of the fields at these paths an update sets: those in the mask, or those that are filled where there is no mask.
pub fn masked<'a>(
    mask: Option<FieldMask>,
    paths: &[(&'a str, bool)],
    fixed: &[&str],
) -> Result<BTreeSet<&'a str>, Refusal> {
    let given = mask.map(|mask| mask.paths).unwrap_or_default();
    if given.is_empty() {
        return Ok(paths.iter().filter(|(_, filled)| *filled).map(|(path, _)| *path).collect());
    }
    let named = |given: &String| {
        let known = paths.iter().map(|(path, _)| *path);
        known.clone().find(|path| path == given).ok_or_else(|| {
            let why = if fixed.contains(&given.as_str()) { "that field is not changed by an update; " } else { "" };
            let wanted = known.collect::<Vec<_>>().join(" or ");
            Refusal::field("update_mask", given, format!("{why}{wanted}"))
        })
    };
    given.iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(paths: &[&str]) -> Option<FieldMask> {
        Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
    }

    #[test]
    fn an_update_sets_what_its_mask_names_and_without_a_mask_what_is_not_empty() {
        let update = |mask, name: &str| texts(mask, name.to_owned(), "d".to_owned(), &["uid"]);
        let (one, both) = (Some("n".to_owned()), Some("d".to_owned()));
        assert_eq!(update(None, "n").unwrap(), Texts { display_name: one, description: both.clone() });
        assert_eq!(update(mask(&[]), "").unwrap(), Texts { display_name: None, description: both });
        let emptied = update(mask(&["display_name"]), "").unwrap();
        assert_eq!(emptied, Texts { display_name: Some(String::new()), description: None });
        for path in ["*", "", "uid", "display_name.x", "Description"] {
            let refusal = update(mask(&["description", path]), "n").unwrap_err();
            assert_eq!(refusal.violations[0].0, "update_mask", "{path}");
        }
        assert!(update(mask(&["uid"]), "n").unwrap_err().message.contains("not changed by an update"));
    }

    #[test]
    fn request_ids_are_hexadecimal_or_uuids() {
        let id = Some(RequestId([0xab; 16]));
        for text in ["ab".repeat(16), "AB".repeat(16), "abababab-abab-abab-abab-abababababab".to_owned()] {
            assert_eq!(request_id(&text), Ok(id), "{text}");
        }
        assert_eq!(request_id(""), Ok(None));
        for text in ["ab", "+b+b+b+b+b+b+b+b+b+b+b+b+b+b+b+b", "ababababab-ab-abab-abab-abababababab", "é"] {
            assert_eq!(request_id(text).unwrap_err().violations[0].0, "request_id", "{text}");
        }
    }

    #[test]
    fn etags_are_revisions_that_exist() {
        assert_eq!(etag("etag", "7"), Ok(Some(Revision(7))));
        assert_eq!(etag("etag", ""), Ok(None));
        for text in ["0", "-1", "+1", "x", "99999999999999999999", "\"7\""] {
            assert_eq!(etag("folder.etag", text).unwrap_err().violations[0].0, "folder.etag", "{text}");
        }
    }
}
