//! Conditions that all kinds of resources share.
//!
//! One place, so that every kind refuses the same mistake with the same reason and in the same order: what is wrong
//! with the words of the command, then whether the resource is there, then whether it is the one that the caller saw,
//! then whether it may change.

use ids::{
    Revision, Subject,
    limits::{DESCRIPTION_BYTES_MAX, DISPLAY_NAME_BYTES_MAX},
};

use crate::{Rejection, Row, State, Txn};

/// Characters of an offending value that a message repeats.
const SHOWN_CHARS_MAX: usize = 80;

/// The texts of a new resource fit.
pub fn texts(display_name: &str, description: &str) -> Result<(), Rejection> {
    text("display_name", display_name, DISPLAY_NAME_BYTES_MAX)?;
    text("description", description, DESCRIPTION_BYTES_MAX)
}

/// An update changes something, to texts that fit.
pub fn changes(subject: &Subject, display_name: Option<&str>, description: Option<&str>) -> Result<(), Rejection> {
    if display_name.is_none() && description.is_none() {
        return Err(Rejection::UpdateEmpty { subject: subject.clone() });
    }
    texts(display_name.unwrap_or_default(), description.unwrap_or_default())
}

fn text(field: &'static str, value: &str, bytes_max: usize) -> Result<(), Rejection> {
    if value.len() <= bytes_max {
        return Ok(());
    }
    Err(invalid(field, value, format!("at most {bytes_max} bytes, not {}", value.len())))
}

/// Text that can be a JSON object, or is empty. What is in it has been read before the command was made of it. The text is not shown: it
/// may hold what was not meant for others.
pub fn json_object(field: &'static str, value: &str, bytes_max: usize) -> Result<(), Rejection> {
    let trimmed = value.trim();
    let fits = value.is_empty() || trimmed.starts_with('{') && trimmed.ends_with('}');
    if fits && value.len() <= bytes_max {
        return Ok(());
    }
    Err(invalid(field, "", format!("a JSON object of {bytes_max} bytes at most, not {} bytes", value.len())))
}

/// The rejection of one field's value, which it shows in part.
pub fn invalid(field: &'static str, value: &str, wanted: String) -> Rejection {
    Rejection::InvalidArgument { field, value: value.chars().take(SHOWN_CHARS_MAX).collect(), wanted }
}

/// No resource has the name: there is no row, or one that is DELETED. The guard on that row is what keeps names unique.
pub fn name_is_free<T: Row>(txn: &mut Txn<'_>, subject: &Subject) -> Result<(), Rejection> {
    match txn.get::<T>(subject)? {
        Some((revision, row)) if row.state() != State::Deleted => {
            Err(Rejection::AlreadyExists { subject: subject.clone(), revision })
        }
        Some(_) | None => Ok(()),
    }
}

/// As [`name_is_free`], of names that are not taken twice: what names one that is gone would be about another one.
pub fn name_was_never_taken<T: Row>(txn: &mut Txn<'_>, subject: &Subject) -> Result<(), Rejection> {
    match txn.get::<T>(subject)? {
        Some((_, row)) if row.state() == State::Deleted => Err(Rejection::NameRetired { subject: subject.clone() }),
        Some((revision, _)) => Err(Rejection::AlreadyExists { subject: subject.clone(), revision }),
        None => Ok(()),
    }
}

/// The resource with its revision, unless it is DELETED.
pub fn existing<T: Row>(txn: &mut Txn<'_>, subject: &Subject) -> Result<(Revision, T), Rejection> {
    match txn.get::<T>(subject)? {
        Some((revision, row)) if row.state() != State::Deleted => Ok((revision, row)),
        Some(_) | None => Err(Rejection::NotFound { subject: subject.clone() }),
    }
}

/// The resource, where it is the one that the caller saw and may be changed.
pub fn active<T: Row>(txn: &mut Txn<'_>, subject: &Subject, etag: Option<Revision>) -> Result<T, Rejection> {
    let (current, row) = existing::<T>(txn, subject)?;
    if let Some(given) = etag.filter(|given| *given != current) {
        return Err(Rejection::EtagMismatch { subject: subject.clone(), given, current });
    }
    match row.state() {
        State::Active => Ok(row),
        state @ (State::Deleting | State::Deleted) => Err(Rejection::NotActive { subject: subject.clone(), state }),
    }
}

/// A set has no entries. Guards the set, so an entry that is added meanwhile conflicts.
pub fn empty(txn: &mut Txn<'_>, subject: &Subject, set: &Subject) -> Result<(), Rejection> {
    match txn.entries(set, None, 1).pop() {
        Some(entry) => Err(Rejection::NotEmpty { subject: subject.clone(), entry }),
        None => Ok(()),
    }
}
