//! Generates the stubs of the calls between members without a system protoc. Their messages are those of `wire`.

use std::{io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new("../../proto");
    println!("cargo:rerun-if-changed={}", root.join("atoll/internal/v1").display());
    let descriptors =
        protox::compile([root.join("atoll/internal/v1/peering.proto")], [root]).map_err(io::Error::other)?;
    tonic_prost_build::configure()
        .build_transport(false)
        .extern_path(".atoll.internal.v1", "::wire::proto")
        .compile_fds(descriptors)
}
