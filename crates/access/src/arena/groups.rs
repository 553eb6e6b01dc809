//! Who is in which group, and through which others.

use std::{collections::BTreeSet, sync::Arc};

use super::{Arena, Principal};
use crate::{Group, Member, Record, Refusal, slots::Ix};

impl Arena {
    pub(super) fn set_group(&mut self, group: &Group, record: &Arc<Record>) -> Result<(), Refusal> {
        if !group.name.is_group() {
            return Err(Refusal::NotAGroup { member: group.name.clone() });
        }
        for member in group.members.iter().filter(|member| member.is_group()) {
            self.check_group_acyclic(&group.name, member)?;
        }
        let ix = self.principals.intern(&group.name);
        let mut old = None;
        let kept = Some(Arc::new((group.clone(), record.clone())));
        self.principals.edit(ix, |row| old = std::mem::replace(&mut row.group, kept));
        let before = old.as_ref().map(|old| &old.0.members);
        self.regroup(ix, before.unwrap_or(&BTreeSet::new()), &group.members);
        Ok(())
    }

    pub(super) fn remove_group(&mut self, name: &Member) {
        let Some(ix) = self.principals.find(name) else { return };
        let Some(old) = self.principals.get(ix).and_then(|row| row.group.clone()) else { return };
        // Its members leave it first: it is released only when nobody holds its index.
        self.regroup(ix, &old.0.members, &BTreeSet::new());
        self.principals.edit(ix, |row| row.group = None);
    }

    /// Moves a group's members from what they were to what they are.
    fn regroup(&mut self, group: Ix<Principal>, before: &BTreeSet<Member>, after: &BTreeSet<Member>) {
        let mut changed = BTreeSet::new();
        for member in after.difference(before) {
            let ix = self.principals.intern(member);
            self.principals.edit(ix, |row| row.groups.push(group));
            self.within(member, &mut changed);
        }
        for member in before.difference(after) {
            self.within(member, &mut changed);
            let Some(ix) = self.principals.find(member) else { continue };
            self.principals.edit(ix, |row| row.groups.retain(|other| *other != group));
        }
        if let Some(row) = self.principals.get(group) {
            changed.insert(row.member.clone());
        }
        for member in &changed {
            let Some(ix) = self.principals.find(member) else { continue };
            let reach = self.reach(ix);
            self.principals.edit(ix, |row| row.reach = reach);
        }
    }

    fn reach(&self, principal: Ix<Principal>) -> Vec<Ix<Principal>> {
        let (mut found, mut next) = (BTreeSet::new(), vec![principal]);
        while let Some(ix) = next.pop() {
            if found.insert(ix) {
                next.extend(self.principals.get(ix).iter().flat_map(|row| &row.groups));
            }
        }
        found.into_iter().collect()
    }

    /// `member` may become one of `group`: it is neither the group nor one that the group is in.
    fn check_group_acyclic(&self, group: &Member, member: &Member) -> Result<(), Refusal> {
        let mut cycle = match self.chain(group, member) {
            Some(chain) => chain,
            None => return Ok(()),
        };
        cycle.insert(0, member.clone());
        Err(Refusal::GroupCycle { cycle })
    }

    /// The shortest way from `member` to `group` through groups, each in the next; itself alone where they are the same. The names decide
    /// between ways of one length.
    pub(crate) fn chain(&self, member: &Member, group: &Member) -> Option<Vec<Member>> {
        let (mut seen, mut ways) = (BTreeSet::from([member.clone()]), vec![vec![member.clone()]]);
        while !ways.is_empty() {
            let mut longer = Vec::new();
            for way in ways {
                let last = way.last()?;
                if last == group {
                    return Some(way);
                }
                let row = self.principals.row(last);
                let above = row.iter().flat_map(|row| &row.groups).filter_map(|ix| self.principals.get(*ix));
                let names: BTreeSet<&Member> = above.map(|row| &row.member).collect();
                for name in names {
                    if seen.insert(name.clone()) {
                        longer.push(way.iter().chain([name]).cloned().collect());
                    }
                }
            }
            ways = longer;
        }
        None
    }
}
