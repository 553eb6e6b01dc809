//! What is done, one file per noun.

mod accounts;
mod catalog;
mod clusters;
mod contexts;
mod deleting;
mod folders;
mod iam;
mod logs;
mod operations;
mod operator;
mod organizations;
mod policies;
mod projects;
mod quotas;
mod reading;
mod regions;
mod usage;

use clap::CommandFactory;
use serde_json::json;

use crate::{
    args::{Args, Command, Format},
    fail::Fail,
    output::{Output, say},
    session::Session,
};

pub async fn run(args: Args) -> Result<(), Fail> {
    let Args { global, command } = args;
    if global.output == Format::Csv && !matches!(command, Command::Usage(_)) {
        return Err(Fail::usage("print CSV: only `atoll usage` has a form for it").next("-o json"));
    }
    match command {
        Command::Version => return version(&Output::new(&global)),
        Command::Completions { shell } => {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "atoll", &mut text);
            return say(String::from_utf8_lossy(&text).trim_end());
        }
        Command::Context(command) => return contexts::run(command, &global),
        Command::Operator(command) => return operator::run(command),
        Command::Organization(ref command) if contexts::sticky_organization(command, &global).await? => return Ok(()),
        Command::Folder(ref command) if contexts::sticky_folder(command, &global).await? => return Ok(()),
        Command::Project(ref command) if contexts::sticky_project(command, &global).await? => return Ok(()),
        _ => {}
    }
    let session = Session::open(&global)?;
    let outcome = match command {
        Command::Organization(command) => organizations::run(&session, command).await,
        Command::Folder(command) => folders::run(&session, command).await,
        Command::Project(command) => projects::run(&session, command).await,
        Command::Cluster(command) => clusters::run(&session, command).await,
        Command::Iam(command) => iam::run(&session, command).await,
        Command::Revoke(args) => iam::revoke(&session, args).await,
        Command::Account(command) => accounts::run(&session, command).await,
        Command::Policy(command) => policies::run(&session, command).await,
        Command::Quota(command) => quotas::run(&session, command).await,
        Command::Usage(args) => usage::run(&session, &args).await,
        Command::Catalog(command) => catalog::run(&session, command).await,
        Command::Region(command) => regions::run(&session, command).await,
        Command::Log(command) => logs::run(&session, command).await,
        Command::Operation(command) => operations::run(&session, command).await,
        Command::Version | Command::Completions { .. } | Command::Context(_) | Command::Operator(_) => Ok(()),
    };
    // After a failure too: what was seen was seen.
    session.keep_token();
    outcome
}

fn version(output: &Output) -> Result<(), Fail> {
    let version = env!("CARGO_PKG_VERSION");
    match output.format {
        Format::Json | Format::Yaml => output.value(&json!({ "version": version, "api": "atoll.v1" })),
        Format::Table | Format::Wide | Format::Name | Format::Csv => {
            say(format_args!("atoll {version} (API atoll.v1)"))
        }
    }
}
