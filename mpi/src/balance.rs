//! `synbal-mpi balance`.

use clap::Args;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Map, Value, json};
use synaptic_balance::formats::{
    Architecture, MAX_TEXT, MappedError, MappedPerceptron, read_input,
};
use synaptic_balance::network::Regularizer;
use synaptic_balance::numbers::{rational_from_f64, rational_to_f64};
use synaptic_balance::solve::NumberType;
use synaptic_balance::solve::blocks::{BlockMethod, Exchange, Shared};

use crate::Answer;
use crate::machines::{Fault, Machines};
use crate::output::{At, Output};
use crate::sharding::{Sharding, own_rows};
use crate::solving::{Solved, Wanted, solve};

#[derive(Debug, Args)]
pub struct BalanceArguments {
    /// A perceptron in safetensors, or the index of one in several files.
    pub model: PathBuf,

    /// Where the balanced model goes: a file, or for a model in several files a new or empty folder.
    #[arg(short, long, value_name = "OUT")]
    pub output: Option<PathBuf>,

    /// The activation of all hidden layers, or an architecture file.
    #[arg(long, default_value = "relu")]
    pub arch: String,

    /// The names of the layers in the order of computation, where they do not tell it.
    #[arg(long, value_delimiter = ',')]
    pub layers: Option<Vec<String>>,

    /// l2, l1 or lp:P.
    #[arg(long, default_value = "l2")]
    pub regularizer: Regularizer,

    /// Has the kernel add up the costs at the bounds, so that multipliers are certified to so many digits.
    #[arg(long, value_name = "DIGITS", num_args = 0..=1, require_equals = true, default_missing_value = "9")]
    pub certify: Option<u32>,

    /// How weights are divided among ranks.
    #[arg(long, value_enum, default_value = "rows")]
    pub shard: Sharding,

    /// The deficit to reach.
    #[arg(long, default_value_t = 1e-12)]
    pub tolerance: f64,

    /// Rounds 16-bit weights from the optimum.
    #[arg(long)]
    pub round: bool,
}

/// Balances a model in files.
pub fn balance(
    machines: &Machines,
    arguments: &BalanceArguments,
    progress: bool,
) -> Result<Answer, Fault> {
    let start = Instant::now();
    let path = &arguments.model;
    let model = machines.agree(open(arguments))?;
    let names = names(&model, path);
    let token = machines.told_by_first(&std::process::id().to_string());
    let output = arguments.output.as_ref().map(|output| {
        let is_maker = machines.is_first();
        Output::new(output, &token, names.as_deref(), is_maker)
    });
    let made = match (&output, machines.is_first()) {
        (Some(output), true) => output.create(),
        _ => Ok(()),
    };
    machines.agree(made)?;
    let tensors = model.tensors();
    let own = own_rows(&tensors, arguments.shard, machines.rank(), machines.count());
    let power = arguments.regularizer.variable_power();
    let share = model.share(rational_to_f64(&power), &own);
    let share = machines.agree(share.map_err(|fault| bad(machines, path, fault)))?;
    let held = share.held();
    let mut shared = Shared::new(share, machines);
    let read = start.elapsed().as_secs_f64();
    let unit_names = model.unit_names();
    let wanted = Wanted {
        power: &power,
        method: BlockMethod::TwoLevel,
        tolerance: arguments.tolerance,
        certify: arguments.certify,
        progress,
    };
    let found = solve(&mut shared, &wanted, model.fan(), &|unit| {
        unit_names[unit].clone()
    });
    let found = found.or_else(|fault| {
        // Costs that are not finite: some rank holds the weight.
        let place = if fault.code == 2 {
            model.not_finite(&own)
        } else {
            None
        };
        let here = place.map_or(Ok(()), |place| Err(bad(machines, path, place)));
        machines.agree(here).and(Err(fault))
    })?;
    let start = Instant::now();
    let root = |mu: &f64| mu.powf(1.0 / rational_to_f64(&power));
    let multipliers: Vec<f64> = found.solution.multipliers.iter().map(root).collect();
    let lost = match &output {
        Some(output) => write(machines, arguments, (&model, &own), &multipliers, output)?,
        None => 0,
    };
    let seconds = [
        read,
        found.seconds[0],
        found.seconds[1],
        start.elapsed().as_secs_f64(),
    ];
    let mut json = found.fields(&shared, machines);
    json["regularizer"] = arguments.regularizer.to_string().into();
    json["shard"] = arguments.shard.name().into();
    let mut machines_view = machines;
    json["weights_by_rank"] = json!(machines_view.gather(&[held as u64]));
    json["lost"] = lost.into();
    let names = ["read", "solve", "certify", "write"];
    let seconds: Map<String, Value> = names
        .into_iter()
        .zip(seconds)
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    json["seconds"] = seconds.into();
    json["multipliers"] = by_layer(&model, &multipliers);
    if found.is_confirmed {
        json["enclosure"] = enclosure(&found, &unit_names);
    }
    Ok(Answer {
        text: text_of(&json),
        json,
        code: if found.incomplete.is_some() { 3 } else { 0 },
    })
}

fn bad(machines: &Machines, path: &Path, fault: impl ToString) -> Fault {
    Fault::bad(format!(
        "rank {}: {}: {}",
        machines.rank(),
        path.display(),
        fault.to_string()
    ))
}

fn open(arguments: &BalanceArguments) -> Result<MappedPerceptron, Fault> {
    let path = &arguments.model;
    let at = |place: &Path, fault: &dyn ToString| {
        Fault::bad(format!("{}: {}", place.display(), fault.to_string()))
    };
    if arguments.regularizer.terms().len() != 1 {
        return Err(Fault::bad(
            "a mixture of powers is not balanced in place: l2, l1 or lp:P",
        ));
    }
    if !(arguments.tolerance > 0.0 && arguments.tolerance < 1.0) {
        return Err(Fault::bad("the tolerance must be between 0 and 1"));
    }
    let arch = Path::new(&arguments.arch);
    let mut architecture = match arch.is_file() {
        true => {
            let text = read_input(arch, MAX_TEXT).map_err(|fault| at(arch, &fault))?;
            Architecture::read(&text).map_err(|fault| at(arch, &fault))?
        }
        false => Architecture::named(&arguments.arch).map_err(Fault::bad)?,
    };
    if arguments.layers.is_some() {
        architecture.layers.clone_from(&arguments.layers);
    }
    let model = MappedPerceptron::open(path, &architecture).map_err(|fault| match fault {
        // It names the file itself.
        fault @ MappedError::File { .. } => Fault::bad(fault),
        fault => at(path, &fault),
    })?;
    if model.number_type().is_some_and(NumberType::is_short) && !arguments.round {
        let reason = "its weights have 16 bits: --round rounds them from the optimum; powers of two are for synbal";
        return Err(at(path, &reason));
    }
    Ok(model)
}

/// The names of the files of a model in several; `None` of the one file that was given.
fn names(model: &MappedPerceptron, path: &Path) -> Option<Vec<PathBuf>> {
    let files = model.files();
    let own = files.iter().filter_map(|file| file.file_name());
    (files != [path]).then(|| own.map(PathBuf::from).collect())
}

/// Every rank writes its rows; rank 0 what is around them, and at the end the name.
fn write(
    machines: &Machines,
    arguments: &BalanceArguments,
    (model, own): (&MappedPerceptron, &[Range<usize>]),
    multipliers: &[f64],
    output: &Output,
) -> Result<u64, Fault> {
    let begun = match machines.is_first() {
        true => begin(arguments, model, output),
        false => Ok(()),
    };
    machines.agree(begun)?;
    let written = write_own(model, own, multipliers, output);
    let written = written.map_err(|fault| Fault {
        message: format!("rank {}: {}", machines.rank(), fault.message),
        ..fault
    });
    let lost = machines.agree(written)?;
    let done = match machines.is_first() {
        true => output.commit(),
        false => Ok(()),
    };
    machines.agree(done)?;
    let mut lost = [lost];
    let mut all = machines;
    all.add_integers(&mut lost);
    Ok(lost[0])
}

fn begin(
    arguments: &BalanceArguments,
    model: &MappedPerceptron,
    output: &Output,
) -> Result<(), Fault> {
    let index = &arguments.model;
    for file in 0..model.files().len() {
        output.begin(file, model.file_length(file), model.header(file))?;
    }
    if let (Some(_), Some(name)) = (names(model, index), index.file_name()) {
        let text = read_input(index, MAX_TEXT);
        let text = text.map_err(|fault| Fault::bad(format!("{}: {fault}", index.display())))?;
        output.add(Path::new(name), &text)?;
    }
    Ok(())
}

/// Gives the number of weights that their type could not hold.
fn write_own(
    model: &MappedPerceptron,
    own: &[Range<usize>],
    multipliers: &[f64],
    output: &Output,
) -> Result<u64, Fault> {
    let tensors = model.tensors();
    let mut lost = 0;
    for file in 0..model.files().len() {
        let all = tensors.iter().zip(own).enumerate();
        let here: Vec<_> = all
            .filter(|(_, (tensor, rows))| tensor.file == file && !rows.is_empty())
            .collect();
        if here.is_empty() {
            continue;
        }
        let opened = output.open(file)?;
        for (number, (tensor, rows)) in here {
            let mut into = At::new(&opened, tensor.bytes_of(rows).start);
            let losses = model.write_rows(number, rows, multipliers, &mut into);
            lost += losses.map_err(Fault::bad)?.count as u64;
            into.flush().map_err(|fault| output.failed(&fault))?;
        }
        opened.sync_all().map_err(|fault| output.failed(&fault))?;
    }
    Ok(lost)
}

/// The multipliers `Λ` of each hidden layer, under the name of its weight; 1 where nothing scales it.
fn by_layer(model: &MappedPerceptron, multipliers: &[f64]) -> Value {
    let mut rest = multipliers;
    let layers = model.hidden_layers().into_iter();
    let layers = layers.map(|(name, units, is_scaled)| {
        if !is_scaled {
            return (name, json!(vec![1.0; units]));
        }
        let (own, others) = rest.split_at(units);
        rest = others;
        (name, json!(own))
    });
    layers.collect::<Map<String, Value>>().into()
}

/// Bounds of every `μ`, as rationals.
fn enclosure(found: &Solved, names: &[String]) -> Value {
    let Some(bounds) = &found.bounds else {
        return Value::Null;
    };
    let text =
        |value: f64| rational_from_f64(value).map_or(Value::Null, |value| value.to_string().into());
    let ends = bounds.lower.iter().zip(&bounds.upper);
    let units = names.iter().zip(ends);
    let units = units.map(|(name, (lower, upper))| {
        (
            name.clone(),
            json!({"lo": text(*lower), "hi": text(*upper)}),
        )
    });
    units.collect::<Map<String, Value>>().into()
}

fn text_of(json: &Value) -> String {
    let number = |name: &str| json[name].as_f64().unwrap_or(f64::NAN);
    let mut text = format!(
        "{} weights on {} ranks, by {}\nbalanced: deficit {:.1e} before, {:.1e} after, in {:.2} reads\n",
        json["weights"],
        json["ranks"],
        json["shard"].as_str().unwrap_or_default(),
        number("deficit_before"),
        number("deficit"),
        number("reads"),
    );
    text += &match json["bounds"].as_str() {
        Some("certified") => format!(
            "certified: every multiplier of costs to {:.1e}, from sums that the kernel took of each rank's share\n",
            number("within")
        ),
        Some("computed") => format!(
            "bounds, computed: every multiplier of costs to {:.1e}\n",
            number("within")
        ),
        _ => "no bounds were found\n".to_owned(),
    };
    if let Some(reason) = json["incomplete"].as_str() {
        text += &format!("incomplete: {reason}\n");
    }
    text
}
