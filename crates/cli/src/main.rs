//! `atoll`, the command for people.
//!
//! What was asked for goes to stdout, as tables for people or as JSON, YAML or names, which are stable; what is said beside it goes to
//! stderr. It speaks to the ring through the `client` crate only, and recomputes the chain of a log with `wire` (`atoll log verify`).
//!
//! Map: [`args`] what can be typed · [`commands`] what is done · [`session`] one run: context, client, token · [`config`] the contexts
//! file · [`names`] short names · [`output`] and [`view`] how things look · [`watching`] lists that go on · [`verify`] the chain ·
//! [`progress`] long operations · [`fail`] errors, what to do next, exit codes.

mod args;
mod commands;
mod config;
mod fail;
mod names;
mod output;
mod progress;
mod session;
mod verify;
mod view;
mod watching;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(help) => {
            let code = u8::try_from(help.exit_code()).unwrap_or(2);
            // A closed pipe is no failure of a help text.
            drop(help.print());
            return ExitCode::from(code);
        }
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail::Fail::plain(format!("start a runtime: {error}")).report(),
    };
    match runtime.block_on(commands::run(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fail) => fail.report(),
    }
}
