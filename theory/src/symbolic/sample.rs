//! Identities between expression trees, tried at random points.

use super::{AlgebraError, Expression, Identity, Point, Refuted, Symbol};
use std::collections::BTreeSet;
use synaptic_balance_core::numbers::Rational;

/// How often two expressions agreed. It proves nothing: it is what remains when no point refuted.
///
/// Paper: ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// Points where both sides have the same value.
    pub agreed: usize,
    /// Points where a side divides by zero.
    pub undefined: usize,
}

impl Identity {
    /// Evaluates two expression trees at `points` random points, without expanding either. The
    /// coordinates are `±n/d` with `n, d` from 1 to 9, and depend on `seed` alone.
    ///
    /// Paper: ours; the independent second side of [`Identity::check`].
    ///
    /// Cost: linear in the size of the trees for each point.
    ///
    /// # Errors
    ///
    /// [`Refuted`] at the first point where both sides have values and these differ.
    ///
    /// ```
    /// use synaptic_balance::symbolic::{Expression, Identity};
    ///
    /// let (a, b) = (Expression::symbol("a"), Expression::symbol("b"));
    /// let product = (a.clone() - b.clone()) * (a.clone() + b.clone());
    /// let squares = a.clone().pow(2) - b.clone().pow(2);
    /// assert_eq!(Identity::sample(&product, &squares, 7, 100)?.agreed, 100);
    /// assert!(Identity::sample(&product, &(a - b), 7, 100).is_err());
    /// # Ok::<(), synaptic_balance::symbolic::Refuted>(())
    /// ```
    pub fn sample(
        left: &Expression,
        right: &Expression,
        seed: u64,
        points: usize,
    ) -> Result<Sampled, Refuted> {
        let symbols: BTreeSet<Symbol> = left.symbols().union(&right.symbols()).cloned().collect();
        let mut random = SplitMix { state: seed };
        let mut sampled = Sampled {
            agreed: 0,
            undefined: 0,
        };
        for _ in 0..points {
            let point: Point = symbols
                .iter()
                .map(|symbol| (symbol.clone(), random.rational()))
                .collect();
            match values(left, right, &point) {
                Err(_) => sampled.undefined += 1,
                Ok((a, b)) if a == b => sampled.agreed += 1,
                Ok((a, b)) => return Err(Refuted::new("", "", point, a, b)),
            }
        }
        Ok(sampled)
    }
}

fn values(
    left: &Expression,
    right: &Expression,
    point: &Point,
) -> Result<(Rational, Rational), AlgebraError> {
    Ok((left.evaluate(point)?, right.evaluate(point)?))
}

/// Steele, Lea and Flood's SplitMix64: enough for picking points, and the same everywhere.
struct SplitMix {
    state: u64,
}

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn rational(&mut self) -> Rational {
        let (n, d) = (self.next() % 9 + 1, self.next() % 9 + 1);
        let value = Rational::new(n.into(), d.into());
        if self.next().is_multiple_of(2) {
            value
        } else {
            -value
        }
    }
}
