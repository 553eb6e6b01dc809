//! Describing: ids, filters and pages.

use std::collections::BTreeSet;

use ports::cloud::{CloudError, Describe, ErrorCode, Filter, Page, PageRequest, PageToken, Tags};

use crate::{
    call::no_such_filter,
    table::{Resource, Table, View},
};

/// How a page token begins. Behind it is the last id of the page before.
const TOKEN: &str = "simulated-page-after:";

/// What one call may return at most.
const PAGE_MAX: usize = 1000;

/// The resources asked for, as the replica that answers shows them, of those to `keep`.
pub(crate) fn describe<'a, T: Resource>(
    table: &'a Table<T>,
    ask: &Describe<T::Id>,
    view: View,
    keep: impl Fn(&T) -> bool,
) -> Result<Page<&'a T>, CloudError> {
    if !ask.ids.is_empty() {
        if ask.page != PageRequest::default() {
            let message = "described by ids and by pages: one or the other";
            return Err(CloudError::refused(ErrorCode::InvalidParameterCombination, message));
        }
        let mut items = Vec::with_capacity(ask.ids.len());
        for id in &ask.ids {
            let item = table.seen(id, view).ok_or_else(|| Table::<T>::not_found(id))?;
            if keep(item) && passes(item, &ask.filters)? {
                items.push(item);
            }
        }
        return Ok(Page { items, next: None });
    }
    let (size, after) = page_of(&ask.page, 5..=1000)?;
    let after = after.map(|text| T::parse(&text));
    let candidates = ask.filters.iter().find_map(|filter| match filter {
        Filter::Tag { key, values } => match values.as_slice() {
            [value] if !value.contains(['*', '?', '\\']) => Some(table.tagged(key, value)),
            _ => None,
        },
        _ => None,
    });
    match candidates {
        Some(ids) => {
            let behind = |id: &T::Id| after.as_ref().is_none_or(|after| id > after);
            let ids: BTreeSet<T::Id> = ids.into_iter().filter(behind).collect();
            gather(ids.iter().filter_map(|id| table.seen(id, view)), size, ask, &keep)
        }
        None => gather(table.shown(after.as_ref(), view), size, ask, &keep),
    }
}

fn gather<'a, T: Resource>(
    shown: impl Iterator<Item = &'a T>,
    size: usize,
    ask: &Describe<T::Id>,
    keep: &impl Fn(&T) -> bool,
) -> Result<Page<&'a T>, CloudError> {
    let mut items: Vec<&T> = Vec::new();
    for item in shown {
        if !keep(item) || !passes(item, &ask.filters)? {
            continue;
        }
        if items.len() == size {
            let next = items.last().map(|last| token(T::text(last.id())));
            return Ok(Page { items, next });
        }
        items.push(item);
    }
    Ok(Page { items, next: None })
}

pub(crate) fn owned<T: Clone>(page: Page<&T>) -> Page<T> {
    Page { items: page.items.into_iter().cloned().collect(), next: page.next }
}

/// How many items a page has, and behind which id it begins.
pub(crate) fn page_of(
    ask: &PageRequest,
    sizes: std::ops::RangeInclusive<u16>,
) -> Result<(usize, Option<String>), CloudError> {
    if let Some(size) = ask.size.filter(|size| !sizes.contains(size)) {
        let message = format!("asked for pages of {size}: wanted {} to {}", sizes.start(), sizes.end());
        return Err(CloudError::refused(ErrorCode::InvalidParameterValue, message));
    }
    let size = ask.size.map_or(PAGE_MAX, usize::from);
    let Some(token) = &ask.token else { return Ok((size, None)) };
    match token.as_str().strip_prefix(TOKEN) {
        Some(after) => Ok((size, Some(after.to_owned()))),
        None => {
            Err(CloudError::refused(ErrorCode::InvalidNextToken, format!("continued at {token}: no page ended there")))
        }
    }
}

pub(crate) fn token(last: &str) -> PageToken {
    PageToken::new(format!("{TOKEN}{last}"))
}

fn passes<T: Resource>(item: &T, filters: &[Filter]) -> Result<bool, CloudError> {
    for filter in filters {
        let passes = by_tag(item.tags(), filter).or_else(|| item.passes(filter));
        if !passes.ok_or_else(|| no_such_filter(filter))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn by_tag(tags: &Tags, filter: &Filter) -> Option<bool> {
    match filter {
        Filter::Tag { key, values } => {
            let value = tags.get(key);
            Some(value.is_some_and(|value| values.iter().any(|pattern| like(pattern, value))))
        }
        Filter::TagKey(keys) => Some(keys.iter().any(|key| tags.get(key).is_some())),
        _ => None,
    }
}

/// Whether `text` is like `pattern`, in which `*` is any text and `?` any character, and a backslash takes the next one as it is.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Which beginnings of the pattern match the text so far.
    let mut reached = BTreeSet::from([0]);
    let skip = |reached: &mut BTreeSet<usize>| {
        let mut at: Vec<usize> = reached.iter().copied().collect();
        while let Some(here) = at.pop() {
            if pattern.get(here) == Some(&'*') && reached.insert(here + 1) {
                at.push(here + 1);
            }
        }
    };
    skip(&mut reached);
    for letter in &text {
        let step = |here: usize| match pattern.get(here) {
            Some('*') => Some(here),
            Some('?') => Some(here + 1),
            Some('\\') => (pattern.get(here + 1) == Some(letter)).then_some(here + 2),
            Some(other) => (other == letter).then_some(here + 1),
            None => None,
        };
        reached = reached.into_iter().filter_map(step).collect();
        skip(&mut reached);
    }
    reached.contains(&pattern.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_what_the_api_says() {
        for (pattern, text) in
            [("a*c", "abbc"), ("a?c", "abc"), ("*", ""), ("a\\*", "a*"), ("**b", "ab"), ("abc", "abc")]
        {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a*c", "abbd"), ("a?c", "ac"), ("", "a"), ("a\\*", "ab"), ("abc", "abcd")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }
}
