//! Requests about clusters, as commands.

use std::time::Duration;

use api::v1;
use domain::{
    Cidr, ClusterOptions, ClusterType, VersionWish,
    catalog::{Channel, KubernetesVersion, Shape, Value, Window},
    cluster::RETAIN_MAX_MS,
    command::{CreateCluster, DeleteCluster, HibernateCluster, UndeleteCluster, UpdateCluster, WakeCluster},
};
use ids::RegionId;
use prost_types::FieldMask;

use crate::api::{
    command::{FIXED, Write, Writes, location, write},
    input::{Texts, etag, name, new_name, present, texts},
    read::span,
    status::Refusal,
};

/// Address ranges of one allow list.
const ALLOW_LIST_MAX: usize = 64;
/// Paths of what an update may ask for anew.
const ALLOW_LIST: &str = "options.allow_list";
const DELETE_PROTECTION: &str = "options.delete_protection";
const MAINTENANCE_WINDOW: &str = "options.maintenance_window";

impl Writes for v1::CreateClusterRequest {
    fn write(self) -> Result<Write, Refusal> {
        let (project, region) = location("parent", &self.parent)?;
        let region: RegionId = name("parent", region)?;
        let cluster = present("cluster", self.cluster)?;
        let collection = format!("{project}/locations/{region}/clusters");
        let create = CreateCluster {
            name: new_name(&collection, ("cluster_id", &self.cluster_id), ("cluster.name", &cluster.name))?,
            display_name: cluster.display_name,
            description: cluster.description,
            cluster_type: cluster_type("cluster.cluster_type", &cluster.cluster_type)?,
            options: options("cluster.options", cluster.options.unwrap_or_default())?,
        };
        write(create, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::UpdateClusterRequest {
    fn write(self) -> Result<Write, Refusal> {
        let cluster = present("cluster", self.cluster)?;
        let given = cluster.options.unwrap_or_default();
        let paths = self.update_mask.map(|mask| mask.paths).unwrap_or_default();
        let (of_options, of_texts): (Vec<String>, Vec<String>) =
            paths.into_iter().partition(|path| path.starts_with("options"));
        let asked = anew(&given, &of_options, of_texts.is_empty() && of_options.is_empty())?;
        let texts = if of_texts.is_empty() && !of_options.is_empty() {
            Texts::default()
        } else {
            texts(Some(FieldMask { paths: of_texts }), cluster.display_name, cluster.description, FIXED)?
        };
        let update = UpdateCluster {
            name: name("cluster.name", &cluster.name)?,
            display_name: texts.display_name,
            description: texts.description,
            allow_list: asked.allow_list,
            delete_protection: asked.delete_protection,
            maintenance_window: asked.maintenance_window,
            etag: etag("cluster.etag", &cluster.etag)?,
        };
        write(update, &self.request_id, self.validate_only)
    }
}

impl Writes for v1::DeleteClusterRequest {
    fn write(self) -> Result<Write, Refusal> {
        let retain = self.retain.map(|given| span("retain", &given)).transpose()?.unwrap_or_default();
        if retain > Duration::from_millis(RETAIN_MAX_MS) {
            let given = format!("{} s", retain.as_secs());
            return Err(Refusal::field("retain", &given, "at most 604800 s, which are 7 days"));
        }
        let delete = DeleteCluster {
            name: name("name", &self.name)?,
            retain_ms: u64::try_from(retain.as_millis()).unwrap_or(RETAIN_MAX_MS),
            etag: etag("etag", &self.etag)?,
        };
        write(delete, &self.request_id, self.validate_only)
    }
}

macro_rules! wishes {
    ($($request:ident $command:ident),*) => {$(
        impl Writes for v1::$request {
            fn write(self) -> Result<Write, Refusal> {
                let command = $command { name: name("name", &self.name)?, etag: etag("etag", &self.etag)? };
                write(command, &self.request_id, self.validate_only)
            }
        }
    )*};
}

wishes!(
    UndeleteClusterRequest UndeleteCluster,
    HibernateClusterRequest HibernateCluster,
    WakeClusterRequest WakeCluster
);

pub fn cluster_type(field: &str, given: &str) -> Result<ClusterType, Refusal> {
    let wanted = "the id of a cluster type, such as DEVELOPMENT or PRODUCTION";
    given.parse().map_err(|_| Refusal::field(field, given, wanted))
}

/// Options of a creation: what is empty is left to be decided.
pub fn options(field: &str, given: v1::ClusterOptions) -> Result<ClusterOptions, Refusal> {
    let range = |name: &str, text: &str| match text {
        "" => Ok(None),
        text => cidr(&format!("{field}.{name}"), text).map(Some),
    };
    let window = given.maintenance_window.as_str();
    let window = (!window.is_empty()).then(|| self::window(&format!("{field}.maintenance_window"), window));
    Ok(ClusterOptions {
        version: version(&format!("{field}.version"), &given.version)?,
        cluster_cidr: range("cluster_cidr", &given.cluster_cidr)?,
        pod_cidr: range("pod_cidr", &given.pod_cidr)?,
        service_cidr: range("service_cidr", &given.service_cidr)?,
        allow_list: Some(allow_list(&format!("{field}.allow_list"), &given.allow_list)?)
            .filter(|list| !list.is_empty()),
        delete_protection: given.delete_protection,
        maintenance_window: window.transpose()?,
        privileged: given.privileged,
    })
}

/// What an update asks for anew: what its mask names, or `all` that is set where there is no mask.
fn anew(given: &v1::ClusterOptions, mask: &[String], all: bool) -> Result<ClusterOptions, Refusal> {
    let known = [ALLOW_LIST, DELETE_PROTECTION, MAINTENANCE_WINDOW];
    if let Some(other) = mask.iter().find(|path| !known.contains(&path.as_str())) {
        let wanted =
            format!("that field is not changed by an update; display_name, description, {}", known.join(" or "));
        return Err(Refusal::field("update_mask", other, wanted));
    }
    let named = |path: &str| mask.iter().any(|named| named == path);
    let of = |path: &str| format!("cluster.{path}");
    let mut asked = ClusterOptions::default();
    if named(ALLOW_LIST) || (all && !given.allow_list.is_empty()) {
        asked.allow_list = Some(allow_list(&of(ALLOW_LIST), &given.allow_list)?);
    }
    if named(DELETE_PROTECTION) && given.delete_protection.is_none() {
        return Err(Refusal::field(of(DELETE_PROTECTION), "", "true or false"));
    }
    if named(DELETE_PROTECTION) || all {
        asked.delete_protection = given.delete_protection;
    }
    if named(MAINTENANCE_WINDOW) || (all && !given.maintenance_window.is_empty()) {
        asked.maintenance_window = Some(window(&of(MAINTENANCE_WINDOW), &given.maintenance_window)?);
    }
    Ok(asked)
}

fn cidr(field: &str, text: &str) -> Result<Cidr, Refusal> {
    text.parse().map_err(|_| Refusal::field(field, text, "an address range such as 10.8.0.0/20"))
}

fn allow_list(field: &str, given: &[String]) -> Result<Vec<Cidr>, Refusal> {
    if given.len() > ALLOW_LIST_MAX {
        return Err(Refusal::field(field, &format!("{} ranges", given.len()), format!("at most {ALLOW_LIST_MAX}")));
    }
    given.iter().map(|range| cidr(field, range)).collect()
}

fn version(field: &str, text: &str) -> Result<Option<VersionWish>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let exactly = text.parse::<KubernetesVersion>().map(VersionWish::Exactly);
    let wish = exactly.or_else(|_| text.parse::<Channel>().map(VersionWish::Channel));
    let wanted = "a version such as 1.37.2, or a channel: rapid, regular or stable";
    wish.map(Some).map_err(|_| Refusal::field(field, text, wanted))
}

fn window(field: &str, text: &str) -> Result<Window, Refusal> {
    match Shape::Window.read(text) {
        Ok(Value::Window(window)) => Ok(window),
        _no_window => Err(Refusal::field(field, text, Shape::Window.to_string())),
    }
}
