//! Commands about cloud accounts, to messages and back. Both directions take every field by name, so that a new one does not
//! compile until it is converted.

use domain::command::{AddAccount, ClaimAccount};

use crate::{Error, field::name_in, proto};

impl From<&AddAccount> for proto::AddAccount {
    fn from(command: &AddAccount) -> Self {
        let AddAccount { account } = command;
        Self { account: account.to_string() }
    }
}

impl TryFrom<proto::AddAccount> for AddAccount {
    type Error = Error;

    fn try_from(message: proto::AddAccount) -> Result<Self, Error> {
        const WHAT: &str = "the addition of a cloud account";
        let proto::AddAccount { account } = message;
        Ok(Self { account: name_in(WHAT, "account", &account)? })
    }
}

impl From<&ClaimAccount> for proto::ClaimAccount {
    fn from(command: &ClaimAccount) -> Self {
        let ClaimAccount { organization } = command;
        Self { organization: organization.to_string() }
    }
}

impl TryFrom<proto::ClaimAccount> for ClaimAccount {
    type Error = Error;

    fn try_from(message: proto::ClaimAccount) -> Result<Self, Error> {
        const WHAT: &str = "the claim of a cloud account";
        let proto::ClaimAccount { organization } = message;
        Ok(Self { organization: name_in(WHAT, "organization", &organization)? })
    }
}
