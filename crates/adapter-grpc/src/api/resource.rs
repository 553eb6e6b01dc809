//! Rows as the messages that clients see, and what a command makes of such a message.

use std::time::Duration;

use api::v1;
use domain::{AccountLife, Command, State, View, ViewError};
use ids::{AccountId, Hlc, RegionId, RequestId, Revision};

/// A kind of resource as the API shows it.
pub trait Resource: Default + Send {
    type Row: domain::Row;

    /// The row at a revision.
    fn show(revision: Revision, row: &Self::Row) -> Self;

    /// Adds what other rows of the same log say of it, where there are any.
    ///
    /// # Errors
    /// One of them cannot be read.
    fn look(&mut self, _row: &Self::Row, _view: &dyn View) -> Result<(), ViewError> {
        Ok(())
    }

    /// Does to the message what the command does to the row, as far as the command says it. For answers where the row itself is not at
    /// hand: `self` is the row before, or, when that is not known, nothing but defaults. Times stay as they are.
    fn apply(&mut self, command: &Command, request_id: RequestId);

    /// Its name and the bytes of its texts.
    fn size(&self) -> (&str, usize);

    /// Where the API keeps the etag and the time of the last change.
    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>);
}

/// Bytes of one answer; clients take 4 MiB unless they were told otherwise.
pub const ANSWER_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of a resource beyond its name and texts, at most: parent, uid, times, etag.
const REST_BYTES: usize = 512;

/// The row at a revision, with what other rows say of it.
///
/// # Errors
/// As [`Resource::look`].
pub fn shown<T: Resource>(view: &dyn View, revision: Revision, row: &T::Row) -> Result<T, ViewError> {
    let mut shown = T::show(revision, row);
    shown.look(row, view)?;
    Ok(shown)
}

/// Bytes of a wave beyond its location, and of the location where the edition is in use.
const WAVE_BYTES: usize = 128;

/// Bytes of one slice of a quota, at most.
const SLICE_BYTES: usize = 128;

/// How many of these fit in one answer; at least one.
pub fn fitting<T: Resource>(all: &[T]) -> usize {
    let mut bytes = 0;
    let fits = |resource: &&T| {
        let (name, texts) = resource.size();
        bytes += name.len() + texts + REST_BYTES;
        bytes <= ANSWER_BYTES_MAX
    };
    all.iter().take_while(fits).count().max(1)
}

/// A page of a list as an answer: resources, and the token of the page after it.
pub fn page<T: Resource>(page: domain::query::Page<T::Row>) -> (Vec<T>, String) {
    let mut shown: Vec<T> = page.items.iter().map(|(revision, row)| T::show(*revision, row)).collect();
    let fits = fitting(&shown);
    if fits >= shown.len() {
        return (shown, page.next.unwrap_or_default());
    }
    shown.truncate(fits);
    // The token of a page is the id that it ended with.
    let last = shown.last().and_then(|last| last.size().0.rsplit('/').next().map(str::to_owned));
    (shown, last.unwrap_or_default())
}

pub fn timestamp(at: Hlc) -> Option<prost_types::Timestamp> {
    let ms = i64::try_from(at.unix_ms()).unwrap_or(i64::MAX);
    let nanos = i32::try_from(ms % 1000).unwrap_or(0) * 1_000_000;
    Some(prost_types::Timestamp { seconds: ms / 1000, nanos })
}

pub fn duration(span: Duration) -> prost_types::Duration {
    let nanos = i32::try_from(span.subsec_nanos()).unwrap_or(0);
    prost_types::Duration { seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX), nanos }
}

pub fn state(state: State) -> v1::State {
    match state {
        State::Active => v1::State::Active,
        State::Deleting => v1::State::Deleting,
        State::Deleted => v1::State::Deleted,
    }
}

/// The name of a cloud account.
pub fn cloud_account_name(account: AccountId) -> String {
    domain::account::subject(account).to_string()
}

pub fn set(text: &mut String, to: &Option<String>) {
    if let Some(to) = to {
        text.clone_from(to);
    }
}

impl Resource for v1::Organization {
    type Row = domain::Organization;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.name.to_string(),
            uid: row.uid.to_string(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            state: state(row.state).into(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
            cloud_account: row.account.map(cloud_account_name).unwrap_or_default(),
        }
    }

    fn apply(&mut self, command: &Command, request_id: RequestId) {
        match command {
            Command::CreateOrganization(create) => {
                *self = Self {
                    name: create.name.to_string(),
                    uid: request_id.to_string(),
                    display_name: create.display_name.clone(),
                    description: create.description.clone(),
                    state: v1::State::Active.into(),
                    ..Self::default()
                };
            }
            Command::UpdateOrganization(update) => {
                self.name = update.name.to_string();
                set(&mut self.display_name, &update.display_name);
                set(&mut self.description, &update.description);
            }
            Command::DeleteOrganization(delete) => {
                self.name = delete.name.to_string();
                self.state = v1::State::Deleted.into();
            }
            _of_another_kind => {}
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, self.display_name.len() + self.description.len())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}

impl Resource for v1::Folder {
    type Row = domain::Folder;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.name.to_string(),
            uid: row.uid.to_string(),
            parent: row.parent.to_string(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            state: state(row.state).into(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, request_id: RequestId) {
        match command {
            Command::CreateFolder(create) => {
                *self = Self {
                    name: create.name.to_string(),
                    uid: request_id.to_string(),
                    parent: create.parent.to_string(),
                    display_name: create.display_name.clone(),
                    description: create.description.clone(),
                    state: v1::State::Active.into(),
                    ..Self::default()
                };
            }
            Command::UpdateFolder(update) => {
                self.name = update.name.to_string();
                set(&mut self.display_name, &update.display_name);
                set(&mut self.description, &update.description);
            }
            Command::MoveFolder(relocate) => {
                self.name = relocate.name.to_string();
                self.parent = relocate.parent.to_string();
            }
            Command::DeleteFolder(delete) => {
                self.name = delete.name.to_string();
                self.state = v1::State::Deleted.into();
            }
            _of_another_kind => {}
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, self.display_name.len() + self.description.len())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}

impl Resource for v1::Project {
    type Row = domain::Project;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        Self {
            name: row.name.to_string(),
            uid: row.uid.to_string(),
            parent: row.parent.to_string(),
            display_name: row.display_name.clone(),
            description: row.description.clone(),
            state: state(row.state).into(),
            awaiting: row.awaiting.iter().map(RegionId::to_string).collect(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, request_id: RequestId) {
        match command {
            Command::CreateProject(create) => {
                *self = Self {
                    name: create.name.to_string(),
                    uid: request_id.to_string(),
                    parent: create.parent.to_string(),
                    display_name: create.display_name.clone(),
                    description: create.description.clone(),
                    state: v1::State::Active.into(),
                    ..Self::default()
                };
            }
            Command::UpdateProject(update) => {
                self.name = update.name.to_string();
                set(&mut self.display_name, &update.display_name);
                set(&mut self.description, &update.description);
            }
            Command::MoveProject(relocate) => {
                self.name = relocate.name.to_string();
                self.parent = relocate.parent.to_string();
            }
            Command::DeleteProject(delete) => {
                self.name = delete.name.to_string();
                self.state = v1::State::Deleting.into();
            }
            _of_another_kind => {}
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, self.display_name.len() + self.description.len())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}

/// The name of a location.
pub fn location_name(region: &RegionId) -> String {
    format!("locations/{region}")
}

impl Resource for v1::Edition {
    type Row = domain::Edition;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        let start = |ms| timestamp(Hlc::at_unix_ms(ms));
        let wave = |region: &RegionId| v1::Wave {
            location: location_name(region),
            start_time: row.start_ms(region).and_then(start),
        };
        Self {
            name: domain::edition::subject(&row.name).to_string(),
            waves: row.order.iter().map(wave).collect(),
            soak: Some(duration(Duration::from_secs(row.soak_seconds.into()))),
            publish_time: timestamp(row.publish_time),
            halt_time: row.halt_time.and_then(timestamp),
            locations: Vec::new(),
            update_time: timestamp(row.halt_time.unwrap_or(row.publish_time)),
            etag: revision.to_string(),
            contents: None,
        }
    }

    fn apply(&mut self, command: &Command, _: RequestId) {
        if matches!(command, Command::PublishCatalog(_) | Command::HaltEdition(_)) {
            self.name = command.subject().to_string();
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, self.waves.iter().map(|wave| wave.location.len() + WAVE_BYTES).sum())
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}

impl Resource for v1::CloudAccount {
    type Row = domain::Account;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        let state = match row.life {
            AccountLife::Ready => v1::cloud_account::State::Ready,
            AccountLife::Claimed(_) => v1::cloud_account::State::Claimed,
            AccountLife::Retired(_) => v1::cloud_account::State::Retired,
        };
        Self {
            name: cloud_account_name(row.id),
            state: state.into(),
            organization: row.life.owner().map(|owner| owner.organization.to_string()).unwrap_or_default(),
            create_time: timestamp(row.create_time),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, _: RequestId) {
        if let Command::AddAccount(add) = command {
            let state = v1::cloud_account::State::Ready.into();
            *self = Self { name: cloud_account_name(add.account), state, ..Self::default() };
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, 0)
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}

impl Resource for v1::Quota {
    type Row = domain::Quota;

    fn show(revision: Revision, row: &Self::Row) -> Self {
        let slice = |(region, slice): (&RegionId, &domain::Slice)| v1::QuotaSlice {
            location: format!("locations/{region}"),
            vcpus: slice.target,
            held: slice.held,
            used: None,
        };
        Self {
            name: format!("{}/quota", row.organization),
            slices: row.slices.iter().map(slice).collect(),
            update_time: timestamp(row.update_time),
            etag: revision.to_string(),
        }
    }

    fn apply(&mut self, command: &Command, _: RequestId) {
        if let Command::SetQuota(set) = command {
            self.name = format!("{}/quota", set.organization);
            let slice = |(region, vcpus): (&RegionId, &u64)| v1::QuotaSlice {
                location: format!("locations/{region}"),
                vcpus: *vcpus,
                ..v1::QuotaSlice::default()
            };
            self.slices = set.slices.iter().map(slice).collect();
        }
    }

    fn size(&self) -> (&str, usize) {
        (&self.name, self.slices.len() * SLICE_BYTES)
    }

    fn version(&mut self) -> (&mut String, &mut Option<prost_types::Timestamp>) {
        (&mut self.etag, &mut self.update_time)
    }
}
