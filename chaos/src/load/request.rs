//! Wishes, and the requests that they make.
//!
//! A wish holds everything that its request says, so that it can be sent again, word for word, with the same request id.

use client::{RequestId, v1};
use ids::RegionId;
use v1::mutation::Kind;

use super::subject::{LISTS, ORGANIZATION, PROJECT, Subject};

/// The only field that is ever changed.
pub const FIELD: &str = "description";

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
    /// The request, as a mutation.
    pub fn mutation(&self, wish: &Wish, request_id: RequestId) -> v1::Mutation {
        let kind = match self {
            Self::Cluster { region, id } => self.cluster(region, id, wish, request_id.to_string()),
            Self::Folder { id } => self.folder(id, wish, request_id.to_string()),
            Self::Project { id } => self.project(id, wish, request_id.to_string()),
        };
        v1::Mutation { kind: Some(kind), retried: false }
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
                Kind::DeleteCluster(v1::DeleteClusterRequest { name, etag, request_id, ..Default::default() })
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
}

fn new_cluster(description: String) -> v1::Cluster {
    v1::Cluster { description, cluster_type: "DEVELOPMENT".into(), ..Default::default() }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::subject::read_list;

    #[test]
    fn an_append_sends_the_longer_list_under_the_etag_it_read() {
        let wish = Wish::Append { before: vec![3, 1], value: 7, expected: 12 };
        assert_eq!(wish.content(), ("3,1,7".to_owned(), "12".to_owned()));
        assert_eq!(read_list("3,1,7"), [3, 1, 7]);
        assert!(read_list("").is_empty());
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
