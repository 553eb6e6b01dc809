//! Decisions about cloud accounts: a pool that operators fill, out of which every organization gets one of its own.
//!
//! Accounts are what keeps customers apart in the cloud, so one is never given twice, and never again: READY, CLAIMED by
//! an organization, RETIRED when that is deleted. The ready ones are a set of their own, so that a claim reads one entry.
//! A claim guards that set: of two that were decided on the same rows, the second conflicts.
//!
//! An organization that is made while the pool is empty gets its account later, by [`ClaimAccount`], which regions send by
//! themselves.

use ids::{AccountId, Subject};

use crate::{
    Account, AccountLife, Context, FactKind, Organization, Owner, Rejection, Txn, ViewError, check,
    command::{AddAccount, ClaimAccount},
    sets,
};

/// The row of an account, which is its name too. In the global log.
pub fn subject(account: AccountId) -> Subject {
    sets::accounts().entry(&account.to_string())
}

/// Whether it is a row of the pool: an account, or the set of those that are ready.
pub fn in_pool(subject: &Subject) -> bool {
    subject.entry_of(&sets::accounts()).is_some() || *subject == sets::ready_accounts()
}

pub(crate) fn add(txn: &mut Txn<'_>, command: &AddAccount, ctx: &Context<'_>) -> Result<(), Rejection> {
    let account = command.account;
    let subject = subject(account);
    if let Some((_, known)) = txn.get::<Account>(&subject)? {
        return Err(Rejection::AccountKnown { account, state: known.life });
    }
    let row = Account { id: account, life: AccountLife::Ready, create_time: ctx.now, update_time: ctx.now };
    txn.write(FactKind::AccountAdded, subject, Some(row.into()))?;
    txn.bump(&sets::accounts())?;
    txn.add_entry(&sets::ready_accounts(), &account.to_string())
}

/// Claims an account for an organization that was made without one.
pub(crate) fn claim_later(txn: &mut Txn<'_>, command: &ClaimAccount, ctx: &Context<'_>) -> Result<(), Rejection> {
    let organization = command.organization.clone();
    let subject = Subject::resource(&organization.clone().into());
    let mut row: Organization = check::active(txn, &subject, None)?;
    if let Some(account) = row.account {
        return Err(Rejection::OrganizationHasAccount { organization, account });
    }
    let Some(account) = first_ready(txn)? else { return Err(Rejection::AccountPoolEmpty { organization }) };
    row.account = Some(account.id);
    row.update_time = ctx.now;
    let owner = Owner::of(&row);
    txn.write(FactKind::OrganizationUpdated, subject, Some(row.into()))?;
    claim(txn, account, owner, ctx)
}

/// The first account that is READY. Guards the set of those.
pub(crate) fn first_ready(txn: &mut Txn<'_>) -> Result<Option<Account>, Rejection> {
    let set = sets::ready_accounts();
    let Some(entry) = txn.entries(&set, None, 1).pop() else { return Ok(None) };
    let broken = |detail: &str| ViewError { subject: set.entry(&entry), detail: detail.to_owned() };
    let id: AccountId = entry.parse().map_err(|_| broken("no cloud account's id"))?;
    let (_, account) = txn.get::<Account>(&subject(id))?.ok_or_else(|| broken("no row of the account behind it"))?;
    Ok(Some(account))
}

/// Gives an account that [`first_ready`] showed to `owner`.
pub(crate) fn claim(txn: &mut Txn<'_>, account: Account, owner: Owner, ctx: &Context<'_>) -> Result<(), Rejection> {
    let (id, life) = (account.id, AccountLife::Claimed(owner));
    txn.write(FactKind::AccountClaimed, subject(id), Some(Account { life, update_time: ctx.now, ..account }.into()))?;
    txn.remove_entry(&sets::ready_accounts(), &id.to_string())
}

/// Takes the account of an organization that is being deleted out of use.
pub(crate) fn retire(txn: &mut Txn<'_>, id: AccountId, ctx: &Context<'_>) -> Result<(), Rejection> {
    let subject = subject(id);
    match txn.get::<Account>(&subject)? {
        Some((_, Account { life: AccountLife::Claimed(owner), create_time, .. })) => {
            let life = AccountLife::Retired(owner);
            let row = Account { id, life, create_time, update_time: ctx.now };
            txn.write(FactKind::AccountRetired, subject, Some(row.into()))
        }
        other => {
            let found =
                other.map_or_else(|| "no account".to_owned(), |(_, row)| format!("an account that is {}", row.life));
            Err(ViewError { subject, detail: format!("{found} where the organization's belongs") }.into())
        }
    }
}
