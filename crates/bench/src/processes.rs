//! Server processes: started together, measured, and killed when dropped.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};

/// Processes that end with this value.
#[derive(Default)]
pub struct Processes {
    children: Vec<Child>,
}

impl Processes {
    /// Starts one; what it says goes to a file.
    pub fn start(&mut self, command: &mut Command, log: &Path) -> Result<()> {
        let file = fs::File::create(log).with_context(|| format!("created {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("started {}", command.get_program().display()))?;
        self.children.push(child);
        Ok(())
    }

    pub fn pids(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Both fail only when the process is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Processor time that the processes have used, user and system.
pub fn cpu(pids: &[u32]) -> Duration {
    // One tick of /proc/pid/stat is 10 ms on every Linux that this runs on (USER_HZ = 100, proc(5)).
    let ticks = pids.iter().filter_map(|pid| ticks(*pid)).sum::<u64>();
    Duration::from_millis(ticks * 10)
}

fn ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is in parentheses and may hold anything; user and system time are the 14th and 15th.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// Resident memory of processes, now and at most, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    pub resident: u64,
    pub peak: u64,
}

pub fn memory(pids: &[u32]) -> Memory {
    let of = |field: &str| pids.iter().filter_map(|pid| kib(*pid, field)).sum::<u64>() * 1024;
    Memory { resident: of("VmRSS:"), peak: of("VmHWM:") }
}

fn kib(pid: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(field))?.split_whitespace().next()?.parse().ok()
}

/// Ports that were free a moment ago.
pub fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").context("looked for a free port on 127.0.0.1")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
