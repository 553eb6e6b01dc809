//! The resources that load works on, and what it does to them.
//!
//! A cluster is a row of its region's log, a folder or project one of the global log. The value of each is its description. A wish
//! holds everything that its request says, so that it can be sent again, word for word, with the same request id.

use anyhow::{Context as _, Result};
use client::{Answered, Client, Error, Read, RequestId, Write, v1};
use ids::{Log, RegionId};
use v1::mutation::Kind;

use super::book::Outcome;

/// The organization that everything is in.
pub const ORGANIZATION: &str = "organizations/chaos";
/// The project that clusters are in.
pub const PROJECT: &str = "organizations/chaos/projects/load";
/// The folder that lists are in.
pub const LISTS: &str = "organizations/chaos/folders/lists";
/// The only field that is ever changed.
const FIELD: &str = "description";

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

/// What a client wants done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    Create {
        value: String,
    },
    Update {
        value: String,
        expected: Option<u64>,
    },
    Delete {
        expected: Option<u64>,
    },
    /// `before` with `value` behind it, if the version is still `expected`.
    Append {
        before: Vec<u64>,
        value: u64,
        expected: u64,
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

    /// The request, as a mutation.
    pub fn mutation(&self, wish: &Wish, request_id: RequestId) -> v1::Mutation {
        let kind = match self {
            Self::Cluster { region, id } => self.cluster(region, id, wish, request_id.to_string()),
            Self::Folder { id } => self.folder(id, wish, request_id.to_string()),
            Self::Project { id } => self.project(id, wish, request_id.to_string()),
        };
        v1::Mutation { kind: Some(kind) }
    }

    fn cluster(&self, region: &RegionId, id: &str, wish: &Wish, request_id: String) -> Kind {
        let (description, etag) = wish.content();
        let name = self.name();
        match wish {
            Wish::Create { .. } => Kind::CreateCluster(v1::CreateClusterRequest {
                parent: format!("{PROJECT}/locations/{region}"),
                cluster_id: id.to_owned(),
                cluster: Some(new_cluster(description)),
                request_id,
                validate_only: false,
            }),
            Wish::Delete { .. } => {
                Kind::DeleteCluster(v1::DeleteClusterRequest { name, etag, request_id, validate_only: false })
            }
            Wish::Update { .. } | Wish::Append { .. } => Kind::UpdateCluster(v1::UpdateClusterRequest {
                cluster: Some(v1::Cluster { name, description, etag, ..Default::default() }),
                update_mask: mask(),
                request_id,
                validate_only: false,
            }),
        }
    }

    fn folder(&self, id: &str, wish: &Wish, request_id: String) -> Kind {
        let (description, etag) = wish.content();
        let name = self.name();
        match wish {
            Wish::Create { .. } => Kind::CreateFolder(v1::CreateFolderRequest {
                folder_id: id.to_owned(),
                folder: Some(v1::Folder { parent: ORGANIZATION.to_owned(), description, ..Default::default() }),
                request_id,
                validate_only: false,
            }),
            Wish::Delete { .. } => {
                Kind::DeleteFolder(v1::DeleteFolderRequest { name, etag, request_id, validate_only: false })
            }
            Wish::Update { .. } | Wish::Append { .. } => Kind::UpdateFolder(v1::UpdateFolderRequest {
                folder: Some(v1::Folder { name, description, etag, ..Default::default() }),
                update_mask: mask(),
                request_id,
                validate_only: false,
            }),
        }
    }

    fn project(&self, id: &str, wish: &Wish, request_id: String) -> Kind {
        let (description, etag) = wish.content();
        match wish {
            Wish::Create { .. } => Kind::CreateProject(v1::CreateProjectRequest {
                project_id: id.to_owned(),
                project: Some(v1::Project { parent: LISTS.to_owned(), description, ..Default::default() }),
                request_id,
                validate_only: false,
            }),
            Wish::Update { .. } | Wish::Append { .. } | Wish::Delete { .. } => {
                Kind::UpdateProject(v1::UpdateProjectRequest {
                    project: Some(v1::Project { name: self.name(), description, etag, ..Default::default() }),
                    update_mask: mask(),
                    request_id,
                    validate_only: false,
                })
            }
        }
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
        sent.map(|answered| answered.map(|row| version(&row.etag).filter(|_| row.description == shown)))
    }
}

/// What all resources answer with.
struct Row {
    etag: String,
    description: String,
}

impl Row {
    fn of<T: Into<Self>>(answered: Answered<T>) -> Answered<Self> {
        answered.map(Into::into)
    }
}

impl From<v1::Cluster> for Row {
    fn from(row: v1::Cluster) -> Self {
        Self { etag: row.etag, description: row.description }
    }
}

impl From<v1::Folder> for Row {
    fn from(row: v1::Folder) -> Self {
        Self { etag: row.etag, description: row.description }
    }
}

impl From<v1::Project> for Row {
    fn from(row: v1::Project) -> Self {
        Self { etag: row.etag, description: row.description }
    }
}

fn new_cluster(description: String) -> v1::Cluster {
    v1::Cluster { description, cluster_type: v1::ClusterType::Development.into(), ..Default::default() }
}

fn mask() -> Option<prost_types::FieldMask> {
    Some(prost_types::FieldMask { paths: vec![FIELD.to_owned()] })
}

impl Wish {
    /// Description and etag of the request.
    pub fn content(&self) -> (String, String) {
        let etag = |expected: &Option<u64>| expected.map(|version| version.to_string()).unwrap_or_default();
        match self {
            Self::Create { value } => (value.clone(), String::new()),
            Self::Update { value, expected } => (value.clone(), etag(expected)),
            Self::Delete { expected } => (String::new(), etag(expected)),
            Self::Append { before, value, expected } => {
                let longer = before.iter().chain([value]).map(ToString::to_string).collect::<Vec<_>>();
                (longer.join(","), expected.to_string())
            }
        }
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
    if error.outcome_unknown() {
        return Outcome::Unknown { reason: words(error) };
    }
    if ["ALREADY_EXISTS", "NOT_FOUND", "ETAG_MISMATCH"].contains(&error.reason.as_str()) {
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
    fn an_append_sends_the_longer_list_under_the_etag_it_read() {
        let wish = Wish::Append { before: vec![3, 1], value: 7, expected: 12 };
        assert_eq!(wish.content(), ("3,1,7".to_owned(), "12".to_owned()));
        assert_eq!(read_list("3,1,7"), [3, 1, 7]);
        assert!(read_list("").is_empty());
    }

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

    #[test]
    fn every_wish_makes_the_request_that_it_means() {
        let id = RequestId([1; 16]);
        let folder = Subject::Folder { id: "f".to_owned() };
        let update = Wish::Update { value: "x".to_owned(), expected: Some(4) };
        let Some(Kind::UpdateFolder(call)) = folder.mutation(&update, id).kind else { panic!("another kind") };
        let sent = call.folder.unwrap();
        assert_eq!((sent.name, sent.description, sent.etag), (folder.name(), "x".to_owned(), "4".to_owned()));
        assert_eq!(call.request_id, id.to_string());
        assert!(matches!(folder.mutation(&Wish::Delete { expected: None }, id).kind, Some(Kind::DeleteFolder(_))));
    }
}
