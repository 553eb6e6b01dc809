//! Reading a log's copy here, with what the caller asks of it.

use std::time::Duration;

use api::v1::{ReadOptions, read_options::Level};
use domain::{
    Rejection, Row, View, ViewError,
    query::{Page, PageRequest, page_size},
};
use ids::{Log, RegionId, Revision, Subject, Token};
use ledger::LogState;
use region::{Consistency, ReadRefusal, ReadView};

use super::{call::Call, front::Opened, input, status::Refusal, token};

/// What a read must hold.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub consistency: Consistency,
    pub max_staleness: Option<Duration>,
}

/// Reads the options of a read.
pub fn wanted(options: Option<ReadOptions>) -> Result<Wanted, Refusal> {
    let options = options.unwrap_or_default();
    let consistency = match Level::try_from(options.level) {
        Ok(Level::Unspecified | Level::AtLeast) => Consistency::AtLeast(token::parse("read.token", &options.token)?),
        Ok(Level::Local) => Consistency::Local,
        Ok(Level::Linearizable) => Consistency::Linearizable,
        Err(_) => {
            let wanted = "LOCAL (1), AT_LEAST (2) or LINEARIZABLE (3)";
            return Err(Refusal::field("read.level", &options.level.to_string(), wanted));
        }
    };
    let max_staleness = options.max_staleness.map(|given| span("read.max_staleness", &given)).transpose()?;
    Ok(Wanted { consistency, max_staleness })
}

/// Reads a time span that must not be negative.
pub fn span(field: &str, given: &prost_types::Duration) -> Result<Duration, Refusal> {
    Duration::try_from(*given)
        .map_err(|_| Refusal::field(field, &format!("{} s {} ns", given.seconds, given.nanos), "0 or more"))
}

/// A page that a list asks for.
pub struct Paging {
    pub size: usize,
    pub token: String,
}

pub fn paging(size: i32, token: String) -> Result<Paging, Refusal> {
    Ok(Paging { size: input::page_size(size)?, token })
}

impl Paging {
    pub fn request(&self) -> domain::query::PageRequest<'_> {
        domain::query::PageRequest { size: self.size, token: &self.token }
    }
}

impl Call {
    /// Reads a log as `wanted` asks.
    pub async fn read(&self, log: &Log, wanted: &Wanted) -> Result<ReadView, Refusal> {
        self.known(log)?;
        let read = self.opened.region.read(log, &wanted.consistency, self.left()).await;
        let view = read.map_err(|refusal| unread(&self.opened, log, refusal))?;
        match wanted.max_staleness {
            Some(most) if view.age.is_none_or(|age| age > most) => {
                let age =
                    view.age.map_or_else(|| "of unknown age".to_owned(), |age| format!("{} ms old", age.as_millis()));
                let message = format!("read {log} at most {} ms old: the copy here is {age}", most.as_millis());
                Err(Refusal::new("TOO_STALE", message).with("position", view.state.position()))
            }
            _fresh_enough => Ok(view),
        }
    }

    /// What is here of a log, whatever its age: for what is worked out beside a read.
    pub async fn here(&self, log: &Log) -> Result<ReadView, Refusal> {
        let read = self.opened.region.read(log, &Consistency::Local, self.left()).await;
        read.map_err(|refusal| unread(&self.opened, log, refusal))
    }

    /// A log of this ring.
    pub fn known(&self, log: &Log) -> Result<(), Refusal> {
        match log {
            Log::Region(region) if !self.regions().contains(region) => {
                let wanted: Vec<String> = self.regions().iter().map(RegionId::to_string).collect();
                let message = format!("looked for the region {region}: wanted one of {}", wanted.join(", "));
                Err(Refusal::new("UNKNOWN_LOCATION", message).with("region", region))
            }
            Log::Global | Log::Region(_) => Ok(()),
        }
    }

    /// The regions of the ring, by name.
    pub fn regions(&self) -> Vec<RegionId> {
        self.opened.region.ledger().ports().registry.topology().regions.into_keys().collect()
    }
}

/// Why a read was not served.
pub fn unread(opened: &Opened, log: &Log, refusal: ReadRefusal) -> Refusal {
    let message = refusal.to_string();
    match refusal {
        ReadRefusal::NoCopy { .. } => Refusal::new("NO_COPY", message),
        ReadRefusal::NotYetReplicated { wanted, here, .. } => {
            Refusal::new("NOT_YET_REPLICATED", message).with("wanted", wanted).with("seq", here)
        }
        ReadRefusal::OtherIncarnation { wanted, here, .. } => {
            Refusal::new("OTHER_INCARNATION", message).with("wanted", wanted).with("incarnation", here)
        }
        ReadRefusal::NotConfirmed { reason, .. } => placed(opened, log, Refusal::not_done(&reason, message)),
    }
}

/// Adds where the copy here stands, for who wants to go on with that.
pub fn placed(opened: &Opened, log: &Log, refusal: Refusal) -> Refusal {
    match opened.region.ledger().copy(log) {
        Some(copy) => refusal.with("position", copy.cell.state().position()),
        None => refusal,
    }
}

/// Rows that a page reads at once, at least: whoever sees few of many is not to look for each.
const AT_ONCE: usize = 100;

/// A page of what the caller sees. Where they do not see what is listed, nothing tells them that it is there, how much of it, or its names.
pub fn seen_page<T>(
    paging: &Paging,
    list: impl Fn(PageRequest<'_>) -> Result<Page<T>, Rejection>,
    sees: impl Fn(&T) -> bool,
    id: impl Fn(&T) -> String,
) -> Result<Page<T>, Refusal> {
    let size = page_size(paging.size);
    let (mut items, mut next) = (Vec::new(), Some(paging.token.clone()));
    while let Some(token) = next.take_if(|_| items.len() <= size) {
        let page = list(PageRequest { size: (size + 1 - items.len()).max(AT_ONCE), token: &token })
            .map_err(|why| rejected(&why, ""))?;
        items.extend(page.items.into_iter().filter(|(_, row)| sees(row)));
        next = page.next;
    }
    // That there is more is told only of what is seen.
    let more = items.len() > size;
    items.truncate(size);
    let next = items.last().filter(|_| more).map(|(_, row)| id(row));
    Ok(Page { items, next })
}

/// A row of a kind, also one that is DELETED; `None` when there is none.
pub fn row<T: Row>(state: &LogState, subject: &Subject) -> Result<Option<(Revision, T)>, Refusal> {
    let view: &dyn View = state;
    view.row(subject).map_err(unreadable)
}

/// A stored row that does not read.
pub fn unreadable(why: ViewError) -> Refusal {
    rejected(&why.into(), "")
}

/// A refusal by the rules of the domain. `prefix` is the request's field that the domain's fields are in, with its dot.
pub fn rejected(rejection: &Rejection, prefix: &str) -> Refusal {
    let details = rejection.details().into_iter();
    with_details(
        Refusal::rejected(rejection.reason(), rejection.to_string()),
        details.map(|(key, value)| (key.to_owned(), value)).collect(),
        prefix,
    )
}

/// Adds the values behind a rejection, and names the field where it is about one.
pub fn with_details(mut refusal: Refusal, details: Vec<(String, String)>, prefix: &str) -> Refusal {
    refusal.metadata.extend(details);
    if let (Some(field), Some(wanted)) = (refusal.metadata.get("field"), refusal.metadata.get("wanted")) {
        refusal.violations.push((format!("{prefix}{field}"), format!("wanted {wanted}")));
    }
    refusal
}

/// What someone has seen who saw all of these.
pub fn seen<'a>(views: impl IntoIterator<Item = &'a ReadView>) -> Token {
    let mut token = Token::default();
    views.into_iter().for_each(|view| token.see(&view.state.position()));
    token
}
