//! How a command ends when it does not do what it was asked: one line, and an exit code.

use std::{error::Error, fmt, process::ExitCode};

#[derive(Debug)]
pub struct Failure {
    code: u8,
    line: String,
}

impl Failure {
    /// It could not begin as asked, and changed nothing: exit code 2.
    pub fn start(error: &dyn Error) -> Self {
        Self { code: 2, line: chain(error) }
    }

    /// As [`Self::start`], in own words.
    pub fn refused(line: impl Into<String>) -> Self {
        Self { code: 2, line: line.into() }
    }

    /// It began and did not end well: exit code 1.
    pub fn failed(line: impl Into<String>) -> Self {
        Self { code: 1, line: line.into() }
    }

    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// An error and what caused it, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
