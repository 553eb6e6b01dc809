//! What can be typed about whose tokens an organization takes.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;

use super::{Delete, Texts, Writing, usage::time};

#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// List the identity providers of the organization
    #[command(visible_alias = "ls", after_help = "Examples:\n  atoll iam provider list")]
    List {
        /// Instead of the one that is set
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
    /// Show an identity provider with its keys
    #[command(visible_aliases = ["get", "show"], after_help = "Examples:\n  atoll iam provider describe corp")]
    Describe {
        /// Short id or full resource name
        name: String,
    },
    /// Trust an issuer of tokens
    #[command(
        after_help = "Nobody is asked while a call waits, and nobody fetches the keys: keep them up to date here, the new one before it signs.\n\n\
                      Examples:\n  atoll iam provider create corp --issuer https://idp.acme.example --audience atoll --keys jwks.json\n  \
                      atoll iam provider create corp --issuer https://idp.acme.example --audience atoll --user-claim email --groups-claim groups"
    )]
    Create {
        /// 1 to 63 of a-z, 0-9 and -
        id: String,
        /// Its URL, as its tokens say it; it stays
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// Whom its tokens are issued to
        #[arg(long)]
        audience: String,
        #[command(flatten)]
        claims: Claims,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        writing: Writing,
    },
    /// Change what is trusted of an issuer, or its keys
    #[command(
        after_help = "Examples:\n  curl -s https://idp.acme.example/keys > jwks.json && atoll iam provider update corp --keys jwks.json"
    )]
    Update {
        /// Short id or full resource name
        name: String,
        /// Whom its tokens are issued to
        #[arg(long)]
        audience: Option<String>,
        #[command(flatten)]
        claims: Claims,
        #[command(flatten)]
        texts: Texts,
        /// Only if this is still its version
        #[arg(long, default_value = "", hide_default_value = true)]
        etag: String,
        #[command(flatten)]
        writing: Writing,
    },
    /// Trust an issuer no more; the name is not taken again
    #[command(visible_alias = "rm", after_help = "Examples:\n  atoll iam provider delete corp --yes")]
    Delete(Delete),
}

/// How tokens of an issuer are read.
#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Claims {
    /// The claim that names a user, such as email [default: sub]
    #[arg(long, value_name = "CLAIM", hide_default_value = true)]
    pub user_claim: Option<String>,
    /// The claim that lists groups; "" for none
    #[arg(long, value_name = "CLAIM")]
    pub groups_claim: Option<String>,
    /// File with its JSON Web Key Set, public keys only; an empty file for none
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ServiceAccountCommand {
    /// List the service accounts of the organization
    #[command(visible_alias = "ls", after_help = "Examples:\n  atoll iam service-account list")]
    List {
        /// Instead of the one that is set
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
    /// Show a service account with its keys
    #[command(
        visible_aliases = ["get", "show"],
        after_help = "Examples:\n  atoll iam service-account describe pager"
    )]
    Describe {
        /// Short id or full resource name
        name: String,
    },
    /// Create a service account; it has no keys yet
    #[command(
        after_help = "As a member it is serviceAccount:ID.\n\nExamples:\n  atoll iam service-account create pager && atoll iam grant cluster.view serviceAccount:pager --on project/web"
    )]
    Create {
        /// 1 to 63 of a-z, 0-9 and -
        id: String,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        writing: Writing,
    },
    /// Change a service account, or disable it
    #[command(after_help = "Examples:\n  atoll iam service-account update pager --disabled true")]
    Update {
        /// Short id or full resource name
        name: String,
        /// true: nothing that it presents counts
        #[arg(long, value_name = "BOOL")]
        disabled: Option<bool>,
        #[command(flatten)]
        texts: Texts,
        /// Only if this is still its version
        #[arg(long, default_value = "", hide_default_value = true)]
        etag: String,
        #[command(flatten)]
        writing: Writing,
    },
    /// Delete a service account with its keys; its name is not taken again
    #[command(visible_alias = "rm", after_help = "Examples:\n  atoll iam service-account delete pager --yes")]
    Delete(Delete),
    /// Add a public key, of a file or of a pair that is made here
    #[command(after_help = "A private key never leaves the machine that it was made on.\n\n\
                      Examples:\n  atoll iam service-account add-key pager --id laptop --generate pager.jwk\n  \
                      atoll iam service-account add-key pager --id laptop --key public.jwk --expires 2027-12-01")]
    AddKey {
        /// Short id or full resource name
        name: String,
        /// File with a public JSON Web Key, or a set of one
        #[arg(long, value_name = "FILE", required_unless_present = "generate")]
        key: Option<PathBuf>,
        /// Make an Ed25519 key pair: the private key goes into this file, which must not be there yet, the public one is added
        #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "request_id"], requires = "id")]
        generate: Option<PathBuf>,
        /// Id of the key, 1 to 63 of a-z, 0-9 and - [default: the kid in the file]
        #[arg(long)]
        id: Option<String>,
        /// It does not count from then on, such as 2027-12-01
        #[arg(long, value_name = "TIME", value_parser = time)]
        expires: Option<Timestamp>,
        /// Only if this is still the version of the account
        #[arg(long, default_value = "", hide_default_value = true)]
        etag: String,
        #[command(flatten)]
        writing: Writing,
    },
    /// Remove a key: what is signed with it does not count any more
    #[command(after_help = "Examples:\n  atoll iam service-account remove-key pager laptop")]
    RemoveKey {
        /// Short id or full resource name
        name: String,
        /// Id of the key
        id: String,
        /// Only if this is still the version of the account
        #[arg(long, default_value = "", hide_default_value = true)]
        etag: String,
        #[command(flatten)]
        writing: Writing,
    },
}
