//! Taking a port, with an error that says which and why in one line.

use std::{
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
};

/// Why nobody listens on an address.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error("listened on {address}: the port is in use, wanted a free one (0 chooses one)")]
    InUse { address: SocketAddr },
    #[error("listened on {address}: not permitted, wanted a port from 1024 or the right to use lower ones")]
    NotPermitted { address: SocketAddr },
    #[error("listened on {address}: this machine has no such address, wanted one of its own (0.0.0.0 is all of them)")]
    NoSuchAddress { address: SocketAddr },
    #[error("listened on {address}")]
    Other { address: SocketAddr, source: io::Error },
}

/// Takes a port. Calls that come before it is served wait in the kernel's queue.
pub fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    let listener = TcpListener::bind(address).map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => BindError::InUse { address },
        ErrorKind::PermissionDenied => BindError::NotPermitted { address },
        ErrorKind::AddrNotAvailable => BindError::NoSuchAddress { address },
        _ => BindError::Other { address, source },
    })?;
    listener.set_nonblocking(true).map_err(|source| BindError::Other { address, source })?;
    Ok(listener)
}
