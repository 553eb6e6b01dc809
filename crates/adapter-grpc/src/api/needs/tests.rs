//! Every method of the contract has a need, and what comes of it, role by method, is in a file.

mod samples;

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path, sync::Arc};

use ::access::{Arena, Binding, Change, NodeName, Place, PredefinedRole, ROLES, Record};
use gateway::{Need, Who};
use identity::{Identity, Method};
use ids::{Hlc, Incarnation, Log, Position, Seq};

use self::samples::{CLUSTER, FOLDER, INNER, NAMESPACE, ORGANIZATION, PROJECT};

const NOW: Hlc = Hlc(1 << 20);
/// From the root down, each in the one before.
const NODES: [(char, &str); 5] = [('o', ORGANIZATION), ('f', FOLDER), ('p', PROJECT), ('c', CLUSTER), ('n', NAMESPACE)];

#[test]
fn every_method_has_a_need() {
    let known: Vec<String> = samples::needs().into_keys().map(str::to_owned).collect();
    assert_eq!(known, api::methods().unwrap());
}

fn record(log: Log) -> Arc<Record> {
    let position = Position { log, incarnation: Incarnation::FIRST, seq: Seq(1) };
    Arc::new(Record { position, time: NOW, author: Arc::from("user:author") })
}

/// The tree of the samples, with one role for `user:ann` on one node.
fn arena(role: &PredefinedRole, on: &str) -> Arena {
    let mut arena = Arena::new(&ORGANIZATION.parse().unwrap());
    let container = |text: &str| text.parse().unwrap();
    let global = [
        Change::Place(Place::Organization(ORGANIZATION.parse().unwrap())),
        Change::Place(Place::Folder(FOLDER.parse().unwrap(), container(ORGANIZATION))),
        Change::Place(Place::Folder(INNER.parse().unwrap(), container(FOLDER))),
        Change::Place(Place::Project(PROJECT.parse().unwrap(), container(FOLDER))),
    ];
    global.iter().for_each(|change| arena.apply(change, &record(Log::Global)).unwrap());
    let region = || record(Log::Region("eu-west-1".parse().unwrap()));
    let Ok(NodeName::Namespace(namespace)) = NAMESPACE.parse() else { panic!("{NAMESPACE}") };
    let places = [Place::Cluster(CLUSTER.parse().unwrap()), Place::Namespace(namespace)];
    places.into_iter().for_each(|place| arena.apply(&Change::Place(place), &region()).unwrap());
    let node: NodeName = on.parse().unwrap();
    let log = match node {
        NodeName::Cluster(_) | NodeName::Namespace(_) => region(),
        _ => record(Log::Global),
    };
    let (id, name) = ("one".parse().unwrap(), role.name.parse().unwrap());
    let until = Some(Hlc(NOW.0 * 2));
    let members = ["user:ann".parse().unwrap()].into();
    let binding = Binding { node, id, role: name, members, from: None, until };
    arena.apply(&Change::Bind(binding), &log).unwrap();
    arena
}

fn ann() -> Who {
    Who::Member(Identity {
        organization: ORGANIZATION.parse().unwrap(),
        member: "user:ann".parse().unwrap(),
        groups: Vec::new(),
        method: Method::Token,
        issued: 0,
        expires: u64::MAX,
    })
}

/// The nodes on which the role, bound there, is enough for the call.
fn enough(role: &PredefinedRole, need: &Need) -> String {
    let bound = NODES.iter().filter(|(_, on)| role.bound_at.contains(on.parse::<NodeName>().unwrap().kind()));
    let enough = bound.filter(|(_, on)| ann().may(need, Some(&arena(role, on)), NOW).is_ok());
    let letters: String = enough.map(|(letter, _)| letter).collect();
    if letters.is_empty() { ".".to_owned() } else { letters }
}

#[test]
fn who_may_call_what_is_known_role_by_method() {
    let needs: BTreeMap<&str, Need> = samples::needs();
    let mut text = String::from(
        "Methods, and roles that are enough to call them where they are bound on the organization (o), on the folder (f) in it, the project (p)\n\
         there, its cluster (c) or a namespace (n) of that. The call is about those; a namespace is nowhere asked about. `known`: whoever shows who\n\
         they are; `within`: whoever is of the organization, who is shown what they may see; `operator`: whoever runs the ring.\n\n",
    );
    for (method, need) in &needs {
        let _ = match need {
            Need::Known => writeln!(text, "{method:<44} known"),
            Need::Operator => writeln!(text, "{method:<44} operator"),
            Need::Region => writeln!(text, "{method:<44} region"),
            Need::Within(_) => writeln!(text, "{method:<44} within"),
            Need::Rights(rights) => {
                let rights: Vec<&str> = rights.iter().map(|(right, _)| right.name()).collect();
                let roles = ROLES.iter().map(|role| (role.name, enough(role, need)));
                let roles = roles.filter(|(_, enough)| enough != ".").map(|(name, enough)| format!("{name}:{enough}"));
                writeln!(text, "{method:<44} {:<44} {}", rights.join(" and "), roles.collect::<Vec<_>>().join(" "))
            }
        };
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/rights.txt");
    if env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == golden, "who may call what has changed; read the difference after UPDATE_GOLDEN=1");
}
