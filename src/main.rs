//! `synbal`: the theory of synaptic neural balance on the command line.
//!
//! Arguments, calls and exit codes; the mathematics is in the library.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::arguments() {
        Ok(arguments) => cli::run(arguments),
        Err(code) => code,
    }
}
