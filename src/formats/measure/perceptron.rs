//! Layers of a perceptron, over the bytes of its tensors.

use super::{LayerSums, Matrix, Measured, Meter, Sides, inverse, merge};
use crate::formats::MappedPerceptron;
use crate::network::Regularizer;

impl MappedPerceptron {
    /// Measures the layers, in one read of the weights. `multipliers` are the `Λ` of all hidden units that are scaled,
    /// 0 for those whose weights vanish; `variables` gives the variable of each where they share some.
    ///
    /// # Panics
    /// If there are not as many multipliers, or variables, as such units.
    pub fn measure(
        &self,
        regularizer: &Regularizer,
        multipliers: Option<&[f64]>,
        variables: Option<&[usize]>,
    ) -> Measured {
        let count = self.groups().iter().map(|(_, units)| units).sum();
        let mut meter = Meter::new(regularizer, count);
        let variable = |unit: usize| variables.map_or(unit, |variables| variables[unit]);
        let (mut from, mut start): (Option<usize>, usize) = (None, 0);
        for layer in &self.layers {
            let rows = layer.weight.shape[0];
            let to = layer.group.map(|_| {
                start += rows;
                start - rows
            });
            let mut own = LayerSums {
                name: layer.weight.name.clone(),
                channels: vec![Sides::default(); rows],
                ..LayerSums::default()
            };
            for (place, from) in [
                Some((&layer.weight, from)),
                layer.bias.as_ref().map(|bias| (bias, None)),
            ]
            .into_iter()
            .flatten()
            {
                let columns = place.shape.get(1).copied().unwrap_or(1);
                let scaled_by = |first: Option<usize>, length: usize| {
                    let (first, all) = (first?, multipliers?);
                    Some(all[first..first + length].iter().copied())
                };
                let matrix = Matrix {
                    bytes: self.bytes(place),
                    storage: place.storage,
                    rows,
                    columns,
                    by_row: scaled_by(to, rows).map(Iterator::collect),
                    by_column: scaled_by(from, columns).map(|own| own.map(inverse).collect()),
                };
                let is_weight = std::ptr::eq(place, &layer.weight);
                matrix.measure(
                    &meter.law.clone(),
                    from.is_some(),
                    |first, (found, ends)| {
                        for (row, found) in found.iter().enumerate() {
                            let mut into: Vec<&mut Sides> = Vec::new();
                            match is_weight {
                                true => into.push(&mut own.channels[first + row]),
                                false => into.push(&mut meter.others),
                            }
                            if let Some(to) = to {
                                own.variables.insert(variable(to + first + row));
                                into.push(&mut meter.plus[variable(to + first + row)]);
                            }
                            into.into_iter()
                                .for_each(|into| merge(&meter.law, into, found));
                        }
                        let sources = ends.iter().enumerate();
                        for (column, found) in sources {
                            let source = variable(from.unwrap_or(0) + column);
                            merge(&meter.law, &mut meter.minus[source], found);
                        }
                    },
                );
            }
            meter.layers.push(own);
            from = to;
        }
        meter.figures(multipliers.is_some())
    }
}
