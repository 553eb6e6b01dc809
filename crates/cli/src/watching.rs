//! Lists that go on: what is there, then changes as they come, out of the log that the resources are in.
//!
//! The list says which position it shows; the watch begins there, so nothing falls between the two. What comes again is told apart by
//! its version. When records are no longer kept, the list is made again and compared.

use std::{collections::BTreeMap, pin::Pin};

use client::{Error, Listed, Watch, WatchFrom, WatchItem, v1};
use futures_util::{Stream, StreamExt, future, stream};

use crate::{
    args::Format,
    fail::Fail,
    output::{Columns, Output, note, say},
    session::Session,
    view::Watched,
};

/// What a watch shows.
pub struct Scope<R> {
    /// What is there now.
    pub list: Lister<R>,
    /// Whether something belongs to the list.
    pub holds: Box<dyn Fn(&R) -> bool>,
    /// The logs that the list is made of.
    pub logs: Vec<String>,
}

/// Makes a list, again and again.
pub type Lister<R> = Box<dyn Fn(&Session) -> Listing<R>>;

/// A list that is being made.
pub type Listing<R> = Pin<Box<dyn Future<Output = Result<Listed<R>, Error>>>>;

/// What was shown last, by name: the version, and the resource for its last event.
struct Known<R> {
    items: BTreeMap<String, R>,
}

/// Shows the list and then its changes, until interrupted.
pub async fn watch<R: Watched>(session: &Session, what: &str, scope: Scope<R>) -> Result<(), Fail> {
    let (listed, from) = list(session, what, &scope).await?;
    let output = session.output;
    let columns = output.columns(&listed.items);
    if matches!(output.format, Format::Table | Format::Wide) {
        say(columns.line(&columns.headers))?;
    }
    let mut known = Known { items: BTreeMap::new() };
    for item in listed.items {
        known.show("ADDED", item, &output, &columns)?;
    }
    session.keep_token();
    let mut events = Box::pin(merged(session, &from));
    let mut interrupt = Box::pin(tokio::signal::ctrl_c());
    loop {
        let (log, event) = match future::select(events.next(), &mut interrupt).await {
            future::Either::Left((Some(event), _)) => event,
            future::Either::Left((None, _)) => return Ok(()),
            future::Either::Right(_) => return Err(Fail::interrupted("")),
        };
        match event.map_err(|error| session.failed(what, &error))? {
            WatchItem::Record(record) => {
                for fact in record.facts {
                    known.take(fact, &scope, &output, &columns)?;
                }
            }
            WatchItem::Progress { .. } => {}
            WatchItem::Interrupted { error } => interrupted(&log, &error),
            WatchItem::Relist { .. } => {
                note(format_args!("{log}: records are no longer kept from where the watch was; listing again"));
                let (listed, from) = list(session, what, &scope).await?;
                known.compare(listed.items, &output, &columns)?;
                events = Box::pin(merged(session, &from));
            }
        }
    }
}

/// Says that a watch is being taken up again.
pub fn interrupted(log: &str, error: &Error) {
    note(format_args!("{log}: the stream broke, taking it up again: {}", error.message));
}

/// The whole list, and where each of its logs stood at the first page: later pages may have seen more, and what comes twice is dropped.
async fn list<R: Watched>(
    session: &Session,
    what: &str,
    scope: &Scope<R>,
) -> Result<(Listed<R>, BTreeMap<String, u64>), Fail> {
    let failed = |error: Error| session.failed(what, &error);
    // The places first: a list that is newer than its place shows some changes twice, which does no harm.
    let mut from = BTreeMap::new();
    for log in &scope.logs {
        let head = session.client.logs().head(log, &session.aside()).await.map_err(failed)?;
        from.insert(log.clone(), head.value.seq);
    }
    let listed = (scope.list)(session).await.map_err(failed)?;
    Ok((listed, from))
}

/// The records of several logs, as they come.
fn merged(session: &Session, from: &BTreeMap<String, u64>) -> impl Stream<Item = Event> + use<> {
    let watches = from.iter().map(|(log, seq)| (log.clone(), session.client.watch(log, WatchFrom::After(*seq))));
    stream::select_all(watches.map(|(log, watch)| items(log, watch)).collect::<Vec<_>>())
}

/// What a watch of one log tells, with the log.
pub type Event = (String, Result<WatchItem, Error>);
pub type Items = Pin<Box<dyn Stream<Item = Event>>>;

/// A watch as a stream.
pub fn items(log: String, watch: Watch) -> Items {
    Box::pin(stream::unfold((log, watch), |(log, mut watch)| async move {
        let item = watch.next().await?;
        Some(((log.clone(), item), (log, watch)))
    }))
}

impl<R: Watched> Known<R> {
    fn show(&mut self, kind: &str, item: R, output: &Output, columns: &Columns) -> Result<(), Fail> {
        output.event(kind, &item, columns)?;
        self.items.insert(item.name().to_owned(), item);
        Ok(())
    }

    fn gone(&mut self, name: &str, output: &Output, columns: &Columns) -> Result<(), Fail> {
        self.items.remove(name).map_or(Ok(()), |item| output.event("DELETED", &item, columns))
    }

    fn take(&mut self, fact: v1::Fact, scope: &Scope<R>, output: &Output, columns: &Columns) -> Result<(), Fail> {
        // What belongs to a resource is a row of its own, behind its name.
        if let Some((of, _)) = fact.subject.split_once('#') {
            let amended = self.items.get(of).and_then(|known| known.amended(&fact));
            return amended.map_or(Ok(()), |item| self.show("MODIFIED", item, output, columns));
        }
        let after = match (fact.removed, fact.after) {
            (true, _) => return self.gone(&fact.subject, output, columns),
            (false, None) => return Ok(()),
            (false, Some(after)) => R::after(after),
        };
        let Some(mut item) = after else { return Ok(()) };
        if let Some(known) = self.items.get(item.name()) {
            item.keep(known);
        }
        if item.is_deleted() || !(scope.holds)(&item) {
            return self.gone(item.name(), output, columns);
        }
        self.changed(item, output, columns)
    }

    fn changed(&mut self, item: R, output: &Output, columns: &Columns) -> Result<(), Fail> {
        let version = |item: &R| item.etag().parse::<u64>().unwrap_or(u64::MAX);
        match self.items.get(item.name()) {
            None => self.show("ADDED", item, output, columns),
            Some(known) if version(known) < version(&item) => self.show("MODIFIED", item, output, columns),
            Some(_) => Ok(()),
        }
    }

    /// Makes events out of the difference to a new list.
    fn compare(&mut self, items: Vec<R>, output: &Output, columns: &Columns) -> Result<(), Fail> {
        let there: Vec<&str> = items.iter().map(client_name).collect();
        let gone: Vec<String> = self.items.keys().filter(|name| !there.contains(&name.as_str())).cloned().collect();
        gone.iter().try_for_each(|name| self.gone(name, output, columns))?;
        items.into_iter().try_for_each(|item| {
            // What became of it may be new where nothing was asked of it.
            let became = |known: &R| known.etag() == item.etag() && known.json() != item.json();
            if self.items.get(item.name()).is_some_and(became) {
                return self.show("MODIFIED", item, output, columns);
            }
            self.changed(item, output, columns)
        })
    }
}

fn client_name<R: Watched>(item: &R) -> &str {
    item.name()
}
