//! Runs two ONNX models on the same random inputs and says how far their outputs are apart.
//!
//! `cargo run --release -p engine-tests --example same_function -- MODEL BALANCED [INPUTS]`; without arguments it balances the
//! digits model of `data/` first.

use engine_tests::{Engine, differences};
use std::error::Error;
use synaptic_balance::formats::OnnxFile;
use synaptic_balance::network::Regularizer;
use synaptic_balance::solve::{Options, balance};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (before, after, inputs) = match arguments.as_slice() {
        [] => {
            let before = std::fs::read(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../data/digits-mlp-sklearn.onnx"
            ))?;
            let after = balanced(&before)?;
            (before, after, 1_000)
        }
        [before, after] => (std::fs::read(before)?, std::fs::read(after)?, 1_000),
        [before, after, inputs] => (
            std::fs::read(before)?,
            std::fs::read(after)?,
            inputs.parse()?,
        ),
        _ => return Err("two models are needed, and at most a number of inputs".into()),
    };
    let found = differences(&Engine::new(&before), &Engine::new(&after), inputs);
    println!(
        "over {inputs} random inputs the outputs differ by at most {:.2e}, relative to the largest output {:.2e}",
        found.absolute, found.relative
    );
    match found.relative < 1e-5 {
        true => Ok(()),
        false => Err("this is more than rounding in f32 explains".into()),
    }
}

fn balanced(bytes: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let file = OnnxFile::read(bytes.to_vec(), None)?;
    let found = balance(
        file.network(),
        &Regularizer::l2(),
        &Options::default(),
        &mut |_, _| {},
    )?;
    let multipliers = found.by_unit(file.network());
    Ok(file
        .scaled(&multipliers, &[], false, "balanced.onnx")?
        .model)
}
