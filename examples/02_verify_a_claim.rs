//! Hand the trusted kernel a claim of your own: no solver is involved, only rational arithmetic.

use synaptic_balance::kernel::check;
use synaptic_balance::network::{Regularizer, chain};
use synaptic_balance::numbers::{ParseRationalError, parse_rational};

fn main() -> Result<(), ParseRationalError> {
    let rationals = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| parse_rational(text))
            .collect::<Result<Vec<_>, _>>()
    };
    // Costs 1, 8, 1 under L1: the balanced multipliers are 2 and 1/2.
    let problem = chain(&rationals(&["1", "8", "1"])?).problem(&Regularizer::l1());

    let exact = check::balanced(&problem, &rationals(&["2", "1/2"])?);
    println!("balanced exactly: {}", exact.is_ok());

    // Bounds pass if no input cost exceeds its output cost at the lower ones, and the reverse at the upper ones.
    let enclosed = check::enclosure(
        &problem,
        &rationals(&["1.9", "0.475"])?,
        &rationals(&["2.1", "0.525"])?,
    );
    println!("enclosed: {}", enclosed.is_ok());

    match check::enclosure(
        &problem,
        &rationals(&["2.1", "0.525"])?,
        &rationals(&["2.2", "0.6"])?,
    ) {
        Ok(_) => println!("a false enclosure was accepted"),
        Err(refusal) => println!("a false enclosure is refused: {refusal}"),
    }
    Ok(())
}
