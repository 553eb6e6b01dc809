//! Marks on what is made: tags by which it is found again, names and client tokens by which it is made once.
//!
//! All of them follow from the key's uid and from what is planned, so that any leader derives the same. What can change in the life of a
//! cluster is in none of them: a call that is repeated with its token must be the same call.

use ids::RequestId;
use planner::plan::{Credential, Part, Role, Slot, TokenInputs};
use ports::cloud::{Tag, Tags, guest};
use sha2::{Digest, Sha256};

/// Key of the tag with the uid of the cluster or network that a resource is part of.
pub const OWNER: &str = "atoll:owner";
/// Key of the tag with the part that a resource is.
pub const PART: &str = "atoll:part";
/// Key of the tag with the attempt that launched a machine.
pub const ATTEMPT: &str = "atoll:attempt";
/// Key of the tag with the day on which a machine's image was built, in Unix seconds.
pub const BUILT: &str = "atoll:image-built";

const KINDS: [&str; 14] = [
    "network",
    "vpc",
    "internet-gateway",
    "subnet",
    "address",
    "nat",
    "route-table",
    "security-group",
    "target-group",
    "balancer",
    "template",
    "volume",
    "machine",
    "credential",
];

/// The tags of a part.
pub(crate) fn tags(uid: RequestId, part: &Part, generation: u64) -> Tags {
    let mut tags: Tags = [(OWNER, uid.to_string()), (PART, text(part))].into_iter().collect();
    tags.set(Tag { key: guest::GENERATION.into(), value: generation.to_string().into() });
    // What people see in the cloud's own lists.
    tags.set(Tag { key: "Name".into(), value: part.to_string().into() });
    tags
}

/// A part as the value of a tag.
pub fn text(part: &Part) -> String {
    let kind = part.kind();
    match part {
        Part::Subnet { zone, public } | Part::RouteTable { zone, public } => {
            format!("{kind}/{zone}/{}", if *public { "public" } else { "private" })
        }
        Part::Address { zone } | Part::Nat { zone } => format!("{kind}/{zone}"),
        Part::SecurityGroup(role) | Part::Template(role) => format!("{kind}/{role}"),
        Part::Volume(slot) | Part::Machine(slot) => format!("{kind}/{slot}"),
        Part::Credential(credential) => format!("{kind}/{credential}"),
        Part::Network | Part::Vpc | Part::InternetGateway | Part::TargetGroup | Part::Balancer => kind.to_owned(),
    }
}

/// The part that the value of a tag names.
pub fn part(text: &str) -> Option<Part> {
    let mut words = text.splitn(3, '/');
    let kind = words.next().and_then(|word| KINDS.iter().position(|kind| *kind == word))?;
    let (first, second) = (words.next(), words.next());
    let zone = || first.filter(|zone| !zone.is_empty()).map(str::to_owned);
    let public = || match second? {
        "public" => Some(true),
        "private" => Some(false),
        _ => None,
    };
    let part = match (kind, first, second) {
        (0, None, None) => Part::Network,
        (1, None, None) => Part::Vpc,
        (2, None, None) => Part::InternetGateway,
        (3, ..) => Part::Subnet { zone: zone()?, public: public()? },
        (4, _, None) => Part::Address { zone: zone()? },
        (5, _, None) => Part::Nat { zone: zone()? },
        (6, ..) => Part::RouteTable { zone: zone()?, public: public()? },
        (7, _, None) => Part::SecurityGroup(role(first?)?),
        (8, None, None) => Part::TargetGroup,
        (9, None, None) => Part::Balancer,
        (10, _, None) => Part::Template(role(first?)?),
        (11, _, None) => Part::Volume(slot(first?)?),
        (12, _, None) => Part::Machine(slot(first?)?),
        (13, Some("certificates"), None) => Part::Credential(Credential::Certificates),
        (13, Some("keys"), None) => Part::Credential(Credential::Keys),
        _ => return None,
    };
    Some(part)
}

fn role(text: &str) -> Option<Role> {
    [Role::Master, Role::Worker].into_iter().find(|role| role.to_string() == text)
}

fn slot(text: &str) -> Option<Slot> {
    let (role_text, number) = text.split_once('-')?;
    let number = number.parse().ok()?;
    role(role_text).map(|role| Slot { role, number })
}

/// What a call is made for, and its client token where it has one: base32 of a SHA-256, 52 characters.
pub fn token(uid: RequestId, inputs: &TokenInputs) -> String {
    let (generation, attempt) = (inputs.generation.to_be_bytes(), inputs.attempt.to_be_bytes());
    let part = text(&inputs.part);
    let optional = |text: &Option<String>| text.clone().unwrap_or_default();
    let (kind, zone) = (optional(&inputs.instance_type), optional(&inputs.zone));
    digest(&[&uid.0, &generation, inputs.kind.as_bytes(), part.as_bytes(), &attempt, kind.as_bytes(), zone.as_bytes()])
}

/// A name of at most 32 letters, digits and hyphens, for what has no token and must be named: one for each generation of a part.
pub fn name(uid: RequestId, part: &Part, generation: u64) -> String {
    let digest = digest(&[&uid.0, text(part).as_bytes(), &generation.to_be_bytes()]);
    format!("atoll-{}", digest.get(..26).unwrap_or_default())
}

fn digest(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    base32(&digest.finalize())
}

/// RFC 4648, lower case, without padding.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes.iter().map(|byte| u32::from(*byte)) {
        (bits, count) = (bits << 8 | byte, count + 8);
        while count >= 5 {
            count -= 5;
            text.push(letter(bits >> count));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(letter(bits << (5 - count)));
    }
    text
}

fn letter(bits: u32) -> char {
    let place = u8::try_from(bits & 31).unwrap_or(0);
    char::from(if place < 26 { b'a' + place } else { b'2' + place - 26 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_reads_back_from_its_tag() {
        let zone = || "euw1-az1".to_owned();
        let slot = Slot { role: Role::Worker, number: 17 };
        let all = [
            Part::Network,
            Part::Vpc,
            Part::InternetGateway,
            Part::Subnet { zone: zone(), public: false },
            Part::Subnet { zone: zone(), public: true },
            Part::Address { zone: zone() },
            Part::Nat { zone: zone() },
            Part::RouteTable { zone: zone(), public: true },
            Part::SecurityGroup(Role::Master),
            Part::TargetGroup,
            Part::Balancer,
            Part::Template(Role::Worker),
            Part::Volume(slot),
            Part::Machine(slot),
            Part::Credential(Credential::Certificates),
            Part::Credential(Credential::Keys),
        ];
        for one in all {
            assert_eq!(part(&text(&one)), Some(one.clone()), "{one}");
        }
        for wrong in ["", "vpc/x", "subnet/euw1-az1", "machine/boss-1", "machine/worker-", "subnet//public"] {
            assert_eq!(part(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn base32_is_that_of_the_rfc_in_lower_case() {
        let all =
            [("", ""), ("f", "my"), ("fo", "mzxq"), ("foo", "mzxw6"), ("foob", "mzxw6yq"), ("foobar", "mzxw6ytboi")];
        for (input, wanted) in all {
            assert_eq!(base32(input.as_bytes()), wanted);
        }
    }

    #[test]
    fn whatever_differs_in_a_call_gives_another_token() {
        let inputs = TokenInputs {
            kind: "launch",
            part: Part::Machine(Slot { role: Role::Master, number: 1 }),
            generation: 1,
            instance_type: Some("m7g.large".to_owned()),
            zone: Some("euw1-az1".to_owned()),
            attempt: 1,
        };
        let uid = RequestId([7; 16]);
        let others = [
            TokenInputs { kind: "create", ..inputs.clone() },
            TokenInputs { part: Part::Vpc, ..inputs.clone() },
            TokenInputs { generation: 2, ..inputs.clone() },
            TokenInputs { instance_type: Some("m7g.xlarge".to_owned()), ..inputs.clone() },
            TokenInputs { zone: Some("euw1-az2".to_owned()), ..inputs.clone() },
            TokenInputs { attempt: 2, ..inputs.clone() },
        ];
        let mut all: Vec<String> = others.iter().chain([&inputs]).map(|of| token(uid, of)).collect();
        all.push(token(RequestId([8; 16]), &inputs));
        assert!(all.iter().all(|token| token.len() == 52));
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), all.len());
        assert_eq!(token(uid, &inputs), token(uid, &inputs.clone()));
    }
}
