//! The decisions that are given: by the type's record, changed by policies, then by the request.

use domain::catalog::{Chosen, ClusterTypeRecord, Key, Shape, Value};

use crate::{Choice, Inputs, Refusal, Request, Source, draft::Draft, policy::Ruling};

/// Settles every decision that is not computed.
pub fn settle<'a>(
    request: &'a Request,
    inputs: &'a Inputs<'a>,
    record: &ClusterTypeRecord,
) -> Result<Draft<'a>, Refusal> {
    let edition = &inputs.catalog.edition;
    let given = Source::Type { id: request.cluster_type.clone(), edition: edition.clone() };
    let mut draft = Draft::new(request, inputs);
    for key in Key::ALL.iter().copied().filter(|key| !key.is_computed()) {
        let chosen = record.decisions.get(&key).filter(|chosen| key.shape().accepts(&chosen.value));
        let chosen = chosen.ok_or_else(|| Refusal::CatalogIncomplete {
            what: format!("{key} of {}", request.cluster_type),
            edition: edition.clone(),
        })?;
        // What is fixed is not for policies to change: it is as if there were none.
        let policies = if chosen.fixed { &[][..] } else { inputs.policies };
        let ruling = Ruling::of(policies, key, &chosen.value);
        let mut unasked = unasked(key, &given, &chosen.value, &chosen.why, &ruling);
        if chosen.fixed {
            unasked.reason.push_str("; fixed by the type");
            unasked.alternatives.clear();
        }
        let choice = match request.wish(key) {
            None => unasked,
            Some(wish) => match asked(key, &given, chosen, &wish, &ruling) {
                Ok(choice) => choice,
                Err(refusal) => {
                    draft.object(refusal)?;
                    let reason = format!("{}; {} for {wish} is overruled", unasked.reason, Source::Request);
                    Choice { reason, ..unasked }
                }
            },
        };
        draft.add(choice);
    }
    Ok(draft)
}

/// Nothing was asked: the type's value, or what policies made of it.
fn unasked(key: Key, given: &Source, value: &Value, why: &str, ruling: &Ruling<'_>) -> Choice {
    let by = ruling.by.and_then(|place| ruling.all.get(place));
    let (source, mut reason) = match by {
        Some((policy, says)) => (policy.clone(), format!("{policy}: {says}; {given} has {value}")),
        None => (given.clone(), format!("{given}: {why}")),
    };
    let others = others(ruling, &source);
    if by.is_none() && !others.is_empty() {
        reason = format!("{reason}; {}", limits(ruling, &source));
    }
    let alternatives = alternatives(key, &ruling.value, ruling);
    Choice { key, value: ruling.value.clone(), alternatives, reason, source, rests_on: others }
}

/// Something was asked: that, if nobody forbids it.
fn asked(key: Key, given: &Source, chosen: &Chosen, wish: &Value, ruling: &Ruling<'_>) -> Result<Choice, Refusal> {
    let value = &chosen.value;
    accepted_at_all(key, wish)?;
    if chosen.fixed && wish != value {
        let (given, by, accepted) = (wish.to_string(), Box::new(given.clone()), value.to_string());
        return Err(Refusal::OverrideForbidden { key, given, by, accepted });
    }
    if let Some((by, says)) = ruling.broken(wish) {
        let (given, by) = (wish.to_string(), Box::new(by.clone()));
        return Err(Refusal::OverrideForbidden { key, given, by, accepted: says.allowed() });
    }
    needs_approval(key, wish, given, ruling)?;
    let source = Source::Request;
    let others = others(ruling, &source);
    let mut reason = format!("{source}: asked for {wish}; {given} has {value}");
    if !others.is_empty() {
        reason = format!("{reason}; {}", limits(ruling, &source));
    }
    let alternatives = alternatives(key, wish, ruling);
    Ok(Choice { key, value: wish.clone(), alternatives, reason, source, rests_on: others })
}

fn accepted_at_all(key: Key, wish: &Value) -> Result<(), Refusal> {
    let shape = key.shape();
    if shape.accepts(wish) {
        return Ok(());
    }
    let (given, accepted) = (wish.to_string(), shape.to_string());
    match (key, shape, wish.number()) {
        (Key::ClusterPrefix | Key::PodPrefix | Key::ServicePrefix, Shape::Number { min, .. }, Some(number)) => {
            let key = range_of(key);
            let needed = "any cluster".to_owned();
            Err(if number < min {
                Refusal::CidrTooLarge { key, given, accepted }
            } else {
                Refusal::CidrTooSmall { key, given, needed, accepted }
            })
        }
        _ => Err(Refusal::ValueNotAccepted { key, given, accepted }),
    }
}

/// What a request gives: not a size, but a range of that size.
fn range_of(size: Key) -> Key {
    match size {
        Key::PodPrefix => Key::PodCidr,
        Key::ServicePrefix => Key::ServiceCidr,
        _ => Key::ClusterCidr,
    }
}

/// A privileged pod owns its machine: a request alone is not enough, a policy must speak of it.
fn needs_approval(key: Key, wish: &Value, given: &Source, ruling: &Ruling<'_>) -> Result<(), Refusal> {
    let approved = ruling.value == *wish || ruling.all.iter().any(|(_, says)| says.mentions(wish));
    if key != Key::PodsPrivileged || *wish != Value::Flag(true) || approved {
        return Ok(());
    }
    let accepted = "off, or a policy above the cluster that allows on".to_owned();
    Err(Refusal::OverrideForbidden { key, given: wish.to_string(), by: Box::new(given.clone()), accepted })
}

/// Policies about this decision besides the one that decided.
fn others(ruling: &Ruling<'_>, source: &Source) -> Vec<Source> {
    let mut others: Vec<Source> = Vec::new();
    for (policy, _) in &ruling.all {
        if policy != source && !others.contains(policy) {
            others.push(policy.clone());
        }
    }
    others
}

fn limits(ruling: &Ruling<'_>, source: &Source) -> String {
    let others = ruling.all.iter().filter(|(policy, _)| policy != source);
    others.map(|(policy, says)| format!("{policy} {says}")).collect::<Vec<_>>().join("; ")
}

fn alternatives(key: Key, value: &Value, ruling: &Ruling<'_>) -> Vec<String> {
    let possible: Vec<Value> = match key.shape() {
        Shape::Flag => [true, false].map(Value::Flag).into(),
        Shape::Word(words) => words.iter().map(|word| Value::Word((*word).to_owned())).collect(),
        _ => Vec::new(),
    };
    if possible.is_empty() {
        let limits = ruling.limits().map(|(policy, says)| format!("{policy} {says}"));
        return std::iter::once(key.shape().to_string()).chain(limits).collect();
    }
    let others = possible.iter().filter(|other| *other != value && ruling.broken(other).is_none());
    others.map(Value::to_string).collect()
}
