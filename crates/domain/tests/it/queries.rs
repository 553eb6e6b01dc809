//! Pages: every entry once, in order, of the kind asked for, whatever the size.

use domain::query::{self, PageRequest};
use ids::Log;

use crate::world::*;

fn mixed() -> World {
    let mut world = World::with([create_organization("a"), create_organization("b"), create_folder("a/f:top", "a")]);
    for label in ["d", "a", "c", "b", "e"] {
        world.run(&create_folder(&format!("a/f:{label}"), "a/f:top")).unwrap();
        world.run(&create_project(&format!("a/p:{label}"), "a/f:top")).unwrap();
    }
    for label in ["e", "a", "c", "b"] {
        world.run(&create_cluster(&cluster("a/p:a", "us", label))).unwrap();
    }
    world
}

#[test]
fn folders_and_projects_of_one_container_are_listed_apart() {
    let (world, top) = (mixed().global(), container("a/f:top"));
    for size in [0, 1, 2, 5, 6, usize::MAX] {
        let (mut folders, mut projects) = (Vec::new(), Vec::new());
        let mut token = Some(String::new());
        while let Some(after) = token {
            let page = query::folders(&world, &top, PageRequest { size, token: &after }).unwrap();
            folders.extend(page.items.into_iter().map(|(_, row)| row.name.folder.to_string()));
            token = page.next;
        }
        let mut token = Some(String::new());
        while let Some(after) = token {
            let page = query::projects(&world, &top, PageRequest { size, token: &after }).unwrap();
            projects.extend(page.items.into_iter().map(|(_, row)| row.name.project.to_string()));
            token = page.next;
        }
        assert_eq!(folders, ["a", "b", "c", "d", "e"], "size {size}");
        assert_eq!(projects, ["a", "b", "c", "d", "e"], "size {size}");
    }
}

#[test]
fn a_page_ends_where_its_token_says_and_the_last_has_none() {
    let world = mixed().global();
    let page = query::organizations(&world, PageRequest { size: 1, token: "" }).unwrap();
    assert_eq!((page.items[0].1.name.clone(), page.next.as_deref()), (organization("a"), Some("a")));
    let page = query::organizations(&world, PageRequest { size: 1, token: "a" }).unwrap();
    assert_eq!((page.items[0].1.name.clone(), page.next), (organization("b"), None));
}

#[test]
fn clusters_are_listed_from_their_region() {
    let world = mixed();
    let (region, name) = ("us".parse().unwrap(), project("a/p:a"));
    let us = world.log(&Log::Region("us".parse().unwrap()));
    let page = query::clusters(&us, &name, &region, PageRequest::default()).unwrap();
    let labels: Vec<String> = page.items.iter().map(|(_, row)| row.name.cluster.to_string()).collect();
    assert_eq!(labels, ["a", "b", "c", "e"]);
    assert_eq!(query::clusters(&us, &project("a/p:b"), &region, PageRequest::default()).unwrap().items, []);
}

#[test]
fn what_is_not_there_and_what_is_no_token_are_refused() {
    let mut world = mixed();
    let folders = |world: &World, parent: &str, token: &str| {
        query::folders(&world.global(), &container(parent), PageRequest { size: 1, token }).map(|page| page.items.len())
    };
    assert_eq!(folders(&world, "a/f:none", "").unwrap_err().reason(), "NOT_FOUND");
    assert_eq!(folders(&world, "a", "x/../y").unwrap_err().reason(), "INVALID_ARGUMENT");
    world.run(&delete_folder("a/f:e")).unwrap();
    assert_eq!(folders(&world, "a/f:e", "").unwrap_err().reason(), "NOT_FOUND");
    assert_eq!(folders(&world, "a/f:top", "e"), Ok(0), "a token outlives its entry");
}

#[test]
fn an_entry_without_its_row_is_reported() {
    let mut world = mixed();
    let decision = world.decide(&create_folder("a/f:z", "a")).unwrap();
    let facts = decision.facts.into_iter().skip(1).collect();
    let broken = domain::Decision { guards: Vec::new(), facts, subject: decision.subject };
    world.logs.get_mut(&Log::Global).unwrap().apply(&broken).unwrap();
    let rejection = query::folders(&world.global(), &container("a"), PageRequest::default()).unwrap_err();
    assert_eq!(rejection.reason(), "UNREADABLE_ROW");
    assert!(rejection.to_string().contains("no row of organizations/a/folders/z"), "{rejection}");
}
