//! Pulling a snapshot in pieces, one after the other. What has arrived is kept when a source falls silent, and gone on with when it
//! answers again.

use std::{sync::PoisonError, time::Duration};

use bytes::Bytes;
use ids::{Log, MemberId, Seq};
use wire::{
    checked::crc,
    proto::{self, peer_reply, peer_request, snapshot_pull_reply},
};

use super::{LEFT_ALONE_SILENT, LEFT_ALONE_WRONG, Puller};
use crate::{Canary, chunks::Gather, replica::InstallError, snapshot};

/// How long the first try to get a piece may take, and twice as long each further one.
const CHUNK_WITHIN: Duration = Duration::from_secs(2);
/// Pieces in a row that may be lost or damaged, and snapshots that may be gone in between, before the source is left alone.
const TRIES: u32 = 4;

impl Puller {
    /// Takes a snapshot from a source. `Ok`: its bytes; `Err`: how long to leave the source alone.
    pub(super) async fn take_snapshot(&self, source: MemberId, log: &Log) -> Result<usize, Duration> {
        let mut gather = self.gathered.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut tries = 0;
        while tries < TRIES {
            match self.pull_piece(source, log, CHUNK_WITHIN * 2_u32.pow(tries), &mut gather).await {
                Piece::Taken(bytes) => {
                    tries = 0;
                    self.pace(bytes).await;
                }
                Piece::Again => tries += 1,
                Piece::Useless => return Err(LEFT_ALONE_SILENT),
            }
            if let Some(whole) = gather.take_if(|gather| gather.is_whole()) {
                return self.install(source, log, whole).await;
            }
        }
        *self.gathered.lock().unwrap_or_else(PoisonError::into_inner) = gather;
        Err(LEFT_ALONE_SILENT)
    }

    async fn pull_piece(&self, source: MemberId, log: &Log, within: Duration, gather: &mut Option<Gather>) -> Piece {
        let (checksum, offset) =
            gather.as_ref().map_or((Bytes::new(), 0), |gather| (gather.checksum().clone(), gather.wanted()));
        let request = proto::SnapshotPullRequest { log: log.to_string(), checksum, offset };
        let reply = self.peers.call(source, peer_request::Body::Snapshot(request), within).await;
        let Ok(peer_reply::Body::Snapshot(reply)) = reply else { return Piece::Again };
        let pulled = match reply.body {
            Some(snapshot_pull_reply::Body::Chunk(pulled)) => pulled,
            Some(snapshot_pull_reply::Body::Gone(_)) | None => {
                *gather = None;
                return Piece::Again;
            }
        };
        if Seq(pulled.seq) <= self.replica.cell().seq() {
            // Records came from elsewhere meanwhile.
            *gather = None;
            return Piece::Useless;
        }
        let Some(mut chunk) = pulled.chunk else { return Piece::Again };
        if self.replica.canary().is(Canary::UncheckedSnapshot) {
            chunk.crc = crc(&chunk.bytes);
        }
        if gather.is_none() {
            *gather = Gather::begin(&chunk).ok();
        }
        match gather.as_mut().is_some_and(|gather| gather.take(&chunk)) {
            true => Piece::Taken(chunk.bytes.len()),
            false => Piece::Again,
        }
    }

    async fn install(&self, source: MemberId, log: &Log, whole: Gather) -> Result<usize, Duration> {
        let member = self.peers.member();
        let sealed = match self.replica.canary().is(Canary::UncheckedSnapshot) {
            true => snapshot::sealed_anew(&whole.into_unchecked()).map_err(|error| error.to_string()),
            false => whole.into_sealed(),
        };
        let sealed = sealed.map_err(|error| {
            tracing::warn!(%member, %source, %log, error, "left a source alone: its snapshot does not fit");
            LEFT_ALONE_WRONG
        })?;
        match self.replica.install(&sealed).await {
            Ok(()) => Ok(sealed.len()),
            Err(error @ InstallError::Unfit(_)) => {
                tracing::warn!(%member, %source, %log, %error, "left a source alone: its snapshot does not fit");
                Err(LEFT_ALONE_WRONG)
            }
            Err(error @ (InstallError::Store(_) | InstallError::Gone)) => {
                tracing::error!(%member, %log, %error, "did not take a snapshot in");
                Err(LEFT_ALONE_WRONG)
            }
        }
    }
}

/// What became of one piece.
enum Piece {
    Taken(usize),
    /// Lost, damaged, or of a snapshot that the source no longer has.
    Again,
    /// The source is not further on than this replica.
    Useless,
}
