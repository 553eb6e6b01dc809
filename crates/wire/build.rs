//! Generates the messages of `proto/` without a system protoc.

use std::{io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new("../../proto");
    let files = ["catalog", "entity", "command", "log", "peer"]
        .map(|name| root.join(format!("atoll/internal/v1/{name}.proto")));
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(&files, [root]).map_err(io::Error::other)?;
    prost_build::Config::new().bytes(["."]).compile_fds(descriptors)
}
