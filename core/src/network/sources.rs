//! A network with one source more.

use super::model::{Network, Unit, UnitIndex, UnitKind};
use super::{Activation, NetworkError};
use crate::numbers::Scalar;

impl<S: Scalar> Network<S> {
    /// The same network with a constant source more, and synapses from it, `(to, weight)`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_source(
        &self,
        id: &str,
        synapses: Vec<(UnitIndex, S)>,
    ) -> Result<Self, NetworkError> {
        let source = self.units();
        let units = (0..source).map(|unit| self.unit(unit).clone());
        let source_unit = Unit::new(id, UnitKind::Bias, Activation::Linear);
        let own = (0..self.synapses()).map(|synapse| {
            let (from, to) = self.endpoints(synapse);
            (from, to, self.weight(synapse).clone())
        });
        let more = synapses.into_iter();
        let synapses = own.chain(more.map(|(to, weight)| (source, to, weight)));
        Network::with_products(
            units.chain([source_unit]).collect(),
            self.products.factors.clone(),
            synapses.collect(),
            self.ties.clone(),
        )
    }
}
