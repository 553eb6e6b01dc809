//! Decisions about identity providers: issuers whose tokens an organization takes.
//!
//! Who a token is of is found by its issuer and its audience, so no two ACTIVE providers of an organization have the same. Every change guards
//! and raises the revision of the organization's set of providers, so the others are read here without guards.
//!
//! Whether the keys are a key set with public keys only is found out where the request is read: it takes a reader of JSON, which a decision
//! has no need of.

use ids::{
    IdentityProviderName, OrganizationName, Subject,
    limits::{AUDIENCE_BYTES_MAX, CLAIM_BYTES_MAX, IDENTITY_PROVIDERS_MAX, ISSUER_BYTES_MAX, KEY_SET_BYTES_MAX},
};

use crate::{
    Context, FactKind, IdentityProvider, Organization, Rejection, State, Txn, ViewError, check,
    command::{CreateIdentityProvider, DeleteIdentityProvider, UpdateIdentityProvider},
    sets,
};

/// The claim that names a user where nothing else is said: OpenID Connect Core, section 2.
const USER_CLAIM: &str = "sub";

/// What an issuer looks like: OpenID Connect Core, section 2, and plain HTTP for what runs on the same machine.
const ISSUER: &str =
    "an https URL without query and fragment, of 255 bytes at most; http of 127.0.0.1, [::1] and localhost only";

/// Hosts that are reached without leaving the machine.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// The row of an identity provider.
pub fn subject(name: &IdentityProviderName) -> Subject {
    sets::identity_providers(&name.organization).entry(name.provider.as_str())
}

pub(crate) fn create(txn: &mut Txn<'_>, command: &CreateIdentityProvider, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, subject) = (&command.name, subject(&command.name));
    check::texts(&command.display_name, &command.description)?;
    check_issuer(&command.issuer)?;
    let row = IdentityProvider {
        name: name.clone(),
        uid: ctx.request_id,
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        issuer: command.issuer.clone(),
        audience: command.audience.clone(),
        user_claim: user_claim(&command.user_claim),
        groups_claim: command.groups_claim.clone(),
        keys: command.keys.clone(),
        state: State::Active,
        author: ctx.actor.to_owned(),
        create_time: ctx.now,
        update_time: ctx.now,
    };
    check_fields(&row)?;
    let _: Organization = check::active(txn, &Subject::resource(&name.organization.clone().into()), None)?;
    check::name_was_never_taken::<IdentityProvider>(txn, &subject)?;
    lock(txn, &name.organization)?;
    let others = others(txn, name)?;
    if others.len() >= IDENTITY_PROVIDERS_MAX {
        return Err(Rejection::TooManyIdentityProviders { organization: name.organization.clone() });
    }
    check_alone(&others, &row)?;
    txn.write(FactKind::IdentityProviderCreated, subject, Some(row.into()))?;
    txn.add_entry(&sets::active_identity_providers(&name.organization), name.provider.as_str())
}

pub(crate) fn update(txn: &mut Txn<'_>, command: &UpdateIdentityProvider, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, subject) = (&command.name, subject(&command.name));
    let UpdateIdentityProvider { display_name, description, audience, groups_claim, keys, .. } = command;
    let others_given = [audience, &command.user_claim, groups_claim, keys].iter().any(|given| given.is_some());
    if !others_given {
        check::changes(&subject, display_name.as_deref(), description.as_deref())?;
    }
    check::texts(display_name.as_deref().unwrap_or_default(), description.as_deref().unwrap_or_default())?;
    let mut row: IdentityProvider = check::active(txn, &subject, command.etag)?;
    row.display_name = display_name.clone().unwrap_or(row.display_name);
    row.description = description.clone().unwrap_or(row.description);
    row.audience = audience.clone().unwrap_or(row.audience);
    row.user_claim = command.user_claim.as_deref().map(user_claim).unwrap_or(row.user_claim);
    row.groups_claim = groups_claim.clone().unwrap_or(row.groups_claim);
    row.keys = keys.clone().unwrap_or(row.keys);
    (row.author, row.update_time) = (ctx.actor.to_owned(), ctx.now);
    check_fields(&row)?;
    lock(txn, &name.organization)?;
    check_alone(&others(txn, name)?, &row)?;
    txn.write(FactKind::IdentityProviderUpdated, subject, Some(row.into()))
}

pub(crate) fn delete(txn: &mut Txn<'_>, command: &DeleteIdentityProvider, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, subject) = (&command.name, subject(&command.name));
    let mut row: IdentityProvider = check::active(txn, &subject, command.etag)?;
    (row.state, row.update_time) = (State::Deleted, ctx.now);
    (row.author, row.keys) = (ctx.actor.to_owned(), String::new());
    lock(txn, &name.organization)?;
    txn.write(FactKind::IdentityProviderDeleted, subject, Some(row.into()))?;
    txn.remove_entry(&sets::active_identity_providers(&name.organization), name.provider.as_str())
}

/// Holds the providers of the organization still, and announces that one changes.
fn lock(txn: &mut Txn<'_>, organization: &OrganizationName) -> Result<(), Rejection> {
    let set = sets::identity_providers(organization);
    txn.revision(&set);
    txn.bump(&set)
}

/// ACTIVE providers of the organization beside this one. Rests on the lock.
fn others(txn: &Txn<'_>, name: &IdentityProviderName) -> Result<Vec<IdentityProvider>, ViewError> {
    let (view, set) = (txn.unguarded(), sets::identity_providers(&name.organization));
    let labels = view.entries(&sets::active_identity_providers(&name.organization), None, usize::MAX);
    let others = labels.iter().filter(|label| **label != name.provider.as_str());
    let rows = others.map(|label| view.row::<IdentityProvider>(&set.entry(label)));
    rows.filter_map(|row| row.map(|found| found.map(|(_, row)| row)).transpose()).collect()
}

/// No other one takes the same tokens.
fn check_alone(others: &[IdentityProvider], row: &IdentityProvider) -> Result<(), Rejection> {
    let same = |other: &&IdentityProvider| (&other.issuer, &other.audience) == (&row.issuer, &row.audience);
    match others.iter().find(same) {
        Some(other) => Err(Rejection::IssuerTaken {
            provider: other.name.clone(),
            issuer: row.issuer.clone(),
            audience: row.audience.clone(),
        }),
        None => Ok(()),
    }
}

/// The claim that names a user, where this one was asked for.
pub fn user_claim(given: &str) -> String {
    if given.is_empty() { USER_CLAIM.to_owned() } else { given.to_owned() }
}

fn check_fields(row: &IdentityProvider) -> Result<(), Rejection> {
    let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !(1..=AUDIENCE_BYTES_MAX).contains(&row.audience.len()) || !printable(&row.audience) {
        let wanted = format!("1 to {AUDIENCE_BYTES_MAX} printable ASCII characters");
        return Err(check::invalid("audience", &row.audience, wanted));
    }
    for (field, claim) in [("user_claim", &row.user_claim), ("groups_claim", &row.groups_claim)] {
        if claim.len() > CLAIM_BYTES_MAX || !claim.bytes().all(|byte| byte.is_ascii_graphic()) {
            let wanted = format!("{CLAIM_BYTES_MAX} printable ASCII characters without spaces at most");
            return Err(check::invalid(field, claim, wanted));
        }
    }
    check::json_object("keys", &row.keys, KEY_SET_BYTES_MAX)
}

fn check_issuer(issuer: &str) -> Result<(), Rejection> {
    let plain = issuer.bytes().all(|byte| byte.is_ascii_graphic() && !br#""'<>\?#@"#.contains(&byte));
    let (secure, rest) = match issuer.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        _ => (false, ""),
    };
    let host = host(rest.split('/').next().unwrap_or_default());
    let reachable = host.is_some_and(|host| secure || LOOPBACK.contains(&host));
    if plain && reachable && issuer.len() <= ISSUER_BYTES_MAX {
        return Ok(());
    }
    Err(check::invalid("issuer", issuer, ISSUER.to_owned()))
}

/// The host of `{host}` or `{host}:{port}`.
fn host(authority: &str) -> Option<&str> {
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at_checked(end)?;
    let port_reads = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let address = |byte: u8| byte.is_ascii_hexdigit() || b":.".contains(&byte);
    let reads = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inner) => !inner.is_empty() && inner.bytes().all(address),
        None => !host.is_empty() && host.bytes().all(named),
    };
    (reads && port_reads).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_secure_or_on_the_same_machine() {
        let long = format!("https://{}", "a".repeat(ISSUER_BYTES_MAX));
        for issuer in [
            "https://idp.example.com",
            "https://idp.example.com:8443/realms/one/",
            "https://[2001:db8::1]/x",
            "http://127.0.0.1:5556/dex",
            "http://localhost",
            "http://[::1]:80",
            long.get(..ISSUER_BYTES_MAX).unwrap_or_default(),
        ] {
            assert!(check_issuer(issuer).is_ok(), "{issuer}");
        }
        for issuer in [
            "",
            "idp.example.com",
            "ftp://idp.example.com",
            "HTTPS://idp.example.com",
            "http://idp.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "https://",
            "https:///path",
            "https://a b",
            "https://a?x",
            "https://a#x",
            "https://a:99999",
            "https://a:",
            "https://[::1",
            "https://ä.example.com",
            long.as_str(),
        ] {
            assert_eq!(check_issuer(issuer).map_err(|why| why.reason()), Err("INVALID_ARGUMENT"), "{issuer}");
        }
    }
}
