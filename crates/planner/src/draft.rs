//! The decisions of one cluster while they are being made, and the order in which the computed ones are.
//!
//! A computed choice names the choices that it was worked out from; whatever policy or request had a say in those has a
//! say in it. That is why nothing here reads a policy.

use std::collections::BTreeMap;

use domain::{
    Cidr,
    catalog::{Key, Region, Value},
};

use crate::{Asked, Awaited, Blueprint, Choice, Inputs, Refusal, Request, Source, Warning, blueprint::Worked};

mod bounds;
mod machines;
mod network;
mod version;

pub struct Draft<'a> {
    pub request: &'a Request,
    pub inputs: &'a Inputs<'a>,
    choices: BTreeMap<Key, Choice>,
    warnings: Vec<Warning>,
}

/// What a rule worked out.
struct Computed<'a> {
    key: Key,
    rule: &'static str,
    value: Value,
    /// Why, for people.
    because: String,
    alternatives: Vec<String>,
    /// The choices that it was worked out from.
    from: &'a [Key],
}

impl<'a> Draft<'a> {
    pub fn new(request: &'a Request, inputs: &'a Inputs<'a>) -> Self {
        Self { request, inputs, choices: BTreeMap::new(), warnings: Vec::new() }
    }

    pub fn add(&mut self, choice: Choice) {
        self.choices.insert(choice.key, choice);
    }

    /// Refuses a request that is made now. For one that was accepted before it is a warning, and the caller goes on with
    /// what there is.
    pub fn object(&mut self, refusal: Refusal) -> Result<(), Refusal> {
        match self.inputs.asked {
            Asked::Now => Err(refusal),
            Asked::Before => {
                self.warnings.push(Warning::WouldBeRefused(refusal));
                Ok(())
            }
        }
    }

    /// Works out everything that is left.
    pub fn complete(mut self, region: &Region) -> Result<Blueprint, Refusal> {
        self.decide_bounds();
        self.decide_speed();
        let version = self.decide_version()?;
        let masters = self.decide_masters(version)?;
        let workers = self.decide_workers(version, &masters.zones)?;
        let network = self.decide_network(region, &masters.zones)?;
        self.decide_openness()?;
        let warnings = std::mem::take(&mut self.warnings);
        let worked = Worked { version, masters, workers, network, warnings };
        Ok(Blueprint::of(self, worked))
    }

    fn compute(&mut self, computed: Computed<'_>) {
        let Computed { key, rule, value, because, alternatives, from } = computed;
        let source = Source::Rule(rule);
        let reason = format!("{source}: {because}");
        let rests_on = self.said(from);
        self.add(Choice { key, value, alternatives, reason, source, rests_on });
    }

    /// The request sets what else would be computed.
    fn asked(&mut self, key: Key, value: Value, from: &[Key]) {
        let reason = format!("{}: asked for {value}", Source::Request);
        let rests_on = self.said(from).into_iter().filter(|source| *source != Source::Request).collect();
        self.add(Choice { key, value, alternatives: Vec::new(), reason, source: Source::Request, rests_on });
    }

    /// What the cluster has, whatever else would be decided.
    fn keep(&mut self, key: Key, value: Value, because: &str, from: &[Key]) {
        let because = because.to_owned();
        self.compute(Computed { key, rule: "kept", value, because, alternatives: Vec::new(), from });
    }

    /// A choice stays as it is, and would be another if these were.
    fn rest(&mut self, key: Key, on: &[Key]) {
        let said = self.said(on);
        if let Some(choice) = self.choices.get_mut(&key) {
            let new: Vec<Source> = said.into_iter().filter(|source| !choice.cites(source)).collect();
            choice.rests_on.extend(new);
        }
    }

    /// Policies, and the request, that had a say in these choices.
    fn said(&self, keys: &[Key]) -> Vec<Source> {
        let mut said: Vec<Source> = Vec::new();
        for source in keys.iter().filter_map(|key| self.choices.get(key)).flat_map(Choice::sources) {
            if matches!(source, Source::Policy { .. } | Source::Request) && !said.contains(source) {
                said.push(source.clone());
            }
        }
        said
    }

    pub fn into_choices(self) -> Vec<Choice> {
        let told = |mut choice: Choice| {
            if let Some(awaited) = Awaited::by(choice.key, &choice.value) {
                choice.reason.push_str(&format!("; no effect yet: waits for {awaited}"));
            }
            choice
        };
        self.choices.into_values().map(told).collect()
    }

    // Every settled choice has its key's shape, so none of these misses one.

    pub fn value(&self, key: Key) -> Option<&Value> {
        self.choices.get(&key).map(|choice| &choice.value)
    }

    pub fn number(&self, key: Key) -> u64 {
        self.value(key).and_then(Value::number).unwrap_or(0)
    }

    pub fn flag(&self, key: Key) -> bool {
        self.value(key) == Some(&Value::Flag(true))
    }

    pub fn is(&self, key: Key, word: &str) -> bool {
        matches!(self.value(key), Some(Value::Word(value)) if value == word)
    }

    pub fn ranges(&self, key: Key) -> Vec<Cidr> {
        match self.value(key) {
            Some(Value::Ranges(ranges)) => ranges.clone(),
            _ => Vec::new(),
        }
    }

    fn prefix(&self, key: Key) -> u8 {
        u8::try_from(self.number(key)).unwrap_or(32)
    }

    fn words(&self, key: Key) -> Vec<String> {
        match self.value(key) {
            Some(Value::Words(words)) => words.clone(),
            _ => Vec::new(),
        }
    }
}

/// Words for a choice.
fn words(items: impl IntoIterator<Item = impl ToString>) -> Value {
    Value::Words(items.into_iter().map(|item| item.to_string()).collect())
}
