//! One run of the command: the context it works in, the client, and what it has seen.

use std::{env, fs, io, path::Path, time::Duration};

use client::{Client, Consistency, Credential, Endpoint, Error, Read, Route, TraceContext, Write};

use crate::{
    args::{Global, Level, Writing},
    config::{Context, Files},
    fail::Fail,
    names::Names,
    output::Output,
};

/// Who calls: the environment, because a command line can be seen by others.
const TOKEN: &str = "ATOLL_TOKEN";

#[expect(clippy::disallowed_methods, reason = "the environment is where whoever calls says who they are")]
fn token() -> Option<String> {
    env::var(TOKEN).ok().filter(|token| !token.is_empty())
}

pub struct Session {
    pub client: Client,
    pub names: Names,
    pub output: Output,
    global: Global,
    files: Files,
    /// Where the token is kept; `None` when the addresses came from the command line.
    context: Option<String>,
}

impl Session {
    pub fn open(global: &Global) -> Result<Self, Fail> {
        let files = Files::find()?;
        let (context, settings) = settings(global, &files)?;
        let mut config = client::Config::new(
            settings.endpoints.iter().map(|one| Endpoint::new(&one.region, &one.address)).collect(),
        );
        config.timeout = global.timeout;
        config.user_agent = concat!("atoll-cli/", env!("CARGO_PKG_VERSION")).to_owned();
        config.preferred_region = global.region.clone().or_else(|| settings.preferred_region.clone());
        if let Some(file) = &settings.ca_file {
            let pem = fs::read_to_string(file).map_err(|error| no_authorities(context.as_deref(), file, &error))?;
            config = config.trust(&pem);
        }
        if let Some(token) = token() {
            config = config.signed_by(Credential::token(&token));
        }
        let client = Client::connect(config).map_err(|error| Fail::call("use the context", &error, ""))?;
        if let Some(token) = context.as_ref().and_then(|name| files.state().tokens.get(name)?.parse().ok()) {
            client.import_token(&token);
        }
        let output = Output::new(global);
        // All calls of one run are one trace, and every region is asked to record it.
        let trace = TraceContext::begin();
        output.trace(&trace);
        let client = client.traced(trace);
        Ok(Self { client, names: Names::new(settings.defaults), output, global: global.clone(), files, context })
    }

    /// As the command line asks, or no less than this context has seen.
    pub fn read(&self) -> Read {
        self.read_or(Consistency::AtLeast)
    }

    /// As the command line asks, or else what is there.
    pub fn read_here(&self) -> Read {
        self.read_or(Consistency::Local)
    }

    /// The command line asks something of reads.
    pub fn demands(&self) -> bool {
        self.global.consistency.is_some() || self.global.max_staleness.is_some()
    }

    /// A read that serves the command and is not what it shows.
    pub fn aside(&self) -> Read {
        Read { timeout: Some(self.global.timeout), ..Read::local() }
    }

    fn read_or(&self, otherwise: Consistency) -> Read {
        let consistency = match self.global.consistency {
            Some(Level::Local) => Consistency::Local,
            Some(Level::AtLeast) => Consistency::AtLeast,
            Some(Level::Linearizable) => Consistency::Linearizable,
            None => otherwise,
        };
        let max_staleness = self.global.max_staleness;
        Read { consistency, max_staleness, timeout: Some(self.global.timeout), route: Route::Any }
    }

    pub fn write(&self, writing: &Writing) -> Write {
        Write {
            request_id: writing.request_id,
            retried: writing.request_id.is_some(),
            validate_only: writing.dry_run,
            timeout: Some(self.global.timeout),
            route: Route::Any,
        }
    }

    pub fn timeout(&self) -> Duration {
        self.global.timeout
    }

    /// A refusal of `what`, with the command line to repeat.
    pub fn failed(&self, what: &str, error: &Error) -> Fail {
        Fail::call(what, error, &again(std::env::args()))
    }

    /// Keeps what was seen, so that the next run sees no less. Best effort: without it reads promise less, and nothing else is lost.
    pub fn keep_token(&self) {
        let Some(context) = &self.context else { return };
        let token = self.client.token();
        if token.is_empty() {
            return;
        }
        let mut state = self.files.state();
        let known = state.tokens.get(context).and_then(|known| known.parse().ok());
        let mut merged: client::Token = known.unwrap_or_default();
        merged.merge(&token);
        let merged = merged.to_string();
        if state.tokens.get(context) != Some(&merged) {
            state.tokens.insert(context.clone(), merged);
            drop(self.files.save_state(&state));
        }
    }
}

/// The context's settings, or those of the command line.
fn settings(global: &Global, files: &Files) -> Result<(Option<String>, Context), Fail> {
    if global.endpoint.is_empty() {
        let config = files.load()?;
        let (name, context) = config.named(global.context.as_deref())?;
        return Ok((Some(name.to_owned()), context.clone()));
    }
    Ok((None, given(global)))
}

/// The context that the command line describes.
pub fn given(global: &Global) -> Context {
    let address = |endpoint: &Endpoint| crate::config::Address {
        region: endpoint.region.clone(),
        address: endpoint.address.clone(),
    };
    Context {
        preferred_region: global.region.clone(),
        ca_file: global.ca_file.clone(),
        endpoints: global.endpoint.iter().map(address).collect(),
        defaults: crate::config::Defaults::default(),
    }
}

/// Whom to trust is not known. A ring that keeps its state in a temporary directory takes its authorities with it when it stops.
fn no_authorities(context: Option<&str>, file: &Path, error: &io::Error) -> Fail {
    let file = file.display();
    match context {
        Some(name) if error.kind() == io::ErrorKind::NotFound => {
            Fail::unreachable(format!("reach the ring of the context {name}: it is gone, or its authorities are ({file}: {error})"))
                .next("start the ring again (`cargo xtask up` writes its context anew), or use another context (`atoll context list`)")
        }
        _ => Fail::usage(format!("read the authorities in {file}: {error}")),
    }
}

/// The command line as it can be typed again.
fn again(args: impl Iterator<Item = String>) -> String {
    let plain =
        |arg: &String| !arg.is_empty() && arg.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:=@,".contains(c));
    let quoted = |arg: String| if plain(&arg) { arg } else { format!("'{}'", arg.replace('\'', "'\\''")) };
    let words: Vec<String> = std::iter::once("atoll".to_owned()).chain(args.skip(1).map(quoted)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_quoted_where_it_must_be() {
        let args = ["/bin/atoll", "org", "create", "acme", "--display-name", "it's $HOME"].map(str::to_owned);
        assert_eq!(again(args.into_iter()), "atoll org create acme --display-name 'it'\\''s $HOME'");
    }
}
