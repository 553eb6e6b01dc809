//! Reading single fields of messages, so that every refusal names the field and the value that did not fit.

use std::str::FromStr;

use bytes::Bytes;
use ids::{NameError, RequestId, Revision};

use crate::Error;

/// Reads a resource's name, or the id of a region or a cloud account.
pub(crate) fn name_in<T>(what: &'static str, field: &'static str, value: &str) -> Result<T, Error>
where
    T: FromStr<Err = NameError>,
{
    value.parse().map_err(|error: NameError| Error::field(what, field, value, error.expected))
}

/// Reads text of some other grammar.
pub(crate) fn text_in<T: FromStr>(
    what: &'static str,
    field: &'static str,
    value: &str,
    expected: &'static str,
) -> Result<T, Error> {
    value.parse().map_err(|_| Error::field(what, field, value, expected))
}

/// Reads the uid of the row's own resource.
pub(crate) fn uid_in(what: &'static str, value: &Bytes) -> Result<RequestId, Error> {
    sixteen_bytes_in(what, "uid", value)
}

/// Reads an id of 16 bytes.
pub(crate) fn sixteen_bytes_in(what: &'static str, field: &'static str, value: &Bytes) -> Result<RequestId, Error> {
    let bytes = value.as_ref().try_into();
    bytes.map(RequestId).map_err(|_| Error::field(what, field, format!("{} bytes", value.len()), "16 bytes"))
}

pub(crate) fn etag_out(etag: &Option<Revision>) -> Option<u64> {
    etag.map(|revision| revision.0)
}
