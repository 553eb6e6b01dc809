//! Generates the messages of `proto/` without a system protoc.

use std::{io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new("../../proto");
    let files = ["catalog", "entity", "command", "log", "peer"]
        .map(|name| root.join(format!("atoll/internal/v1/{name}.proto")));
    println!("cargo:rerun-if-changed={}", root.display());
    let descriptors = protox::compile(&files, [root]).map_err(io::Error::other)?;
    // An edition of the catalogue is much larger than what commands and rows hold otherwise.
    let boxed = [".atoll.internal.v1.PublishCatalog.catalog", ".atoll.internal.v1.Entity.kind.catalog"];
    let mut config = prost_build::Config::new();
    for field in boxed {
        config.boxed(field);
    }
    config.bytes(["."]).compile_fds(descriptors)
}
