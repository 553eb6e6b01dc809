//! Who is at the other end of a connection.

use std::{net::SocketAddr, sync::Arc};

use crate::tls::Identity;

/// In the extensions of every request of a listener of [`super::serve`].
#[derive(Clone, Debug)]
pub struct Caller {
    pub address: SocketAddr,
    /// The connection is encrypted.
    pub tls: bool,
    /// The member that the certificate of the connection names. Only on listeners for members.
    pub member: Option<Arc<Identity>>,
}
