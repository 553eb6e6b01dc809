//! Differences of one class, from the root down: only those that are not as above, each with the number of nodes that it speaks for.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{
    Difference,
    tour::{Sum, Tour},
};
use crate::{Kind, NodeName, Rights, arena::Node, slots::Ix};

/// By what is gained and lost on a node: how many such nodes there are, and which. Results that say the same in full have the same totals,
/// wherever their differences begin.
pub type Totals = BTreeMap<(Rights, Rights), Sum>;

pub struct Telling<'a> {
    tour: &'a Tour,
    told: Vec<Difference>,
    totals: Totals,
    /// Those that enclose the next one, outermost first: what they span, and their place in `told`.
    open: Vec<(Range<u32>, usize)>,
}

impl<'a> Telling<'a> {
    pub fn new(tour: &'a Tour) -> Self {
        Self { tour, told: Vec::new(), totals: Totals::new(), open: Vec::new() }
    }

    /// A node that is there no more.
    pub fn removed(&mut self, node: &NodeName, had: Rights) {
        let lost = had.on(node.kind());
        if !lost.is_empty() {
            self.totals.entry((Rights::NONE, lost)).or_default().add(&Sum::of(node));
            self.told.push(Difference { node: node.clone(), gained: Rights::NONE, lost, nodes: 1, removed: true });
        }
    }

    /// A node and what holds on it before and after, asked on whatever kind. In the order of the tour.
    pub fn compared(&mut self, ix: Ix<Node>, node: &NodeName, had: Rights, has: Rights) {
        let Some(span) = self.tour.span(ix) else { return };
        while self.open.last().is_some_and(|(outer, _)| outer.end <= span.start) {
            self.open.pop();
        }
        let (gained, lost) = (has.without(had), had.without(has));
        let mut above = self.open.last().and_then(|(_, at)| self.told.get_mut(*at));
        if above.as_ref().map_or((Rights::NONE, Rights::NONE), |above| (above.gained, above.lost)) == (gained, lost) {
            return;
        }
        let mut difference = Difference { node: node.clone(), gained, lost, nodes: 0, removed: false };
        for kind in Kind::ALL {
            let sum = self.tour.sum(kind, &span);
            if let Some(rights) = on(&difference, kind) {
                difference.nodes += sum.count();
                self.totals.entry(rights).or_default().add(&sum);
            }
            // What is below is no longer for the one above to say.
            if let Some(above) = above.as_mut()
                && let Some(rights) = on(above, kind)
            {
                above.nodes -= sum.count();
                self.totals.entry(rights).or_default().subtract(&sum);
            }
        }
        self.open.push((span, self.told.len()));
        self.told.push(difference);
    }

    pub fn told(mut self) -> (Vec<Difference>, Totals) {
        self.totals.retain(|_, sum| sum.count() > 0);
        (self.told, self.totals)
    }
}

/// What a difference changes on nodes of a kind, if anything.
fn on(difference: &Difference, kind: Kind) -> Option<(Rights, Rights)> {
    let (gained, lost) = (difference.gained.on(kind), difference.lost.on(kind));
    (!(gained | lost).is_empty()).then_some((gained, lost))
}
