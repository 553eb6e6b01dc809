//! The public API `atoll.v1`: messages, client and server stubs, and descriptors, generated from `proto/atoll/v1`.
//!
//! The contract is the proto files; this crate holds nothing by hand but the constants that are part of it. Servers and clients are
//! generated here once, so that the two sides cannot drift apart.
//!
//! **Architecture invariant:** it knows neither the domain nor the logs; conversions belong to whoever serves the API.

/// The generated messages and stubs of `atoll.v1`.
pub mod v1 {
    #![allow(
        clippy::all,
        clippy::allow_attributes_without_reason,
        clippy::disallowed_types,
        clippy::too_many_lines,
        missing_docs,
        reason = "generated"
    )]
    include!(concat!(env!("OUT_DIR"), "/atoll.v1.rs"));
}

/// The encoded `FileDescriptorSet` of `atoll.v1` with everything it imports.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/atoll.v1.binpb"));

/// Domain of every `google.rpc.ErrorInfo` that this API gives.
pub const ERROR_DOMAIN: &str = "atoll";

/// In the metadata of an error: the record that holds this refusal of a write, so that no try of the request takes effect.
pub const RECORD: &str = "record";

/// Every method of the contract, as `Service/Method`, in order.
///
/// # Errors
/// The descriptors that were compiled in do not read: a defect of the build.
pub fn methods() -> Result<Vec<String>, prost::DecodeError> {
    let descriptors: prost_types::FileDescriptorSet = prost::Message::decode(DESCRIPTORS)?;
    let ours = descriptors.file.iter().filter(|file| file.package() == "atoll.v1");
    let services = ours.flat_map(|file| &file.service);
    let methods = services
        .flat_map(|service| service.method.iter().map(|method| format!("{}/{}", service.name(), method.name())));
    let mut methods: Vec<String> = methods.collect();
    methods.sort();
    Ok(methods)
}

/// Names of request and response metadata.
pub mod metadata {
    /// Region of the member that answered.
    pub const REGION: &str = "atoll-region";
    /// The member that answered.
    pub const MEMBER: &str = "atoll-member";
    /// What the answer has seen: positions as text, see `ReadOptions.token`.
    pub const TOKEN: &str = "atoll-token";
    /// Of a read: everything acknowledged so many milliseconds ago is in it.
    pub const AGE_MS: &str = "atoll-age-ms";
    /// Of a write, `true`: the copy here does not hold the write yet, so the answer holds what the request itself says of the resource,
    /// its name and its etag; other fields are not set.
    pub const PARTIAL: &str = "atoll-partial";
    /// Of a write: how many tries came before this one that may still take effect. The name is gRPC's own.
    pub const PREVIOUS_ATTEMPTS: &str = "grpc-previous-rpc-attempts";
    /// Of a request: `Bearer {token}`, who calls. RFC 6750.
    pub const AUTHORIZATION: &str = "authorization";
    /// W3C trace context, both ways.
    pub const TRACEPARENT: &str = "traceparent";
}
