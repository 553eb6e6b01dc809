//! What can be typed about organizations, folders, projects and cloud accounts.

use clap::{Args as ClapArgs, Subcommand};
use client::RequestId;

#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Get {
    /// Short ids or full resource names
    #[arg(required = true)]
    pub names: Vec<String>,
    /// Go on with changes as they come
    #[arg(short, long)]
    pub watch: bool,
}

#[derive(Clone, Copy, Debug, ClapArgs)]
#[group(skip)]
pub struct List {
    /// Go on with changes as they come
    #[arg(short, long)]
    pub watch: bool,
}

/// Where something is, or is to be.
#[derive(Clone, Debug, Default, ClapArgs)]
#[group(skip)]
pub struct Parent {
    /// Folder, instead of the one that is set
    #[arg(short, long, value_name = "NAME")]
    pub folder: Option<String>,
    /// Organization itself, instead of a folder
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
}

#[derive(Clone, Debug, Default, ClapArgs)]
#[group(skip)]
pub struct Texts {
    /// Name for people, at most 256 bytes
    #[arg(short, long, value_name = "TEXT")]
    pub display_name: Option<String>,
    /// At most 4096 bytes
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
}

#[derive(Clone, Copy, Debug, ClapArgs)]
#[group(skip)]
pub struct Writing {
    /// Of an earlier try whose outcome is not known: it happens once, and this tells what came of it
    #[arg(long, value_name = "ID", value_parser = super::request_id)]
    pub request_id: Option<RequestId>,
    /// Ask whether it would be done, change nothing
    #[arg(long, alias = "validate-only")]
    pub dry_run: bool,
}

#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Delete {
    /// Short id or full resource name
    pub name: String,
    /// Only if this is still its version
    #[arg(long, default_value = "", hide_default_value = true)]
    pub etag: String,
    /// Do not ask; needed where nobody can be asked
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub writing: Writing,
}

#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Move {
    /// Short id or full resource name
    pub name: String,
    /// Folder to put it into
    #[arg(long, value_name = "FOLDER", required_unless_present = "to_organization")]
    pub to: Option<String>,
    /// Put it into the organization itself
    #[arg(long, conflicts_with = "to")]
    pub to_organization: bool,
    /// Only if this is still its version
    #[arg(long, default_value = "", hide_default_value = true)]
    pub etag: String,
    #[command(flatten)]
    pub writing: Writing,
}

#[derive(Debug, ClapArgs)]
#[group(skip)]
pub struct Update {
    /// Short id or full resource name
    pub name: String,
    #[command(flatten)]
    pub texts: Texts,
    /// Only if this is still its version
    #[arg(long, default_value = "", hide_default_value = true)]
    pub etag: String,
    #[command(flatten)]
    pub writing: Writing,
}

#[derive(Debug, Subcommand)]
pub enum OrganizationCommand {
    /// Create an organization
    #[command(after_help = "Examples:\n  atoll organization create acme --display-name \"Acme Inc\"")]
    Create {
        /// 1 to 63 of a-z, 0-9 and -
        id: String,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        writing: Writing,
    },
    /// Show organizations
    #[command(
        visible_alias = "show",
        after_help = "Examples:\n  atoll organization get acme\n  atoll organization get acme -o yaml --watch"
    )]
    Get(Get),
    /// List all organizations
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  atoll organization list\n  atoll org ls -o json | jq -r '.items[].name'"
    )]
    List(List),
    /// Show an organization with what is in it
    #[command(after_help = "Examples:\n  atoll organization describe acme")]
    Describe { name: String },
    /// Change display name or description
    #[command(after_help = "Examples:\n  atoll organization update acme --display-name \"Acme Ltd\"")]
    Update(Update),
    /// Delete an organization with nothing in it
    #[command(visible_alias = "rm", after_help = "Examples:\n  atoll organization delete acme --yes")]
    Delete(Delete),
    /// Use this organization where none is named
    #[command(after_help = "Examples:\n  atoll organization set acme")]
    Set { name: String },
    /// Use none where none is named
    #[command(after_help = "Examples:\n  atoll organization unset")]
    Unset,
}

#[derive(Debug, Subcommand)]
pub enum FolderCommand {
    /// Create a folder
    #[command(after_help = "Examples:\n  atoll folder create dev\n  atoll folder create team-a --folder dev")]
    Create {
        /// 1 to 63 of a-z, 0-9 and -
        id: String,
        #[command(flatten)]
        parent: Parent,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        writing: Writing,
    },
    /// Show folders
    #[command(
        visible_alias = "show",
        after_help = "Examples:\n  atoll folder get dev\n  atoll folder get organizations/acme/folders/dev"
    )]
    Get(Get),
    /// List the folders of a folder or organization
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  atoll folder list\n  atoll folder list --folder dev --watch"
    )]
    List {
        #[command(flatten)]
        parent: Parent,
        #[command(flatten)]
        list: List,
    },
    /// Show a folder with what is in it
    #[command(after_help = "Examples:\n  atoll folder describe dev")]
    Describe { name: String },
    /// Change display name or description
    #[command(after_help = "Examples:\n  atoll folder update dev --description \"things in the making\"")]
    Update(Update),
    /// Put a folder, with everything in it, somewhere else
    #[command(
        after_help = "Examples:\n  atoll folder move team-a --to staging\n  atoll folder move team-a --to-organization"
    )]
    Move(Move),
    /// Delete a folder with nothing in it
    #[command(visible_alias = "rm", after_help = "Examples:\n  atoll folder delete dev --yes")]
    Delete(Delete),
    /// Use this folder where none is named
    #[command(after_help = "Examples:\n  atoll folder set dev")]
    Set { name: String },
    /// Use none where none is named
    #[command(after_help = "Examples:\n  atoll folder unset")]
    Unset,
}

#[derive(Debug, Subcommand)]
pub enum ProjectCommand {
    /// Create a project
    #[command(
        after_help = "Examples:\n  atoll project create web\n  atoll project create web --folder dev --display-name Web"
    )]
    Create {
        /// 1 to 63 of a-z, 0-9 and -
        id: String,
        #[command(flatten)]
        parent: Parent,
        #[command(flatten)]
        texts: Texts,
        #[command(flatten)]
        writing: Writing,
    },
    /// Show projects
    #[command(
        visible_alias = "show",
        after_help = "Examples:\n  atoll project get web\n  atoll project get web api -o wide"
    )]
    Get(Get),
    /// List the projects of a folder or organization
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  atoll project list\n  atoll project list --folder dev --watch -o json"
    )]
    List {
        #[command(flatten)]
        parent: Parent,
        #[command(flatten)]
        list: List,
    },
    /// Show a project with its clusters
    #[command(after_help = "Examples:\n  atoll project describe web")]
    Describe { name: String },
    /// Change display name or description
    #[command(after_help = "Examples:\n  atoll project update web --display-name Web")]
    Update(Update),
    /// Put a project somewhere else
    #[command(
        after_help = "Examples:\n  atoll project move web --to staging\n  atoll project move web --to-organization"
    )]
    Move(Move),
    /// Delete a project, region by region
    #[command(
        visible_alias = "rm",
        after_help = "Waits until every region has acknowledged it. Ctrl-C leaves it running: `atoll operation wait` goes on with it.\n\n\
                      Examples:\n  atoll project delete web --yes\n  atoll project delete web --yes --async"
    )]
    Delete {
        #[command(flatten)]
        delete: Delete,
        /// Do not wait; print the operation
        #[arg(long = "async")]
        detach: bool,
    },
    /// Use this project where none is named
    #[command(after_help = "Examples:\n  atoll project set web")]
    Set { name: String },
    /// Use none where none is named
    #[command(after_help = "Examples:\n  atoll project unset")]
    Unset,
}

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Put accounts into the pool, for organizations that have none and for those to come
    #[command(
        after_help = "An account is the provider's, such as one of AWS: of twelve digits, empty, and used by nobody else. Each is given to one\n\
                      organization, and to no other after that.\n\n\
                      Examples:\n  atoll account add 123456789012\n  atoll account add 123456789012 210987654321 --dry-run"
    )]
    Add {
        /// Of twelve digits
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        writing: Writing,
    },
    /// List all accounts: whose they are, and how many are ready
    #[command(
        visible_alias = "ls",
        after_help = "Examples:\n  atoll account list\n  atoll account list -o json | jq '[.items[] | select(.state == \"READY\")] | length'"
    )]
    List(List),
}
