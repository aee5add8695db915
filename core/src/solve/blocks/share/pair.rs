//! Sums in twice the digits, so that the order of addition does not show.

/// An unevaluated sum of two floats, the second one below the last digit of the first.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pair([f64; 2]);

impl Pair {
    /// The two parts, to be sent.
    pub fn parts(self) -> [f64; 2] {
        self.0
    }

    /// The pair of two parts, as received.
    pub fn of_parts(parts: [f64; 2]) -> Self {
        Pair(parts)
    }

    /// The sum: its error is some units of `2^-104` of the larger magnitude. What is not finite stays so.
    #[must_use]
    pub fn plus(self, other: Pair) -> Pair {
        let ([a, a_rest], [b, b_rest]) = (self.0, other.0);
        let sum = a + b;
        if !sum.is_finite() {
            return Pair([sum, 0.0]);
        }
        let part = sum - a;
        let error = (a - (sum - part)) + (b - part);
        let rest = error + (a_rest + b_rest);
        let whole = sum + rest;
        Pair([whole, rest - (whole - sum)])
    }

    /// Rounded to one float.
    pub fn rounded(self) -> f64 {
        self.0[0] + self.0[1]
    }
}

impl From<f64> for Pair {
    fn from(value: f64) -> Self {
        Pair([value, 0.0])
    }
}
