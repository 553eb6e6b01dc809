//! Short names: ids are completed with what is set (`atoll organization set`), full resource names are taken as they are.

use ids::{
    AccountId, ClusterName, FolderName, GroupName, IdentityProviderName, Label, Log, OrganizationName, ProjectName,
    RegionId, ResourceName, RevokeName, RoleId, ServiceAccountName,
};

use crate::{
    args::{Parent, Place},
    config::Defaults,
    fail::Fail,
};

/// What is meant where nothing is named.
#[derive(Clone, Debug, Default)]
pub struct Names {
    defaults: Defaults,
}

impl Names {
    pub fn new(defaults: Defaults) -> Self {
        Self { defaults }
    }

    /// `acme` or `organizations/acme`.
    pub fn organization(name: &str) -> Result<String, Fail> {
        let full = if name.contains('/') { name.to_owned() } else { format!("organizations/{name}") };
        parse::<OrganizationName>(&full, name, "organization")
    }

    /// The organization named, or the one that is set.
    pub fn organization_or_set(&self, name: Option<&str>) -> Result<String, Fail> {
        match name {
            Some(name) => Self::organization(name),
            None => self.defaults.organization.clone().ok_or_else(|| {
                Fail::usage("complete a short name: no organization is set")
                    .next("`atoll organization set NAME`, --organization NAME, or a full resource name")
            }),
        }
    }

    pub fn folder(&self, name: &str) -> Result<String, Fail> {
        let full = self.below_organization(name, "folders")?;
        parse::<FolderName>(&full, name, "folder")
    }

    pub fn project(&self, name: &str) -> Result<String, Fail> {
        let full = self.below_organization(name, "projects")?;
        parse::<ProjectName>(&full, name, "project")
    }

    fn below_organization(&self, name: &str, collection: &str) -> Result<String, Fail> {
        if name.contains('/') {
            return Ok(name.to_owned());
        }
        Ok(format!("{}/{collection}/{name}", self.organization_or_set(None)?))
    }

    /// `organization`, `organization/ID`, `folder/ID`, `project/ID`, `cluster/LOCATION/ID`, `namespace/LOCATION/CLUSTER/ID`, or a full name.
    pub fn node(&self, text: &str) -> Result<String, Fail> {
        let place = Place::default();
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["organization"] => self.organization_or_set(None),
            ["organization", id] => Self::organization(id),
            ["folder", id] => self.folder(id),
            ["project", id] => self.project(id),
            ["cluster", location, id] => self.cluster("get", &format!("{location}/{id}"), &place),
            ["namespace", location, id, namespace] => {
                let cluster = self.cluster("get", &format!("{location}/{id}"), &place)?;
                Ok(format!("{cluster}/namespaces/{}", parse::<Label>(namespace, namespace, "namespace")?))
            }
            ["organizations", ..] => match text.rsplit_once("/namespaces/") {
                Some((cluster, namespace)) => {
                    let cluster = parse::<ClusterName>(cluster, text, "cluster")?;
                    Ok(format!("{cluster}/namespaces/{}", parse::<Label>(namespace, text, "namespace")?))
                }
                None => parse::<ResourceName>(text, text, "node"),
            },
            _ => Err(Fail::usage(format!(
                "read the node {text:?}: wanted organization, organization/ID, folder/ID, project/ID, cluster/LOCATION/ID, \
                 namespace/LOCATION/CLUSTER/ID, or a full resource name"
            ))),
        }
    }

    pub fn group(&self, name: &str) -> Result<String, Fail> {
        let full = self.below_organization(name.strip_prefix("group:").unwrap_or(name), "groups")?;
        parse::<GroupName>(&full, name, "group")
    }

    pub fn provider(&self, name: &str) -> Result<String, Fail> {
        let full = self.below_organization(name, "identityProviders")?;
        parse::<IdentityProviderName>(&full, name, "identity provider")
    }

    pub fn service_account(&self, name: &str) -> Result<String, Fail> {
        let id = name.strip_prefix("serviceAccount:").unwrap_or(name);
        let full = self.below_organization(id, "serviceAccounts")?;
        parse::<ServiceAccountName>(&full, name, "service account")
    }

    /// `REGION.ID`, or a full name.
    pub fn revoke(&self, name: &str) -> Result<String, Fail> {
        let full = self.below_organization(name, "revokes")?;
        parse::<RevokeName>(&full, name, "revoke")
    }

    /// `custom/ROLE`, a predefined one such as `folder.edit`, or a full name.
    pub fn role(&self, name: &str) -> Result<String, Fail> {
        match name.strip_prefix("custom/") {
            Some(id) => parse::<RoleId>(&format!("{}/roles/{id}", self.organization_or_set(None)?), name, "role"),
            None if name.contains('/') => Ok(name.to_owned()),
            None => Ok(format!("roles/{name}")),
        }
    }

    /// Where something is listed or made: the folder or organization named, else the folder that is set, else the organization.
    pub fn parent(&self, parent: &Parent) -> Result<String, Fail> {
        match (&parent.folder, &parent.organization, &self.defaults.folder) {
            (Some(folder), Some(organization), _) if !folder.contains('/') => {
                let full = format!("{}/folders/{folder}", Self::organization(organization)?);
                parse::<FolderName>(&full, folder, "folder")
            }
            (Some(folder), _, _) => self.folder(folder),
            (None, Some(organization), _) => Self::organization(organization),
            (None, None, Some(folder)) => Ok(folder.clone()),
            (None, None, None) => self.organization_or_set(None),
        }
    }

    /// The organization that a resource is in.
    pub fn organization_of(name: &str) -> String {
        let mut parts = name.splitn(3, '/');
        format!("{}/{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }

    fn project_or_set(&self, name: Option<&str>) -> Result<String, Fail> {
        match name {
            Some(name) => self.project(name),
            None => self.defaults.project.clone().ok_or_else(|| {
                Fail::usage("complete a short name: no project is set")
                    .next("`atoll project set NAME`, --project NAME, or a full resource name")
            }),
        }
    }

    /// Where clusters are listed: in one location, or in every one.
    pub fn clusters_in(&self, place: &Place) -> Result<String, Fail> {
        let project = self.project_or_set(place.project.as_deref())?;
        let location = match &place.location {
            None => "-".to_owned(),
            Some(location) => parse::<RegionId>(location, location, "location")?,
        };
        Ok(format!("{project}/locations/{location}"))
    }

    /// Where a cluster is made, or would be: its location must be known. `asked` is the command, such as `cluster create web`.
    pub fn cluster_parent(&self, asked: &str, place: &Place) -> Result<String, Fail> {
        if place.location.is_none() {
            return Err(Fail::usage(format!("{asked}: no region is named"))
                .next("--location LOCATION; `atoll region list` shows the regions"));
        }
        self.clusters_in(place)
    }

    /// `LOCATION/ID`, `ID` with a location, or a full name. `verb` is what `atoll cluster` was told to do with it.
    pub fn cluster(&self, verb: &str, name: &str, place: &Place) -> Result<String, Fail> {
        let full = match name.split('/').collect::<Vec<_>>().as_slice() {
            [id] if place.location.is_none() => {
                return Err(Fail::usage(format!("cluster {verb} {id}: no region is named"))
                    .next(format!("`atoll cluster {verb} LOCATION/{id}`; `atoll region list` shows the regions")));
            }
            [id] => format!("{}/clusters/{id}", self.clusters_in(place)?),
            [location, id] => {
                let place = Place { location: Some((*location).to_owned()), ..place.clone() };
                format!("{}/clusters/{id}", self.clusters_in(&place)?)
            }
            _ => name.to_owned(),
        };
        parse::<ClusterName>(&full, name, "cluster")
    }
}

/// The last segment of a new name.
pub fn id(text: &str) -> Result<String, Fail> {
    parse::<Label>(text, text, "id")
}

/// A cloud account's id.
pub fn account(text: &str) -> Result<String, Fail> {
    parse::<AccountId>(text, text, "account")
}

/// `2026-11` or `editions/2026-11`. Whether it is one, the ring says.
pub fn edition(name: &str) -> String {
    if name.contains('/') { name.to_owned() } else { format!("editions/{name}") }
}

/// `eu-west-1` or `locations/eu-west-1`.
pub fn location(name: &str) -> Result<String, Fail> {
    let id = name.strip_prefix("locations/").unwrap_or(name);
    Ok(format!("locations/{}", parse::<RegionId>(id, name, "location")?))
}

/// `global` or `region/NAME`.
pub fn log(text: &str) -> Result<String, Fail> {
    parse::<Log>(text, text, "log")
}

fn parse<T>(full: &str, given: &str, what: &str) -> Result<String, Fail>
where
    T: std::str::FromStr<Err = ids::NameError> + std::fmt::Display,
{
    let parsed: Result<T, ids::NameError> = full.parse();
    parsed
        .map(|name| name.to_string())
        .map_err(|error| Fail::usage(format!("read the {what} {given:?}: wanted {}", error.expected)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Names {
        Names::new(Defaults {
            organization: Some("organizations/acme".to_owned()),
            folder: None,
            project: Some("organizations/acme/projects/web".to_owned()),
        })
    }

    fn place(location: Option<&str>) -> Place {
        Place { project: None, location: location.map(str::to_owned) }
    }

    #[test]
    fn short_ids_are_completed_and_full_names_kept() {
        let names = set();
        assert_eq!(names.project("api").unwrap(), "organizations/acme/projects/api");
        assert_eq!(names.project("organizations/other/projects/api").unwrap(), "organizations/other/projects/api");
        assert_eq!(names.folder("dev").unwrap(), "organizations/acme/folders/dev");
        assert!(names.project("organizations/acme/folders/dev").is_err());
        assert!(Names::default().project("api").is_err());
        assert!(Names::organization("No Such").is_err());
    }

    #[test]
    fn clusters_are_named_by_location_and_id() {
        let full = "organizations/acme/projects/web/locations/us-east-1/clusters/prod";
        assert_eq!(set().cluster("get", "us-east-1/prod", &place(None)).unwrap(), full);
        assert_eq!(set().cluster("get", "prod", &place(Some("us-east-1"))).unwrap(), full);
        assert_eq!(set().cluster("get", full, &place(None)).unwrap(), full);
        let said = format!("{:?}", set().cluster("wake", "prod", &place(None)).unwrap_err());
        assert!(said.contains("cluster wake prod: ") && said.contains("atoll cluster wake LOCATION/prod"), "{said}");
        assert_eq!(set().clusters_in(&place(None)).unwrap(), "organizations/acme/projects/web/locations/-");
    }

    #[test]
    fn the_nearest_parent_that_is_named_wins() {
        let parent = |folder: Option<&str>, organization: Option<&str>| Parent {
            folder: folder.map(str::to_owned),
            organization: organization.map(str::to_owned),
        };
        assert_eq!(set().parent(&parent(None, None)).unwrap(), "organizations/acme");
        assert_eq!(set().parent(&parent(Some("dev"), None)).unwrap(), "organizations/acme/folders/dev");
        assert_eq!(set().parent(&parent(Some("dev"), Some("o2"))).unwrap(), "organizations/o2/folders/dev");
        assert_eq!(Names::organization_of("organizations/o2/folders/dev"), "organizations/o2");
    }
}
