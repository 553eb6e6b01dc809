//! Generates a client for the calls of etcd that are measured.

use std::io;

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(["proto/etcd_kv.proto"], ["proto"]).map_err(io::Error::other)?;
    tonic_prost_build::configure().build_server(false).bytes(".").compile_fds(descriptors)
}
