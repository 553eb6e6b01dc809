//! Differences of one class, from the root down: only those that are not as above, each with the number of nodes that it speaks for.

use std::collections::BTreeMap;

use super::{
    Difference,
    marks::Mark,
    tour::{Sum, Tour},
};
use crate::{Arena, Kind, NodeName, Rights, arena::Node, slots::Ix};

/// By what is gained and lost on a node: how many such nodes there are, and which. Results that say the same in full have the same totals,
/// wherever their differences begin.
pub type Totals = BTreeMap<(Rights, Rights), Sum>;

pub struct Telling<'a> {
    tour: &'a Tour,
    removed: Vec<Difference>,
    told: Vec<Told>,
    totals: Totals,
    /// The marked nodes that enclose the next one, outermost first.
    open: Vec<Open>,
}

struct Told {
    node: Ix<Node>,
    change: (Rights, Rights),
    nodes: usize,
}

/// What holds on a node, asked on whatever kind, before and after. `None`: nothing, and nothing below either.
struct Open {
    end: u32,
    had: Option<Rights>,
    has: Option<Rights>,
    /// The difference that speaks for what is here, in `told`.
    told: Option<usize>,
}

impl<'a> Telling<'a> {
    pub fn new(tour: &'a Tour) -> Self {
        let (removed, told, open) = (Vec::new(), Vec::new(), Vec::new());
        Self { tour, removed, told, totals: Totals::new(), open }
    }

    /// A node that is there no more, and what held on it.
    pub fn removed(&mut self, node: &NodeName, had: Rights) {
        let lost = had.on(node.kind());
        if !lost.is_empty() {
            self.totals.entry((Rights::NONE, lost)).or_default().add(&Sum::of(node));
            self.removed.push(Difference { node: node.clone(), gained: Rights::NONE, lost, nodes: 1, removed: true });
        }
    }

    /// All marks of one node, each with whether it is set after the change or before; nodes in the order of the tour. `moved`: what held on
    /// the node before, where that does not follow from the nodes that are above it now.
    pub fn compared(&mut self, marks: &[(Mark, bool)], moved: Option<Option<Rights>>) {
        let Some((Mark { node, place, end, .. }, _)) = marks.first().copied() else { return };
        while self.open.last().is_some_and(|outer| outer.end <= place) {
            self.open.pop();
        }
        let root = Open { end: u32::MAX, had: Some(Rights::NONE), has: Some(Rights::NONE), told: None };
        let above = self.open.last().unwrap_or(&root);
        let set = |above: Option<Rights>, side: bool| {
            let mut marks = marks.iter().filter(|(_, after)| *after == side);
            marks.try_fold(above?, |rights, (mark, _)| (!mark.revoked).then_some(rights | mark.held))
        };
        let had = moved.unwrap_or_else(|| set(above.had, false));
        let has = set(above.has, true);
        let mut told = above.told;
        if change(had, has) != change(above.had, above.has) {
            self.tell(node, place..end, change(had, has), told);
            told = Some(self.told.len() - 1);
        }
        self.open.push(Open { end, had, has, told });
    }

    fn tell(&mut self, node: Ix<Node>, span: std::ops::Range<u32>, change: (Rights, Rights), above: Option<usize>) {
        let mut nodes = 0;
        for kind in Kind::ALL {
            let sum = self.tour.sum(kind, &span);
            if sum.count() == 0 {
                continue;
            }
            if let Some(rights) = on(change, kind) {
                nodes += sum.count();
                self.totals.entry(rights).or_default().add(&sum);
            }
            // What is below is no longer for the one above to say.
            if let Some(above) = above.and_then(|at| self.told.get_mut(at))
                && let Some(rights) = on(above.change, kind)
            {
                above.nodes -= sum.count();
                self.totals.entry(rights).or_default().subtract(&sum);
            }
        }
        self.told.push(Told { node, change, nodes });
    }

    pub fn totals(mut self) -> Totals {
        self.totals.retain(|_, sum| sum.count() > 0);
        self.totals
    }

    pub fn told(self, arena: &Arena) -> Vec<Difference> {
        let difference = |told: Told| {
            let node = arena.nodes.get(told.node)?.name.clone();
            let (gained, lost) = told.change;
            Some(Difference { node, gained, lost, nodes: told.nodes, removed: false })
        };
        self.removed.into_iter().chain(self.told.into_iter().filter_map(difference)).collect()
    }
}

/// What is gained and lost.
fn change(had: Option<Rights>, has: Option<Rights>) -> (Rights, Rights) {
    let (had, has) = (had.unwrap_or_default(), has.unwrap_or_default());
    (has.without(had), had.without(has))
}

/// What of it is for nodes of a kind, if anything.
fn on((gained, lost): (Rights, Rights), kind: Kind) -> Option<(Rights, Rights)> {
    let (gained, lost) = (gained.on(kind), lost.on(kind));
    (!(gained | lost).is_empty()).then_some((gained, lost))
}
