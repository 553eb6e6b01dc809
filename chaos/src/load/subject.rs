//! The resources that load works on, and what it does to them.
//!
//! A cluster is a row of its region's log, a folder or project one of the global log. The value of each is its description.

use anyhow::{Context as _, Result};
use client::{Answered, Client, Error, Read, Write, v1};
use ids::{Log, RegionId};
use v1::mutation::Kind;

use super::{
    book::Outcome,
    request::{FIELD, Wish},
};

/// The organization that everything is in.
pub const ORGANIZATION: &str = "organizations/chaos";
/// The project that clusters are in.
pub const PROJECT: &str = "organizations/chaos/projects/load";
/// The folder that lists are in.
pub const LISTS: &str = "organizations/chaos/folders/lists";
/// One resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    Cluster {
        region: RegionId,
        id: String,
    },
    Folder {
        id: String,
    },
    /// In the folder of lists. Never deleted: that is an operation over all regions, not a write.
    Project {
        id: String,
    },
}

impl Subject {
    pub fn name(&self) -> String {
        match self {
            Self::Cluster { region, id } => format!("{PROJECT}/locations/{region}/clusters/{id}"),
            Self::Folder { id } => format!("{ORGANIZATION}/folders/{id}"),
            Self::Project { id } => format!("{ORGANIZATION}/projects/{id}"),
        }
    }

    /// The log that decides it.
    pub fn log(&self) -> Log {
        match self {
            Self::Cluster { region, .. } => Log::Region(region.clone()),
            Self::Folder { .. } | Self::Project { .. } => Log::Global,
        }
    }

    /// Its version and value. `None`: it is there, and its etag is no version. That it is not there is the error `NOT_FOUND`.
    pub async fn read(&self, client: &Client, options: &Read) -> Result<Answered<Option<(u64, String)>>, Error> {
        let name = self.name();
        let found = match self {
            Self::Cluster { .. } => {
                client.clusters().get(&name, options).await.map(|got| got.map(|row| (row.etag, row.description)))
            }
            Self::Folder { .. } => {
                client.folders().get(&name, options).await.map(|got| got.map(|row| (row.etag, row.description)))
            }
            Self::Project { .. } => {
                client.projects().get(&name, options).await.map(|got| got.map(|row| (row.etag, row.description)))
            }
        };
        found.map(|got| got.map(|(etag, value)| version(&etag).map(|version| (version, value))))
    }

    /// Sends a wish as a unary call. The answer is the resource then or later, so it tells the version that this wish made only if it
    /// still shows the value.
    pub async fn send(&self, client: &Client, wish: &Wish, options: &Write) -> Result<Answered<Option<u64>>, Error> {
        let request_id = options.request_id.unwrap_or_default();
        let options = &Write { request_id: Some(request_id), ..options.clone() };
        let sent = match self.mutation(wish, request_id).kind {
            Some(Kind::CreateCluster(call)) => {
                let cluster = call.cluster.unwrap_or_default();
                client.clusters().create(&call.parent, &call.cluster_id, cluster, options).await.map(Row::of)
            }
            Some(Kind::UpdateCluster(call)) => {
                client.clusters().update(call.cluster.unwrap_or_default(), &[FIELD], options).await.map(Row::of)
            }
            Some(Kind::DeleteCluster(call)) => {
                client.clusters().delete(&call.name, &call.etag, options).await.map(Row::of)
            }
            Some(Kind::CreateFolder(call)) => {
                client.folders().create(&call.folder_id, call.folder.unwrap_or_default(), options).await.map(Row::of)
            }
            Some(Kind::UpdateFolder(call)) => {
                client.folders().update(call.folder.unwrap_or_default(), &[FIELD], options).await.map(Row::of)
            }
            Some(Kind::DeleteFolder(call)) => {
                client.folders().delete(&call.name, &call.etag, options).await.map(Row::of)
            }
            Some(Kind::CreateProject(call)) => {
                client.projects().create(&call.project_id, call.project.unwrap_or_default(), options).await.map(Row::of)
            }
            Some(Kind::UpdateProject(call)) => {
                client.projects().update(call.project.unwrap_or_default(), &[FIELD], options).await.map(Row::of)
            }
            // Nothing else is made above; the server would refuse it.
            _ => client.folders().get("", &Read::default()).await.map(Row::of),
        };
        let (shown, _) = wish.content();
        // Values are unique, and a removal may leave the value behind.
        let is_own = |row: &Row| row.description == shown && !row.is_deleted && !matches!(wish, Wish::Delete { .. });
        sent.map(|answered| answered.map(|row| version(&row.etag).filter(|_| is_own(&row))))
    }
}

/// What all resources answer with.
struct Row {
    etag: String,
    description: String,
    is_deleted: bool,
}

impl Row {
    fn of<T: Into<Self>>(answered: Answered<T>) -> Answered<Self> {
        answered.map(Into::into)
    }
}

impl From<v1::Cluster> for Row {
    fn from(row: v1::Cluster) -> Self {
        Self { etag: row.etag, description: row.description, is_deleted: false }
    }
}

impl From<v1::Folder> for Row {
    fn from(row: v1::Folder) -> Self {
        let is_deleted = row.state() == v1::State::Deleted;
        Self { etag: row.etag, description: row.description, is_deleted }
    }
}

impl From<v1::Project> for Row {
    fn from(row: v1::Project) -> Self {
        let is_deleted = row.state() == v1::State::Deleted;
        Self { etag: row.etag, description: row.description, is_deleted }
    }
}

/// A list's value: numbers between commas.
pub fn read_list(text: &str) -> Vec<u64> {
    text.split(',').filter_map(|value| value.parse().ok()).collect()
}

/// An etag is the revision, in decimal.
pub fn version(etag: &str) -> Option<u64> {
    etag.parse().ok()
}

/// What the answer to a unary write says of its outcome.
pub fn outcome(result: &Result<Answered<Option<u64>>, Error>) -> Outcome {
    match result {
        Ok(answered) => Outcome::Done { version: answered.value },
        Err(error) => failed(error),
    }
}

/// What a refusal says of the outcome.
pub fn failed(error: &Error) -> Outcome {
    let refused = ["ALREADY_EXISTS", "NOT_FOUND", "ETAG_MISMATCH"].contains(&error.reason.as_str());
    if error.outcome_unknown() {
        return Outcome::Unknown { reason: words(error), refused };
    }
    if refused {
        return Outcome::Rejected { reason: error.reason.clone() };
    }
    Outcome::NotDone { reason: words(error) }
}

/// An error with every try, in one line.
pub fn words(error: &Error) -> String {
    let tries = error.attempts.iter().map(|attempt| format!("{}: {}", attempt.region, attempt.outcome));
    format!("{error} ({})", tries.collect::<Vec<_>>().join("; "))
}

/// Makes what load works in. Safe to repeat.
pub async fn prepare(client: &Client) -> Result<()> {
    let done = |what: &str, result: Result<(), Error>| match result {
        Err(error) if error.reason != "ALREADY_EXISTS" => Err(error).with_context(|| format!("create {what}")),
        _ => Ok(()),
    };
    let made = client.organizations().create("chaos", v1::Organization::default(), &Write::default()).await;
    done(ORGANIZATION, made.map(drop))?;
    let folder = v1::Folder { parent: ORGANIZATION.to_owned(), ..Default::default() };
    done(LISTS, client.folders().create("lists", folder, &Write::default()).await.map(drop))?;
    let project = v1::Project { parent: ORGANIZATION.to_owned(), ..Default::default() };
    done(PROJECT, client.projects().create("load", project, &Write::default()).await.map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_name_the_log_that_decides_them() {
        let region: RegionId = "us-east-1".parse().unwrap();
        let cluster = Subject::Cluster { region: region.clone(), id: "c1".to_owned() };
        assert_eq!(cluster.log(), Log::Region(region));
        assert!(cluster.name().parse::<ids::ClusterName>().is_ok());
        let folder = Subject::Folder { id: "f1".to_owned() };
        assert_eq!(folder.log(), Log::Global);
        assert!(folder.name().parse::<ids::FolderName>().is_ok());
    }
}
