//! What can be typed about who may do what.

use std::{path::PathBuf, time::Duration};

use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;

use super::{Delete, ProviderCommand, ServiceAccountCommand, Texts, Writing, usage::time};

const NODES: &str = "Nodes: organization (the one that is set), organization/ID, folder/ID, project/ID, cluster/LOCATION/ID,\n\
                     namespace/LOCATION/CLUSTER/ID, or a full resource name. Members: user:ID, serviceAccount:ID, group:ID.";

#[derive(Debug, Subcommand)]
pub enum IamCommand {
    /// Give a member a role on a node and everything below it
    #[command(
        after_help = format!("{NODES}\n\n\
                      Examples:\n  atoll iam grant folder.edit group:oncall --on folder/prod\n  \
                      atoll iam grant breakglass user:ann@acme.example --on organization --for 2h\n  \
                      atoll iam grant cluster.view user:ben@acme.example --on project/web --preview")
    )]
    Grant {
        #[command(flatten)]
        what: Bound,
        /// It holds from then on, such as 2026-12-01
        #[arg(long, value_name = "TIME", value_parser = time)]
        from: Option<Timestamp>,
        /// It does not hold from then on
        #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "within")]
        until: Option<Timestamp>,
        /// It ends after so long, such as 8h
        #[arg(long = "for", value_name = "DURATION", value_parser = super::duration)]
        within: Option<Duration>,
        #[command(flatten)]
        how: How,
    },
    /// Take a role that a member has by a binding on the node itself
    #[command(
        after_help = format!("{NODES}\n\nExamples:\n  atoll iam ungrant folder.edit group:oncall --on folder/prod")
    )]
    Ungrant {
        #[command(flatten)]
        what: Bound,
        #[command(flatten)]
        how: How,
    },
    /// What a member may do on a node
    #[command(
        after_help = format!("{NODES}\n\n\
                      Examples:\n  atoll iam effective user:ann@acme.example --on project/web\n  \
                      atoll iam effective group:oncall --on organization --below")
    )]
    Effective {
        member: String,
        #[command(flatten)]
        on: On,
        /// All nodes below it as well
        #[arg(long)]
        below: bool,
    },
    /// Who may do something to a node
    #[command(after_help = format!("{NODES}\n\nExamples:\n  atoll iam who-can cluster.delete --on cluster/us-east-1/web"))]
    WhoCan {
        /// Such as cluster.delete
        right: String,
        #[command(flatten)]
        on: On,
    },
    /// Whether a member may do something to a node, and why
    #[command(
        after_help = format!("{NODES}\n\nExamples:\n  atoll iam explain user:ann@acme.example cluster.update --on cluster/us-east-1/web")
    )]
    Explain {
        member: String,
        /// Such as cluster.update
        right: String,
        #[command(flatten)]
        on: On,
    },
    /// Revokes: what takes everything from a member at once
    #[command(subcommand, alias = "revokes")]
    Revoke(RevokeCommand),
    /// Who breaks glass: the one identity whom revokes do not bind
    #[command(subcommand)]
    BreakGlass(BreakGlassCommand),
    /// Access policies: all that is bound on a node
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Groups of members
    #[command(subcommand, alias = "groups")]
    Group(GroupCommand),
    /// Roles: predefined ones, and those of an organization
    #[command(subcommand, alias = "roles")]
    Role(RoleCommand),
    /// Identity providers: issuers of tokens that the organization trusts
    #[command(subcommand, alias = "providers")]
    Provider(ProviderCommand),
    /// Service accounts: programs of the organization, with their keys
    #[command(subcommand, alias = "service-accounts")]
    ServiceAccount(ServiceAccountCommand),
}

#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Bound {
    /// A predefined role such as folder.edit, or custom/ROLE
    pub role: String,
    /// user:ID, serviceAccount:ID or group:ID
    pub member: String,
    #[command(flatten)]
    pub on: On,
}

#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct On {
    /// The node, such as folder/prod
    #[arg(long, value_name = "NODE")]
    pub on: String,
}

/// How a change is made.
#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct How {
    /// Only if this is still the version of what is changed
    #[arg(long, default_value = "", hide_default_value = true)]
    pub etag: String,
    /// Tell who would gain or lose what, change nothing
    #[arg(long, conflicts_with_all = ["plan", "dry_run"])]
    pub preview: bool,
    /// Only if it still does what that preview showed
    #[arg(long, value_name = "TOKEN")]
    pub plan: Option<String>,
    #[command(flatten)]
    pub writing: Writing,
}

#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// What is bound on a node, and above it
    #[command(visible_alias = "get", after_help = format!("{NODES}\n\nExamples:\n  atoll iam policy show folder/prod"))]
    Show { node: String },
    /// Print the policy of a node as a file that `import` takes
    #[command(after_help = format!("{NODES}\n\nExamples:\n  atoll iam policy export folder/prod > prod.yaml"))]
    Export { node: String },
    /// Set all bindings of a node to those of a file
    #[command(
        after_help = "What the file does not name is taken. With the etag that `export` wrote it is refused if the policy was changed meanwhile;\n\
                      without one it is not.\n\n\
                      Examples:\n  atoll iam policy import prod.yaml --preview\n  atoll iam policy import prod.yaml"
    )]
    Import {
        /// YAML or JSON
        file: PathBuf,
        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Create a group
    #[command(
        after_help = "Examples:\n  atoll iam group create oncall --member user:ann@acme.example --member group:night"
    )]
    Create {
        /// 1 to 63 of a-z, 0-9 and -
        id: String,
        /// Who is in it; may be repeated
        #[arg(long = "member", value_name = "MEMBER")]
        members: Vec<String>,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        writing: Writing,
    },
    /// Show groups
    #[command(visible_alias = "show", after_help = "Examples:\n  atoll iam group get oncall -o yaml")]
    Get {
        /// Short ids or full resource names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// List the groups of the organization
    #[command(visible_alias = "ls", after_help = "Examples:\n  atoll iam group list")]
    List {
        /// Instead of the one that is set
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
    /// Let members in, and others out
    #[command(
        after_help = "Examples:\n  atoll iam group update oncall --add user:ben@acme.example --remove user:ann@acme.example\n  \
                      atoll iam group update oncall --add user:ben@acme.example --preview"
    )]
    Update {
        /// Short id or full resource name
        name: String,
        /// Who comes in; may be repeated
        #[arg(long, value_name = "MEMBER")]
        add: Vec<String>,
        /// Who goes; may be repeated
        #[arg(long, value_name = "MEMBER")]
        remove: Vec<String>,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        how: How,
    },
    /// Delete a group; its name is not taken again
    #[command(visible_alias = "rm", after_help = "Examples:\n  atoll iam group delete oncall --yes")]
    Delete(Delete),
}

#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// Create a role for the organization
    #[command(
        after_help = "Examples:\n  atoll iam role create opener --right project.createCluster --right project.get --bound-at folder --bound-at project"
    )]
    Create {
        /// 1 to 63 of a-z, 0-9 and -
        id: String,
        /// Such as cluster.get; may be repeated
        #[arg(long = "right", value_name = "RIGHT", required = true)]
        rights: Vec<String>,
        /// organization, folder, project, cluster or namespace; may be repeated
        #[arg(long, value_name = "KIND", required = true)]
        bound_at: Vec<String>,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        writing: Writing,
    },
    /// Show roles
    #[command(
        visible_alias = "show",
        after_help = "Examples:\n  atoll iam role get folder.edit -o yaml\n  atoll iam role get custom/opener -o yaml"
    )]
    Get {
        /// Short ids or full resource names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// List predefined roles, and those of the organization
    #[command(visible_alias = "ls", after_help = "Examples:\n  atoll iam role list")]
    List {
        /// Instead of the one that is set
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
    /// Change a role, for everyone who has it
    #[command(after_help = "Examples:\n  atoll iam role update custom/opener --right project.createCluster --preview")]
    Update {
        /// custom/ROLE or full resource name
        name: String,
        /// All rights that it is to have; may be repeated
        #[arg(long = "right", value_name = "RIGHT")]
        rights: Vec<String>,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        how: How,
    },
    /// Delete a role; its name is not taken again
    #[command(visible_alias = "rm", after_help = "Examples:\n  atoll iam role delete custom/opener --yes")]
    Delete(Delete),
}

#[derive(Debug, ClapArgs)]
#[command(
    after_help = format!("{NODES}\n\n\
                  The region that is asked decides, also while it is cut off, and enforces it from then on; other regions do as soon as they hear\n\
                  of it. No grant undoes it, only `atoll iam revoke lift`.\n\n\
                  Examples:\n  atoll revoke user:ann@acme.example --reason \"stolen laptop\"\n  \
                  atoll revoke group:contractors --on folder/prod --region eu-west-1")
)]
pub struct RevokeArgs {
    /// user:ID, serviceAccount:ID or group:ID, which means everyone who is in it
    pub member: String,
    /// The node, such as folder/prod; everything below it, too [default: everywhere in the organization]
    #[arg(long, value_name = "NODE")]
    pub on: Option<String>,
    /// Why, for whoever reads the log
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub reason: String,
    #[command(flatten)]
    pub writing: Writing,
}

#[derive(Debug, Subcommand)]
pub enum RevokeCommand {
    /// List revokes that hold
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  atoll iam revoke list\n  atoll iam revoke list --lifted"
    )]
    List {
        /// Also those that were lifted
        #[arg(long)]
        lifted: bool,
        /// Instead of the one that is set
        #[arg(long, value_name = "NAME")]
        organization: Option<String>,
    },
    /// End a revoke
    #[command(
        after_help = "Examples:\n  atoll iam revoke lift eu-west-1.01a1fddc93e170e6bce8f375a7164e15 --reason \"laptop found\""
    )]
    Lift {
        /// REGION.ID as `list` shows it, or full resource name
        name: String,
        /// Why, for whoever reads the log
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        reason: String,
        #[command(flatten)]
        writing: Writing,
    },
}

#[derive(Debug, Subcommand)]
pub enum BreakGlassCommand {
    /// Who it is
    #[command(visible_alias = "get", after_help = "Examples:\n  atoll iam break-glass show")]
    Show,
    /// Name a user or a service account that administers the organization
    #[command(after_help = "Examples:\n  atoll iam break-glass set user:eve@acme.example")]
    Set {
        member: String,
        /// Only if this is still its version
        #[arg(long, default_value = "", hide_default_value = true)]
        etag: String,
        #[command(flatten)]
        writing: Writing,
    },
    /// Nobody, from now on
    #[command(after_help = "Examples:\n  atoll iam break-glass unset")]
    Unset {
        #[command(flatten)]
        writing: Writing,
    },
}
