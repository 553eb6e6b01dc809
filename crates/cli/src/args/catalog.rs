//! What can be typed about the catalogue.

use std::{path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, Subcommand};

use super::Writing;

#[derive(Debug, Subcommand)]
pub enum CatalogCommand {
    /// Publish an edition out of a file
    #[command(
        after_help = "The first edition is everywhere at once. Later ones reach one region after the other, by name, an hour apart, unless\n\
                      --wave, --soak or --at-once say otherwise; `atoll catalog halt` stops one on its way. A published edition is never\n\
                      changed: what is wrong in it is mended by another one.\n\n\
                      Examples:\n  atoll catalog publish 2026-12.yaml --dry-run\n  atoll catalog publish 2026-12.yaml\n  \
                      atoll catalog publish 2026-12.yaml --wave us-west-2,eu-west-1 --soak 6h\n  \
                      atoll catalog publish 2026-12-b.yaml --at-once"
    )]
    Publish {
        /// In YAML, such as crates/catalog/editions/2026-11.yaml of the sources
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        waves: Waves,
        #[command(flatten)]
        writing: Writing,
    },
    /// List all editions, and where each is in use
    #[command(visible_alias = "ls", after_help = "Examples:\n  atoll catalog list\n  atoll catalog list -o wide")]
    List,
    /// Show one edition: when it reaches which region, and what is in it
    #[command(
        visible_alias = "show",
        after_help = "With -o yaml or -o json, `contents` is the edition as its file says it.\n\n\
                      Examples:\n  atoll catalog describe 2026-11\n  atoll catalog describe 2026-11 -o yaml"
    )]
    Describe {
        /// Such as 2026-11
        edition: String,
    },
    /// Stop an edition for good: no new cluster is made of it, in any region
    #[command(
        after_help = "Regions that it has not reached stay with the edition before; the others go back to that for new clusters. Clusters\n\
                      that were made of it keep it. A region that is cut off learns of it when it is back.\n\n\
                      Examples:\n  atoll catalog halt 2026-12"
    )]
    Halt {
        /// Such as 2026-12
        edition: String,
        /// Only if this is still its version
        #[arg(long, default_value = "", hide_default_value = true)]
        etag: String,
        #[command(flatten)]
        writing: Writing,
    },
    /// Regions, the edition that each uses, and its zones
    #[command(alias = "regions", after_help = "Examples:\n  atoll catalog locations")]
    Locations,
    /// Cluster types that can be asked for
    #[command(
        alias = "cluster-types",
        after_help = "-o yaml and -o json have every decision of each type, and why.\n\n\
                      Examples:\n  atoll catalog types\n  atoll catalog types --location eu-west-1 -o yaml"
    )]
    Types(Scope),
    /// Kubernetes versions, where they are to be had, and until when they are supported
    #[command(
        alias = "kubernetes-versions",
        after_help = "Examples:\n  atoll catalog versions\n  atoll catalog versions --location eu-west-1 -o wide"
    )]
    Versions(Scope),
    /// Machines, and what an hour of each costs where
    #[command(
        alias = "instances",
        after_help = "Examples:\n  atoll catalog instance-types --location eu-west-1\n  atoll catalog instance-types --edition 2026-11 -o json"
    )]
    InstanceTypes(Scope),
}

/// How an edition is to spread.
#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Waves {
    /// Regions that come first, in this order; the others follow by name
    #[arg(long, value_name = "REGION,...", value_delimiter = ',')]
    pub wave: Vec<String>,
    /// Between one region and the next, 30m to 168h [default: 1h]
    #[arg(long, value_name = "DURATION", value_parser = super::duration)]
    pub soak: Option<Duration>,
    /// To all regions at once, for emergencies
    #[arg(long, conflicts_with_all = ["wave", "soak"])]
    pub at_once: bool,
}

/// What a list is over.
#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Scope {
    /// Only what is to be had there
    #[arg(short, long, value_name = "REGION")]
    pub location: Option<String>,
    /// Of this edition, instead of those in use
    #[arg(long, value_name = "NAME")]
    pub edition: Option<String>,
}
