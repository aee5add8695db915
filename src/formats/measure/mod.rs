//! What balancing does to the layers of a model: the magnitudes of their channels, deficits, and shares of the
//! regularizer, before and after.

mod matrix;
mod network;
mod perceptron;
mod sums;

pub use network::measure_network;

use std::collections::BTreeSet;

pub(in crate::formats) use matrix::Matrix;
pub(crate) use sums::{Law, Sum};

use crate::network::Regularizer;

/// All layers of a model, measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// Are weights or costs beyond the range of `f64`? Nothing is said of layers then.
    pub is_beyond: bool,
    /// The layers, in the order of the model.
    pub layers: Vec<MeasuredLayer>,
    /// The part of the regularizer that belongs to none of them, such as that of biases: before, and with the
    /// multipliers; `None` without such weights.
    pub others: Option<[f64; 2]>,
}

/// A layer, measured.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredLayer {
    /// The name of the tensor, or of the units that it leads to.
    pub name: String,
    /// The number of output channels that have any weight other than 0; all that nothing scales count as one.
    pub channels: usize,
    /// With the weights as they are.
    pub before: LayerFigures,
    /// With the multipliers that were given.
    pub after: Option<LayerFigures>,
}

/// What is said of a layer's weights, in floating point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LayerFigures {
    /// The largest magnitude of a weight by channel: of the channel where it is smallest, of the median one, and of the
    /// largest; 0 without weights other than 0.
    pub ranges: [f64; 3],
    /// The largest norm of a channel over the smallest: of the `p`-norms, or for a mixture of the largest magnitudes;
    /// `None` for fewer than two channels.
    pub spread: Option<f64>,
    /// The largest deficit of a unit that the layer leads to; `None` if none of them can be scaled.
    pub deficit: Option<f64>,
    /// The part of the regularizer that these weights are; 0 where there is none at all.
    pub share: f64,
}

/// Sums before and after.
pub(crate) type Sides = [Sum; 2];

/// Adds sums to others.
pub(crate) fn merge(law: &Law, into: &mut Sides, other: &Sides) {
    let pairs = into.iter_mut().zip(other);
    pairs.for_each(|(into, other)| law.merge(into, other));
}

/// What a weight is multiplied by that comes from a unit with this multiplier; 0 if the unit's weights vanish.
pub(crate) fn inverse(multiplier: f64) -> f64 {
    if multiplier == 0.0 {
        0.0
    } else {
        multiplier.recip()
    }
}

/// A layer while it is gone through.
#[derive(Debug, Default)]
pub(crate) struct LayerSums {
    pub name: String,
    pub channels: Vec<Sides>,
    /// The multipliers of what it leads to.
    pub variables: BTreeSet<usize>,
}

/// Everything that is measured while weights are gone through once.
#[derive(Debug)]
pub(crate) struct Meter {
    pub law: Law,
    /// Costs of weights that grow with a multiplier, and of those that shrink.
    pub plus: Vec<Sides>,
    pub minus: Vec<Sides>,
    pub layers: Vec<LayerSums>,
    /// By variable, the last layer that led to it.
    last: Vec<usize>,
    /// Weights that belong to no row, such as biases.
    pub others: Sides,
    /// Was there a weight that `f64` does not hold?
    pub is_beyond: bool,
}

impl Meter {
    pub fn new(regularizer: &Regularizer, variables: usize) -> Self {
        Meter {
            law: Law::of(regularizer),
            plus: vec![Sides::default(); variables],
            minus: vec![Sides::default(); variables],
            layers: Vec::new(),
            last: vec![usize::MAX; variables],
            others: Sides::default(),
            is_beyond: false,
        }
    }

    /// Counts a weight: its magnitude before and after, and the powers of multipliers that it grows with.
    pub fn add(
        &mut self,
        place: Option<(usize, usize)>,
        sizes: [f64; 2],
        direction: impl IntoIterator<Item = (usize, f64)>,
    ) {
        let law = &self.law;
        self.is_beyond |= !sizes.iter().all(|size| size.is_finite());
        let own = match place {
            Some((layer, channel)) => {
                let channels = &mut self.layers[layer].channels;
                if channels.len() <= channel {
                    channels.resize(channel + 1, Sides::default());
                }
                &mut channels[channel]
            }
            None => &mut self.others,
        };
        for (sum, size) in own.iter_mut().zip(sizes) {
            law.add_cost(sum, size);
        }
        for (variable, power) in direction {
            let sums = match power > 0.0 {
                true => &mut self.plus[variable],
                false => &mut self.minus[variable],
            };
            for (sum, size) in sums.iter_mut().zip(sizes) {
                law.add_slope(sum, size, power.abs());
            }
            if let (true, Some((layer, _))) = (power > 0.0, place)
                && self.last[variable] != layer
            {
                self.last[variable] = layer;
                self.layers[layer].variables.insert(variable);
            }
        }
    }

    /// What was found, by layer; `has_after` says whether there were any multipliers.
    pub fn figures(self, has_after: bool) -> Measured {
        let law = &self.law;
        let of_layer = |layer: &LayerSums, side: usize| {
            let costs = layer.channels.iter().map(|sides| law.ln(&sides[side]));
            sums::ln_sum(costs)
        };
        let total = |side: usize| {
            let layers = self.layers.iter().map(|layer| of_layer(layer, side));
            sums::ln_sum(layers.chain([law.ln(&self.others[side])]))
        };
        let totals = [total(0), total(1)];
        let deficit = |variable: usize, side: usize| {
            let [plus, minus] = [&self.plus, &self.minus].map(|all| law.ln(&all[variable][side]));
            sums::deficit_of_ln(plus, minus)
        };
        let figures = |layer: &LayerSums, side: usize| {
            let channels = layer.channels.iter().map(|sides| sides[side]);
            let channels: Vec<Sum> = channels.filter(|sum| sum.largest > 0.0).collect();
            let ranges = channels.iter().map(|sum| sum.largest).collect();
            let norms = channels.iter().map(|sum| law.ln_norm(sum));
            let ends = norms.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], norm| {
                [low.min(norm), high.max(norm)]
            });
            let own = layer.variables.iter();
            let deficits = own.map(|variable| deficit(*variable, side));
            LayerFigures {
                ranges: self::ranges(ranges),
                spread: (channels.len() > 1).then(|| (ends[1] - ends[0]).exp()),
                deficit: deficits.reduce(f64::max),
                share: match totals[side] {
                    f64::NEG_INFINITY => 0.0,
                    total => (of_layer(layer, side) - total).exp(),
                },
            }
        };
        let layers = self.layers.iter();
        let measured = layers.map(|layer| MeasuredLayer {
            name: layer.name.clone(),
            channels: layer
                .channels
                .iter()
                .filter(|sides| sides[0].largest > 0.0)
                .count(),
            before: figures(layer, 0),
            after: has_after.then(|| figures(layer, 1)),
        });
        let share = |side: usize| (law.ln(&self.others[side]) - totals[side]).exp();
        let others = (self.others[0].largest > 0.0).then(|| [share(0), share(1)]);
        match self.is_beyond {
            true => Measured::beyond(),
            false => Measured::new(measured.collect(), others),
        }
    }
}

impl Measured {
    /// Figures of layers, if `f64` holds all of them.
    pub fn new(layers: Vec<MeasuredLayer>, others: Option<[f64; 2]>) -> Self {
        let found = Measured {
            is_beyond: false,
            layers,
            others,
        };
        match found.is_finite() {
            true => found,
            false => Measured::beyond(),
        }
    }

    fn beyond() -> Self {
        Measured {
            is_beyond: true,
            ..Measured::default()
        }
    }

    fn is_finite(&self) -> bool {
        let of_layers = self.layers.iter().flat_map(|layer| {
            let sides = std::iter::once(&layer.before).chain(&layer.after);
            sides.flat_map(|found| {
                let ranges = found.ranges.into_iter();
                let rest = found.spread.into_iter().chain(found.deficit);
                ranges.chain(rest).chain([found.share])
            })
        });
        let mut all = of_layers.chain(self.others.into_iter().flatten());
        all.all(f64::is_finite)
    }
}

/// The least of some numbers, the median, and the largest; 0 for none.
pub(crate) fn ranges(mut all: Vec<f64>) -> [f64; 3] {
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        return [0.0; 3];
    };
    let median = match all.len() % 2 {
        0 => f64::midpoint(all[middle - 1], all[middle]),
        _ => all[middle],
    };
    [*first, median, *last]
}
