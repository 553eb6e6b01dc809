//! An edition of the catalogue is published only when clusters can be made of it.
//!
//! The domain knows what an edition looks like, and not what is made of it; the planner does. So the leader of the global log asks the
//! planner, where it decides: its refusal is as good as one of the domain, for every try of the request.

use domain::{Command, Date, Rejection, command::PublishCatalog};
use ids::Hlc;
use planner::{Undecidable, undecidable};

/// The rule that a member gives to its ledger.
pub fn rule(command: &Command, now: Hlc) -> Result<(), Rejection> {
    let Command::PublishCatalog(PublishCatalog { catalog, .. }) = command else { return Ok(()) };
    let all = undecidable(catalog, Date::at_unix_ms(now.unix_ms()));
    let count = all.len();
    match all.into_iter().next() {
        None => Ok(()),
        Some(Undecidable { cluster_type, region, refusal }) => Err(Rejection::EditionUndecidable {
            edition: catalog.edition.clone(),
            count,
            cluster_type,
            region,
            why: refusal.to_string(),
        }),
    }
}
