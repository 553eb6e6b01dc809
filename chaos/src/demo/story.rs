//! Telling it as it happens: sentences with their times, and what is waited for: on a terminal in one line that changes, elsewhere now and
//! then.

use std::{
    io::{IsTerminal, Write as _, stdout},
    time::Duration,
};

use tokio::time::Instant;

use super::promise::wrapped;

const WIDTH: usize = 100;
/// Where nobody watches, what is waited for is told so seldom.
const TELL_EVERY: Duration = Duration::from_secs(15);
/// Before each sentence: its time.
const MARGIN: usize = 10;
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const PLAIN: &str = "\x1b[0m";

/// See the module. A closed terminal is no reason to stop.
pub struct Story {
    began: Instant,
    on_screen: bool,
    /// A line stands there that is to be overwritten.
    waiting: bool,
    /// When something was told last.
    told: Instant,
}

impl Story {
    pub fn begin() -> Self {
        Self { began: Instant::now(), on_screen: stdout().is_terminal(), waiting: false, told: Instant::now() }
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// A new act.
    pub fn act(&mut self, title: &str) {
        self.clear();
        let title = self.coloured(BOLD, title);
        let _ = writeln!(stdout(), "\n{title}");
    }

    /// A sentence with its time.
    pub fn say(&mut self, sentence: &str) {
        self.clear();
        self.told = Instant::now();
        let mut time = format!("{:>6.1} s", self.elapsed().as_secs_f64());
        for line in wrapped(sentence, WIDTH - MARGIN) {
            let shown = self.coloured(DIM, &format!("{time:<MARGIN$}"));
            let _ = writeln!(stdout(), "{shown}{line}");
            time.clear();
        }
    }

    /// What is waited for; on a terminal over what stood there.
    pub fn waits(&mut self, what: &str) {
        if !self.on_screen {
            if self.told.elapsed() >= TELL_EVERY {
                self.say(&format!("Waiting for {what}."));
            }
            return;
        }
        let text = format!("{:>6.1} s  waiting for {what}", self.elapsed().as_secs_f64());
        let text: String = text.chars().take(WIDTH - 1).collect();
        let _ = write!(stdout(), "\r\x1b[K{DIM}{text}{PLAIN}");
        let _ = stdout().flush();
        self.waiting = true;
    }

    /// The table in the end.
    pub fn table(&mut self, table: &str) {
        self.clear();
        for line in table.lines() {
            let line = match line.split_once(' ') {
                Some(("held", rest)) => format!("{} {rest}", self.coloured(GREEN, "held")),
                Some(("BROKEN", rest)) => format!("{} {rest}", self.coloured(RED, "BROKEN")),
                Some(("NOT", rest)) => format!("{} {rest}", self.coloured(RED, "NOT")),
                _ => line.to_owned(),
            };
            let _ = writeln!(stdout(), "{line}");
        }
    }

    /// Takes away what stands there to be overwritten.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.waiting) {
            let _ = write!(stdout(), "\r\x1b[K");
        }
    }

    fn coloured(&self, colour: &str, text: &str) -> String {
        if self.on_screen && !text.trim().is_empty() { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
    }
}
