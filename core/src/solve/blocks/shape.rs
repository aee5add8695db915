//! Who is joined to whom: groups of units, links between them, and sums by unit for each link.

use std::ops::Range;

/// A link: a block of synapses from one group (or visible units, the ground) to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The group that the synapses lead into; `None` is the ground.
    pub to: Option<usize>,
    /// The group that they come from; `None` is the ground.
    pub from: Option<usize>,
    /// Where in [`Sums`] the sums over each unit's incoming synapses of this link are; empty where they lead to the
    /// ground.
    pub rows: Range<usize>,
    /// Where the sums over each unit's outgoing synapses are; empty where they come from the ground.
    pub columns: Range<usize>,
}

impl Link {
    /// Does neither end reach the ground?
    pub fn is_inner(&self) -> bool {
        self.to.is_some() && self.from.is_some()
    }
}

/// The groups and links of a problem, without any weight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    offsets: Vec<usize>,
    links: Vec<Link>,
    sums: usize,
}

impl Shape {
    pub(super) fn add_group(&mut self, units: usize) -> usize {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        self.offsets.push(self.units() + units);
        self.offsets.len() - 2
    }

    pub(super) fn add_link(&mut self, to: Option<usize>, from: Option<usize>) {
        let size = |group: Option<usize>| group.map_or(0, |group| self.group(group).len());
        let (rows, columns) = (size(to), size(from));
        let start = self.sums;
        self.sums += rows + columns;
        self.links.push(Link {
            to,
            from,
            rows: start..start + rows,
            columns: start + rows..self.sums,
        });
    }

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The number of units in all groups: the multipliers.
    pub fn units(&self) -> usize {
        self.offsets.last().copied().unwrap_or(0)
    }

    /// The units of a group.
    pub fn group(&self, group: usize) -> Range<usize> {
        self.offsets[group]..self.offsets[group + 1]
    }

    /// The links, in the order in which they were added.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// How many numbers [`Sums`] holds.
    pub fn sums(&self) -> usize {
        self.sums
    }

    /// Does no link lead from a group to itself? Then groups can be balanced one after the other.
    pub fn is_sweepable(&self) -> bool {
        self.links
            .iter()
            .all(|link| link.to.is_none() || link.to != link.from)
    }

    /// Does every link lead from an earlier group to a later one?
    pub fn is_acyclic(&self) -> bool {
        self.links
            .iter()
            .all(|link| !link.is_inner() || link.from < link.to)
    }
}

/// The sums of one read, by link and unit: `Σ_j c_ij q_j` for each unit `i` that a link leads into, `Σ_i c_ij p_i` for
/// each `j` that it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Sums {
    /// All of them, see [`Link::rows`] and [`Link::columns`].
    pub values: Vec<f64>,
}

impl Sums {
    /// All zero.
    pub fn new(shape: &Shape) -> Self {
        Sums {
            values: vec![0.0; shape.sums()],
        }
    }

    /// For each unit, `Σ_j c_ij q_j` over all links that lead into it.
    pub fn incoming(&self, shape: &Shape, into: &mut [f64]) {
        into.fill(0.0);
        for link in shape.links() {
            if let Some(to) = link.to {
                add(&mut into[shape.group(to)], &self.values[link.rows.clone()]);
            }
        }
    }

    /// For each unit, `Σ_i c_ij p_i` over all links that come from it.
    pub fn outgoing(&self, shape: &Shape, into: &mut [f64]) {
        into.fill(0.0);
        for link in shape.links() {
            if let Some(from) = link.from {
                add(
                    &mut into[shape.group(from)],
                    &self.values[link.columns.clone()],
                );
            }
        }
    }
}

pub(super) fn add(into: &mut [f64], values: &[f64]) {
    into.iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
}

/// `Σ a_i b_i`, in four interleaved parts.
pub(super) fn inner(a: &[f64], b: &[f64]) -> f64 {
    let (a, a_rest) = a.as_chunks::<4>();
    let (b, b_rest) = b.as_chunks::<4>();
    let mut lanes = [0.0; 4];
    for (a, b) in a.iter().zip(b) {
        for l in 0..4 {
            lanes[l] += a[l] * b[l];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}
