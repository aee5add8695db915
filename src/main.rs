//! `synbal`: the theory of synaptic neural balance on the command line.
//!
//! Arguments, calls and exit codes; the mathematics is in the library.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(cli::Arguments::parse())
}
