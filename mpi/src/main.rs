//! `synbal-mpi`: one network balanced by many ranks, each of which reads and writes its share of the weights.

mod balance;
mod bench;
mod machines;
mod model;
mod networks;
mod output;
mod sharding;
mod solving;

use clap::{Parser, Subcommand};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use mpi::Threading;
use mpi::traits::*;
use serde_json::{Value, json};

use machines::{Fault, Machines};

/// Synaptic balancing of one network by many ranks: started by mpirun, each with its share of the weights.
#[derive(Debug, Parser)]
#[command(
    name = "synbal-mpi",
    version,
    after_help = "\
Exit codes: 0 done; 2 bad usage or bad input; 3 undecided or incomplete.

Example: mpirun -n 4 synbal-mpi balance model.safetensors --arch relu -o balanced.safetensors --certify
         mpirun -n 4 synbal-mpi bench"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,

    /// Print one JSON document on stdout, on rank 0, and nothing else there.
    #[arg(long, global = true)]
    json: bool,

    /// Threads of each rank; the cores of its computer divided by the ranks there if not given. Results do not depend
    /// on it.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,

    /// No lines of progress.
    #[arg(long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Balance a perceptron in safetensors, in one file or in several with their index.
    Balance(balance::BalanceArguments),
    /// Measure exchanges and reads, model larger runs, or balance a random network in memory.
    Bench(bench::BenchArguments),
}

/// What a command has to say, as text and as JSON, and the exit code.
pub struct Answer {
    text: String,
    json: Value,
    code: u8,
}

fn main() -> ExitCode {
    let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else {
        eprintln!("synbal-mpi: MPI does not start");
        return ExitCode::from(2);
    };
    let machines = Machines::new(universe.world());
    let work = AssertUnwindSafe(|| run(&machines));
    match std::panic::catch_unwind(work) {
        Ok(code) => ExitCode::from(code),
        // The message was printed; the others would wait for ever.
        Err(_) => {
            output::give_up();
            machines.world().abort(101)
        }
    }
}

fn run(machines: &Machines) -> u8 {
    // All ranks have the same arguments.
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(fault) => {
            if machines.is_first() {
                // Nothing can be said where even that cannot be written.
                let _ = fault.print();
            }
            return fault.exit_code() as u8;
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let own = (cores / machines.neighbours()).max(1);
    let threads = arguments.threads.map_or(own, usize::from);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let started = pool.build_global().map_err(Fault::bad);
    let done = machines
        .agree(started)
        .and_then(|()| match &arguments.command {
            Command::Balance(own) => balance::balance(machines, own, !arguments.quiet),
            Command::Bench(own) => bench::bench(machines, own, !arguments.quiet),
        });
    let code = done
        .as_ref()
        .map_or_else(|fault| fault.code, |answer| answer.code);
    if machines.is_first() {
        say(done, arguments.json);
    }
    code
}

fn say(done: Result<Answer, Fault>, is_json: bool) {
    match (done, is_json) {
        (Ok(answer), true) => println!("{:#}", answer.json),
        (Ok(answer), false) => print!("{}", answer.text),
        (Err(fault), is_json) => {
            eprintln!("synbal-mpi: {}", fault.message);
            if is_json {
                let error = if fault.code == 2 {
                    "bad_input"
                } else {
                    "incomplete"
                };
                println!("{:#}", json!({"error": error, "message": fault.message}));
            }
        }
    }
}
