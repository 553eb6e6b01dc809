//! What can be typed about clusters.

use std::time::Duration;

use clap::{Args as ClapArgs, Subcommand};

use super::{Delete, Get, List, Texts, Writing};

/// Where clusters are.
#[derive(Clone, Debug, Default, ClapArgs)]
#[group(skip)]
pub struct Place {
    /// Project, instead of the one that is set
    #[arg(short, long, value_name = "NAME")]
    pub project: Option<String>,
    /// Region that the cluster is pinned to
    #[arg(short, long, value_name = "REGION")]
    pub location: Option<String>,
}

/// What may be asked for beyond a type; what is left out is decided.
#[derive(Clone, Debug, Default, ClapArgs)]
#[group(skip)]
pub struct Options {
    /// Kubernetes version such as 1.37.2, or a channel: rapid, regular, stable
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    pub version: String,
    /// Addresses of machines and load balancers, such as 10.8.0.0/20
    #[arg(long, value_name = "RANGE", default_value = "", hide_default_value = true)]
    pub cluster_cidr: String,
    /// Addresses of pods
    #[arg(long, value_name = "RANGE", default_value = "", hide_default_value = true)]
    pub pod_cidr: String,
    /// Addresses of services
    #[arg(long, value_name = "RANGE", default_value = "", hide_default_value = true)]
    pub service_cidr: String,
    /// Allow privileged pods; wants a policy that allows them
    #[arg(long)]
    pub privileged: bool,
    #[command(flatten)]
    pub changeable: Changeable,
}

/// What may also be asked for later.
#[derive(Clone, Debug, Default, ClapArgs)]
#[group(skip)]
pub struct Changeable {
    /// Who may reach the Kubernetes API from outside: address ranges; with update also none
    #[arg(long, value_name = "RANGE,...", value_delimiter = ',')]
    pub allow_list: Option<Vec<String>>,
    /// Whether a deletion is refused
    #[arg(long, value_name = "true|false")]
    pub delete_protection: Option<bool>,
    /// When maintenance may be done: any, or such as "sunday 03:00 4h", in UTC
    #[arg(long, value_name = "WINDOW")]
    pub maintenance_window: Option<String>,
}

/// Something that is asked of a cluster.
#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Wish {
    /// LOCATION/ID, an ID with --location, or a full name
    pub name: String,
    #[command(flatten)]
    pub place: Place,
    /// Only if this is still its version
    #[arg(long, default_value = "", hide_default_value = true)]
    pub etag: String,
    /// Wait until it is done, with its progress
    #[arg(short, long, conflicts_with = "dry_run")]
    pub wait: bool,
    #[command(flatten)]
    pub writing: Writing,
}

/// A change of a cluster.
#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Change {
    /// LOCATION/ID, an ID with --location, or a full name
    pub name: String,
    #[command(flatten)]
    pub place: Place,
    #[command(flatten)]
    pub texts: Texts,
    #[command(flatten)]
    pub changeable: Changeable,
    /// Only if this is still its version
    #[arg(long, default_value = "", hide_default_value = true)]
    pub etag: String,
    #[command(flatten)]
    pub writing: Writing,
}

/// Which decisions are shown.
#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Explained {
    /// LOCATION/ID, an ID with --location, or a full name
    #[arg(required_unless_present_any = ["cluster_type", "diff"])]
    pub name: Option<String>,
    #[command(flatten)]
    pub place: Place,
    /// Only this one, with everything about it, such as masters.count
    #[arg(short, long, value_name = "KEY", conflicts_with = "diff")]
    pub key: Option<String>,
    /// Of a cluster of this type that is not made: nothing is written
    #[arg(short = 't', long = "type", value_name = "TYPE", conflicts_with_all = ["name", "diff"])]
    pub cluster_type: Option<String>,
    /// What differs between two types
    #[arg(long, value_names = ["TYPE", "TYPE"], num_args = 2, conflicts_with = "name")]
    pub diff: Option<Vec<String>>,
}

#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// Create a cluster: a type and a region are enough
    #[command(
        after_help = "Everything else is decided: `atoll cluster decisions` says what and why, before and after. Ctrl-C while waiting leaves\n\
                      the creation running: `atoll operation wait` goes on with it.\n\n\
                      Examples:\n  atoll cluster create demo --type production --location eu-west-1 --wait\n  \
                      atoll cluster create try --location us-east-1 --version stable --allow-list 192.0.2.0/24,198.51.100.7/32\n  \
                      atoll cluster create try --location us-east-1 --delete-protection false --dry-run"
    )]
    Create {
        /// 1 to 63 of a-z, 0-9 and -
        id: String,
        #[command(flatten)]
        place: Place,
        /// A cluster type of the catalogue, in either case.
        #[arg(short = 't', long = "type", visible_alias = "cluster-type", default_value = "development")]
        cluster_type: String,
        #[command(flatten)]
        options: Box<Options>,
        #[command(flatten)]
        texts: Texts,
        /// Wait until it runs, with its progress
        #[arg(short, long, conflicts_with = "dry_run")]
        wait: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// Show clusters
    #[command(
        visible_alias = "show",
        after_help = "Names are LOCATION/ID, an ID with --location, or full.\n\nExamples:\n  \
                                                    atoll cluster get us-east-1/prod\n  atoll cluster get prod --location us-east-1"
    )]
    Get {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        get: Get,
    },
    /// List the clusters of a project, in every region or in one
    #[command(
        visible_alias = "ls",
        after_help = "Regions that are out of reach are named; what is known of their clusters is shown.\n\nExamples:\n  \
                      atoll cluster list\n  atoll cluster list --location us-east-1 --watch"
    )]
    List {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        list: List,
    },
    /// Show a cluster in full: how it stands, what it is made of, what it can be asked
    #[command(
        after_help = "Examples:\n  atoll cluster describe us-east-1/prod\n  atoll cluster describe us-east-1/prod --perf"
    )]
    Describe {
        /// LOCATION/ID, an ID with --location, or a full name
        name: String,
        #[command(flatten)]
        place: Place,
        /// The report of its creation: when each phase began, and how long it took
        #[arg(long)]
        perf: bool,
    },
    /// List the machines of a cluster, which come and go by themselves
    #[command(
        after_help = "Examples:\n  atoll cluster machines us-east-1/prod\n  atoll cluster machines us-east-1/prod -o wide"
    )]
    Machines {
        /// LOCATION/ID, an ID with --location, or a full name
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// What is decided about a cluster, and why
    #[command(
        after_help = "Examples:\n  atoll cluster decisions us-east-1/prod\n  atoll cluster decisions us-east-1/prod --key masters.count\n  \
                      atoll cluster decisions --type production --location us-east-1\n  \
                      atoll cluster decisions --diff development production --location us-east-1"
    )]
    Decisions(Explained),
    /// What was done about a cluster that nobody asked for by making it, and why
    #[command(
        after_help = "Examples:\n  atoll cluster explain us-east-1/prod\n  atoll cluster explain us-east-1/prod --machine worker-3"
    )]
    Explain {
        /// LOCATION/ID, an ID with --location, or a full name
        name: String,
        #[command(flatten)]
        place: Place,
        /// Only about this machine: its slot, or its id in the cloud
        #[arg(short, long, value_name = "MACHINE", default_value = "", hide_default_value = true)]
        machine: String,
    },
    /// The records of its region's log about a cluster, also one that is gone
    #[command(
        after_help = "Examples:\n  atoll cluster events us-east-1/prod\n  atoll cluster events us-east-1/prod --limit 20 -o json"
    )]
    Events {
        /// LOCATION/ID, an ID with --location, or a full name
        name: String,
        #[command(flatten)]
        place: Place,
        /// First record to look at; the first that is kept when not given
        #[arg(long, value_name = "SEQ")]
        from: Option<u64>,
        /// The last ones, at most so many
        #[arg(long, default_value = "100")]
        limit: usize,
    },
    /// Change display name, description, allow list, protection or maintenance window
    #[command(after_help = "Examples:\n  atoll cluster update us-east-1/prod --display-name Production\n  \
                      atoll cluster update us-east-1/prod --allow-list 192.0.2.0/24 --maintenance-window \"sunday 03:00 4h\"\n  \
                      atoll cluster update us-east-1/prod --delete-protection false")]
    Update(Box<Change>),
    /// Put a running cluster to sleep: its machines stop, its volumes stay
    #[command(after_help = "Examples:\n  atoll cluster hibernate us-east-1/try --wait")]
    Hibernate(Wish),
    /// Wake a cluster that sleeps
    #[command(after_help = "Examples:\n  atoll cluster wake us-east-1/try --wait")]
    Wake(Wish),
    /// Delete a cluster; with --retain it sleeps first, and can be taken back
    #[command(
        visible_alias = "rm",
        after_help = "With --retain, --wait ends when it sleeps.\n\nExamples:\n  atoll cluster delete us-east-1/prod --yes --wait\n  \
                      atoll cluster delete us-east-1/prod --yes --retain 7d"
    )]
    Delete {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        delete: Delete,
        /// Keep everything of it for a time, at most 7d
        #[arg(long, value_name = "DURATION", value_parser = super::duration)]
        retain: Option<Duration>,
        /// Wait until nothing is left of it, with its progress
        #[arg(short, long, conflicts_with = "dry_run")]
        wait: bool,
    },
    /// Take a deletion back, while everything of the cluster is kept
    #[command(after_help = "Examples:\n  atoll cluster undelete us-east-1/prod --wait")]
    Undelete(Wish),
}
