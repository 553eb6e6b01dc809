//! What can be typed about what an organization says of decisions.

use std::path::PathBuf;

use clap::Subcommand;
use client::v1::{ClusterRule, cluster_rule::Says};

use super::Writing;

const RULES: &str = "Rules: DECISION=VALUE sets a value in the place of the type's; DECISION==VALUE allows nothing else; DECISION==A|B allows one of\n\
                     these; 'DECISION>=N' and 'DECISION<=N' bound numbers. `atoll cluster decisions NAME` lists decisions and their values.\n\
                     Nodes: organization (the one that is set), organization/ID, folder/ID, project/ID, or a full resource name.";

#[derive(Debug, Subcommand)]
pub enum ClusterPolicyCommand {
    /// What is said about the clusters below a node, there and above
    #[command(
        visible_alias = "describe",
        after_help = "Examples:\n  atoll policy show organization\n  atoll policy show project/web -o json"
    )]
    Show { node: String },
    /// Say something about decisions of the clusters below a node; what else is said there stays
    #[command(
        after_help = format!("{RULES}\n\n\
                      Examples:\n  atoll policy set organization pods.privileged==off 'workers.max<=100'\n  \
                      atoll policy set folder/prod 'version.channel==stable' maintenance.window='saturday 22:00 6h'\n  \
                      atoll policy set project/web workers.initial=5 --dry-run")
    )]
    Set {
        node: String,
        #[arg(required = true, value_name = "RULE", value_parser = rule)]
        rules: Vec<ClusterRule>,
        #[command(flatten)]
        writing: Writing,
    },
    /// Say nothing about decisions any more, on the node itself
    #[command(
        after_help = "Examples:\n  atoll policy unset project/web workers.initial\n  atoll policy unset organization --all"
    )]
    Unset {
        node: String,
        #[arg(required_unless_present = "all", value_name = "DECISION")]
        decisions: Vec<String>,
        /// About none
        #[arg(long, conflicts_with = "decisions")]
        all: bool,
        #[command(flatten)]
        writing: Writing,
    },
    /// Print what the node itself says, as a file for `import`
    #[command(after_help = "Examples:\n  atoll policy export organization > policy.yaml")]
    Export { node: String },
    /// Make what a node says what a file says, and nothing else
    #[command(
        after_help = "The version in the file must be the current one; without one, whatever there is is replaced.\n\n\
                            Examples:\n  atoll policy import policy.yaml --dry-run"
    )]
    Import {
        file: PathBuf,
        #[command(flatten)]
        writing: Writing,
    },
}

pub fn rule(text: &str) -> Result<ClusterRule, String> {
    let wanted =
        || format!("read the rule {text:?}: wanted DECISION=VALUE, DECISION==VALUE, DECISION>=N or DECISION<=N");
    let at = text.find(['=', '<', '>']).ok_or_else(wanted)?;
    let (decision, rest) = text.split_at(at);
    let found = [("==", Says::Require), (">=", Says::AtLeast), ("<=", Says::AtMost), ("=", Says::Default)];
    let found = found.into_iter().find_map(|(sign, says)| Some((says, rest.strip_prefix(sign)?.trim())));
    let (says, value) = found.filter(|(_, value)| !value.is_empty()).ok_or_else(wanted)?;
    let decision = decision.trim();
    if decision.is_empty() {
        return Err(wanted());
    }
    let values: Vec<String> = match says {
        Says::Require => value.split('|').map(|each| each.trim().to_owned()).collect(),
        _ => vec![value.to_owned()],
    };
    let says = if values.len() > 1 { Says::OneOf } else { says };
    Ok(ClusterRule { decision: decision.to_owned(), says: says.into(), values, node: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_they_are_written() {
        let read = |text: &str| rule(text).map(|of| (of.decision.clone(), of.says(), of.values.join(" ")));
        let made = |decision: &str, says, values: &str| Ok((decision.to_owned(), says, values.to_owned()));
        assert_eq!(read("pods.privileged=off"), made("pods.privileged", Says::Default, "off"));
        assert_eq!(read("pods.privileged == off"), made("pods.privileged", Says::Require, "off"));
        assert_eq!(read("workers.max<=100"), made("workers.max", Says::AtMost, "100"));
        assert_eq!(read("workers.max>=1"), made("workers.max", Says::AtLeast, "1"));
        assert_eq!(read("a==b|c"), made("a", Says::OneOf, "b c"));
        assert_eq!(
            read("maintenance.window=sunday 03:00 4h"),
            made("maintenance.window", Says::Default, "sunday 03:00 4h")
        );
        for text in ["", "a", "a=", "=b", "a==", "a<5", "a>5", "<=5"] {
            assert!(rule(text).is_err(), "{text} was taken");
        }
    }
}
