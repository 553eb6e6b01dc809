//! Identity providers and service accounts: they are kept, and no token is verified with them.

use api::v1::{self, fact::After};
use tonic::{Code, Status};

use super::{ACTIVE, GLOBAL};
use crate::double::state::{Done, State, bad_field, check_etag, exists, not_found, refusal};

type Outcome = Result<Done, Status>;

const AUTHOR: &str = "user:ada@example.com";

pub fn create_provider(state: &mut State, r: v1::CreateIdentityProviderRequest) -> Outcome {
    let name = format!("{}/identityProviders/{}", r.parent, r.identity_provider_id);
    if state.identity_providers.contains_key(&name) {
        return Err(exists(&name));
    }
    let (stamp, mut given) = (state.stamp(GLOBAL, &r.request_id), r.identity_provider.unwrap_or_default());
    if given.user_claim.is_empty() {
        "sub".clone_into(&mut given.user_claim);
    }
    let made = v1::IdentityProvider { name, uid: stamp.uid, state: ACTIVE, create_time: stamp.time, ..given };
    keep_provider(state, &r.request_id, "identity-provider-created", made)
}

pub fn update_provider(state: &mut State, r: v1::UpdateIdentityProviderRequest) -> Outcome {
    let given = r.identity_provider.unwrap_or_default();
    let found = state.identity_providers.get(&given.name);
    let mut provider = found.cloned().ok_or_else(|| not_found(&given.name))?;
    check_etag(&given.name, &given.etag, &provider.etag)?;
    for path in r.update_mask.unwrap_or_default().paths {
        let (to, from) = match path.as_str() {
            "display_name" => (&mut provider.display_name, &given.display_name),
            "description" => (&mut provider.description, &given.description),
            "audience" => (&mut provider.audience, &given.audience),
            "user_claim" => (&mut provider.user_claim, &given.user_claim),
            "groups_claim" => (&mut provider.groups_claim, &given.groups_claim),
            "keys" => (&mut provider.keys, &given.keys),
            _ => return Err(bad_field("update_mask", "wanted a field that an update changes")),
        };
        to.clone_from(from);
    }
    keep_provider(state, &r.request_id, "identity-provider-updated", provider)
}

pub fn delete_provider(state: &mut State, r: &v1::DeleteIdentityProviderRequest) -> Outcome {
    let found = state.identity_providers.get(&r.name).ok_or_else(|| not_found(&r.name))?;
    check_etag(&r.name, &r.etag, &found.etag)?;
    let gone = v1::IdentityProvider { state: v1::State::Deleted.into(), keys: String::new(), ..found.clone() };
    let done = keep_provider(state, &r.request_id, "identity-provider-deleted", gone);
    state.identity_providers.remove(&r.name);
    done
}

fn keep_provider(state: &mut State, id: &str, kind: &str, mut made: v1::IdentityProvider) -> Outcome {
    let stamp = state.stamp(GLOBAL, id);
    (made.author, made.update_time, made.etag) = (AUTHOR.to_owned(), stamp.time, stamp.etag);
    state.identity_providers.insert(made.name.clone(), made.clone());
    state.append(GLOBAL, id, kind, &made.name.clone(), Some(After::IdentityProvider(made.clone())));
    Ok(Done::IdentityProvider(made))
}

pub fn create_account(state: &mut State, r: v1::CreateServiceAccountRequest) -> Outcome {
    let name = format!("{}/serviceAccounts/{}", r.parent, r.service_account_id);
    if state.service_accounts.contains_key(&name) {
        return Err(exists(&name));
    }
    let (stamp, given) = (state.stamp(GLOBAL, &r.request_id), r.service_account.unwrap_or_default());
    let made = v1::ServiceAccount { name, uid: stamp.uid, state: ACTIVE, create_time: stamp.time, ..given };
    keep_account(state, &r.request_id, "service-account-created", made)
}

pub fn update_account(state: &mut State, r: v1::UpdateServiceAccountRequest) -> Outcome {
    let given = r.service_account.unwrap_or_default();
    let mut account = account(state, &given.name, &given.etag)?;
    for path in r.update_mask.unwrap_or_default().paths {
        match path.as_str() {
            "display_name" => account.display_name.clone_from(&given.display_name),
            "description" => account.description.clone_from(&given.description),
            "disabled" => account.disabled = given.disabled,
            _ => return Err(bad_field("update_mask", "wanted a field that an update changes")),
        }
    }
    keep_account(state, &r.request_id, "service-account-updated", account)
}

pub fn delete_account(state: &mut State, r: &v1::DeleteServiceAccountRequest) -> Outcome {
    let found = account(state, &r.name, &r.etag)?;
    let gone = v1::ServiceAccount { state: v1::State::Deleted.into(), keys: Vec::new(), ..found };
    let done = keep_account(state, &r.request_id, "service-account-deleted", gone);
    state.service_accounts.remove(&r.name);
    done
}

pub fn add_key(state: &mut State, r: v1::AddServiceAccountKeyRequest) -> Outcome {
    let mut account = account(state, &r.name, &r.etag)?;
    if account.keys.iter().any(|key| key.id == r.key_id) {
        let message = format!("{} has a key {} already; wanted another id", r.name, r.key_id);
        return Err(refusal(Code::AlreadyExists, "KEY_TAKEN", message, &[]));
    }
    let create_time = state.stamp(GLOBAL, &r.request_id).time;
    let (id, jwk, expire_time) = (r.key_id, r.jwk, r.expire_time);
    account.keys.push(v1::ServiceAccountKey { id, jwk, create_time, expire_time });
    account.keys.sort_by(|one, other| one.id.cmp(&other.id));
    keep_account(state, &r.request_id, "service-account-key-added", account)
}

pub fn remove_key(state: &mut State, r: &v1::RemoveServiceAccountKeyRequest) -> Outcome {
    let mut account = account(state, &r.name, &r.etag)?;
    let had = account.keys.len();
    account.keys.retain(|key| key.id != r.key_id);
    if account.keys.len() == had {
        let message = format!("{} has no key {}; wanted the id of one that it has", r.name, r.key_id);
        return Err(refusal(Code::FailedPrecondition, "KEY_NOT_FOUND", message, &[]));
    }
    keep_account(state, &r.request_id, "service-account-key-removed", account)
}

/// The account, where it is the one that the caller saw.
fn account(state: &State, name: &str, etag: &str) -> Result<v1::ServiceAccount, Status> {
    let found = state.service_accounts.get(name).ok_or_else(|| not_found(name))?;
    check_etag(name, etag, &found.etag)?;
    Ok(found.clone())
}

fn keep_account(state: &mut State, id: &str, kind: &str, mut made: v1::ServiceAccount) -> Outcome {
    let stamp = state.stamp(GLOBAL, id);
    (made.author, made.update_time, made.etag) = (AUTHOR.to_owned(), stamp.time, stamp.etag);
    state.service_accounts.insert(made.name.clone(), made.clone());
    state.append(GLOBAL, id, kind, &made.name.clone(), Some(After::ServiceAccount(made.clone())));
    Ok(Done::ServiceAccount(made))
}
