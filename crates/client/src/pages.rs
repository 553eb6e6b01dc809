//! Lists: page by page, or all at once.

use std::{future::Future, pin::Pin};

use crate::{Answered, Error, Listed};

/// A list that is fetched as it is read.
pub struct Pages<T> {
    fetch: Fetch<T>,
    /// Of the next page; `None` after the last.
    next: Option<String>,
}

/// What one page held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub unreachable: Vec<String>,
    pub next_page_token: String,
}

type Fetch<T> = Box<dyn FnMut(String) -> Fetching<T> + Send>;
pub(crate) type Fetching<T> = Pin<Box<dyn Future<Output = Result<Answered<Page<T>>, Error>> + Send>>;

impl<T> Pages<T> {
    pub(crate) fn new(fetch: impl FnMut(String) -> Fetching<T> + Send + 'static) -> Self {
        Self { fetch: Box::new(fetch), next: Some(String::new()) }
    }

    /// Continues a list at a page token of an earlier page.
    #[must_use]
    pub fn starting_at(mut self, page_token: &str) -> Self {
        self.next = Some(page_token.to_owned());
        self
    }

    /// The next page; `None` after the last. After an error the same page may be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<Answered<Page<T>>>, Error> {
        let Some(token) = self.next.clone() else { return Ok(None) };
        let page = (self.fetch)(token).await?;
        self.next = Some(page.value.next_page_token.clone()).filter(|next| !next.is_empty());
        Ok(Some(page))
    }

    /// Every item of all pages.
    pub async fn collect(mut self) -> Result<Listed<T>, Error> {
        let mut listed: Option<Listed<T>> = None;
        while let Some(page) = self.next_page().await? {
            let Answered { value, region, member, age, token, .. } = page;
            let first = listed.is_none();
            let all = listed.get_or_insert_with(|| Listed {
                items: Vec::new(),
                unreachable: Vec::new(),
                region: String::new(),
                member,
                age,
                token: token.clone(),
            });
            all.items.extend(value.items);
            all.unreachable.extend(value.unreachable);
            if !first {
                all.age = all.age.zip(age).map(|(one, other)| one.max(other));
            }
            (all.region, all.member) = (region, member);
            all.token.merge(&token);
        }
        let mut listed = listed
            .ok_or_else(|| Error::made(tonic::Code::OutOfRange, "", "collected a list that was read to its end"))?;
        listed.unreachable.sort_unstable();
        listed.unreachable.dedup();
        Ok(listed)
    }
}
