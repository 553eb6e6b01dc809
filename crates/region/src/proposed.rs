//! What a command would change of who may do what, as an [`Arena`] takes it: for looking at it before it is made.

use access::{Arena, Binding, Change, CustomRole, Group, Member, Place};
use domain::{
    Command,
    command::{ChangePolicy, Take, UpdateGroup, UpdateRole},
    policy::binding_id,
};
use ids::{GroupName, Label};

/// What a command changes, where things stand as `arena` says, which is that of the command's organization. `None`: it is not about who
/// may do what.
pub fn changes(arena: &Arena, command: &Command) -> Option<Vec<Change>> {
    Some(match command {
        Command::ChangePolicy(command) => of_policy(arena, command),
        Command::CreateGroup(command) => {
            vec![Change::Group(Group { name: member(&command.name)?, members: command.members.clone() })]
        }
        Command::UpdateGroup(command) => of_group(arena, command)?,
        Command::DeleteGroup(command) => vec![Change::Ungroup(member(&command.name)?)],
        Command::CreateRole(command) => {
            let (name, rights, bound_at) = (command.name.role.clone(), command.rights, command.bound_at);
            vec![Change::Role(CustomRole { name, rights, bound_at })]
        }
        Command::UpdateRole(command) => of_role(arena, command),
        Command::DeleteRole(command) => vec![Change::Unrole(command.name.role.clone())],
        Command::MoveFolder(command) => {
            vec![Change::Place(Place::Folder(command.name.clone(), command.parent.clone()))]
        }
        Command::MoveProject(command) => {
            vec![Change::Place(Place::Project(command.name.clone(), command.parent.clone()))]
        }
        _about_something_else => return None,
    })
}

fn of_policy(arena: &Arena, command: &ChangePolicy) -> Vec<Change> {
    let node = &command.node;
    let id = |role, member| binding_id(role, member).parse::<Label>().ok();
    let given: Vec<Binding> = command
        .give
        .iter()
        .filter_map(|given| {
            let (id, node) = (id(&given.role, &given.member)?, node.clone());
            let (role, members) = (given.role.clone(), [given.member.clone()].into());
            Some(Binding { node, id, role, members, from: given.from, until: given.until })
        })
        .collect();
    let taken: Vec<Label> = match &command.take {
        Take::These(these) => these.iter().filter_map(|(role, member)| id(role, member)).collect(),
        Take::AllElse => {
            let bound = arena.policy(node).map(|policy| policy.direct).unwrap_or_default();
            let stays = |id: &Label| given.iter().any(|binding| binding.id == *id);
            bound.into_iter().map(|(binding, _)| binding.id).filter(|id| !stays(id)).collect()
        }
    };
    let taken = taken.into_iter().map(|id| Change::Unbind { node: node.clone(), id });
    taken.chain(given.into_iter().map(Change::Bind)).collect()
}

fn of_group(arena: &Arena, command: &UpdateGroup) -> Option<Vec<Change>> {
    let name = member(&command.name)?;
    // Of a group that is not there, nothing: the change is refused when it is made.
    let Some(group) = arena.group(&name) else { return Some(Vec::new()) };
    let mut members = group.members.clone();
    members.retain(|member| !command.remove.contains(member));
    members.extend(command.add.iter().cloned());
    Some(vec![Change::Group(Group { name, members })])
}

fn of_role(arena: &Arena, command: &UpdateRole) -> Vec<Change> {
    let role = arena.custom_role(&command.name.role);
    let changed = role.zip(command.rights).map(|(role, rights)| Change::Role(CustomRole { rights, ..role }));
    changed.into_iter().collect()
}

/// The group as bindings call it.
fn member(name: &GroupName) -> Option<Member> {
    format!("group:{}", name.group).parse().ok()
}
