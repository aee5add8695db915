//! `synbal`: the theory of synaptic neural balance on the command line.
//!
//! The commands are in [`synaptic_balance::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let given: Vec<_> = std::env::args_os().collect();
    ExitCode::from(synaptic_balance::cli::main(&given))
}
