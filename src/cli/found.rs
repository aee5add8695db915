//! What was found of a model that is balanced where it lies.

use synaptic_balance::report::{InLimit, RestrictedRun, RoundedRun, SecondRun};
use synaptic_balance::solve::blocks::{BlockEnclosure, BlockSolution, Cut};
use synaptic_balance::solve::energy::{EnergyError, EnergyProof};

use super::limit_in_place::within;

/// What was found by blocks, and the seconds that it took.
pub struct Found {
    /// The method that found it, as on the command line.
    pub method: &'static str,
    pub solution: BlockSolution,
    pub deficit_before: f64,
    /// Costs of everything that is scaled, before and after.
    pub regularizer: Option<[f64; 2]>,
    pub enclosed: Option<BlockEnclosure>,
    pub proof: Option<Result<EnergyProof, EnergyError>>,
    /// What was left out, where the minimum is not attained.
    pub cut: Option<Cut>,
    /// By variable of a model with products or powers of multipliers: was it left out, since it runs away? None where
    /// nothing was.
    pub left_out: Vec<bool>,
    /// Multipliers that were asked for in place of the optimum.
    pub restricted: Option<RestrictedRun>,
    /// The multipliers were rounded to powers of two, which came to this.
    pub rounded: Option<RoundedRun>,
    /// Is there an optimum, which was found?
    pub has_optimum: bool,
    /// Did the kernel verify that there is none?
    pub is_unattained: bool,
    /// By unit: has it no cost?
    pub free: Vec<bool>,
    /// The same by names.
    pub limit: Option<InLimit>,
    pub cross_check: Option<SecondRun>,
    /// The multipliers `Λ`, in the order of the variables, rounded if that was asked for.
    pub multipliers: Vec<f64>,
    /// By unit, its variable; `None` where these are the same.
    pub variables: Option<Vec<usize>>,
    /// Seconds, with those that making the blocks took.
    pub solve: f64,
    pub certify: f64,
}

impl Found {
    /// Adds costs that no multipliers change to what is reported.
    pub fn add_fixed(&mut self, fixed: f64) {
        let values = self.regularizer;
        self.regularizer = values.map(|values| values.map(|value| value + fixed));
        if let Some(restricted) = &mut self.restricted {
            restricted.value += fixed;
            restricted.optimum = restricted.optimum.map(|value| value + fixed);
        }
        if let Some(rounded) = &mut self.rounded {
            rounded.value = rounded.value.map(|value| value + fixed);
        }
    }

    /// What the kernel verified.
    pub fn proof(&self) -> Option<&EnergyProof> {
        self.proof.as_ref().and_then(|proof| proof.as_ref().ok())
    }

    /// Was something left out, since the minimum is not attained?
    pub fn is_in_limit(&self) -> bool {
        self.cut.is_some() || self.left_out.contains(&true)
    }

    /// Did the kernel verify where every multiplier lies, but for those of units that are left out?
    pub fn is_enclosed(&self) -> bool {
        self.within().is_some()
    }

    /// How near they are known.
    pub fn within(&self) -> Option<f64> {
        within(self.proof()?, &self.free)
    }

    /// The multipliers `Λ` to be applied, 0 for units whose weights vanish.
    pub fn written(&self) -> Vec<f64> {
        let is_cut = |unit| self.cut.as_ref().is_some_and(|cut| cut.is_out(unit));
        let is_out = |unit| is_cut(unit) || self.left_out.get(unit) == Some(&true);
        let all = self.multipliers.iter().enumerate();
        let written = all.map(|(unit, value)| if is_out(unit) { 0.0 } else { *value });
        self.of_units(&written.collect::<Vec<f64>>())
    }

    /// The multipliers `Λ` of all units.
    pub fn by_unit(&self) -> Vec<f64> {
        self.of_units(&self.multipliers)
    }

    fn of_units(&self, values: &[f64]) -> Vec<f64> {
        match &self.variables {
            Some(variables) => variables.iter().map(|variable| values[*variable]).collect(),
            None => values.to_vec(),
        }
    }
}
