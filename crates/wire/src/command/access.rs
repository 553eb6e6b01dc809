//! Commands about who may do what, to messages and back. Both directions take every field by name, so that a new one does not compile until
//! it is converted.

use domain::command::{
    ChangePolicy, CreateGroup, CreateRole, DeleteGroup, DeleteIdentityProvider, DeleteRole, DeleteServiceAccount,
    Given, Take, UpdateGroup, UpdateRole,
};
use ids::{Hlc, Revision};

use crate::{
    Error,
    entity::{kinds_in, kinds_out, member_in, members_in, members_out, rights_in, rights_out, role_in},
    field::{etag_out, name_in},
    proto,
};

const POLICY: &str = "the change of an access policy";

impl From<&ChangePolicy> for proto::ChangePolicy {
    fn from(command: &ChangePolicy) -> Self {
        let ChangePolicy { node, give, take, etag } = command;
        let given = |Given { role, member, from, until }: &Given| proto::GivenRole {
            role: role.to_string(),
            member: member.to_string(),
            from: from.map(|from| from.0),
            until: until.map(|until| until.0),
        };
        let taken = |(role, member): &(_, _)| -> proto::TakenRole {
            let (role, member): (&access::RoleName, &access::Member) = (role, member);
            proto::TakenRole { role: role.to_string(), member: member.to_string() }
        };
        let (take, take_all_else) = match take {
            Take::These(these) => (these.iter().map(taken).collect(), false),
            Take::AllElse => (Vec::new(), true),
        };
        let give = give.iter().map(given).collect();
        Self { node: node.to_string(), give, take, take_all_else, etag: etag_out(etag) }
    }
}

impl TryFrom<proto::ChangePolicy> for ChangePolicy {
    type Error = Error;

    fn try_from(message: proto::ChangePolicy) -> Result<Self, Error> {
        let proto::ChangePolicy { node, give, take, take_all_else, etag } = message;
        let given = |message: proto::GivenRole| {
            let proto::GivenRole { role, member, from, until } = message;
            let (role, member) = (role_in(POLICY, "give.role", &role)?, member_in(POLICY, "give.member", &member)?);
            Ok(Given { role, member, from: from.map(Hlc), until: until.map(Hlc) })
        };
        let taken = |message: proto::TakenRole| {
            let proto::TakenRole { role, member } = message;
            Ok((role_in(POLICY, "take.role", &role)?, member_in(POLICY, "take.member", &member)?))
        };
        let take = match take_all_else {
            true if take.is_empty() => Take::AllElse,
            true => return Err(Error::field(POLICY, "take", "not empty", "none where all else is taken")),
            false => Take::These(take.into_iter().map(taken).collect::<Result<_, Error>>()?),
        };
        Ok(Self {
            node: name_in(POLICY, "node", &node)?,
            give: give.into_iter().map(given).collect::<Result<_, Error>>()?,
            take,
            etag: etag.map(Revision),
        })
    }
}

impl From<&CreateGroup> for proto::CreateGroup {
    fn from(command: &CreateGroup) -> Self {
        let CreateGroup { name, display_name, description, members } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            members: members_out(members),
        }
    }
}

impl TryFrom<proto::CreateGroup> for CreateGroup {
    type Error = Error;

    fn try_from(message: proto::CreateGroup) -> Result<Self, Error> {
        const WHAT: &str = "the creation of a group";
        let proto::CreateGroup { name, display_name, description, members } = message;
        let members = members_in(WHAT, "members", &members)?;
        Ok(Self { name: name_in(WHAT, "name", &name)?, display_name, description, members })
    }
}

impl From<&UpdateGroup> for proto::UpdateGroup {
    fn from(command: &UpdateGroup) -> Self {
        let UpdateGroup { name, display_name, description, add, remove, etag } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            add: members_out(add),
            remove: members_out(remove),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateGroup> for UpdateGroup {
    type Error = Error;

    fn try_from(message: proto::UpdateGroup) -> Result<Self, Error> {
        const WHAT: &str = "the update of a group";
        let proto::UpdateGroup { name, display_name, description, add, remove, etag } = message;
        Ok(Self {
            name: name_in(WHAT, "name", &name)?,
            display_name,
            description,
            add: members_in(WHAT, "add", &add)?,
            remove: members_in(WHAT, "remove", &remove)?,
            etag: etag.map(Revision),
        })
    }
}

impl From<&CreateRole> for proto::CreateRole {
    fn from(command: &CreateRole) -> Self {
        let CreateRole { name, display_name, description, rights, bound_at } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            rights: rights_out(*rights),
            bound_at: kinds_out(*bound_at),
        }
    }
}

impl TryFrom<proto::CreateRole> for CreateRole {
    type Error = Error;

    fn try_from(message: proto::CreateRole) -> Result<Self, Error> {
        const WHAT: &str = "the creation of a role";
        let proto::CreateRole { name, display_name, description, rights, bound_at } = message;
        let (rights, bound_at) = (rights_in(WHAT, &rights)?, kinds_in(WHAT, &bound_at)?);
        Ok(Self { name: name_in(WHAT, "name", &name)?, display_name, description, rights, bound_at })
    }
}

impl From<&UpdateRole> for proto::UpdateRole {
    fn from(command: &UpdateRole) -> Self {
        let UpdateRole { name, display_name, description, rights, etag } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            rights: rights.map(|rights| proto::Rights { rights: rights_out(rights) }),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateRole> for UpdateRole {
    type Error = Error;

    fn try_from(message: proto::UpdateRole) -> Result<Self, Error> {
        const WHAT: &str = "the update of a role";
        let proto::UpdateRole { name, display_name, description, rights, etag } = message;
        let rights = rights.map(|proto::Rights { rights }| rights_in(WHAT, &rights)).transpose()?;
        Ok(Self { name: name_in(WHAT, "name", &name)?, display_name, description, rights, etag: etag.map(Revision) })
    }
}

/// Deletions name what goes, and perhaps its etag.
macro_rules! deletions {
    ($($command:ident $what:literal,)*) => { $(
        impl From<&$command> for proto::$command {
            fn from(command: &$command) -> Self {
                let $command { name, etag } = command;
                Self { name: name.to_string(), etag: etag_out(etag) }
            }
        }

        impl TryFrom<proto::$command> for $command {
            type Error = Error;

            fn try_from(message: proto::$command) -> Result<Self, Error> {
                let proto::$command { name, etag } = message;
                Ok(Self { name: name_in($what, "name", &name)?, etag: etag.map(Revision) })
            }
        }
    )* };
}

deletions! {
    DeleteGroup "the deletion of a group",
    DeleteRole "the deletion of a role",
    DeleteIdentityProvider "the deletion of an identity provider",
    DeleteServiceAccount "the deletion of a service account",
}
