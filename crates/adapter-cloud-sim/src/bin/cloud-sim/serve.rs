//! `serve`: from the command line to a process that answers, and its end.

use std::{io, net::SocketAddr, path::Path, process::ExitCode};

use adapter_cloud_sim::{Host, Settings, reports, server};
use futures_util::future::select;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{failure::Failure, print};

pub fn run(listen: SocketAddr, data: &Path, seed: Option<u64>, config: Option<&Path>) -> Result<ExitCode, Failure> {
    if !listen.ip().is_loopback() {
        return Err(Failure::refused(format!(
            "listened on {listen}: wanted a loopback address, because nobody is authenticated here"
        )));
    }
    let settings = Settings::load(config, seed).map_err(|error| Failure::start(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::start(&error))?.block_on(serve(listen, data, &settings))
}

async fn serve(listen: SocketAddr, data: &Path, settings: &Settings) -> Result<ExitCode, Failure> {
    let listener = TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => Failure::refused(format!("listened on {listen}: the port is in use")),
        _ => Failure::refused(format!("listened on {listen}: {error}")),
    })?;
    let address = listener.local_addr().map_err(|error| Failure::start(&error))?;
    let stop = stop().map_err(|error| Failure::start(&error))?;
    let mut host = Host::open(data, settings, wall_ms()).map_err(|error| Failure::start(&error))?;
    // The first line is for whoever started this: the address stands last.
    print::out(&format!("serving a SIMULATED cloud from {} at {address}\n", data.display()));
    print::out(&print::status(&reports::status(&mut host)));
    server::serve(listener, host, stop).await.map_err(|error| {
        Failure::failed(format!("wrote into {}: {error}; what was answered is on disk", data.display()))
    })?;
    print::out(&format!("stopped: everything is in {}\n", data.display()));
    Ok(ExitCode::SUCCESS)
}

/// Completes when the process is told to stop.
fn stop() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        let _ = select(Box::pin(terminate.recv()), Box::pin(interrupt.recv())).await;
    })
}

#[expect(clippy::disallowed_methods, reason = "the one place where a cloud learns what time it is")]
fn wall_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
