//! What a region's reconciling writes down, to a message and back.

use domain::{Waited, command::Progress, held::Part, progress::Kept};
use ids::Revision;

use crate::{
    Error,
    entity::{
        cidr_in, deed_in, deed_out, edge_in, edge_out, held_in, held_out, part_in, status_in, status_out, uid_out,
    },
    field::{name_in, uid_in},
    proto::{self, progress::Of},
};

impl From<&Progress> for proto::Progress {
    fn from(command: &Progress) -> Self {
        let Progress { of, uid, seen, held, status, deeds, edges, waited } = command;
        let of = match of {
            Kept::Cluster(name) => Of::Cluster(name.to_string()),
            Kept::SharedVpc { project, location, vpc } => Of::SharedVpc(proto::KeptVpc {
                project: project.to_string(),
                location: location.to_string(),
                vpc: vpc.to_string(),
            }),
        };
        let waited_out = |(part, of): (&Part, &Waited)| proto::Waited {
            part: part.to_string(),
            unix_ms: of.last,
            turn_unix_ms: of.turn.unwrap_or(0),
        };
        Self {
            of: Some(of),
            uid: uid_out(uid),
            seen: seen.0,
            held: Some(held_out(held)),
            status: Some(status_out(status)),
            deeds: deeds.iter().map(deed_out).collect(),
            edges: edges.iter().map(edge_out).collect(),
            waited: waited.iter().map(waited_out).collect(),
        }
    }
}

impl TryFrom<proto::Progress> for Progress {
    type Error = Error;

    fn try_from(message: proto::Progress) -> Result<Self, Error> {
        const WHAT: &str = "progress of a cluster";
        let proto::Progress { of, uid, seen, held, status, deeds, edges, waited } = message;
        let of = match of {
            Some(Of::Cluster(name)) => Kept::Cluster(name_in(WHAT, "cluster", &name)?),
            Some(Of::SharedVpc(proto::KeptVpc { project, location, vpc })) => Kept::SharedVpc {
                project: name_in(WHAT, "project", &project)?,
                location: name_in(WHAT, "location", &location)?,
                vpc: cidr_in(WHAT, "vpc", &vpc)?,
            },
            None => return Err(Error::field(WHAT, "of", "not set", "a cluster or a shared VPC")),
        };
        let waited_in = |of: proto::Waited| {
            let turn = Some(of.turn_unix_ms).filter(|turn| *turn != 0);
            Ok((part_in(WHAT, &of.part)?, Waited { turn, last: of.unix_ms }))
        };
        Ok(Self {
            of,
            uid: uid_in(WHAT, &uid)?,
            seen: Revision(seen),
            held: held_in(held)?,
            status: status_in(status)?,
            deeds: deeds.into_iter().map(deed_in).collect::<Result<_, _>>()?,
            edges: edges.into_iter().map(edge_in).collect::<Result<_, _>>()?,
            waited: waited.into_iter().map(waited_in).collect::<Result<_, Error>>()?,
        })
    }
}
