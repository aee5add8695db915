//! Mapped perceptrons as the kernel reads them, and what two of them have in common.

use num_traits::One;
use synaptic_balance_kernel as energy;

use super::container::Place;
use super::mapped::{Layer, MappedPerceptron};
use crate::numbers::Rational;
use crate::solve::NumberType;

impl MappedPerceptron {
    /// The problem as the kernel reads it: one variable for each unit of the groups, in their order; a block for each
    /// tensor that some scaling changes, in the order of [`scaled_tensors`](MappedPerceptron::scaled_tensors).
    ///
    /// # Errors
    /// What the kernel refuses; nothing in practice.
    pub fn energy_problem(&self, power: &Rational) -> Result<energy::Problem<'_>, energy::Refusal> {
        self.kernel_problem(power, false)
    }

    /// The same with one variable for each group.
    ///
    /// # Errors
    /// What the kernel refuses; nothing in practice.
    pub fn tied_energy_problem(
        &self,
        power: &Rational,
    ) -> Result<energy::Problem<'_>, energy::Refusal> {
        self.kernel_problem(power, true)
    }

    fn kernel_problem(
        &self,
        power: &Rational,
        is_tied: bool,
    ) -> Result<energy::Problem<'_>, energy::Refusal> {
        let mut forms = vec![energy::Form::new()];
        let mut variables = 0;
        let mut blocks = Vec::new();
        let mut from: Option<Vec<usize>> = None;
        for layer in &self.layers {
            let &[units, inputs] = layer.weight.shape.as_slice() else {
                continue;
            };
            let rows: Vec<usize> = match layer.group {
                None => vec![0; units],
                Some(_) if is_tied => vec![forms.len(); units],
                Some(_) => (0..units).map(|unit| forms.len() + 2 * unit).collect(),
            };
            let sources = layer
                .group
                .map(|_| rows.iter().map(|form| form + 1).collect());
            if layer.group.is_some() {
                let own = if is_tied { 1 } else { units };
                for variable in variables..variables + own {
                    for exponent in [1, -1] {
                        let exponent = Rational::from_integer(exponent.into());
                        forms.push(vec![(variable, exponent)]);
                    }
                }
                variables += own;
            }
            let tensors = [
                (Some(&layer.weight), from.unwrap_or(vec![0; inputs])),
                (layer.bias.as_ref(), vec![0]),
            ];
            for (place, columns) in tensors {
                let Some(place) = place else { continue };
                // No scaling changes it: it counts neither here nor in the gap.
                let is_fixed = rows.iter().chain(&columns).all(|form| *form == 0);
                if is_fixed || place.shape.contains(&0) {
                    continue;
                }
                let bytes = self.bytes(place);
                blocks.push(energy::Block {
                    entries: place.storage.entries(bytes),
                    rows: rows.clone(),
                    columns,
                    layout: energy::Layout::Dense,
                    power: power.clone(),
                    coefficient: Rational::one(),
                    again: false,
                });
            }
            from = sources;
        }
        energy::Problem::new(variables, forms, blocks)
    }

    /// The tensors that some scaling changes, layer by layer; the others.
    fn sorted(&self) -> (Vec<&Place>, Vec<&Place>) {
        let (mut scaled, mut fixed) = (Vec::new(), Vec::new());
        let mut from = None;
        for layer in &self.layers {
            let own = layer.group.is_some();
            for (place, is_scaled) in std::iter::once((&layer.weight, own || from.is_some()))
                .chain(layer.bias.as_ref().map(|bias| (bias, own)))
            {
                match is_scaled && !place.shape.contains(&0) {
                    true => scaled.push(place),
                    false => fixed.push(place),
                }
            }
            from = layer.group;
        }
        (scaled, fixed)
    }

    /// The names of the tensors that some scaling changes, layer by layer: those of
    /// [`energy_problem`](MappedPerceptron::energy_problem).
    pub fn scaled_tensors(&self) -> Vec<&str> {
        let (scaled, _) = self.sorted();
        scaled
            .into_iter()
            .map(|place| place.name.as_str())
            .collect()
    }

    /// The weights other than 0 between units of which `vanishes(to, from)` holds: the first of them, at most so many,
    /// as tensors and places there, and their number. Units are numbered in the order of their variables, the number of
    /// which stands for what is not scaled.
    pub fn vanishing(
        &self,
        vanishes: &dyn Fn(usize, usize) -> bool,
        most: usize,
    ) -> (Vec<(String, usize)>, usize) {
        let ground = self.unit_names().len();
        let (mut found, mut count) = (Vec::new(), 0);
        let (mut first, mut from): (usize, Option<usize>) = (0, None);
        for layer in &self.layers {
            let to = layer.group.map(|_| first);
            for (place, from) in
                std::iter::once((&layer.weight, from)).chain(layer.bias.as_ref().map(|b| (b, None)))
            {
                let columns = place.shape.get(1).copied().unwrap_or(1);
                let node = |group: Option<usize>, unit| group.map_or(ground, |first| first + unit);
                let numbers = self.bytes(place).chunks_exact(place.storage.size());
                let own = numbers.enumerate().filter(|(index, number)| {
                    vanishes(node(to, index / columns), node(from, index % columns))
                        && place.storage.decode(number) != 0.0
                });
                for (index, _) in own {
                    count += 1;
                    if found.len() < most {
                        found.push((place.name.clone(), index));
                    }
                }
            }
            first += to.map_or(0, |_| layer.weight.shape[0]);
            from = to;
        }
        (found, count)
    }

    /// Is every weight that no scaling changes a finite number? Of the others the kernel sees to it.
    pub fn is_finite_where_fixed(&self) -> bool {
        let (_, fixed) = self.sorted();
        fixed.into_iter().all(|place| {
            let mut numbers = self.bytes(place).chunks_exact(place.storage.size());
            numbers.all(|number| place.storage.decode(number).is_finite())
        })
    }

    /// Is every tensor that no scaling changes the same, byte for byte, in a perceptron that [is like
    /// it](MappedPerceptron::is_like)?
    pub fn agrees_in_what_is_fixed(&self, other: &Self) -> bool {
        let bytes = |model: &Self| -> Vec<Vec<u8>> {
            let (_, fixed) = model.sorted();
            fixed
                .into_iter()
                .map(|place| model.bytes(place).to_vec())
                .collect()
        };
        bytes(self) == bytes(other)
    }

    /// Has another perceptron the same layers, of the same sizes, and the same of them scaled?
    pub fn is_like(&self, other: &Self) -> bool {
        let shape = |place: &Place| (place.name.clone(), place.shape.clone());
        let layer = |layer: &Layer| {
            (
                shape(&layer.weight),
                layer.bias.as_ref().map(shape),
                layer.group,
            )
        };
        self.layers
            .iter()
            .map(layer)
            .eq(other.layers.iter().map(layer))
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        let layers = self.layers.iter();
        layers.flat_map(|layer| std::iter::once(&layer.weight).chain(&layer.bias))
    }

    /// Has every weight the sign that it has in a perceptron that [is like it](MappedPerceptron::is_like), 0 being of
    /// either?
    pub fn signs_agree(&self, other: &Self) -> bool {
        let sign = |place: &Place, bytes: &[u8]| {
            let value = place.storage.decode(bytes);
            (value != 0.0).then_some(value.is_sign_negative())
        };
        self.places().zip(other.places()).all(|(own, others)| {
            let bytes = self.bytes(own).chunks_exact(own.storage.size());
            let mut pairs = bytes.zip(other.bytes(others).chunks_exact(others.storage.size()));
            pairs.all(|(one, two)| sign(own, one) == sign(others, two))
        })
    }

    /// The number type of the weights that some scaling changes, the one with the fewest digits if they have several;
    /// that of all weights where none scales.
    pub fn number_type(&self) -> Option<NumberType> {
        let (scaled, fixed) = self.sorted();
        let types = |places: Vec<&Place>| {
            let types = places.into_iter();
            types.map(|place| place.storage.number_type()).min()
        };
        types(scaled).or(types(fixed))
    }

    /// For each hidden layer the name of its weight, its number of units, and whether it is scaled.
    pub fn hidden_layers(&self) -> Vec<(String, usize, bool)> {
        let hidden = self.layers.len().saturating_sub(1);
        let layers = self.layers.iter().take(hidden);
        let of = |layer: &Layer| {
            let units = layer.weight.shape[0];
            (layer.weight.name.clone(), units, layer.group.is_some())
        };
        layers.map(of).collect()
    }

    /// How many units there are: inputs, the constant that biases come from (if there are biases), hidden and output
    /// units.
    pub fn units(&self) -> [usize; 4] {
        let inputs = self.layers.first().map_or(0, |layer| layer.weight.shape[1]);
        let outputs = self.layers.last().map_or(0, |layer| layer.weight.shape[0]);
        let all: usize = self.layers.iter().map(|layer| layer.weight.shape[0]).sum();
        let biased = self.layers.iter().any(|layer| layer.bias.is_some());
        [inputs, biased.into(), all - outputs, outputs]
    }

    /// The names of the hidden units that are scaled, in the order of their variables.
    pub fn unit_names(&self) -> Vec<String> {
        self.names_of_layers(|layer| layer.group.is_some())
    }

    /// The names of the hidden units that cannot be scaled.
    pub fn pinned(&self) -> Vec<String> {
        self.names_of_layers(|layer| layer.group.is_none())
    }

    fn names_of_layers(&self, is_wanted: impl Fn(&Layer) -> bool) -> Vec<String> {
        let hidden = self.layers.len().saturating_sub(1);
        let layers = self.layers.iter().take(hidden).zip(1..);
        let wanted = layers.filter(|(layer, _)| is_wanted(layer));
        let names = wanted.flat_map(|(layer, number)| {
            (0..layer.weight.shape[0]).map(move |unit| format!("h{number}.{unit}"))
        });
        names.collect()
    }
}
