//! `synbal-mpi bench`: what messages, additions over all ranks and reads take; and random networks, balanced in memory.

use clap::{Args, ValueEnum};
use std::time::Instant;

use mpi::traits::*;
use serde_json::{Value, json};
use synaptic_balance::numbers::Rational;
use synaptic_balance::solve::blocks::{
    Alone, BlockMethod, CostSums, Exchange, Extent, Pair, Shared, Sums,
};

use crate::Answer;
use crate::machines::{Fault, Machines};
use crate::model::Rates;
use crate::networks::{Kind, Network};
use crate::solving::{Wanted, solve};

#[derive(Debug, Args)]
pub struct BenchArguments {
    /// Balances a random network of this kind, in memory, instead of measuring.
    #[arg(long, value_enum)]
    pub network: Option<Kind>,

    /// About how many weights it has, or all ranks read to measure how fast they are.
    #[arg(long, default_value_t = 32_000_000)]
    pub weights: usize,

    /// The seed of its weights.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Sweeps and Newton steps as needed, or Newton steps only.
    #[arg(long, value_enum, default_value = "two-level")]
    pub method: Method,

    /// The power of the regularizer.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub power: u32,

    /// Has the kernel add up the costs at the bounds.
    #[arg(long)]
    pub certify: bool,

    /// Gives all multipliers and bounds in JSON.
    #[arg(long)]
    pub full: bool,

    /// Seconds of a message of no length, for the model, instead of those measured.
    #[arg(long)]
    pub latency: Option<f64>,

    /// Bytes a second from one machine to another, for the model.
    #[arg(long)]
    pub bandwidth: Option<f64>,

    /// Weights a second that a machine reads, for the model.
    #[arg(long)]
    pub reading: Option<f64>,

    /// Seconds that a machine works for each number that is added up over all, for the model.
    #[arg(long)]
    pub adding: Option<f64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Method {
    TwoLevel,
    NewtonCg,
}

pub fn bench(
    machines: &Machines,
    arguments: &BenchArguments,
    progress: bool,
) -> Result<Answer, Fault> {
    match arguments.network {
        Some(kind) => run(machines, arguments, kind, progress),
        None => measure(machines, arguments),
    }
}

fn run(
    machines: &Machines,
    arguments: &BenchArguments,
    kind: Kind,
    progress: bool,
) -> Result<Answer, Fault> {
    let network = Network::new(kind, arguments.weights, arguments.seed);
    let own = network.own_rows(machines.rank(), machines.count());
    let weights = network.weights(&own);
    let power = Rational::from_integer(arguments.power.into());
    let share = network.share(arguments.power.into(), &own, &weights);
    let share = machines.agree(share.map_err(Fault::bad))?;
    let mut shared = Shared::new(share, machines);
    let wanted = Wanted {
        power: &power,
        method: match arguments.method {
            Method::TwoLevel => BlockMethod::TwoLevel,
            Method::NewtonCg => BlockMethod::NewtonCg,
        },
        tolerance: 1e-12,
        certify: arguments.certify.then_some(0),
        progress,
    };
    let found = solve(&mut shared, &wanted, network.fan(), &|unit| {
        unit.to_string()
    })?;
    let mut json = found.fields(&shared, machines);
    json["seconds"] = json!({"solve": found.seconds[0], "certify": found.seconds[1]});
    json["digest"] = digest(&found.solution.multipliers).into();
    if arguments.full {
        json["multipliers"] = json!(found.solution.multipliers);
        let bounds = found.bounds.as_ref();
        json["lower"] = json!(bounds.map(|bounds| &bounds.lower));
        json["upper"] = json!(bounds.map(|bounds| &bounds.upper));
    }
    let mut short = json.clone();
    if let Value::Object(fields) = &mut short {
        fields.retain(|name, _| !["multipliers", "lower", "upper"].contains(&name.as_str()));
    }
    Ok(Answer {
        text: format!("{short:#}\n"),
        json,
        code: if found.incomplete.is_some() { 3 } else { 0 },
    })
}

/// Equal for equal bits: the hash FNV-1a.
fn digest(values: &[f64]) -> String {
    let bytes = values
        .iter()
        .flat_map(|value| value.to_bits().to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The shortest of some runs of what all ranks do, as others may use the machine: at most [`RUNS`], or as many as fit
/// the time.
fn seconds(machines: &Machines, mut work: impl FnMut()) -> f64 {
    let mut time = || {
        machines.world().barrier();
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    let first = time();
    let mut all_ranks = machines;
    let longest = all_ranks.gather(&[(first * 1e9) as u64]).into_iter().max();
    let fit = (TIME * 1e9 / longest.unwrap_or(0).max(1) as f64) as usize;
    (0..fit.clamp(1, RUNS))
        .map(|_| time())
        .fold(first, f64::min)
}

/// What [`seconds`] may take.
const TIME: f64 = 0.5;
const RUNS: usize = 15;

/// Half of the time that a message takes from rank 0 to rank 1 and back.
fn message(machines: &Machines, bytes: usize) -> f64 {
    let world = machines.world();
    let mut buffer = vec![0u8; bytes];
    let there_and_back = ((1 << 22) / bytes.max(1)).clamp(1, 50);
    let all = seconds(machines, || {
        for _ in 0..there_and_back {
            match machines.rank() {
                0 => {
                    world.process_at_rank(1).send(&buffer[..]);
                    world.process_at_rank(1).receive_into(&mut buffer[..]);
                }
                1 => {
                    world.process_at_rank(0).receive_into(&mut buffer[..]);
                    world.process_at_rank(0).send(&buffer[..]);
                }
                _ => {}
            }
        }
    });
    // Rank 0 knows it.
    let mut all_ranks = machines;
    let all = f64::from_bits(all_ranks.gather(&[all.to_bits()])[0]);
    all / (2 * there_and_back) as f64
}

/// Weights a second that each rank reads while all do; the slowest one counts.
fn reading(machines: &Machines, weights: usize) -> Result<f64, Fault> {
    let network = Network::new(Kind::Layered, weights, 1);
    let own = network.own_rows(0, 1);
    let weights = network.weights(&own);
    let share = network.share(2.0, &own, &weights).map_err(Fault::bad)?;
    let mut alone = Shared::new(share, Alone);
    let units = alone.shape().units();
    let (potentials, mut sums) = (vec![1.0; units], Sums::new(alone.shape()));
    let taken = seconds(machines, || {
        alone.read(Extent::All, &potentials, &potentials, &mut sums);
    });
    let rate = alone.weights() as f64 / taken;
    let mut all = machines;
    let slowest = all.gather(&[rate as u64]).into_iter().min();
    Ok(slowest.unwrap_or(0) as f64)
}

fn measure(machines: &Machines, arguments: &BenchArguments) -> Result<Answer, Fault> {
    let mut all = machines;
    let additions = [1usize, 1_000, 30_000, 1_000_000].map(|numbers| {
        let pairs = vec![Pair::from(1.0); numbers];
        let taken = seconds(machines, || {
            all.add(&pairs);
        });
        (numbers, taken)
    });
    let reading = machines.agree(reading(machines, arguments.weights / machines.count()))?;
    let (mut latency, mut bandwidth) = (0.0, f64::INFINITY);
    let mut messages = Vec::new();
    if machines.count() > 1 {
        for bytes in [1usize, 1 << 10, 1 << 16, 1 << 20, 1 << 24] {
            let taken = message(machines, bytes);
            messages.push(json!({"bytes": bytes, "seconds": taken}));
            match bytes {
                1 => latency = taken,
                _ => bandwidth = bytes as f64 / taken,
            }
        }
    }
    let mut rates = Rates {
        latency: arguments.latency.unwrap_or(latency),
        bandwidth: arguments.bandwidth.unwrap_or(bandwidth),
        reading: arguments.reading.unwrap_or(reading),
        adding: 0.0,
    };
    // What the largest addition took beyond its messages.
    let ranks = machines.count() as f64;
    let largest = additions.last().map_or(0.0, |(numbers, taken)| {
        let rest = taken - rates.exchange(*numbers as f64, ranks);
        rest.max(0.0) / *numbers as f64
    });
    rates.adding = arguments.adding.unwrap_or(largest);
    let has_network = rates.bandwidth.is_finite();
    let additions = additions.map(|(numbers, taken)| {
        let by_model = has_network.then(|| rates.exchange(numbers as f64, ranks));
        json!({"numbers": numbers, "seconds": taken, "by_model": by_model})
    });
    let table = if has_network {
        rates.table()
    } else {
        Vec::new()
    };
    let json = json!({
        "ranks": machines.count(),
        "messages": messages,
        "additions": additions,
        "rates": {
            "latency": rates.latency,
            "bandwidth": has_network.then_some(rates.bandwidth),
            "reading": rates.reading,
            "adding": rates.adding,
        },
        "model": table,
    });
    Ok(Answer {
        text: text(&json, &rates),
        json,
        code: 0,
    })
}

fn text(json: &Value, rates: &Rates) -> String {
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap_or(f64::NAN);
    let mut text = String::new();
    let rows = |name: &str| json[name].as_array().cloned().unwrap_or_default();
    for row in rows("messages") {
        let (bytes, taken) = (number(&row, "bytes"), number(&row, "seconds"));
        text += &format!("message of {bytes:>9} bytes {:>10.1} µs\n", taken * 1e6);
    }
    for row in rows("additions") {
        let (numbers, taken) = (number(&row, "numbers"), number(&row, "seconds"));
        text += &format!("sums of {numbers:>13} numbers {:>8.1} µs\n", taken * 1e6);
    }
    text += &format!(
        "model: latency {:.2e} s, bandwidth {:.2e} bytes/s, reading {:.2e} weights/s, adding {:.2e} s a number\n",
        rates.latency, rates.bandwidth, rates.reading, rates.adding
    );
    for row in rows("model") {
        text += &format!(
            "{:>8.0e} weights on {:>3} machines: sweep {:>9.4} s ({:>3.0}% reading), read {:>9.4} s ({:>3.0}%)\n",
            number(&row, "weights"),
            number(&row, "machines"),
            number(&row, "sweep_seconds"),
            100.0 * number(&row, "efficiency_sweep"),
            number(&row, "read_seconds"),
            100.0 * number(&row, "efficiency_read"),
        );
    }
    text
}
