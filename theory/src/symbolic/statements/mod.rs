//! The theory's statements as claims: [`Claim::prove`](super::Claim::prove) decides each.
//!
//! | file | statements | place |
//! |---|---|---|
//! | `function` | [`invariance`], [`scalings_form_a_group`], [`self_connections_unchanged`] | Section 3 |
//! | `one_unit` | [`decrease`], [`minimum`], [`balance`], [`bipu_balance`], [`counting_self_connections`] | Thm 3.1, E4 |
//! | `learning` | [`euler`], [`gradient_step`], [`stationary_points`] | Section 6 |
//! | `global` | [`tied_closed_form`], [`laplacian`] | Sections 4 and 5.4 |
//!
//! Some functions return claims that are false ([`gradient_step_conserves`],
//! [`counting_self_connections`]): their refutation is the statement. The `_under` and `_at`
//! variants take the scaling or the multiplier, to ask what becomes of a statement when it is
//! another.

mod function;
mod global;
mod learning;
mod one_unit;

pub use function::{
    invariance, invariance_under, scalings_form_a_group, self_connections_unchanged,
};
pub use global::{laplacian, layer_costs, tied_closed_form, tied_multipliers};
pub use learning::{
    euler, euler_under, gradient_step, gradient_step_conserves, gradient_step_under,
    stationary_points, stationary_points_under,
};
pub use one_unit::{
    balance, balance_at, bipu_balance, counting_self_connections, decrease, decrease_at,
    lag_of_counting_self_connections, minimum,
};
