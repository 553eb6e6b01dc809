//! One client: draws what to do, does it, and writes down what it asked and what it was told. One call at a time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use client::{Answered, Client, Read, RequestId, Write};
use ids::RegionId;
use rand::{RngExt, rngs::SmallRng};
use tokio::time::sleep;

use super::{
    book::{Book, ListsSeen, Outcome, Purpose, Seen, Step, Written},
    request::Wish,
    stream::Stream,
    subject::{self, LISTS, Subject},
};

/// Subjects of a kind: few, so that clients meet.
const SUBJECTS: u64 = 4;
/// A list that is longer is followed by a fresh one, to stay below the 4096 bytes of a description.
const LIST_LENGTH_MAX: usize = 400;
/// Over all tries of one call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What all clients of a run share.
#[derive(Debug)]
pub struct Shared {
    pub book: Book,
    pub regions: Vec<RegionId>,
    pub stop: AtomicBool,
    /// Values written: each once in a run.
    pub serial: AtomicU64,
    /// How many lists each slot has filled.
    pub lists: Vec<AtomicU64>,
}

impl Shared {
    pub fn new(book: Book, regions: Vec<RegionId>) -> Self {
        let lists = (0..SUBJECTS).map(|_| AtomicU64::new(0)).collect();
        Self { book, regions, stop: AtomicBool::new(false), serial: AtomicU64::new(0), lists }
    }

    pub fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Relaxed) + 1
    }

    /// Every list there has been.
    pub fn all_lists(&self) -> Vec<Subject> {
        let slots = self.lists.iter().enumerate();
        slots.flat_map(|(slot, filled)| (0..=filled.load(Relaxed)).map(move |number| list(slot, number))).collect()
    }

    /// Every register there may be.
    pub fn registers(&self) -> Vec<Subject> {
        let clusters = self.regions.iter().flat_map(|region| (0..SUBJECTS).map(move |number| cluster(region, number)));
        clusters.chain((0..SUBJECTS).map(folder)).collect()
    }
}

fn cluster(region: &RegionId, number: u64) -> Subject {
    Subject::Cluster { region: region.clone(), id: format!("reg-{number}") }
}

fn folder(number: u64) -> Subject {
    Subject::Folder { id: format!("reg-{number}") }
}

fn list(slot: usize, number: u64) -> Subject {
    Subject::Project { id: format!("list-{slot}-{number}") }
}

/// See the module.
pub struct Worker {
    pub id: u32,
    pub home: RegionId,
    pub client: Client,
    pub shared: Arc<Shared>,
    pub rng: SmallRng,
    /// Between two calls.
    pub think: Duration,
    pub stream: Stream,
}

impl Worker {
    /// Works until the run says stop.
    pub async fn run(mut self) {
        while !self.shared.stop.load(Relaxed) {
            let think_ms = u64::try_from(self.think.as_millis()).unwrap_or(u64::MAX);
            sleep(Duration::from_millis(self.rng.random_range(0..=think_ms.saturating_mul(2)))).await;
            match self.rng.random_range(0..100) {
                0..40 => self.change_cluster().await,
                40..55 => self.change_folder().await,
                55..68 => self.append().await,
                68..74 => self.read_lists().await,
                74..88 => self.read_register().await,
                _ => self.read_loosely().await,
            }
        }
    }

    fn cluster(&mut self) -> Subject {
        let own = self.rng.random_range(0..100) < 60;
        let drawn = self.rng.random_range(0..self.shared.regions.len().max(1));
        let region = self.shared.regions.get(drawn).filter(|_| !own).unwrap_or(&self.home);
        cluster(region, self.rng.random_range(0..SUBJECTS))
    }

    async fn change_cluster(&mut self) {
        let subject = self.cluster();
        self.change(subject).await;
    }

    async fn change_folder(&mut self) {
        let subject = folder(self.rng.random_range(0..SUBJECTS));
        self.change(subject).await;
    }

    async fn change(&mut self, subject: Subject) {
        let value = self.shared.serial().to_string();
        let kind = self.rng.random_range(0..100);
        if kind < 25 {
            return self.send(Purpose::Register, subject, Wish::Create { value }).await;
        }
        let expected = if self.rng.random_range(0..100) < 50 { self.look(&subject).await } else { None };
        let wish = if kind < 88 { Wish::Update { value, expected } } else { Wish::Delete { expected } };
        self.send(Purpose::Register, subject, wish).await;
    }

    /// The version that the nearest copy has, to send along as an etag: right or outdated, both are worth sending.
    async fn look(&self, subject: &Subject) -> Option<u64> {
        self.read(subject, "local", &Read::local()).await?.value.map(|(version, _)| version)
    }

    async fn send(&mut self, purpose: Purpose, subject: Subject, wish: Wish) {
        let request_id = RequestId::new();
        let invoked = self.shared.book.clock.now();
        let outcome = if self.rng.random_range(0..100) < 40 {
            self.stream.send(&self.client, &subject, &wish, request_id, TIMEOUT).await
        } else {
            self.call(&subject, &wish, request_id).await
        };
        let ended = self.shared.book.clock.now();
        let written = Written { client: self.id, purpose, subject, wish, request_id, invoked, ended, outcome };
        self.shared.book.lock().written.push(written);
    }

    async fn call(&self, subject: &Subject, wish: &Wish, request_id: RequestId) -> Outcome {
        let options = Write::with_request_id(request_id).within(TIMEOUT);
        let result = subject.send(&self.client, wish, &options).await;
        if let Ok(answered) = &result {
            self.shared.book.step(self.id, &subject.log(), &answered.token, Step::Wrote);
        }
        subject::outcome(&result)
    }

    async fn append(&mut self) {
        let slot = self.rng.random_range(0..self.shared.lists.len().max(1));
        let Some(filled) = self.shared.lists.get(slot) else { return };
        let number = filled.load(Relaxed);
        let subject = list(slot, number);
        let invoked = self.shared.book.clock.now();
        match subject.read(&self.client, &Read::local().within(TIMEOUT)).await {
            Ok(answered) => {
                let Some((expected, text)) = answered.value else { return self.nonsense(&subject) };
                let before = subject::read_list(&text);
                if before.len() >= LIST_LENGTH_MAX {
                    // One client moves the slot on; what others append to the full list meanwhile is as good as before.
                    let _ = filled.compare_exchange(number, number + 1, Relaxed, Relaxed);
                }
                let wish = Wish::Append { before, value: self.shared.serial(), expected };
                self.send(Purpose::List, subject, wish).await;
            }
            Err(error) if error.is("NOT_FOUND") => {
                let wish = Wish::Create { value: String::new() };
                self.send(Purpose::Probe, subject, wish).await;
            }
            Err(error) => self.shared.book.refused(self.id, format!("local of {}", subject.name()), invoked, &error),
        }
    }

    /// Reads all lists at one place of the log.
    async fn read_lists(&self) {
        let invoked = self.shared.book.clock.now();
        let options = Read::linearizable().within(TIMEOUT);
        let mut pages = self.client.projects().list(LISTS, 0, &options);
        // One page is one place; a second page might be another, so it is left alone.
        let page = match pages.next_page().await {
            Ok(Some(page)) => page,
            Ok(None) => {
                return self.shared.book.lock().nonsense.push("listed the lists: there is no first page".to_owned());
            }
            Err(error) => {
                return self.shared.book.refused(self.id, format!("linearizable list of {LISTS}"), invoked, &error);
            }
        };
        let ended = self.shared.book.clock.now();
        self.shared.book.step(self.id, &ids::Log::Global, &page.token, Step::Observed);
        let projects = page.value.items.into_iter();
        let lists = projects.map(|project| (project.name, subject::read_list(&project.description))).collect();
        self.shared.book.lock().lists_seen.push(ListsSeen { client: self.id, invoked, ended, lists });
    }

    async fn read_register(&mut self) {
        let subject = if self.rng.random_range(0..100) < 75 {
            self.cluster()
        } else {
            folder(self.rng.random_range(0..SUBJECTS))
        };
        read_register(&self.client, &self.shared.book, self.id, subject).await;
    }

    /// Reads not before what this session has seen.
    async fn read_loosely(&mut self) {
        let subject = self.cluster();
        if let Some(answered) = self.read(&subject, "at least", &Read::default()).await {
            self.shared.book.step(self.id, &subject.log(), &answered.token, Step::Observed);
        }
    }

    /// Reads a subject that may be there. What is not served is written down.
    async fn read(&self, subject: &Subject, how: &str, options: &Read) -> Option<Answered<Option<(u64, String)>>> {
        let invoked = self.shared.book.clock.now();
        match subject.read(&self.client, &options.clone().within(TIMEOUT)).await {
            Ok(answered) => Some(answered),
            Err(error) => {
                if !error.is("NOT_FOUND") {
                    self.shared.book.refused(self.id, format!("{how} of {}", subject.name()), invoked, &error);
                }
                None
            }
        }
    }

    fn nonsense(&self, subject: &Subject) {
        let text = format!("read {}: its etag is no version", subject.name());
        self.shared.book.lock().nonsense.push(text);
    }
}

/// Reads a register linearizably and writes down what was seen. Says whether it was served.
pub async fn read_register(client: &Client, book: &Book, id: u32, subject: Subject) -> bool {
    let invoked = book.clock.now();
    let result = subject.read(client, &Read::linearizable().within(TIMEOUT)).await;
    let ended = book.clock.now();
    let seen = match result {
        Ok(answered) => {
            book.step(id, &subject.log(), &answered.token, Step::Observed);
            if answered.value.is_none() {
                book.lock().nonsense.push(format!("read {}: its etag is no version", subject.name()));
                return true;
            }
            answered.value
        }
        Err(error) if error.is("NOT_FOUND") => None,
        Err(error) => {
            book.refused(id, format!("linearizable of {}", subject.name()), invoked, &error);
            return false;
        }
    };
    book.lock().seen.push(Seen { client: id, subject, invoked, ended, seen });
    true
}

impl Outcome {
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }
}
