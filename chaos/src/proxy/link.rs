//! One listener between two processes, and the connections over it.

use std::{io, net::SocketAddr};

use futures_util::future::{Either, select, try_join};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::sleep,
};

use super::{
    pump::{open, pump},
    way::{Mode, Way},
};

/// Both directions, as the one who connects sees them.
#[derive(Clone)]
pub struct Ways {
    pub forward: watch::Receiver<Way>,
    pub backward: watch::Receiver<Way>,
}

impl Ways {
    fn modes(&self) -> [Mode; 2] {
        [self.forward.borrow().mode, self.backward.borrow().mode]
    }

    fn is(&self, mode: Mode) -> bool {
        self.modes().contains(&mode)
    }

    /// Waits until either direction breaks connections, and says how.
    async fn broken(&mut self) -> Mode {
        let breaks = |way: &Way| matches!(way.mode, Mode::Reset | Mode::HalfOpen);
        let (forward, backward) = (self.forward.wait_for(breaks), self.backward.wait_for(breaks));
        let either = select(Box::pin(forward), Box::pin(backward)).await;
        match either {
            Either::Left((way, _)) | Either::Right((way, _)) => way.map_or(Mode::Reset, |way| way.mode),
        }
    }

    /// Waits until neither direction is half open.
    async fn mended(&mut self) {
        let whole = |way: &Way| way.mode != Mode::HalfOpen;
        // An error means that the mesh is gone, which mends everything.
        drop(self.forward.wait_for(whole).await);
        drop(self.backward.wait_for(whole).await);
    }
}

/// Accepts connections until it is dropped; the connections end with it.
pub async fn serve(listener: TcpListener, target: SocketAddr, ways: Ways) {
    let mut connections = JoinSet::new();
    let mut number = 0_u64;
    loop {
        match listener.accept().await {
            Ok((near, _)) => {
                number += 1;
                connections.spawn(carry(near, target, ways.clone(), number));
            }
            // Too many open files: it passes, and the one who connects tries again.
            Err(_) => sleep(std::time::Duration::from_millis(50)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// One connection, from its beginning to its end. Errors end it, as they end a connection on a wire: both sides are reset.
async fn carry(mut near: TcpStream, target: SocketAddr, mut ways: Ways, seed: u64) {
    let Ok(Some(mut far)) = connect(&near, target, &mut ways).await else { return reset(&near) };
    let ended = {
        let (mut near_read, mut near_write) = near.split();
        let (mut far_read, mut far_write) = far.split();
        let there = pump(&mut near_read, &mut far_write, ways.forward.clone(), seed);
        let back = pump(&mut far_read, &mut near_write, ways.backward.clone(), !seed);
        let mut watched = ways.clone();
        let both = Box::pin(try_join(there, back));
        match select(Box::pin(watched.broken()), both).await {
            Either::Left((mode, _)) => Some(mode),
            Either::Right((result, _)) => result.is_err().then_some(Mode::Reset),
        }
    };
    match ended {
        None => {}
        Some(Mode::HalfOpen) => {
            drop(far);
            ways.mended().await;
            reset(&near);
        }
        Some(Mode::Pass | Mode::BlackHole | Mode::Reset) => {
            reset(&near);
            reset(&far);
        }
    }
}

/// Connects on, after the round trip that a handshake takes. `None`: the ways do not let it.
async fn connect(near: &TcpStream, target: SocketAddr, ways: &mut Ways) -> io::Result<Option<TcpStream>> {
    near.set_nodelay(true)?;
    let round_trip = ways.forward.borrow().delay + ways.backward.borrow().delay;
    sleep(round_trip).await;
    loop {
        if ways.is(Mode::Reset) {
            return Ok(None);
        }
        if ways.modes() == [Mode::Pass; 2] {
            break;
        }
        let mut opening = ways.clone();
        let opened = try_join(open(&mut opening.forward), open(&mut opening.backward));
        match select(Box::pin(ways.broken_by_reset()), Box::pin(opened)).await {
            Either::Left(_) => return Ok(None),
            Either::Right((opened, _)) => drop(opened?),
        }
    }
    let far = TcpStream::connect(target).await?;
    far.set_nodelay(true)?;
    Ok(Some(far))
}

impl Ways {
    async fn broken_by_reset(&mut self) {
        let resets = |way: &Way| way.mode == Mode::Reset;
        let (forward, backward) = (self.forward.wait_for(resets), self.backward.wait_for(resets));
        select(Box::pin(forward), Box::pin(backward)).await;
    }
}

/// The peer of this connection finds it broken, not ended.
fn reset(stream: &TcpStream) {
    // It may be gone already, which is as good.
    drop(stream.set_zero_linger());
}
