//! What is proved in general: the proofs in `proofs/`, which `proofs/check` compiles. What is not here is open.

mod from_local_to_global;
mod learning_and_errata;
mod units_and_architectures;

use super::GeneralProof;

/// The general proof of the statement with this id.
pub(super) fn of(id: &str) -> Option<GeneralProof> {
    let rooms = [
        units_and_architectures::PROOFS,
        from_local_to_global::PROOFS,
        learning_and_errata::PROOFS,
    ];
    let mut proofs = rooms.into_iter().flatten();
    proofs.find(|(of, _)| *of == id).map(|(_, proof)| *proof)
}
