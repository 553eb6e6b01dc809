//! Generates messages and stubs of `proto/atoll/v1` without a system protoc, and writes the descriptors for reflection.

use std::{env, fs, io, path::Path};

use prost::Message;

const FILES: [&str; 22] = [
    "access",
    "access_policies",
    "catalog",
    "cloud_accounts",
    "cluster_policies",
    "clusters",
    "consistency",
    "error",
    "folders",
    "groups",
    "identity_providers",
    "log",
    "mutations",
    "operations",
    "organizations",
    "projects",
    "quotas",
    "regions",
    "revokes",
    "roles",
    "service_accounts",
    "usage",
];

fn main() -> io::Result<()> {
    let root = Path::new("../../proto");
    let files = FILES.map(|name| root.join(format!("atoll/v1/{name}.proto")));
    println!("cargo:rerun-if-changed={}", root.join("atoll/v1").display());
    let descriptors = protox::compile(&files, [root]).map_err(io::Error::other)?;
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("built outside cargo: no OUT_DIR"))?;
    fs::write(Path::new(&out).join("atoll.v1.binpb"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)
}
