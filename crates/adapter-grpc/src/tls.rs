//! Certificates: who a process is, whom it believes, and what went wrong.
//!
//! Members know each other by certificates of their ring's own authority. A certificate names one member twice: as the URI
//! `spiffe://{ring}.atoll/region/{region}/member/{id}`, which the serving side reads, and as the DNS name
//! `member-{id}.{ring}.atoll.internal`, which the calling side wants to find. So a call reaches the member it was meant for, or nobody.
//! Clients get TLS without a certificate of their own.
//!
//! Map: [`identity`] the two names · [`material`] what was loaded, as configurations of rustls · [`files`] PEM files of an operator ·
//! [`development`] certificates made on first start · [`fault`] why a handshake failed.
//!
//! **Architecture invariant:** no private key is printed, put into an error, or written to a file that others may read.

pub mod development;
pub mod fault;
pub mod files;
pub mod identity;
pub mod material;

use std::path::PathBuf;

pub use fault::Fault;
pub use files::{TlsError, load_server};
pub use identity::Identity;
pub use material::{ClientTls, Material, ServerTls};

/// Where certificates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No TLS at all: whoever reaches a port is believed.
    Off,
    /// PEM files that an operator made.
    Files {
        /// Certificates of the ring's authority.
        ca: PathBuf,
        /// This member's certificate, and what links it to the authority.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
    /// An authority made on first start, and certificates signed by it. Members that share the directory believe each other.
    Development {
        dir: PathBuf,
        /// DNS names and addresses by which clients reach this member, beside `localhost`, `127.0.0.1` and `::1`.
        names: Vec<String>,
    },
}

/// Loads, or makes, the certificates of one member, and checks that they are its own and valid now.
pub fn load(mode: &Mode, who: &Identity) -> Result<Material, TlsError> {
    match mode {
        Mode::Off => Ok(Material::off()),
        Mode::Files { ca, cert, key } => files::load(ca, cert, key, who),
        Mode::Development { dir, names } => development::load(dir, names, who),
    }
}
