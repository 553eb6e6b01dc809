//! Every bound on input, beside the reason for it. A bound is checked when a command is proposed, never when it is applied.

/// Guards of one proposal. A decision that reads more rows than this reads a set and guards the set's revision instead.
pub const GUARDS_MAX: usize = 64;
/// Facts of one proposal.
pub const FACTS_MAX: usize = 256;
/// Encoded bytes of one proposal (256 KiB): four fit in one Raft message of the size that replication was tuned for.
pub const PROPOSAL_BYTES_MAX: usize = 256 * 1024;
/// Encoded bytes of what is in an edition of the catalogue (192 KiB): with the rest of its proposal it fits into one. The first edition
/// has a quarter of that.
pub const EDITION_BYTES_MAX: usize = 192 * 1024;
/// Encoded bytes of a recorded rejection (4 KiB): a text and a few values. A log remembers many.
pub const REJECTION_BYTES_MAX: usize = 4096;
/// Bytes of a subject: the longest resource name (four labels of 63 and their collection words) with room for a set suffix.
pub const SUBJECT_BYTES_MAX: usize = 512;
/// Bytes of a label (one id segment of a resource name), as in RFC 1034 section 3.5.
pub const LABEL_BYTES_MAX: usize = 63;
/// Folders between an organization and a project. A bound keeps ancestor walks short and trees readable.
pub const FOLDER_DEPTH_MAX: usize = 10;
/// Bytes of a display name.
pub const DISPLAY_NAME_BYTES_MAX: usize = 256;
/// Bytes of a description.
pub const DESCRIPTION_BYTES_MAX: usize = 4096;
/// Bindings on one node. Whoever needs more of them binds groups.
pub const BINDINGS_MAX: usize = 1500;
/// Members of a group, groups among them: with the longest ids, half of a proposal.
pub const GROUP_MEMBERS_MAX: usize = 500;
/// Groups of an organization that are on record. Whoever looks for a cycle may have to visit each.
pub const GROUPS_MAX: usize = 5000;
/// Revokes of an organization that one region issued. They are for emergencies: what is taken for good, a policy takes.
pub const REVOKES_MAX: usize = 10_000;
/// Bytes of the reason of a revoke, or of its lift.
pub const REASON_BYTES_MAX: usize = 1024;
/// Rules of a cluster policy: two for each decision that can be given, about.
pub const CLUSTER_RULES_MAX: usize = 128;
/// Identity providers of an organization that are ACTIVE. Whoever presents a token is looked up among them; those that were seen in the
/// field have one, and a second while they move.
pub const IDENTITY_PROVIDERS_MAX: usize = 10;
/// Bytes of an issuer, as of an audience: what OpenID Connect Core, section 2, allows a subject.
pub const ISSUER_BYTES_MAX: usize = 255;
/// Bytes of an audience.
pub const AUDIENCE_BYTES_MAX: usize = 255;
/// Bytes of the name of a claim.
pub const CLAIM_BYTES_MAX: usize = 255;
/// Bytes of the key set of an identity provider (64 KiB): a quarter of a proposal. Large issuers publish some 10 KiB while they rotate.
pub const KEY_SET_BYTES_MAX: usize = 64 * 1024;
/// Service accounts of an organization that are ACTIVE.
pub const SERVICE_ACCOUNTS_MAX: usize = 1000;
/// Keys of a service account: enough for one a machine of a small fleet, and few enough to look through in one glance.
pub const SERVICE_ACCOUNT_KEYS_MAX: usize = 10;
/// Bytes of a public key of a service account, as a JSON Web Key (2 KiB): one of RSA with 4,096 bits has some 800.
pub const PUBLIC_KEY_BYTES_MAX: usize = 2048;
/// Entries of a page of a list, and the default.
pub const PAGE_SIZE_MAX: usize = 1000;
/// Request ids whose outcomes a log remembers; the oldest leave first. At 1,000 mutations per second, more than a minute; at
/// the highest rates that were measured, six seconds.
pub const REMEMBERED_REQUESTS_MAX: usize = 100_000;
