//! Commands about whose tokens are taken, to messages and back; deletions are with those of `access`.

use domain::command::{
    AddServiceAccountKey, CreateIdentityProvider, CreateServiceAccount, RemoveServiceAccountKey,
    UpdateIdentityProvider, UpdateServiceAccount,
};
use ids::{Hlc, Revision};

use crate::{
    Error,
    field::{etag_out, name_in},
    proto,
};

impl From<&CreateIdentityProvider> for proto::CreateIdentityProvider {
    fn from(command: &CreateIdentityProvider) -> Self {
        let CreateIdentityProvider {
            name,
            display_name,
            description,
            issuer,
            audience,
            user_claim,
            groups_claim,
            keys,
        } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            issuer: issuer.clone(),
            audience: audience.clone(),
            user_claim: user_claim.clone(),
            groups_claim: groups_claim.clone(),
            keys: keys.clone(),
        }
    }
}

impl TryFrom<proto::CreateIdentityProvider> for CreateIdentityProvider {
    type Error = Error;

    fn try_from(message: proto::CreateIdentityProvider) -> Result<Self, Error> {
        let proto::CreateIdentityProvider {
            name,
            display_name,
            description,
            issuer,
            audience,
            user_claim,
            groups_claim,
            keys,
        } = message;
        let name = name_in("the creation of an identity provider", "name", &name)?;
        Ok(Self { name, display_name, description, issuer, audience, user_claim, groups_claim, keys })
    }
}

impl From<&UpdateIdentityProvider> for proto::UpdateIdentityProvider {
    fn from(command: &UpdateIdentityProvider) -> Self {
        let UpdateIdentityProvider { name, display_name, description, audience, user_claim, groups_claim, keys, etag } =
            command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            audience: audience.clone(),
            user_claim: user_claim.clone(),
            groups_claim: groups_claim.clone(),
            keys: keys.clone(),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateIdentityProvider> for UpdateIdentityProvider {
    type Error = Error;

    fn try_from(message: proto::UpdateIdentityProvider) -> Result<Self, Error> {
        let proto::UpdateIdentityProvider {
            name,
            display_name,
            description,
            audience,
            user_claim,
            groups_claim,
            keys,
            etag,
        } = message;
        let name = name_in("the update of an identity provider", "name", &name)?;
        let etag = etag.map(Revision);
        Ok(Self { name, display_name, description, audience, user_claim, groups_claim, keys, etag })
    }
}

impl From<&CreateServiceAccount> for proto::CreateServiceAccount {
    fn from(command: &CreateServiceAccount) -> Self {
        let CreateServiceAccount { name, display_name, description } = command;
        Self { name: name.to_string(), display_name: display_name.clone(), description: description.clone() }
    }
}

impl TryFrom<proto::CreateServiceAccount> for CreateServiceAccount {
    type Error = Error;

    fn try_from(message: proto::CreateServiceAccount) -> Result<Self, Error> {
        let proto::CreateServiceAccount { name, display_name, description } = message;
        Ok(Self { name: name_in("the creation of a service account", "name", &name)?, display_name, description })
    }
}

impl From<&UpdateServiceAccount> for proto::UpdateServiceAccount {
    fn from(command: &UpdateServiceAccount) -> Self {
        let UpdateServiceAccount { name, display_name, description, disabled, etag } = command;
        Self {
            name: name.to_string(),
            display_name: display_name.clone(),
            description: description.clone(),
            disabled: *disabled,
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::UpdateServiceAccount> for UpdateServiceAccount {
    type Error = Error;

    fn try_from(message: proto::UpdateServiceAccount) -> Result<Self, Error> {
        let proto::UpdateServiceAccount { name, display_name, description, disabled, etag } = message;
        let name = name_in("the update of a service account", "name", &name)?;
        Ok(Self { name, display_name, description, disabled, etag: etag.map(Revision) })
    }
}

impl From<&AddServiceAccountKey> for proto::AddServiceAccountKey {
    fn from(command: &AddServiceAccountKey) -> Self {
        let AddServiceAccountKey { name, key, jwk, expire_time, etag } = command;
        Self {
            name: name.to_string(),
            key: key.to_string(),
            jwk: jwk.clone(),
            expire_time: expire_time.map(|expires| expires.0),
            etag: etag_out(etag),
        }
    }
}

impl TryFrom<proto::AddServiceAccountKey> for AddServiceAccountKey {
    type Error = Error;

    fn try_from(message: proto::AddServiceAccountKey) -> Result<Self, Error> {
        const WHAT: &str = "a command to add a key to a service account";
        let proto::AddServiceAccountKey { name, key, jwk, expire_time, etag } = message;
        let (name, key) = (name_in(WHAT, "name", &name)?, name_in(WHAT, "key", &key)?);
        Ok(Self { name, key, jwk, expire_time: expire_time.map(Hlc), etag: etag.map(Revision) })
    }
}

impl From<&RemoveServiceAccountKey> for proto::RemoveServiceAccountKey {
    fn from(command: &RemoveServiceAccountKey) -> Self {
        let RemoveServiceAccountKey { name, key, etag } = command;
        Self { name: name.to_string(), key: key.to_string(), etag: etag_out(etag) }
    }
}

impl TryFrom<proto::RemoveServiceAccountKey> for RemoveServiceAccountKey {
    type Error = Error;

    fn try_from(message: proto::RemoveServiceAccountKey) -> Result<Self, Error> {
        const WHAT: &str = "a command to remove a key from a service account";
        let proto::RemoveServiceAccountKey { name, key, etag } = message;
        let (name, key) = (name_in(WHAT, "name", &name)?, name_in(WHAT, "key", &key)?);
        Ok(Self { name, key, etag: etag.map(Revision) })
    }
}
