//! What can be typed.

mod access;
mod catalog;
mod clusters;
mod identities;
mod policies;
mod quotas;
mod resources;
mod usage;

use std::{path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use client::{Endpoint, RequestId};

pub use access::{
    Bound, BreakGlassCommand, GroupCommand, How, IamCommand, On, PolicyCommand, RevokeArgs, RevokeCommand, RoleCommand,
};
pub use catalog::{CatalogCommand, Scope as CatalogScope, Waves};
pub use clusters::{Change, Changeable, ClusterCommand, Explained, Options, Place, Wish};
pub use identities::{Claims, ProviderCommand, ServiceAccountCommand};
pub use policies::{ClusterPolicyCommand, rule};
pub use quotas::QuotaCommand;
pub use resources::{
    AccountCommand, Delete, FolderCommand, Get, List, Move, OrganizationCommand, Parent, ProjectCommand, Texts, Update,
    Writing,
};
pub use usage::{By, UsageArgs, time};

const AFTER: &str = "\
Exit codes:
  0    done
  1    refused or failed
  2    wrong usage, or a deletion that nobody confirmed
  3    the outcome of a write is not known; the message says how to settle it
  4    nobody could be reached
  130  interrupted; so do watched lists and `atoll log tail` end

JSON and YAML are the proto3 JSON form of the API's messages: lowerCamelCase, 64-bit numbers as strings, bytes in base64, empty
fields left out. Lists are {\"items\": [...], \"unreachable\": [...]}.

Files: $ATOLL_CONFIG or ~/.config/atoll/config.toml, and state.toml beside it (what was seen, so that later runs see no less).

Examples:
  atoll context add local --endpoint us-east-1=https://127.0.0.1:7101 --ca-file ca.pem
  atoll organization create acme && atoll organization set acme
  atoll project create web && atoll project list --watch
  atoll log tail --log all";

/// Kubernetes as a service over a ring of regions
#[derive(Debug, Parser)]
#[command(name = "atoll", version, after_help = AFTER, max_term_width = 100)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Context to use instead of the current one
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Address to use instead of the context's; may be repeated
    #[arg(long, global = true, value_name = "REGION=URL", value_parser = endpoint)]
    pub endpoint: Vec<Endpoint>,
    /// File of the authorities to trust (PEM), with --endpoint
    #[arg(long, global = true, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Region to ask first; others are asked when it does not answer
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// What reads must hold: what is here, what this context has seen, or everything anyone was told
    /// [default: at-least]
    #[arg(long, global = true, value_name = "LEVEL")]
    pub consistency: Option<Level>,
    /// Refuse reads that may be older, such as 5s
    #[arg(long, global = true, value_name = "DURATION", value_parser = duration)]
    pub max_staleness: Option<Duration>,
    /// How long a call may take, over all its tries
    #[arg(long, global = true, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub timeout: Duration,
    /// How to print
    #[arg(short, long, global = true, value_name = "FORMAT", default_value = "table")]
    pub output: Format,
    /// Say who answered, what was tried, and the id of the trace
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    Local,
    AtLeast,
    Linearizable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Wide,
    Json,
    Yaml,
    Name,
    // Of `atoll usage` alone. A text about it in the help would make all help long.
    Csv,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Customers
    #[command(subcommand, visible_alias = "org", alias = "organizations")]
    Organization(OrganizationCommand),
    /// Folders of folders and projects
    #[command(subcommand, alias = "folders")]
    Folder(FolderCommand),
    /// What clusters are in
    #[command(subcommand, alias = "projects")]
    Project(ProjectCommand),
    /// Clusters, each in one region
    #[command(subcommand, alias = "clusters")]
    Cluster(ClusterCommand),
    /// Who may do what, and why
    #[command(subcommand, alias = "access")]
    Iam(IamCommand),
    /// Take everything from a member at once, also in a region that is cut off
    Revoke(RevokeArgs),
    /// Cloud accounts: the pool out of which organizations get theirs
    #[command(subcommand, alias = "accounts", alias = "cloud-account")]
    Account(AccountCommand),
    /// What an organization says about the decisions of its clusters
    #[command(subcommand, alias = "policies")]
    Policy(ClusterPolicyCommand),
    /// How many vCPUs organizations may use, region by region
    #[command(subcommand, alias = "quotas")]
    Quota(QuotaCommand),
    /// What machines used, in vCPU-seconds and GiB-seconds
    Usage(UsageArgs),
    /// What clusters can be made of: editions, and what is in those in use
    #[command(subcommand, alias = "catalogue")]
    Catalog(CatalogCommand),
    /// Regions of the ring
    #[command(subcommand, alias = "regions")]
    Region(RegionCommand),
    /// What happened, in order, with proof
    #[command(subcommand, alias = "logs")]
    Log(LogCommand),
    /// Long-running operations
    #[command(subcommand, visible_alias = "op", alias = "operations")]
    Operation(OperationCommand),
    /// Keys and tokens of those who run the ring; nothing of it is sent
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Rings that this command knows
    #[command(subcommand, visible_alias = "ctx", alias = "contexts")]
    Context(ContextCommand),
    /// Version of this command
    #[command(after_help = "Examples:\n  atoll version\n  atoll version -o json")]
    Version,
    /// Completions for a shell
    #[command(
        after_help = "Examples:\n  atoll completions bash > ~/.local/share/bash-completion/completions/atoll\n  \
                            atoll completions zsh > ~/.zfunc/_atoll"
    )]
    Completions { shell: clap_complete::Shell },
}

#[derive(Debug, Subcommand)]
pub enum RegionCommand {
    /// How each region looks from the member that answers
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  atoll region list\n  atoll region list --region us-west-2 -o wide"
    )]
    List,
    /// What a member of each region, or of one, says of itself
    #[command(
        alias = "show",
        alias = "get",
        after_help = "Examples:\n  atoll region status\n  atoll region status us-east-1"
    )]
    Status { region: Option<String> },
}

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Follow a log, or all of them, through any region that serves
    #[command(
        after_help = "--consistency and --max-staleness say what the copy must hold when it begins. Without --from or --now it begins with the last 10 records. -o wide and -o json show the bookkeeping of sets too.\n\nExamples:\n  atoll log tail\n  \
                            atoll log tail --log region/us-east-1 --from 100\n  atoll log tail --log all --now -o json"
    )]
    Tail {
        /// `global`, `region/NAME` or `all`
        #[arg(long, default_value = "global", value_name = "LOG")]
        log: String,
        /// First record to show
        #[arg(long, value_name = "SEQ", conflicts_with = "now")]
        from: Option<u64>,
        /// Only what is yet to come
        #[arg(long)]
        now: bool,
    },
    /// Show records and end
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  atoll log list\n  atoll log list --log region/us-east-1 --from 100 --limit 20"
    )]
    List {
        /// `global` or `region/NAME`
        #[arg(long, default_value = "global", value_name = "LOG")]
        log: String,
        /// First record to show
        #[arg(long, value_name = "SEQ", default_value = "1")]
        from: u64,
        /// At most so many
        #[arg(long, default_value = "100", value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
    },
    /// Recompute the chain of hashes, and compare it between regions
    #[command(
        after_help = "Reads every record of the logs from one region, recomputes each hash, and compares heads at equal positions\n\
                            with the other regions. Exits with 1 when something differs, naming log and sequence. Each copy is read\n\
                            as it is, unless --consistency or --max-staleness asks more of it.\n\n\
                            Examples:\n  atoll log verify\n  atoll log verify --log global --regions us-east-1,eu-west-1"
    )]
    Verify {
        /// `global`, `region/NAME` or `all`
        #[arg(long, default_value = "all", value_name = "LOG")]
        log: String,
        /// Regions whose copies are compared; all when not given
        #[arg(long, value_delimiter = ',', value_name = "REGION,...")]
        regions: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub enum OperationCommand {
    /// How an operation stands
    #[command(
        visible_alias = "show",
        after_help = "Examples:\n  atoll operation get organizations/acme/operations/web.01a1fddc93e170e6bce8f375a7164e15"
    )]
    Get { name: String },
    /// Those of the organization that are not done
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  atoll operation list\n  atoll operation list --organization acme"
    )]
    List {
        /// Instead of the one that is set
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
    /// Wait until an operation is done
    #[command(
        after_help = "Examples:\n  atoll operation wait organizations/acme/operations/web.01a1fddc93e170e6bce8f375a7164e15\n  atoll operation wait NAME --for 5m"
    )]
    Wait {
        name: String,
        /// Give up after so long; the operation goes on
        #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
        within: Option<Duration>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ContextCommand {
    /// All contexts
    #[command(visible_alias = "ls", after_help = "Examples:\n  atoll context list")]
    List,
    /// Make a context the current one
    #[command(after_help = "Examples:\n  atoll context use local")]
    Use { name: String },
    /// One context, or the current one
    #[command(alias = "get", after_help = "Examples:\n  atoll context show\n  atoll context show local -o yaml")]
    Show { name: Option<String> },
    /// Add a context or replace it, from --endpoint, --ca-file and --region
    #[command(
        after_help = "The first context becomes the current one.\n\nExamples:\n  atoll context add local --endpoint \
                            us-east-1=https://127.0.0.1:7101 \\\n    --endpoint us-west-2=https://127.0.0.1:7102 --ca-file \
                            ca.pem --region us-east-1"
    )]
    Add { name: String },
    /// Remove a context
    #[command(visible_alias = "rm", after_help = "Examples:\n  atoll context remove local")]
    Remove { name: String },
    /// Forget what a context has seen, for a ring that was made anew
    #[command(after_help = "Examples:\n  atoll context forget local")]
    Forget { name: Option<String> },
}

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    /// Make a key: the private half goes into a file, the public one, for `access.operators` of the members, is printed
    #[command(
        after_help = "The printed key set is the file that `access.operators` names. Of several operators, put the keys into one set.\n\n\
                      Examples:\n  atoll operator create-key ada --file ada.jwk > operators.jwks"
    )]
    CreateKey {
        /// Name of the operator, as records show it
        name: String,
        /// Where the private key goes; nothing may be there yet
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Print a token that a key signs
    #[command(after_help = "Every command sends the token in the environment variable ATOLL_TOKEN.\n\n\
                      Examples:\n  export ATOLL_TOKEN=$(atoll operator token --key ada.jwk --ring demo)\n  atoll organization list")]
    Token {
        /// File with the private key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Name of the ring that it is for
        #[arg(long, value_name = "NAME")]
        ring: String,
        /// How long it counts, an hour at most
        #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = duration)]
        seconds: Duration,
    },
}

fn endpoint(text: &str) -> Result<Endpoint, String> {
    let parsed = text.split_once('=').filter(|(region, address)| {
        region.parse::<ids::RegionId>().is_ok() && (address.starts_with("https://") || address.starts_with("http://"))
    });
    let (region, address) =
        parsed.ok_or_else(|| format!("read the endpoint {text:?}: wanted REGION=https://HOST:PORT"))?;
    Ok(Endpoint::new(region, address))
}

fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || format!("read the duration {text:?}: wanted a number with ms, s, m, h or d, such as 10s");
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wanted)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wanted())?;
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wanted()),
    };
    number.checked_mul(unit_ms).filter(|ms| *ms > 0).map(Duration::from_millis).ok_or_else(wanted)
}

fn request_id(text: &str) -> Result<RequestId, String> {
    text.parse().map_err(|error: client::request_id::RequestIdError| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn every_command_that_does_something_has_examples() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            if command.get_subcommands().next().is_none() {
                let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains("Examples:\n"), "{path} has no examples");
            }
            command.get_subcommands().for_each(|below| look(below, &path));
        }
        look(&Args::command(), "");
    }

    /// `{project}.{uid}`, as regions name them.
    #[test]
    fn operations_in_examples_are_named_as_regions_name_them() {
        fn examples(command: &clap::Command) -> Vec<String> {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let below = command.get_subcommands().flat_map(examples);
            std::iter::once(after).chain(below).collect()
        }
        let text = examples(&Args::command()).join("\n");
        let names: Vec<&str> =
            text.split("/operations/").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        for name in names {
            let (project, uid) = name.split_once('.').unwrap();
            assert!(project.parse::<ids::Label>().is_ok() && request_id(uid).is_ok(), "{name}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for text in ["10", "s", "0s", "1w", "-1s", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text} was taken");
        }
    }

    #[test]
    fn endpoints_name_their_region() {
        assert_eq!(endpoint("us-east-1=https://host:1").unwrap(), Endpoint::new("us-east-1", "https://host:1"));
        for text in ["https://host:1", "us-east-1=host:1", "=https://host:1", "Us=https://host:1"] {
            assert!(endpoint(text).is_err(), "{text} was taken");
        }
    }
}
