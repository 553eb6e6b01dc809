//! Snapshots that the group's leader sends, receiving side: one at a time is gathered, checked whole, and only then given to openraft.

use ids::Incarnation;
use openraft::{
    async_runtime::watch::WatchReceiver,
    raft::{AppendEntriesRequest, AppendEntriesResponse},
};
use tokio::sync::Mutex;
use wire::proto::{self, raft_reply};

use super::{Raft, Snapshot, SnapshotMeta, Vote, convert, machine::Shared};
use crate::{chunks::Gather, snapshot};

/// See the module.
#[derive(Default)]
pub struct Incoming {
    /// Held while a snapshot is installed: its last piece, sent again meanwhile, waits and is then answered.
    transfer: Mutex<Transfer>,
}

#[derive(Default)]
struct Transfer {
    /// What is gathered, and for which leader.
    gathered: Option<(Vote, Gather)>,
    /// The last that was installed, and for which leader.
    installed: Option<(Vote, bytes::Bytes)>,
}

impl Incoming {
    /// Takes a piece in; the last one installs the snapshot.
    pub async fn take(
        &self,
        shared: &Shared,
        raft: &Raft,
        request: &proto::RaftInstall,
    ) -> Result<raft_reply::Body, String> {
        let (vote, meta) = convert::install_in(request).map_err(|error| error.to_string())?;
        let chunk = request.chunk.as_ref().ok_or("read a snapshot install: it carries no piece of one")?;
        let mut transfer = self.transfer.lock().await;
        let own = raft.metrics().borrow_watched().vote;
        if let Some(higher) = transfer.higher(own, vote) {
            return Ok(reply(&higher, false, 0));
        }
        if transfer.installed.as_ref().is_some_and(|(of, checksum)| *of == vote && *checksum == chunk.checksum) {
            return Ok(reply(&vote, true, 0));
        }
        let Some(gather) = transfer.gather(vote, chunk)? else { return Ok(reply(&own, false, transfer.wanted())) };
        let checksum = gather.checksum().clone();
        let installed = install(shared, raft, vote, meta, gather).await?;
        transfer.installed = Some((vote, checksum));
        Ok(reply(&installed, true, 0))
    }
}

impl Transfer {
    /// A vote that is higher than the sender's, here or of another sender.
    fn higher(&self, own: Vote, vote: Vote) -> Option<Vote> {
        let other = self.gathered.as_ref().map(|(other, _)| *other);
        [Some(own), other].into_iter().flatten().find(|known| *known > vote)
    }

    fn wanted(&self) -> u64 {
        self.gathered.as_ref().map_or(0, |(_, gather)| gather.wanted())
    }

    /// Takes a piece in; gives the snapshot when it was the last. A piece of another snapshot ends what was gathered: its sender
    /// has a newer one, or another leads.
    fn gather(&mut self, vote: Vote, chunk: &proto::SnapshotChunk) -> Result<Option<Gather>, String> {
        let gather = match self.gathered.take() {
            Some((_, gather)) if gather.is_of(chunk) => gather,
            Some(_) | None => Gather::begin(chunk)?,
        };
        let (_, gather) = self.gathered.insert((vote, gather));
        if gather.take(chunk) && gather.is_whole() {
            return Ok(self.gathered.take().map(|(_, gather)| gather));
        }
        Ok(None)
    }
}

/// Checks a snapshot completely before openraft sees it, because openraft stops the member when an install fails.
async fn install(shared: &Shared, raft: &Raft, vote: Vote, meta: SnapshotMeta, gather: Gather) -> Result<Vote, String> {
    let sealed = gather.into_sealed()?;
    let incarnation: Incarnation = shared.cell.state().incarnation;
    let (_, mark) = snapshot::unpack_same_life(&shared.log, incarnation, &sealed).map_err(|error| error.to_string())?;
    if mark.unwrap_or_default().applied != meta.last_log_id.as_ref().map(convert::log_id_out) {
        return Err("read a snapshot install: the snapshot stands at another place than the request says".to_owned());
    }
    if holds(raft, vote, &meta).await? {
        return Ok(vote);
    }
    let snapshot = Snapshot { meta, snapshot: sealed };
    let reply = raft.install_full_snapshot(vote, snapshot).await.map_err(|error| error.to_string())?;
    Ok(reply.vote)
}

/// Whether this log holds all that the snapshot covers and perhaps more, because only the answers to its entries were lost. Then the
/// entries stay and nothing is installed: openraft's account of what it wrote would go back to the snapshot's place.
///
/// Asked as the leader would ask it: an append of nothing after the last entry that the snapshot covers, which is committed.
async fn holds(raft: &Raft, vote: Vote, meta: &SnapshotMeta) -> Result<bool, String> {
    let Some(last) = meta.last_log_id else { return Ok(false) };
    let nothing =
        AppendEntriesRequest { vote, prev_log_id: Some(last), entries: Vec::new(), leader_commit: Some(last) };
    let reply = raft.append_entries(nothing).await.map_err(|error| error.to_string())?;
    Ok(matches!(reply, AppendEntriesResponse::Success))
}

fn reply(vote: &Vote, installed: bool, wanted: u64) -> raft_reply::Body {
    raft_reply::Body::Install(proto::RaftInstallReply { vote: Some(convert::vote_out(vote)), installed, wanted })
}
