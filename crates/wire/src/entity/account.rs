//! Cloud accounts, to messages and back.

use bytes::Bytes;
use domain::{Account, AccountLife, Owner};
use ids::Hlc;

use super::uid_out;
use crate::{
    Error,
    field::{name_in, sixteen_bytes_in},
    proto,
};

const ACCOUNT: &str = "a cloud account";

impl From<&Account> for proto::Account {
    fn from(row: &Account) -> Self {
        let Account { id, life, create_time, update_time } = row;
        let state = match life {
            AccountLife::Ready => proto::AccountState::Ready,
            AccountLife::Claimed(_) => proto::AccountState::Claimed,
            AccountLife::Retired(_) => proto::AccountState::Retired,
        };
        let (organization, organization_uid) = match life.owner() {
            Some(Owner { organization, uid }) => (organization.to_string(), uid_out(uid)),
            None => (String::new(), Bytes::new()),
        };
        Self {
            id: id.to_string(),
            state: state.into(),
            organization,
            organization_uid,
            create_time: create_time.0,
            update_time: update_time.0,
        }
    }
}

impl TryFrom<proto::Account> for Account {
    type Error = Error;

    fn try_from(message: proto::Account) -> Result<Self, Error> {
        let proto::Account { id, state, organization, organization_uid, create_time, update_time } = message;
        let owner = || -> Result<Owner, Error> {
            Ok(Owner {
                organization: name_in(ACCOUNT, "organization", &organization)?,
                uid: sixteen_bytes_in(ACCOUNT, "organization_uid", &organization_uid)?,
            })
        };
        let life = match proto::AccountState::try_from(state) {
            Ok(proto::AccountState::Ready) if organization.is_empty() && organization_uid.is_empty() => {
                AccountLife::Ready
            }
            Ok(proto::AccountState::Ready) => {
                return Err(Error::field(ACCOUNT, "organization", organization, "none: the account is READY"));
            }
            Ok(proto::AccountState::Claimed) => AccountLife::Claimed(owner()?),
            Ok(proto::AccountState::Retired) => AccountLife::Retired(owner()?),
            Ok(proto::AccountState::Unspecified) | Err(_) => {
                return Err(Error::field(ACCOUNT, "state", state, "1 (READY), 2 (CLAIMED) or 3 (RETIRED)"));
            }
        };
        Ok(Self {
            id: name_in(ACCOUNT, "id", &id)?,
            life,
            create_time: Hlc(create_time),
            update_time: Hlc(update_time),
        })
    }
}
