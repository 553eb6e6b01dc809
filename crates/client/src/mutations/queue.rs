//! The mutations under way, and which place each has on the stream that is open.
//!
//! The server counts what it gets on one stream from 0. After a break the unanswered ones are sent again on a new stream, where they have
//! other places; callers see one count over all streams.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use api::v1::{self, mutation::Kind};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::RequestId;

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Index of the next mutation, over all streams.
    next: u64,
    under_way: BTreeMap<u64, UnderWay>,
    stream: Option<Stream>,
    closed: bool,
}

struct UnderWay {
    /// As the stream that is open got it.
    mutation: v1::Mutation,
    /// Some stream got it.
    sent: bool,
}

/// A mutation that has its answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub index: u64,
    pub request_id: Option<RequestId>,
    /// A try before the one that is answered may still take effect.
    pub retried: bool,
}

struct Stream {
    out: UnboundedSender<v1::MutateRequest>,
    /// Sent first, in this order: what the stream before left unanswered.
    again: Vec<u64>,
    /// Index of the first one after those.
    from: u64,
}

impl Queue {
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes mutations in and sends them if a stream is open. Gives the index of the first.
    pub(super) fn push(&self, mut mutations: Vec<v1::Mutation>) -> u64 {
        mutations.iter_mut().for_each(give_request_id);
        self.with(|state| {
            let first = state.next;
            for mutation in &mutations {
                let one = UnderWay { mutation: mutation.clone(), sent: state.stream.is_some() };
                state.under_way.insert(state.next, one);
                state.next = state.next.saturating_add(1);
            }
            if let Some(stream) = &state.stream {
                // A stream that just broke takes nothing; what is under way is sent again by the next.
                drop(stream.out.send(v1::MutateRequest { mutations }));
            }
            first
        })
    }

    pub(super) fn len(&self) -> usize {
        self.with(|state| state.under_way.len())
    }

    pub(super) fn close(&self) {
        self.with(|state| state.closed = true);
    }

    pub(super) fn closed(&self) -> bool {
        self.with(|state| state.closed)
    }

    /// The messages of a new stream: everything under way first, then what is pushed.
    pub(super) fn restart(&self) -> UnboundedReceiver<v1::MutateRequest> {
        let (out, messages) = unbounded_channel();
        self.with(|state| {
            let again: Vec<u64> = state.under_way.keys().copied().collect();
            let sent = state.under_way.values_mut().map(|one| {
                one.mutation.retried |= std::mem::replace(&mut one.sent, true);
                one.mutation.clone()
            });
            let mutations: Vec<v1::Mutation> = sent.collect();
            for part in mutations.chunks(256) {
                drop(out.send(v1::MutateRequest { mutations: part.to_vec() }));
            }
            state.stream = Some(Stream { out, again, from: state.next });
        });
        messages
    }

    pub(super) fn stop(&self) {
        self.with(|state| state.stream = None);
    }

    /// Takes out the mutation at `place` of the open stream. `None` when it was answered before.
    pub(super) fn answered(&self, place: u64) -> Option<Answered> {
        self.with(|state| {
            let stream = state.stream.as_ref()?;
            let again = u64::try_from(stream.again.len()).unwrap_or(u64::MAX);
            let index = match usize::try_from(place).ok().and_then(|place| stream.again.get(place)) {
                Some(index) => *index,
                None => stream.from.checked_add(place.checked_sub(again)?)?,
            };
            let UnderWay { mut mutation, .. } = state.under_way.remove(&index)?;
            Some(Answered { index, request_id: request_id(&mut mutation), retried: mutation.retried })
        })
    }

    /// Takes out everything.
    pub(super) fn drain(&self) -> Vec<(u64, Option<RequestId>)> {
        self.with(|state| {
            state.stream = None;
            let all = std::mem::take(&mut state.under_way);
            all.into_iter().map(|(index, mut one)| (index, request_id(&mut one.mutation))).collect()
        })
    }
}

pub(crate) fn give_request_id(mutation: &mut v1::Mutation) {
    if let Some(id) = field(mutation).filter(|id| id.is_empty()) {
        *id = RequestId::new().to_string();
    }
}

pub(crate) fn request_id(mutation: &mut v1::Mutation) -> Option<RequestId> {
    field(mutation).and_then(|id| id.parse().ok())
}

fn field(mutation: &mut v1::Mutation) -> Option<&mut String> {
    Some(match mutation.kind.as_mut()? {
        Kind::CreateOrganization(request) => &mut request.request_id,
        Kind::UpdateOrganization(request) => &mut request.request_id,
        Kind::DeleteOrganization(request) => &mut request.request_id,
        Kind::CreateFolder(request) => &mut request.request_id,
        Kind::UpdateFolder(request) => &mut request.request_id,
        Kind::MoveFolder(request) => &mut request.request_id,
        Kind::DeleteFolder(request) => &mut request.request_id,
        Kind::CreateProject(request) => &mut request.request_id,
        Kind::UpdateProject(request) => &mut request.request_id,
        Kind::MoveProject(request) => &mut request.request_id,
        Kind::DeleteProject(request) => &mut request.request_id,
        Kind::CreateCluster(request) => &mut request.request_id,
        Kind::UpdateCluster(request) => &mut request.request_id,
        Kind::DeleteCluster(request) => &mut request.request_id,
        Kind::CreateCloudAccount(request) => &mut request.request_id,
        Kind::UndeleteCluster(request) => &mut request.request_id,
        Kind::HibernateCluster(request) => &mut request.request_id,
        Kind::WakeCluster(request) => &mut request.request_id,
        Kind::PublishEdition(request) => &mut request.request_id,
        Kind::HaltEdition(request) => &mut request.request_id,
        Kind::UpdateAccessPolicy(request) => &mut request.request_id,
        Kind::ModifyBindings(request) => &mut request.request_id,
        Kind::CreateGroup(request) => &mut request.request_id,
        Kind::UpdateGroup(request) => &mut request.request_id,
        Kind::DeleteGroup(request) => &mut request.request_id,
        Kind::CreateRole(request) => &mut request.request_id,
        Kind::UpdateRole(request) => &mut request.request_id,
        Kind::DeleteRole(request) => &mut request.request_id,
        Kind::CreateIdentityProvider(request) => &mut request.request_id,
        Kind::UpdateIdentityProvider(request) => &mut request.request_id,
        Kind::DeleteIdentityProvider(request) => &mut request.request_id,
        Kind::CreateServiceAccount(request) => &mut request.request_id,
        Kind::UpdateServiceAccount(request) => &mut request.request_id,
        Kind::DeleteServiceAccount(request) => &mut request.request_id,
        Kind::AddServiceAccountKey(request) => &mut request.request_id,
        Kind::RemoveServiceAccountKey(request) => &mut request.request_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delete(name: &str) -> v1::Mutation {
        let request = v1::DeleteFolderRequest { name: name.to_owned(), ..v1::DeleteFolderRequest::default() };
        v1::Mutation { kind: Some(Kind::DeleteFolder(request)), retried: false }
    }

    #[test]
    fn places_of_a_new_stream_begin_with_what_was_left() {
        let queue = Queue::default();
        let _first = queue.restart();
        assert_eq!(queue.push(vec![delete("a"), delete("b"), delete("c")]), 0);
        assert_eq!(queue.answered(1).map(|answered| answered.index), Some(1));
        assert_eq!(queue.answered(1), None, "answered once");

        let mut second = queue.restart();
        assert_eq!(queue.push(vec![delete("d")]), 3);
        let sent: usize = std::iter::from_fn(|| second.try_recv().ok()).map(|message| message.mutations.len()).sum();
        assert_eq!(sent, 3, "a and c again, then d");
        assert_eq!(queue.answered(1).map(|answered| answered.index), Some(2));
        assert_eq!(queue.answered(2).map(|answered| answered.index), Some(3));
        assert_eq!(queue.answered(9), None);
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_request_id_is_made_once_and_kept_on_every_stream() {
        let queue = Queue::default();
        let mut first = queue.restart();
        queue.push(vec![delete("a")]);
        let mut second = queue.restart();
        let (one, mut other) = (first.try_recv().unwrap(), second.try_recv().unwrap());
        other.mutations[0].retried = false;
        assert_eq!(one, other);
        assert!(queue.answered(0).unwrap().request_id.is_some());
    }

    #[test]
    fn what_a_stream_got_before_is_said_to_be_retried_and_nothing_else() {
        let queue = Queue::default();
        queue.push(vec![delete("a")]);
        let mut first = queue.restart();
        queue.push(vec![delete("b")]);
        queue.stop();
        queue.push(vec![delete("c")]);
        let mut second = queue.restart();
        queue.push(vec![delete("d")]);
        let retried = |messages: &mut UnboundedReceiver<v1::MutateRequest>| -> Vec<bool> {
            let all = std::iter::from_fn(|| messages.try_recv().ok()).flat_map(|message| message.mutations);
            all.map(|mutation| mutation.retried).collect()
        };
        assert_eq!(retried(&mut first), [false, false]);
        assert_eq!(retried(&mut second), [true, true, false, false]);
        let answered: Vec<bool> = (0..4).map(|place| queue.answered(place).unwrap().retried).collect();
        assert_eq!(answered, [true, true, false, false]);
    }
}
