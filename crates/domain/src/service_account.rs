//! Decisions about service accounts: programs that prove themselves by keys of their own.
//!
//! As with the keys of an issuer, whether a key is a public one is found out where the request is read.

use std::collections::BTreeMap;

use ids::{
    ServiceAccountName, Subject,
    limits::{PUBLIC_KEY_BYTES_MAX, SERVICE_ACCOUNT_KEYS_MAX, SERVICE_ACCOUNTS_MAX},
};

use crate::{
    AccountKey, Context, FactKind, Organization, Rejection, ServiceAccount, State, Txn, check,
    command::{
        AddServiceAccountKey, CreateServiceAccount, DeleteServiceAccount, RemoveServiceAccountKey, UpdateServiceAccount,
    },
    sets,
};

/// The row of a service account.
pub fn subject(name: &ServiceAccountName) -> Subject {
    sets::service_accounts(&name.organization).entry(name.account.as_str())
}

pub(crate) fn create(txn: &mut Txn<'_>, command: &CreateServiceAccount, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (name, subject) = (&command.name, subject(&command.name));
    check::texts(&command.display_name, &command.description)?;
    let _: Organization = check::active(txn, &Subject::resource(&name.organization.clone().into()), None)?;
    check::name_was_never_taken::<ServiceAccount>(txn, &subject)?;
    let active = sets::active_service_accounts(&name.organization);
    if txn.entries(&active, None, SERVICE_ACCOUNTS_MAX).len() == SERVICE_ACCOUNTS_MAX {
        return Err(Rejection::TooManyServiceAccounts { organization: name.organization.clone() });
    }
    let row = ServiceAccount {
        name: name.clone(),
        uid: ctx.request_id,
        display_name: command.display_name.clone(),
        description: command.description.clone(),
        disabled: false,
        keys: BTreeMap::new(),
        state: State::Active,
        author: ctx.actor.to_owned(),
        create_time: ctx.now,
        update_time: ctx.now,
    };
    written(txn, FactKind::ServiceAccountCreated, row, ctx)?;
    txn.add_entry(&active, name.account.as_str())
}

pub(crate) fn update(txn: &mut Txn<'_>, command: &UpdateServiceAccount, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = subject(&command.name);
    let UpdateServiceAccount { display_name, description, disabled, .. } = command;
    if disabled.is_none() {
        check::changes(&subject, display_name.as_deref(), description.as_deref())?;
    }
    check::texts(display_name.as_deref().unwrap_or_default(), description.as_deref().unwrap_or_default())?;
    let mut row: ServiceAccount = check::active(txn, &subject, command.etag)?;
    row.display_name = display_name.clone().unwrap_or(row.display_name);
    row.description = description.clone().unwrap_or(row.description);
    row.disabled = disabled.unwrap_or(row.disabled);
    written(txn, FactKind::ServiceAccountUpdated, row, ctx)
}

pub(crate) fn delete(txn: &mut Txn<'_>, command: &DeleteServiceAccount, ctx: &Context<'_>) -> Result<(), Rejection> {
    let name = &command.name;
    let mut row: ServiceAccount = check::active(txn, &subject(name), command.etag)?;
    (row.state, row.keys) = (State::Deleted, BTreeMap::new());
    written(txn, FactKind::ServiceAccountDeleted, row, ctx)?;
    txn.remove_entry(&sets::active_service_accounts(&name.organization), name.account.as_str())
}

pub(crate) fn add_key(txn: &mut Txn<'_>, command: &AddServiceAccountKey, ctx: &Context<'_>) -> Result<(), Rejection> {
    let AddServiceAccountKey { name, key, jwk, expire_time, etag } = command;
    if jwk.is_empty() {
        return Err(check::invalid("jwk", jwk, "a public JSON Web Key".to_owned()));
    }
    check::json_object("jwk", jwk, PUBLIC_KEY_BYTES_MAX)?;
    if let Some(past) = expire_time.filter(|expires| *expires <= ctx.now) {
        return Err(check::invalid("expire_time", &past.to_string(), "a time to come, or none".to_owned()));
    }
    let mut row: ServiceAccount = check::active(txn, &subject(name), *etag)?;
    if row.keys.contains_key(key) {
        return Err(Rejection::KeyTaken { account: name.clone(), key: key.clone() });
    }
    if row.keys.len() >= SERVICE_ACCOUNT_KEYS_MAX {
        return Err(Rejection::TooManyKeys { account: name.clone() });
    }
    let added = AccountKey { jwk: jwk.clone(), create_time: ctx.now, expire_time: *expire_time };
    row.keys.insert(key.clone(), added);
    written(txn, FactKind::ServiceAccountKeyAdded, row, ctx)
}

pub(crate) fn remove_key(
    txn: &mut Txn<'_>,
    command: &RemoveServiceAccountKey,
    ctx: &Context<'_>,
) -> Result<(), Rejection> {
    let RemoveServiceAccountKey { name, key, etag } = command;
    let mut row: ServiceAccount = check::active(txn, &subject(name), *etag)?;
    if row.keys.remove(key).is_none() {
        return Err(Rejection::KeyNotFound { account: name.clone(), key: key.clone() });
    }
    written(txn, FactKind::ServiceAccountKeyRemoved, row, ctx)
}

/// Writes the row as it is to be, and announces that the accounts of the organization changed: without a guard, because what one account
/// holds rests on no other.
fn written(txn: &mut Txn<'_>, kind: FactKind, mut row: ServiceAccount, ctx: &Context<'_>) -> Result<(), Rejection> {
    (row.author, row.update_time) = (ctx.actor.to_owned(), ctx.now);
    let (subject, set) = (subject(&row.name), sets::service_accounts(&row.name.organization));
    txn.write(kind, subject, Some(row.into()))?;
    txn.bump(&set)
}
