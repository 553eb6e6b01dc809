//! Identity providers and service accounts, to messages and back.

use std::collections::BTreeMap;

use domain::{AccountKey, IdentityProvider, ServiceAccount};
use ids::{Hlc, Label};

use super::{state_in, state_out, uid_out};
use crate::{
    Error,
    field::{name_in, uid_in},
    proto,
};

const PROVIDER: &str = "an identity provider";
const ACCOUNT: &str = "a service account";

impl From<&IdentityProvider> for proto::IdentityProvider {
    fn from(row: &IdentityProvider) -> Self {
        let IdentityProvider {
            name,
            uid,
            display_name,
            description,
            issuer,
            audience,
            user_claim,
            groups_claim,
            keys,
            state,
            author,
            create_time,
            update_time,
        } = row;
        Self {
            name: name.to_string(),
            uid: uid_out(uid),
            display_name: display_name.clone(),
            description: description.clone(),
            issuer: issuer.clone(),
            audience: audience.clone(),
            user_claim: user_claim.clone(),
            groups_claim: groups_claim.clone(),
            keys: keys.clone(),
            state: state_out(*state),
            author: author.clone(),
            create_time: create_time.0,
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::IdentityProvider> for IdentityProvider {
    type Error = Error;

    fn try_from(message: proto::IdentityProvider) -> Result<Self, Error> {
        let proto::IdentityProvider {
            name,
            uid,
            display_name,
            description,
            issuer,
            audience,
            user_claim,
            groups_claim,
            keys,
            state,
            author,
            create_time,
            update_time,
        } = message;
        Ok(Self {
            name: name_in(PROVIDER, "name", &name)?,
            uid: uid_in(PROVIDER, &uid)?,
            display_name,
            description,
            issuer,
            audience,
            user_claim,
            groups_claim,
            keys,
            state: state_in(PROVIDER, state)?,
            author,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
        })
    }
}

impl From<&ServiceAccount> for proto::ServiceAccount {
    fn from(row: &ServiceAccount) -> Self {
        let ServiceAccount {
            name,
            uid,
            display_name,
            description,
            disabled,
            keys,
            state,
            author,
            create_time,
            update_time,
        } = row;
        Self {
            name: name.to_string(),
            uid: uid_out(uid),
            display_name: display_name.clone(),
            description: description.clone(),
            disabled: *disabled,
            keys: keys.iter().map(key_out).collect(),
            state: state_out(*state),
            author: author.clone(),
            create_time: create_time.0,
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::ServiceAccount> for ServiceAccount {
    type Error = Error;

    fn try_from(message: proto::ServiceAccount) -> Result<Self, Error> {
        let proto::ServiceAccount {
            name,
            uid,
            display_name,
            description,
            disabled,
            keys,
            state,
            author,
            create_time,
            update_time,
        } = message;
        Ok(Self {
            name: name_in(ACCOUNT, "name", &name)?,
            uid: uid_in(ACCOUNT, &uid)?,
            display_name,
            description,
            disabled,
            keys: keys.into_iter().map(key_in).collect::<Result<BTreeMap<_, _>, _>>()?,
            state: state_in(ACCOUNT, state)?,
            author,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
        })
    }
}

fn key_out((id, key): (&Label, &AccountKey)) -> proto::AccountKey {
    let AccountKey { jwk, create_time, expire_time } = key;
    proto::AccountKey {
        id: id.to_string(),
        jwk: jwk.clone(),
        create_time: create_time.0,
        expire_time: expire_time.map(|expires| expires.0),
    }
}

fn key_in(message: proto::AccountKey) -> Result<(Label, AccountKey), Error> {
    let proto::AccountKey { id, jwk, create_time, expire_time } = message;
    let id = name_in(ACCOUNT, "keys.id", &id)?;
    Ok((id, AccountKey { jwk, create_time: Hlc(create_time), expire_time: expire_time.map(Hlc) }))
}
