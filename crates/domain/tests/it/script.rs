//! Random commands that adapt to what is there.
//!
//! Names picked blindly would mostly miss, and names picked only from what is there would never collide or dangle. A
//! step is a verb and some numbers; which names they mean is worked out against the model at the moment when the step
//! runs, so a shrunk script still makes sense.

use domain::{ClusterOptions, ClusterType, Command, command::*};
use ids::{ClusterName, ContainerName, FolderName, OrganizationName, ProjectName, Revision};
use proptest::prelude::*;

use crate::model::Model;

const ORGANIZATIONS: [&str; 2] = ["a", "b"];
const REGIONS: [&str; 3] = ["r", "s", "t"];
const CLUSTERS: [&str; 2] = ["c", "d"];
const ACCOUNTS: usize = 3;
/// More than fit in one chain, so that the depth limit is reached.
const FOLDERS: usize = 14;
const PROJECTS: usize = 4;

#[derive(Clone, Copy, Debug)]
enum Verb {
    CreateOrganization,
    DeleteOrganization,
    /// A folder with a fresh name below the deepest one.
    Deepen,
    CreateFolder,
    MoveFolder,
    DeleteFolder,
    CreateProject,
    MoveProject,
    DeleteProject,
    AcknowledgeDrain,
    CloseGate,
    CreateCluster,
    DeleteCluster,
    RegisterRegion,
    AddAccount,
    ClaimAccount,
    Update,
}

#[derive(Clone, Debug)]
pub struct Step {
    verb: Verb,
    what: usize,
    whereto: usize,
    etag: u8,
}

/// Up to `steps` steps, most of them with an organization and a region to begin with.
pub fn script(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    (0..8, prop::collection::vec(step(), 0..steps)).prop_map(|(bare, steps)| {
        let begin =
            [Verb::CreateOrganization, Verb::RegisterRegion].map(|verb| Step { verb, what: 1, whereto: 0, etag: 0 });
        let begin = if bare == 0 { Vec::new() } else { begin.to_vec() };
        [begin, steps].concat()
    })
}

pub fn step() -> impl Strategy<Value = Step> {
    let verb = prop_oneof![
        2 => Just(Verb::CreateOrganization),
        1 => Just(Verb::DeleteOrganization),
        6 => Just(Verb::Deepen),
        4 => Just(Verb::CreateFolder),
        7 => Just(Verb::MoveFolder),
        4 => Just(Verb::DeleteFolder),
        4 => Just(Verb::CreateProject),
        2 => Just(Verb::MoveProject),
        3 => Just(Verb::DeleteProject),
        5 => Just(Verb::AcknowledgeDrain),
        3 => Just(Verb::CloseGate),
        3 => Just(Verb::CreateCluster),
        2 => Just(Verb::DeleteCluster),
        1 => Just(Verb::RegisterRegion),
        2 => Just(Verb::AddAccount),
        2 => Just(Verb::ClaimAccount),
        3 => Just(Verb::Update),
    ];
    step_of(verb)
}

/// A step that changes the shape of the folders: races between these are the ones that row guards alone do not settle.
pub fn shape_step() -> impl Strategy<Value = Step> {
    step_of(prop_oneof![1 => Just(Verb::CreateFolder), 1 => Just(Verb::DeleteFolder), 4 => Just(Verb::MoveFolder)])
}

fn step_of(verb: impl Strategy<Value = Verb>) -> impl Strategy<Value = Step> {
    let number = 0..10_000_usize;
    (verb, number.clone(), number, 0..10_u8).prop_map(|(verb, what, whereto, etag)| Step { verb, what, whereto, etag })
}

/// The command that a step means now. `current` tells a subject's revision.
pub fn resolve(step: &Step, model: &Model, current: impl Fn(&Command) -> Revision) -> Command {
    let mut command = name_it(step, model, None);
    // Mostly none, sometimes the right one, sometimes one that is off.
    let revision = current(&command);
    match step.etag {
        0..=6 => {}
        7 | 8 => command = name_it(step, model, Some(revision)),
        _ => command = name_it(step, model, Some(Revision(revision.0 + 1))),
    }
    command
}

fn name_it(step: &Step, model: &Model, etag: Option<Revision>) -> Command {
    let (display_name, description) = ("name".to_owned(), String::new());
    match step.verb {
        Verb::CreateOrganization => {
            CreateOrganization { name: organization(step.what), display_name, description }.into()
        }
        Verb::DeleteOrganization => DeleteOrganization { name: organization(step.what), etag }.into(),
        Verb::Deepen => {
            let fresh = folders().into_iter().find(|name| !model.folders.contains_key(&name.to_string()));
            let name = fresh.unwrap_or_else(|| folder(step.what, model));
            CreateFolder { name, parent: deepest(model), display_name, description }.into()
        }
        Verb::CreateFolder => {
            let (name, parent) = (blind(step.what, folders()), container(step.whereto, model));
            CreateFolder { name, parent, display_name, description }.into()
        }
        Verb::MoveFolder => {
            MoveFolder { name: folder(step.what, model), parent: container(step.whereto, model), etag }.into()
        }
        Verb::DeleteFolder => DeleteFolder { name: folder(step.what, model), etag }.into(),
        Verb::CreateProject => {
            let (name, parent) = (blind(step.what, projects()), container(step.whereto, model));
            CreateProject { name, parent, display_name, description }.into()
        }
        Verb::MoveProject => {
            MoveProject { name: project(step.what, model), parent: container(step.whereto, model), etag }.into()
        }
        Verb::DeleteProject => DeleteProject { name: project(step.what, model), etag }.into(),
        Verb::AcknowledgeDrain => {
            let region = blind(step.whereto, REGIONS.to_vec()).parse().unwrap();
            AcknowledgeDrain { project: deleting(step.what, model), region }.into()
        }
        Verb::CloseGate => {
            let region = blind(step.whereto, REGIONS.to_vec()).parse().unwrap();
            CloseGate { project: deleting(step.what, model), region }.into()
        }
        Verb::CreateCluster => {
            let (name, cluster_type) = (cluster(step, model), ClusterType::PRODUCTION);
            CreateCluster { name, display_name, description, cluster_type, options: ClusterOptions::default() }.into()
        }
        Verb::DeleteCluster => DeleteCluster { name: cluster(step, model), retain_ms: 0, etag }.into(),
        Verb::AddAccount => AddAccount { account: format!("{:012}", step.what % ACCOUNTS).parse().unwrap() }.into(),
        Verb::ClaimAccount => ClaimAccount { organization: organization(step.what) }.into(),
        Verb::RegisterRegion => RegisterRegion { region: blind(step.what, REGIONS.to_vec()).parse().unwrap() }.into(),
        Verb::Update => update(step, model, etag),
    }
}

fn update(step: &Step, model: &Model, etag: Option<Revision>) -> Command {
    let display_name = (!step.what.is_multiple_of(5)).then(|| "other".to_owned());
    let description = None;
    match step.whereto % 4 {
        0 => UpdateOrganization { name: organization(step.what), display_name, description, etag }.into(),
        1 => UpdateFolder { name: folder(step.what, model), display_name, description, etag }.into(),
        2 => UpdateProject { name: project(step.what, model), display_name, description, etag }.into(),
        _ => UpdateCluster {
            name: cluster(step, model),
            display_name,
            description,
            allow_list: None,
            delete_protection: None,
            maintenance_window: None,
            etag,
        }
        .into(),
    }
}

fn pick<T: Clone>(number: usize, from: &[T]) -> Option<T> {
    from.get(number.checked_rem(from.len())?).cloned()
}

fn blind<T: Clone>(number: usize, from: Vec<T>) -> T {
    pick(number, &from).unwrap()
}

/// A project that is being deleted, if there is one.
fn deleting(number: usize, model: &Model) -> ProjectName {
    let deleting: Vec<&String> = model.projects.iter().filter(|(_, row)| row.deleting).map(|(name, _)| name).collect();
    pick(number, &deleting).map_or_else(|| project(number, model), |name| name.parse().unwrap())
}

/// The first organization far more often, so that trees grow deep rather than many.
fn organization(number: usize) -> OrganizationName {
    let label = if number.is_multiple_of(6) { ORGANIZATIONS[1] } else { ORGANIZATIONS[0] };
    OrganizationName { organization: label.parse().unwrap() }
}

fn folders() -> Vec<FolderName> {
    let of = |o: usize, count: usize| (0..count).map(move |i| organization(o).folder(format!("f{i}").parse().unwrap()));
    of(1, FOLDERS).chain(of(0, 2)).collect()
}

fn projects() -> Vec<ProjectName> {
    let of =
        |o: usize, count: usize| (0..count).map(move |i| organization(o).project(format!("p{i}").parse().unwrap()));
    of(1, PROJECTS).chain(of(0, 1)).collect()
}

/// Mostly one that is there.
fn folder(number: usize, model: &Model) -> FolderName {
    let there: Vec<&String> = model.folders.keys().collect();
    match pick(number, &there) {
        Some(name) if !number.is_multiple_of(7) => name.parse().unwrap(),
        Some(_) | None => blind(number, folders()),
    }
}

fn project(number: usize, model: &Model) -> ProjectName {
    let there: Vec<&String> = model.projects.keys().collect();
    match pick(number, &there) {
        Some(name) if !number.is_multiple_of(7) => name.parse().unwrap(),
        Some(_) | None => blind(number, projects()),
    }
}

fn deepest(model: &Model) -> ContainerName {
    let deepest = model.folders.keys().max_by_key(|name| model.depth(name));
    deepest.map_or_else(|| organization(1).to_string(), Clone::clone).parse().unwrap()
}

/// An organization, the deepest folder, or any.
fn container(number: usize, model: &Model) -> ContainerName {
    match number % 5 {
        0 => ContainerName::Organization(organization(number / 5)),
        1 => deepest(model),
        _ => ContainerName::Folder(folder(number / 5, model)),
    }
}

fn cluster(step: &Step, model: &Model) -> ClusterName {
    ClusterName {
        project: project(step.what, model),
        location: REGIONS[step.whereto / 4 % 2].parse().unwrap(),
        cluster: CLUSTERS[step.whereto / 8 % 2].parse().unwrap(),
    }
}
