//! `cluster_in_project`: once healed and quiet, every cluster is in the project that it was made in, and that project is not DELETED.
//!
//! Source: ARCHITECTURE.md, life of a deletion: a project is DELETED when every region has said that it holds no cluster of it, and none
//! follows. No guard spans the two logs, so this is what the gates are there for.
//!
//! Looks like a violation and is not: a copy of a region's log that has not caught up with the region's own acknowledgement; a project
//! that is still DELETING. Compare copies at rest.

use ids::{ClusterName, RequestId};

use crate::{Nanos, Violations};

const NAME: &str = "cluster_in_project";

/// A cluster, and what the global log says of the project that its name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Housed {
    pub cluster: ClusterName,
    /// Of the project that it was made in.
    pub made_in: RequestId,
    /// Uid of the project that has the name now, and whether it is DELETED; `None`: there never was one.
    pub project: Option<(RequestId, bool)>,
}

/// Checks every cluster of every region.
pub fn check_housed(at: Nanos, clusters: impl IntoIterator<Item = Housed>, out: &mut Violations) {
    for Housed { cluster, made_in, project } in clusters {
        match project {
            Some((uid, false)) if uid == made_in => {}
            Some((uid, true)) if uid == made_in => {
                out.push(NAME, at, format!("{cluster} is left in {}, which is DELETED", cluster.project))
            }
            Some((uid, _)) => out.push(
                NAME,
                at,
                format!("{cluster} is left of an earlier {}: made in {made_in}, which is {uid} now", cluster.project),
            ),
            None => out.push(NAME, at, format!("{cluster} is in {}, which never was", cluster.project)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{request, said};

    fn found(project: Option<(RequestId, bool)>) -> Vec<String> {
        let cluster = "organizations/acme/projects/x/locations/us/clusters/c".parse().unwrap();
        let mut out = Violations::default();
        check_housed(7, [Housed { cluster, made_in: request(1), project }], &mut out);
        said(&out)
    }

    #[test]
    fn a_cluster_in_the_project_that_it_was_made_in_is_fine() {
        assert!(found(Some((request(1), false))).is_empty());
    }

    #[test]
    fn a_cluster_that_outlived_its_project_is_reported() {
        let cluster = "organizations/acme/projects/x/locations/us/clusters/c";
        let (one, two) = ("01".repeat(16), "02".repeat(16));
        let project = "organizations/acme/projects/x";
        assert_eq!(found(Some((request(1), true))), [format!("{cluster} is left in {project}, which is DELETED")]);
        let earlier = format!("{cluster} is left of an earlier {project}: made in {one}, which is {two} now");
        assert_eq!(found(Some((request(2), false))), std::slice::from_ref(&earlier));
        assert_eq!(found(Some((request(2), true))), [earlier]);
        assert_eq!(found(None), [format!("{cluster} is in {project}, which never was")]);
    }
}
