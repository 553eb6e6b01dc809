//! An edition of the catalogue as a file: reading one, writing one, and the first edition, which is built in.
//!
//! A file is YAML; its fields are those of [`domain::catalog::Catalog`] in kebab case, and a field that nobody knows is
//! refused by name. Reading says whether a file is well-formed. Whether the edition can be published is said by
//! [`Catalog::check`], and whether its facts are true by the sources that it names.
//!
//! Map: `document` the file, as serde sees it · `reading` from the file to the domain · `writing` back.
//!
//! **Architecture invariant:** no rule about clusters is in here, and no part of the product reads editions in another
//! way.

use domain::catalog::Catalog;
use serde::Serialize;

mod document;
mod reading;
mod writing;

/// The edition that the product starts with: `editions/2026-11.yaml`.
pub const FIRST: &str = include_str!("../editions/2026-11.yaml");

/// Bytes of a file. The first edition has less than 64 KiB.
pub const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Why a file is no edition.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("read an edition of {bytes} bytes: wanted at most {FILE_BYTES_MAX}")]
    TooLarge { bytes: usize },

    #[error("read an edition: {0}")]
    Document(Box<serde_saphyr::Error>),

    /// A value that is no region, date, version, range and so on; `cause` says what was wanted.
    #[error("read {place} of an edition: {cause}")]
    Value { place: String, cause: Box<dyn std::error::Error + Send + Sync> },

    #[error("read {place} of an edition: {id:?} is there twice, wanted each once")]
    Twice { place: &'static str, id: String },
}

/// The edition that a file says.
///
/// # Errors
/// [`ReadError`], naming the place, the value and what was wanted.
pub fn read(text: &str) -> Result<Catalog, ReadError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(ReadError::TooLarge { bytes: text.len() });
    }
    let options = serde_saphyr::options! { with_snippet: false };
    let document = serde_saphyr::from_str_with_options(text, options);
    reading::catalog(document.map_err(|error| ReadError::Document(Box::new(error)))?)
}

/// The file that says the edition. Read again, it is the same edition; comments of a file that it was read from are
/// not in it.
///
/// # Errors
/// That of the YAML writer.
pub fn write(catalog: &Catalog) -> Result<String, serde_saphyr::ser_error::Error> {
    serde_saphyr::to_string(&as_written(catalog))
}

/// The edition as its file says it, for whoever writes other formats.
pub fn as_written(catalog: &Catalog) -> impl Serialize {
    writing::document(catalog)
}

/// The first edition.
///
/// # Errors
/// None, unless the file that was built in is no edition; a test reads it.
pub fn first() -> Result<Catalog, ReadError> {
    read(FIRST)
}
