//! Activation functions, and which of them let their unit be scaled.

use num_traits::{One, Zero};

use crate::numbers::{Rational, Scalar};

/// An activation function.
///
/// **Proposition 2.2 of the paper**: `f(λx) = λ f(x)` for all `λ > 0` iff `f` is a BiLU, `a x` below 0 and `b x`
/// from 0 on. **Proposition 2.3, corrected (E3)**: `f(λx) = λ^c f(x)` iff `f` is a BiPU, `C x^c` above 0 and
/// `D |x|^c` below.
#[derive(Debug, Clone, PartialEq)]
pub enum Activation<S> {
    /// `x`.
    Linear,
    /// `max(0, x)`.
    Relu,
    /// `|x|`.
    Abs,
    /// `slope · x` below 0, `x` from 0 on; the slope is fixed.
    LeakyRelu(S),
    /// The same function; the slope was learned. Scaling the unit does not change it.
    Prelu(S),
    /// `below · x` for `x < 0`, `above · x` for `x >= 0`.
    BiLu {
        /// The slope below 0.
        below: S,
        /// The slope from 0 on.
        above: S,
    },
    /// `above · x^degree` for `x > 0`, `below · |x|^degree` for `x < 0`; at 0 it is 0, or `above` if the
    /// degree is 0.
    BiPu {
        /// The degree `c`, any rational.
        degree: Rational,
        /// The factor `C` above 0.
        above: S,
        /// The factor `D` below 0.
        below: S,
    },
    /// A function that is not homogeneous, by name: its unit is never scaled.
    Other(String),
}

impl<S: Scalar> Activation<S> {
    /// The degree `c` with `f(λx) = λ^c f(x)` for all `λ > 0`: 1 for a BiLU; `None` if there is none.
    pub fn degree(&self) -> Option<Rational> {
        match self {
            Activation::Other(_) => None,
            Activation::BiPu { degree, .. } => Some(degree.clone()),
            _ => Some(Rational::one()),
        }
    }

    /// `f(x)`; `None` where the value is not a number of this type (a fractional power that is irrational, a
    /// transcendental function of a rational, 0 to a negative degree) or the name is unknown.
    ///
    /// Names with a formula: `sigmoid`, `tanh`, `softplus`, `relu6`.
    pub fn apply(&self, x: &S) -> Option<S> {
        let negative = x.is_negative();
        Some(match self {
            Activation::Linear => x.clone(),
            Activation::Relu => {
                if negative {
                    S::zero()
                } else {
                    x.clone()
                }
            }
            Activation::Abs => x.magnitude(),
            Activation::LeakyRelu(slope) | Activation::Prelu(slope) => {
                if negative {
                    slope.clone() * x.clone()
                } else {
                    x.clone()
                }
            }
            Activation::BiLu { below, above } => {
                (if negative { below } else { above }).clone() * x.clone()
            }
            Activation::BiPu {
                degree,
                above,
                below,
            } => {
                if x.is_zero() && !degree.is_zero() {
                    // For a negative degree the formula has a pole at 0 and the value there is 0 by E3.
                    return Some(S::zero());
                }
                (if negative { below } else { above }).clone() * x.magnitude().power(degree)?
            }
            Activation::Other(name) => return other(name, x),
        })
    }

    /// The slopes of a BiLU below 0 and from 0 on; `None` for all other functions.
    pub fn slopes(&self) -> Option<(S, S)> {
        match self {
            Activation::Linear => Some((S::one(), S::one())),
            Activation::Relu => Some((S::zero(), S::one())),
            Activation::Abs => Some((-S::one(), S::one())),
            Activation::LeakyRelu(slope) | Activation::Prelu(slope) => {
                Some((slope.clone(), S::one()))
            }
            Activation::BiLu { below, above } => Some((below.clone(), above.clone())),
            Activation::BiPu { .. } | Activation::Other(_) => None,
        }
    }

    /// The derivative `f'(x)`; `None` where there is none (the kink of a BiLU whose slopes differ, a pole), where it is
    /// no number of this type, and for functions without a formula here (of [`Activation::Other`] only `relu6` has
    /// one).
    ///
    /// ```
    /// use synaptic_balance::network::Activation;
    /// assert_eq!(Activation::<f64>::Relu.slope(&-2.0), Some(0.0));
    /// assert_eq!(Activation::<f64>::Relu.slope(&0.0), None);
    /// assert_eq!(Activation::<f64>::Linear.slope(&0.0), Some(1.0));
    /// ```
    pub fn slope(&self, x: &S) -> Option<S> {
        if let Some((below, above)) = self.slopes() {
            return match (below == above, x.is_zero()) {
                (false, true) => None,
                _ => Some(if x.is_negative() { below } else { above }),
            };
        }
        match self {
            Activation::Other(name) if name == "relu6" => {
                let six = S::from_rational(&Rational::from_integer(6.into()));
                if x.is_zero() || *x == six {
                    return None;
                }
                let inside = !x.is_negative() && *x < six;
                Some(if inside { S::one() } else { S::zero() })
            }
            // x f'(x) = c f(x), from homogeneity.
            _ if !x.is_zero() => {
                Some(S::from_rational(&self.degree()?) * self.apply(x)? / x.clone())
            }
            _ => None,
        }
    }

    /// The same activation with its parameters in another number type.
    pub fn map<T>(&self, convert: impl Fn(&S) -> T) -> Activation<T> {
        match self {
            Activation::Linear => Activation::Linear,
            Activation::Relu => Activation::Relu,
            Activation::Abs => Activation::Abs,
            Activation::LeakyRelu(slope) => Activation::LeakyRelu(convert(slope)),
            Activation::Prelu(slope) => Activation::Prelu(convert(slope)),
            Activation::BiLu { below, above } => Activation::BiLu {
                below: convert(below),
                above: convert(above),
            },
            Activation::BiPu {
                degree,
                above,
                below,
            } => Activation::BiPu {
                degree: degree.clone(),
                above: convert(above),
                below: convert(below),
            },
            Activation::Other(name) => Activation::Other(name.clone()),
        }
    }
}

fn other<S: Scalar>(name: &str, x: &S) -> Option<S> {
    match name {
        "sigmoid" => x.transcendental(|x| 1.0 / (1.0 + (-x).exp())),
        "tanh" => x.transcendental(f64::tanh),
        "softplus" => x.transcendental(|x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
        "relu6" => {
            let six = S::from_rational(&Rational::from_integer(6.into()));
            Some(if x.is_negative() {
                S::zero()
            } else if *x > six {
                six
            } else {
                x.clone()
            })
        }
        _ => None,
    }
}
