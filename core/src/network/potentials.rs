//! Potentials from logarithms of synapses, and multipliers from ratios of weights, exactly.

use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{One, Signed, Zero};

use super::elimination::{echelon, independent};
use super::manifold::Shape;
use super::{Inconsistent, Manifold};
use crate::numbers::{Rational, rational_power};

impl Manifold {
    /// Potentials `x` with `Σ d_ev x_v = L_e`, exactly; 0 at the first variable of a component without a visible
    /// unit. `None` in `logs` leaves a synapse free.
    ///
    /// # Errors
    /// [`Inconsistent`], with the first synapse that the others contradict.
    pub fn potentials(&self, logs: &[Option<Rational>]) -> Result<Vec<Rational>, Inconsistent> {
        self.propagate::<Additive>(logs)
    }

    /// Multipliers `Λ` with `Π Λ_v^{d_ev} = r_e`, exactly: the same question asked of ratios of weights, so that
    /// it has a rational answer.
    ///
    /// # Errors
    /// [`Inconsistent`].
    ///
    /// ```
    /// use synaptic_balance::network::{chain, Manifold};
    /// use synaptic_balance::numbers::parse_rational as q;
    /// let manifold = Manifold::of(&chain(&[1.0, 16.0]));
    /// let ratios = [Some(q("4").unwrap()), Some(q("1/4").unwrap())];
    /// assert_eq!(manifold.multipliers(&ratios).unwrap(), [q("4").unwrap()]);
    /// ```
    pub fn multipliers(&self, ratios: &[Option<Rational>]) -> Result<Vec<Rational>, Inconsistent> {
        self.propagate::<Multiplicative>(ratios)
    }

    fn propagate<A: Arithmetic>(
        &self,
        values: &[Option<Rational>],
    ) -> Result<Vec<Rational>, Inconsistent> {
        if values.len() != self.synapses() {
            return Err(Inconsistent::Arity {
                found: values.len(),
                expected: self.synapses(),
            });
        }
        match self.shape {
            Shape::General => self.solve::<A>(values),
            Shape::Graph => self.along_forest::<A>(values),
            // A choice on the way can be one that leads nowhere.
            _ => self
                .along_forest::<A>(values)
                .or_else(|fault| self.solve::<A>(values).map_err(|_| fault)),
        }
    }

    /// From the ground outwards, each variable by a synapse that joins it to one that is known.
    fn along_forest<A: Arithmetic>(
        &self,
        values: &[Option<Rational>],
    ) -> Result<Vec<Rational>, Inconsistent> {
        let forest = self.forest(|synapse| values[synapse].is_some());
        let mut found: Vec<Rational> = vec![A::identity(); self.variables];
        // A variable that nothing on the way determines, taken as 1: one choice as good as any between BiLU units,
        // where other degrees may leave one only.
        let mut chosen = None;
        for node in forest
            .order
            .iter()
            .copied()
            .filter(|node| *node != self.variables)
        {
            let Some(synapse) = forest.parent[node] else {
                chosen = chosen.or((self.shape != Shape::Graph).then_some(node));
                continue;
            };
            let mut value = values[synapse].clone().unwrap_or_else(A::identity);
            let mut own = None;
            for (variable, exponent) in &self.directions[synapse] {
                if *variable == node {
                    own = Some(exponent);
                } else {
                    let known = A::times(&found[*variable], &-exponent);
                    value = A::combine(
                        value,
                        known.ok_or(Inconsistent::Undetermined { variable: node })?,
                    );
                }
            }
            let Some(exponent) = own else {
                // The synapse leaves a unit of degree 0, and does not change with it.
                chosen = Some(node);
                continue;
            };
            let solved = A::times(&value, &exponent.recip());
            found[node] = solved.ok_or(Inconsistent::Undetermined { variable: node })?;
        }
        self.check::<A>(values, &found, chosen)?;
        Ok(found)
    }

    /// By elimination, the variables that are not determined being 1: the later ones, or, if roots of values are
    /// irrational then, those of which weights take the highest powers.
    fn solve<A: Arithmetic>(
        &self,
        values: &[Option<Rational>],
    ) -> Result<Vec<Rational>, Inconsistent> {
        let order: Vec<usize> = (0..self.variables).collect();
        self.solve_in::<A>(values, &order).or_else(|fault| {
            let mut powers = vec![Rational::zero(); self.variables];
            for (variable, exponent) in self.directions.iter().flatten() {
                let size = exponent.abs();
                if size > powers[*variable] {
                    powers[*variable] = size;
                }
            }
            let mut order = order;
            order.sort_by(|one, other| powers[*one].cmp(&powers[*other]));
            self.solve_in::<A>(values, &order).map_err(|_| fault)
        })
    }

    /// The same with variables eliminated in an order.
    fn solve_in<A: Arithmetic>(
        &self,
        values: &[Option<Rational>],
        order: &[usize],
    ) -> Result<Vec<Rational>, Inconsistent> {
        let mut places = vec![0; self.variables];
        for (place, variable) in order.iter().enumerate() {
            places[*variable] = place;
        }
        let in_order = |row: &Vec<(usize, Rational)>| -> Vec<(usize, Rational)> {
            let entries = row.iter();
            entries
                .map(|(variable, exponent)| (places[*variable], exponent.clone()))
                .collect()
        };
        let rows: Vec<Vec<(usize, Rational)>> = self.directions.iter().map(in_order).collect();
        let known = independent(&self.known(values)).into_iter();
        let system = echelon(known.map(|row| (row, &rows[row])));
        let mut found: Vec<Rational> = vec![A::identity(); self.variables];
        let touched = rows.iter().flatten();
        let chosen = touched
            .map(|(place, _)| *place)
            .find(|place| !system.pivots.contains_key(place))
            .map(|place| order[place]);
        for (place, (row, combination)) in system.pivots.iter().rev() {
            let variable = &order[*place];
            let undetermined = || Inconsistent::Undetermined {
                variable: *variable,
            };
            // In whole multiples, so that no root is taken but the last.
            let all = row.values().chain(combination.values());
            let common = all.fold(BigInt::one(), |common, value| common.lcm(value.denom()));
            let common = Rational::from_integer(common);
            let mut total = A::identity();
            for (synapse, coefficient) in combination {
                let value = values[*synapse].as_ref().ok_or_else(undetermined)?;
                let part = A::times(value, &(coefficient * &common));
                total = A::combine(total, part.ok_or_else(undetermined)?);
            }
            for (other, coefficient) in row.iter().filter(|(other, _)| *other != place) {
                let part = A::times(&found[order[*other]], &-(coefficient * &common));
                total = A::combine(total, part.ok_or_else(undetermined)?);
            }
            let exponent = (&row[place] * &common).recip();
            found[*variable] = A::times(&total, &exponent).ok_or_else(undetermined)?;
        }
        self.check::<A>(values, &found, chosen)?;
        Ok(found)
    }

    /// The directions of the synapses that have a value; empty for the others.
    fn known(&self, values: &[Option<Rational>]) -> Vec<Vec<(usize, Rational)>> {
        let pairs = self.directions.iter().zip(values);
        let known = pairs.map(|(direction, value)| match value {
            Some(_) => direction.clone(),
            None => Vec::new(),
        });
        known.collect()
    }

    /// Do the multipliers give every value? `chosen` is a variable that could have another multiplier.
    fn check<A: Arithmetic>(
        &self,
        values: &[Option<Rational>],
        found: &[Rational],
        chosen: Option<usize>,
    ) -> Result<(), Inconsistent> {
        for (synapse, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let expected = self.directions[synapse].iter().try_fold(
                A::identity(),
                |total, (variable, exponent)| {
                    let part = A::times(&found[*variable], exponent);
                    Ok(A::combine(
                        total,
                        part.ok_or(Inconsistent::Undetermined {
                            variable: *variable,
                        })?,
                    ))
                },
            )?;
            if *value != expected {
                if let Some(variable) = chosen {
                    return Err(Inconsistent::Undetermined { variable });
                }
                let (found, expected) = (Box::new(value.clone()), Box::new(expected));
                return Err(Inconsistent::Synapse {
                    synapse,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }
}

/// Logarithms add; ratios multiply. The propagation is the same.
trait Arithmetic {
    fn identity() -> Rational;
    fn combine(one: Rational, other: Rational) -> Rational;
    /// `exponent` times the value, in the group's sense; `None` if irrational.
    fn times(value: &Rational, exponent: &Rational) -> Option<Rational>;
}

struct Additive;
struct Multiplicative;

impl Arithmetic for Additive {
    fn identity() -> Rational {
        Rational::zero()
    }
    fn combine(one: Rational, other: Rational) -> Rational {
        one + other
    }
    fn times(value: &Rational, exponent: &Rational) -> Option<Rational> {
        Some(value * exponent)
    }
}

impl Arithmetic for Multiplicative {
    fn identity() -> Rational {
        Rational::one()
    }
    fn combine(one: Rational, other: Rational) -> Rational {
        one * other
    }
    fn times(value: &Rational, exponent: &Rational) -> Option<Rational> {
        rational_power(value, exponent)
    }
}
