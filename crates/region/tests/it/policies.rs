//! What members make of the rows that say who may do what.

use access::{Decision, Member, NodeName, Right};
use domain::{Command, command as c};
use ids::{Hlc, Log, OrganizationName};

use crate::ring::{Ring, cluster, done, organization, project, submission, until};

const WEB: &str = "organizations/acme/projects/web/locations/a/clusters/web";

fn acme() -> OrganizationName {
    "organizations/acme".parse().unwrap()
}

fn node(text: &str) -> NodeName {
    text.parse().unwrap()
}

fn give(role: &str, member: &str, on: &str) -> Command {
    let (role, member) = (role.parse().unwrap(), member.parse().unwrap());
    let give = vec![c::Given { role, member, from: None, until: None }];
    c::ChangePolicy { node: node(on), give, take: c::Take::These(Vec::new()), etag: None }.into()
}

fn take(role: &str, member: &str, on: &str) -> Command {
    let these = vec![(role.parse().unwrap(), member.parse().unwrap())];
    c::ChangePolicy { node: node(on), give: Vec::new(), take: c::Take::These(these), etag: None }.into()
}

fn group(label: &str, members: &[&str]) -> Command {
    let name = format!("organizations/acme/groups/{label}").parse().unwrap();
    let members = members.iter().map(|member| member.parse().unwrap()).collect();
    c::CreateGroup { name, display_name: String::new(), description: String::new(), members }.into()
}

/// What a member of the ring says of a question.
fn decides(ring: &Ring, id: u64, who: &str, right: Right, on: &str) -> Option<Decision> {
    let member: Member = who.parse().unwrap();
    Some(ring.at(id).access(&acme())?.check((&member).into(), right, &node(on), Hlc::at_unix_ms(1)))
}

fn may(ring: &Ring, id: u64, who: &str, right: Right, on: &str) -> bool {
    decides(ring, id, who, right, on).is_some_and(Decision::is_allowed)
}

/// An organization with a project and a cluster in the first region.
async fn tree(ring: &Ring) {
    done(ring.submit(1, submission(1, organization("acme"))).await);
    done(ring.submit(1, submission(2, project("web"))).await);
    until(|| decides(ring, 1, "user:ann", Right::ProjectGet, "organizations/acme/projects/web")).await;
    done(ring.submit(1, submission(3, cluster("a", "web"))).await);
}

#[tokio::test(start_paused = true)]
async fn one_policy_governs_clusters_of_all_regions_in_all_of_them() {
    let ring = Ring::formed().await;
    tree(&ring).await;
    done(ring.submit(2, submission(4, group("dev", &["user:ann"]))).await);
    done(ring.submit(3, submission(5, give("organization.view", "group:dev", "organizations/acme"))).await);
    for id in ring.ids() {
        until(|| may(&ring, id, "user:ann", Right::ClusterGet, WEB).then_some(())).await;
        assert!(!may(&ring, id, "user:ann", Right::ClusterUpdate, WEB));
        assert!(!may(&ring, id, "user:bob", Right::ClusterGet, WEB));
    }
    // A cluster that is made later is governed as well.
    done(ring.submit(1, submission(6, cluster("b", "later"))).await);
    let later = "organizations/acme/projects/web/locations/b/clusters/later";
    until(|| may(&ring, 3, "user:ann", Right::ClusterGet, later).then_some(())).await;
    done(ring.submit(1, submission(7, take("organization.view", "group:dev", "organizations/acme"))).await);
    for id in ring.ids() {
        until(|| (!may(&ring, id, "user:ann", Right::ClusterGet, WEB)).then_some(())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_region_that_is_cut_off_gives_roles_on_its_own_clusters_and_goes_by_what_it_knows() {
    let ring = Ring::formed().await;
    tree(&ring).await;
    done(ring.submit(1, submission(4, give("organization.view", "user:ann", "organizations/acme"))).await);
    until(|| may(&ring, 1, "user:ann", Right::ClusterGet, WEB).then_some(())).await;
    ring.cut(1, 2);
    ring.cut(1, 3);
    // What others asked it before is answered still.
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    done(ring.submit(1, submission(5, give("cluster.edit", "user:bob", WEB))).await);
    assert!(may(&ring, 1, "user:bob", Right::ClusterUpdate, WEB));
    done(ring.submit(2, submission(6, take("organization.view", "user:ann", "organizations/acme"))).await);
    assert!(may(&ring, 1, "user:ann", Right::ClusterGet, WEB), "it does not know yet");
    assert!(!may(&ring, 2, "user:bob", Right::ClusterUpdate, WEB), "nor do the others");
    ring.mend();
    until(|| may(&ring, 2, "user:bob", Right::ClusterUpdate, WEB).then_some(())).await;
    until(|| (!may(&ring, 1, "user:ann", Right::ClusterGet, WEB)).then_some(())).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_made_anew_under_a_name_has_no_policy_of_the_one_before() {
    let ring = Ring::of(&[1]).await;
    tree(&ring).await;
    done(ring.submit(1, submission(4, give("cluster.admin", "user:ann", WEB))).await);
    let default = format!("{WEB}/namespaces/default");
    done(ring.submit(1, submission(5, give("namespace.edit", "user:bob", &default))).await);
    assert!(may(&ring, 1, "user:ann", Right::ClusterUpdate, WEB));
    assert!(may(&ring, 1, "user:bob", Right::NamespaceGet, &default));
    let delete = c::DeleteCluster { name: WEB.parse().unwrap(), retain_ms: 0, etag: None };
    done(ring.submit(1, submission(6, delete.into())).await);
    assert_eq!(decides(&ring, 1, "user:ann", Right::ClusterGet, WEB), Some(Decision::Denied(access::Denial::NotFound)));
    done(ring.submit(1, submission(7, cluster("a", "web"))).await);
    assert!(!may(&ring, 1, "user:ann", Right::ClusterUpdate, WEB));
    assert!(!may(&ring, 1, "user:bob", Right::NamespaceGet, &default));
    // A member that starts now, and sees only what is left, says the same.
    ring.end(1);
    ring.start(1).await;
    ring.leader(&Log::Global).await;
    until(|| decides(&ring, 1, "user:ann", Right::ClusterUpdate, WEB)).await;
    assert!(!may(&ring, 1, "user:ann", Right::ClusterUpdate, WEB));
    done(ring.submit(1, submission(8, give("cluster.view", "user:bob", WEB))).await);
    assert!(may(&ring, 1, "user:bob", Right::ClusterGet, WEB));
}
