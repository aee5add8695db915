//! One set of multipliers for the factors of many tensors.

use crate::solve::conjugate::{by_diagonal, conjugate};

/// The factors along one axis of a tensor, as logarithms.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    /// By entry; NaN where nothing is known.
    pub values: &'a [f64],
    /// The form of each entry, as a number in the list of forms.
    pub forms: &'a [usize],
    /// The number of the tensor's free factor, which its rows and its columns share in two ways, and the exponent with
    /// which it is in these values.
    pub shared: Option<(usize, f64)>,
    /// How much each value counts: the inverse of the square of its error.
    pub weight: f64,
}

/// The multipliers that come nearest to all factors, by least squares.
#[derive(Debug, Clone)]
pub struct Joined {
    /// The logarithms of the multipliers; 0 where nothing is known.
    pub logs: Vec<f64>,
    /// The logarithms of the free factors of the tensors.
    pub shared: Vec<f64>,
    /// By piece: the first entry that is off by more than is allowed.
    pub first: Vec<Option<usize>>,
    /// By piece: how far an entry is off at most.
    pub most: Vec<f64>,
}

/// Steps of conjugate gradients.
const STEPS: usize = 400;

/// Finds the multipliers. `forms` hold variables with their exponents; `allowed` is the error of a piece's values that
/// is allowed.
pub fn join(
    (variables, forms): (usize, &[Vec<(usize, f64)>]),
    tensors: usize,
    pieces: &[Piece],
    allowed: &[f64],
) -> Joined {
    let system = System {
        variables,
        forms,
        tensors,
        pieces,
    };
    let all = system.solve();
    let (mut first, mut most) = (Vec::new(), Vec::new());
    let of_forms = system.of_forms(&all);
    for (piece, allowed) in pieces.iter().zip(allowed) {
        let (mut own, mut largest) = (None, 0.0f64);
        for (entry, (value, form)) in piece.values.iter().zip(piece.forms).enumerate() {
            if value.is_nan() {
                continue;
            }
            let off = (value - of_forms[*form] - system.shared(piece, &all)).abs();
            largest = largest.max(off);
            if off > *allowed && own.is_none() {
                own = Some(entry);
            }
        }
        first.push(own);
        most.push(largest);
    }
    Joined {
        shared: all[variables..].to_vec(),
        logs: all[..variables].to_vec(),
        first,
        most,
    }
}

struct System<'a> {
    variables: usize,
    forms: &'a [Vec<(usize, f64)>],
    tensors: usize,
    pieces: &'a [Piece<'a>],
}

impl System<'_> {
    fn of_forms(&self, all: &[f64]) -> Vec<f64> {
        let forms = self.forms.iter();
        let of = forms.map(|form| form.iter().map(|(v, exponent)| exponent * all[*v]).sum());
        of.collect()
    }

    fn shared(&self, piece: &Piece, all: &[f64]) -> f64 {
        let shared = piece.shared;
        shared.map_or(0.0, |(tensor, exponent)| {
            exponent * all[self.variables + tensor]
        })
    }

    /// For each form and for each free factor the sum of `weight · what`, carried over to the unknowns.
    fn gathered(&self, what: impl Fn(&Piece, f64, usize) -> f64, squared: bool) -> Vec<f64> {
        let mut by_form = vec![0.0; self.forms.len()];
        let mut sums = vec![0.0; self.variables + self.tensors];
        for piece in self.pieces {
            let mut shared = 0.0;
            for (value, form) in piece.values.iter().zip(piece.forms) {
                if value.is_nan() {
                    continue;
                }
                let own = piece.weight * what(piece, *value, *form);
                by_form[*form] += own;
                shared += own;
            }
            if let Some((tensor, exponent)) = piece.shared {
                let exponent = if squared {
                    exponent * exponent
                } else {
                    exponent
                };
                sums[self.variables + tensor] += exponent * shared;
            }
        }
        for (form, sum) in self.forms.iter().zip(by_form) {
            for (variable, exponent) in form {
                let exponent = if squared {
                    exponent * exponent
                } else {
                    *exponent
                };
                sums[*variable] += exponent * sum;
            }
        }
        sums
    }

    /// The product of the normal equations' matrix with a vector.
    fn product(&self, all: &[f64]) -> Vec<f64> {
        let of_forms = self.of_forms(all);
        self.gathered(
            |piece, _, form| of_forms[form] + self.shared(piece, all),
            false,
        )
    }

    fn solve(&self) -> Vec<f64> {
        let side = self.gathered(|_, value, _| value, false);
        let diagonal = self.gathered(|_, _, _| 1.0, true);
        let scaled = |rest: &[f64]| by_diagonal(rest, &diagonal);
        conjugate(side, (STEPS, 1e-26), scaled, |along| self.product(along)).0
    }
}
