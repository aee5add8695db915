//! Theorem 3.1 and what concerns one unit, in cost space.
//!
//! The costs are `A = a²` and `B = b²`, so that square roots are letters; `μ = λ^p` is the scaling
//! seen by costs. One proof covers every `p > 0` and all costs `A, B >= 0` (`> 0` where `μ` is
//! divided by them).

use crate::symbolic::{AlgebraError, Claim, Laurent};

/// `A` and `B`.
fn costs() -> (Laurent, Laurent) {
    (Laurent::power("a", 2), Laurent::power("b", 2))
}

/// `μ* = sqrt(B/A) = b/a`.
fn optimal() -> Laurent {
    Laurent::symbol("b") * Laurent::power("a", -1)
}

/// `R(μ) = A μ + B / μ`, without the constant.
fn cost_at(multiplier: &Laurent) -> Result<Laurent, AlgebraError> {
    let (a, b) = costs();
    Ok(a.checked_mul(multiplier)? + b.checked_mul(&multiplier.pow(-1)?)?)
}

/// `R(1) - R(μ*) = (sqrt A - sqrt B)²` with `μ* = sqrt(B/A)`.
///
/// Paper: Thm 3.1 (`L_p`), the decrease.
///
/// Hypotheses: `A, B > 0`; with `A = 0` or `B = 0` there is no `μ*`.
///
/// # Errors
///
/// None occurs; the type is that of [`decrease_at`].
///
/// ```
/// use synaptic_balance::symbolic::statements;
///
/// assert!(statements::decrease()?.prove().is_ok());
/// # Ok::<(), synaptic_balance::symbolic::AlgebraError>(())
/// ```
pub fn decrease() -> Result<Claim, AlgebraError> {
    decrease_at(&optimal())
}

/// The same decrease said of another multiplier: `R(1) - R(μ) = (sqrt A - sqrt B)²`, in letters
/// `a`, `b` and those of `μ`.
///
/// # Errors
///
/// [`AlgebraError::NotInvertible`] unless `μ` is a single term; [`AlgebraError::ExponentOverflow`].
pub fn decrease_at(multiplier: &Laurent) -> Result<Claim, AlgebraError> {
    let (a, b) = costs();
    let difference = a + b - cost_at(multiplier)?;
    let square = (Laurent::symbol("a") - Laurent::symbol("b")).pow(2)?;
    Ok(Claim::new("the decrease is (sqrt A - sqrt B)^2").and("R(1) - R(μ)", difference, square))
}

/// `R(m²) - 2 sqrt(AB) = (sqrt(A) m - sqrt(B) / m)²` for every `m > 0`.
///
/// The right side is a square, so `2 sqrt(AB) = R(μ*)` is the minimum over all scalings, and it is
/// attained only where `m² = sqrt(B/A)`. With `m = 1` it is the decrease.
///
/// Paper: Thm 3.1 (`L_p`), minimality and uniqueness; this proof is ours.
///
/// # Errors
///
/// None occurs.
pub fn minimum() -> Result<Claim, AlgebraError> {
    let (a, b) = (Laurent::symbol("a"), Laurent::symbol("b"));
    let excess = cost_at(&Laurent::power("m", 2))? - Laurent::integer(2) * &a * &b;
    let root = a * Laurent::symbol("m") - b * Laurent::power("m", -1);
    Ok(Claim::new("balance is the unique minimum").and("R(m^2) - R(μ*)", excess, root.pow(2)?))
}

/// At `μ*` input and output cost are equal: `A μ* = B / μ* = sqrt(AB)`.
///
/// Paper: Thm 3.1 (`L_p`), balance.
///
/// # Errors
///
/// None occurs; the type is that of [`balance_at`].
pub fn balance() -> Result<Claim, AlgebraError> {
    balance_at(&optimal())
}

/// The same costs said of another multiplier.
///
/// # Errors
///
/// [`AlgebraError::NotInvertible`] unless `μ` is a single term; [`AlgebraError::ExponentOverflow`].
pub fn balance_at(multiplier: &Laurent) -> Result<Claim, AlgebraError> {
    let (a, b) = costs();
    let mean = Laurent::symbol("a") * Laurent::symbol("b");
    Ok(Claim::new("after the step both costs are sqrt(AB)")
        .and("A μ", a.checked_mul(multiplier)?, mean.clone())
        .and("B / μ", b.checked_mul(&multiplier.pow(-1)?)?, mean))
}

/// A BiPU unit of degree `c`: for `R(μ) = A μ + B μ^-c`, `μ dR/dμ = A' - c B'` at the scaled costs,
/// so that a stationary scaling is one with `A' = c B'`.
///
/// Paper: ours. `c = 1` is BiLU; for `c = 0` the derivative is `A'`, never 0 for `A > 0`.
///
/// # Errors
///
/// [`AlgebraError::ExponentOverflow`] for `c` beyond `i32`.
pub fn bipu_balance(degree: u32) -> Result<Claim, AlgebraError> {
    let exponent = i32::try_from(degree).map_err(|_| AlgebraError::ExponentOverflow)?;
    let input = Laurent::symbol("A") * Laurent::symbol("μ");
    let output = Laurent::symbol("B") * Laurent::power("μ", -exponent);
    let slope = (&input + &output)
        .derivative("μ")?
        .checked_mul(&Laurent::symbol("μ"))?;
    let right = input - Laurent::integer(degree.into()) * output;
    Ok(Claim::new("a BiPU unit balances at A = c B").and("μ dR/dμ", slope, right))
}

/// **False, and its refutation is the statement**: counting a self-connection of cost `s` in both
/// `IN` and `OUT` leaves the optimal scaling as it is, `(B + s) / (A + s) = B / A`.
///
/// Stated without denominators. The refutation is a point where the step computed with the
/// self-connection is not the optimal one.
///
/// Paper: eq. 3.3 in recurrent networks, erratum E4.
///
/// The *condition* for balance is the same either way, as `A + s = B + s` iff `A = B`: see
/// [`lag_of_counting_self_connections`].
///
/// ```
/// use synaptic_balance::symbolic::statements;
///
/// let refuted = statements::counting_self_connections().prove().unwrap_err();
/// assert_eq!(refuted.point().len(), 3);
/// ```
pub fn counting_self_connections() -> Claim {
    let [a, b, s] = ["A", "B", "s"].map(Laurent::symbol);
    Claim::new("counting a self-connection in IN and OUT leaves μ* unchanged").and(
        "A (B + s) = B (A + s)",
        &a * (&b + &s),
        b * (a + s),
    )
}

/// How the step that counts a self-connection errs: `A (B + s) - B (A + s) = s (A - B)`.
///
/// So with `A > B` it lies above `B/A` and, as `B + s < A + s`, below 1: a step in the right
/// direction that never passes the optimum, and that stands still only in balance. It lowers the
/// cost by less than the optimal step and has the same fixed points.
///
/// Paper: ours.
pub fn lag_of_counting_self_connections() -> Claim {
    let [a, b, s] = ["A", "B", "s"].map(Laurent::symbol);
    let left = &a * (&b + &s) - &b * (&a + &s);
    Claim::new("counting a self-connection damps the step").and(
        "A (B + s) - B (A + s) = s (A - B)",
        left,
        s * (a - b),
    )
}
