//! Signs of life: a call of one class at every beat, whether or not the one before has ended, so that a pause is seen as it is.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use client::{Client, Read, RequestId, Write};
use tokio::{task::JoinSet, time::interval};

use super::{
    book::{Class, Outcome, Probe, Prober, Purpose, Written},
    request::Wish,
    subject::{self, Subject},
    worker::Shared,
};

/// Between two probes of one prober; what a pause is measured with.
pub const BEAT: Duration = Duration::from_millis(200);
/// Longer than the longest pause that is allowed.
const TIMEOUT: Duration = Duration::from_secs(12);

/// See the module.
pub struct Probing {
    pub id: u32,
    pub prober: Prober,
    pub client: Client,
    pub shared: Arc<Shared>,
}

impl Probing {
    /// The resource that is probed: its own, so that no other client is disturbed.
    pub fn subject(&self) -> Subject {
        let from = &self.prober.from;
        match &self.prober.class {
            Class::GlobalWrite | Class::GlobalRead => Subject::Folder { id: format!("probe-{from}") },
            Class::RegionWrite(region) | Class::RegionRead(region) => {
                Subject::Cluster { region: region.clone(), id: format!("probe-{from}") }
            }
        }
    }

    /// Probes until the run says stop, and until every probe has ended.
    pub async fn run(self) {
        let this = Arc::new(self);
        let (mut beat, mut calls) = (interval(BEAT), JoinSet::new());
        while !this.shared.stop.load(Relaxed) {
            beat.tick().await;
            let this = Arc::clone(&this);
            calls.spawn(async move { this.probe().await });
            while calls.try_join_next().is_some() {}
        }
        while calls.join_next().await.is_some() {}
    }

    async fn probe(&self) {
        let book = &self.shared.book;
        let (subject, invoked) = (self.subject(), book.clock.now());
        let result = match &self.prober.class {
            Class::GlobalRead | Class::RegionRead(_) => {
                let read = subject.read(&self.client, &Read::default().within(TIMEOUT)).await;
                read.map(|answered| answered.region).map_err(|error| subject::words(&error))
            }
            Class::GlobalWrite | Class::RegionWrite(_) => self.write(subject, invoked).await,
        };
        let probe = Probe { invoked, ended: book.clock.now(), result };
        book.lock().probes.push((self.prober.clone(), probe));
    }

    async fn write(&self, subject: Subject, invoked: u64) -> Result<String, String> {
        let wish = Wish::Update { value: self.shared.serial().to_string(), expected: None };
        let request_id = RequestId::new();
        let options = Write::with_request_id(request_id).within(TIMEOUT);
        let result = subject.send(&self.client, &wish, &options).await;
        let outcome = subject::outcome(&result);
        let told = match (&result, &outcome) {
            (Ok(answered), Outcome::Done { .. }) => Ok(answered.region.clone()),
            (Err(error), _) => Err(subject::words(error)),
            (Ok(_), _) => Err("answered, and yet not done".to_owned()),
        };
        let ended = self.shared.book.clock.now();
        let purpose = Purpose::Probe;
        let written = Written { client: self.id, purpose, subject, wish, request_id, invoked, ended, outcome };
        self.shared.book.lock().written.push(written);
        told
    }
}
