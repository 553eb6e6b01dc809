//! Tags, filters and pages: how resources are marked and found again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    id::{PageToken, SubnetId, VpcId, Zone},
    instance::InstanceState,
};

/// A name and a value on a resource. At most 50 on one; the name has at most 128 characters, the value 256.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tag {
    pub key: Arc<str>,
    pub value: Arc<str>,
}

/// The tags of one resource, one per key, in the order of the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(Vec<Tag>);

impl Tags {
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.binary_search_by(|tag| (*tag.key).cmp(key)).ok()?;
        self.0.get(found).map(|tag| &*tag.value)
    }

    /// Adds the tag, in the place of one with the same key.
    pub fn set(&mut self, tag: Tag) {
        match self.0.binary_search_by(|old| old.key.cmp(&tag.key)) {
            Ok(at) => self.0.splice(at..=at, [tag]).for_each(drop),
            Err(at) => self.0.insert(at, tag),
        }
    }

    pub fn remove(&mut self, key: &str) {
        self.0.retain(|tag| &*tag.key != key);
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<Arc<str>>, V: Into<Arc<str>>> FromIterator<(K, V)> for Tags {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        let mut tags = Self::default();
        pairs.into_iter().for_each(|(key, value)| tags.set(Tag { key: key.into(), value: value.into() }));
        tags
    }
}

/// What is asked for must pass every filter; a filter passes with any of its values. In values of tags, `*` stands for any text and `?`
/// for one character. A filter that a kind of resource does not have is refused with `InvalidParameterValue`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// `tag:<key>`.
    Tag { key: Arc<str>, values: Vec<Arc<str>> },
    /// `tag-key`.
    TagKey(Vec<Arc<str>>),
    /// `vpc-id`.
    Vpc(Vec<VpcId>),
    /// `subnet-id`.
    Subnet(Vec<SubnetId>),
    /// `availability-zone`.
    Zone(Vec<Zone>),
    /// `instance-state-name`.
    InstanceState(Vec<InstanceState>),
}

impl Filter {
    /// The tag with exactly this value.
    pub fn tag(key: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        Self::Tag { key: key.into(), values: vec![value.into()] }
    }
}

/// Which resources of one kind to describe: those named, else all that pass the filters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Describe<Id> {
    /// None means all. One that does not exist, or not yet where the question was answered, refuses the whole call.
    pub ids: Vec<Id>,
    pub filters: Vec<Filter>,
    pub page: PageRequest,
}

impl<Id> Default for Describe<Id> {
    fn default() -> Self {
        Self { ids: Vec::new(), filters: Vec::new(), page: PageRequest::default() }
    }
}

impl<Id> Describe<Id> {
    pub fn id(id: Id) -> Self {
        Self { ids: vec![id], ..Self::default() }
    }

    pub fn filter(filter: Filter) -> Self {
        Self { filters: vec![filter], ..Self::default() }
    }
}

/// Which page of a list. The order is the cloud's own and stays the same between pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRequest {
    /// At most so many: 5 to 1000; the cloud's own number if none. Not together with ids.
    pub size: Option<u16>,
    /// From the page before.
    pub token: Option<PageToken>,
}

/// A page of a list. It may hold fewer than asked for, and even none, and not be the last: only a missing `next` ends a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<PageToken>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_replaces_the_one_with_its_key() {
        let mut tags: Tags = [("b", "1"), ("a", "2"), ("b", "3")].into_iter().collect();
        assert_eq!((tags.get("a"), tags.get("b"), tags.len()), (Some("2"), Some("3"), 2));
        tags.remove("a");
        assert_eq!((tags.get("a"), tags.len()), (None, 1));
    }
}
