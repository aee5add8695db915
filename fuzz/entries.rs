//! What is done with hostile bytes: one entry for each reader. The fuzz targets call them, and so does `cargo test`,
//! with a fixed seed. Whatever the bytes are, an entry neither panics nor takes long; what it asserts is listed in
//! `fuzz/README.md`.

use std::path::Path;

use synaptic_balance::formats::checkpoint::Checkpoint;
use synaptic_balance::formats::energy::{EnergyFile, NamedProblem, read_energy};
use synaptic_balance::formats::{
    Architecture, BalancedWeights, FormatError, MappedPerceptron, Model, Ranges, Weight,
    read_certificate, read_model, read_network, verify_certificate, write_network,
};
use synaptic_balance::learn::idx::read_folder;
use synaptic_balance::network::{Manifold, Network, Regularizer};
use synaptic_balance::numbers::{
    ParseRationalError, Rational, parse_rational, rational_to_f64_down, rational_to_f64_up,
};
use synaptic_balance::report::{Basis, Detail, explain};
use synaptic_balance::script::{self, parse_network};
use synaptic_balance::solve::energy::EnergyProof;
use synaptic_balance::solve::{Options, ScalingVerdict, balance, judge};

/// Networks up to so many units and synapses are carried through the solvers.
const SMALL: (usize, usize) = (8, 24);

/// What is done with bytes.
type Run = fn(&[u8]);

/// An entry with its name, which is that of its target and of its folder of seeds.
pub struct Entry {
    pub name: &'static str,
    pub run: Run,
}

/// All of them.
pub fn entries() -> Vec<Entry> {
    let entry = |(name, run): (&'static str, Run)| Entry { name, run };
    let all: [(&'static str, Run); 15] = [
        ("network_json", network_json),
        ("certificate", certificate),
        ("onnx", onnx),
        ("perceptron", perceptron),
        ("index", index),
        ("architecture", architecture),
        ("idx", idx),
        ("ranges", ranges),
        ("checkpoint", checkpoint),
        ("request", request),
        ("regularizer", regularizer),
        ("rational", rational),
        ("script", script),
        ("network_text", network_text),
        ("solvers", solvers),
    ];
    all.map(entry).into()
}

/// What is read is written back as the same network.
pub fn network_json(data: &[u8]) {
    let Ok(file) = read_network(data) else { return };
    assert_same(&file.network, &write_network(&file.network));
    let weights = file.network.weights().into_iter().map(Weight::Exact);
    let weights: Vec<_> = weights.collect();
    assert_same(&file.network, &file.with_weights(&weights));
}

/// Is the text that of the network? Decimals of thousands of digits are read, but not the fractions that they are
/// written as.
fn assert_same(network: &Network<Rational>, text: &str) {
    let again = match read_network(text.as_bytes()) {
        Ok(file) => file.network,
        Err(FormatError::Number {
            fault: ParseRationalError::TooLong,
            ..
        }) => return,
        Err(fault) => panic!("what is written is not read: {fault}"),
    };
    assert_eq!(network.same_architecture(&again), Ok(()));
    assert_eq!(network.weights(), again.weights());
}

const NETWORK: &[u8] = include_bytes!("../examples/chain.json");

/// A certificate, or a network and one after a zero byte. What is verified is verified again after it is written.
pub fn certificate(data: &[u8]) {
    let (network, text) = match data.iter().position(|byte| *byte == 0) {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (NETWORK, data),
    };
    let Ok(file) = read_network(network) else {
        return;
    };
    if let Ok(Some(found)) = read_energy(text) {
        energy(&file.network, &found);
    }
    let Ok(certificate) = read_certificate(text) else {
        return;
    };
    let first = verify_certificate(&file.network, &certificate);
    let again = read_certificate(certificate.to_json().as_bytes());
    let again = verify_certificate(&file.network, &again.expect("what is written is read"));
    assert_eq!(first.is_ok(), again.is_ok());
}

/// An energy certificate that is read has the same verdict after it is written.
fn energy(network: &Network<Rational>, file: &EnergyFile) {
    let Ok(regularizer) = file.regularizer.parse::<Regularizer>() else {
        return;
    };
    let Ok(problem) = NamedProblem::of_network(network, &regularizer) else {
        return;
    };
    let Ok(certificate) = file.certificate(&problem) else {
        return;
    };
    let verdict = |certificate| EnergyProof::new(&problem.problem, certificate).is_ok();
    let written = EnergyFile::new(&problem, &certificate, &regularizer).expect("it fits");
    let read = read_energy(written.to_json().as_bytes()).expect("what is written is read");
    let again = read.expect("it is one").certificate(&problem);
    assert_eq!(
        verdict(certificate),
        verdict(again.expect("with its names"))
    );
}

/// A model that is scaled by 1 stays as it is, byte for byte.
pub fn onnx(data: &[u8]) {
    let Ok(Model::Onnx(file)) = read_model(data.to_vec(), None, None) else {
        return;
    };
    let units = file.network().units();
    if let Ok(written) = file.scaled(&vec![1.0; units], &[], true, "same.onnx") {
        assert!(written.model == data, "scaled by 1, the file changed");
    }
}

/// A perceptron with the weights that it has stays as it is, byte for byte.
pub fn perceptron(data: &[u8]) {
    let relu = Architecture::named("relu").expect("is an activation");
    let Ok(model) = read_model(data.to_vec(), Some(&relu), None) else {
        return;
    };
    let network = model.network();
    let weights: Vec<_> = network.weights().into_iter().map(Weight::Exact).collect();
    let scaling = BalancedWeights {
        weights: &weights,
        multipliers: &vec![1.0; network.units()],
        vanished: &[],
        exactly: true,
    };
    let written = model.scaled(&scaling, "same.safetensors");
    assert!(
        written.expect("the weights fit").model == data,
        "the file changed"
    );
}

/// An index beside two shards, or the second shard where the data begin with a zero byte: opened where they lie.
pub fn index(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, data: &[u8]| std::fs::write(folder.path().join(name), data).unwrap();
    let tensor = |name: &str, shape: &str| {
        let header =
            format!(r#"{{"{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[0,16]}}}}"#);
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file.extend(
            [1.0f32, 2.0, 0.5, 3.0]
                .iter()
                .flat_map(|value| value.to_le_bytes()),
        );
        file
    };
    let plain = br#"{"weight_map": {"l1.weight": "a.st", "l2.weight": "b.st"}}"#;
    let (index, second) = match data.split_first() {
        Some((0, shard)) => (&plain[..], shard.to_vec()),
        _ => (data, tensor("l2.weight", "[2,2]")),
    };
    put("a.st", &tensor("l1.weight", "[2,2]"));
    put("b.st", &second);
    put("model.index.json", index);
    let relu = Architecture::named("relu").expect("is an activation");
    let path = folder.path().join("model.index.json");
    let _ = MappedPerceptron::is_large(&path);
    if let Ok(model) = MappedPerceptron::open(&path, &relu) {
        let _ = model.blocks(2.0);
    }
}

/// Activations of layers.
pub fn architecture(data: &[u8]) {
    let _ = Architecture::read(data);
    let _ = std::str::from_utf8(data).map(Architecture::named);
}

/// Images to learn from, beside labels and test images that are right, or their labels where the data begin with a zero
/// byte twice.
pub fn idx(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, data: &[u8]| std::fs::write(folder.path().join(name), data).unwrap();
    let images = |count: u8| {
        let mut file = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2];
        file.extend(vec![7; usize::from(count) * 4]);
        file
    };
    let labels = |count: u8| {
        let mut file = vec![0, 0, 8, 1, 0, 0, 0, count];
        file.extend(vec![1; count.into()]);
        file
    };
    put("train-images-idx3-ubyte", &images(3));
    put("train-labels-idx1-ubyte", &labels(3));
    put("t10k-images-idx3-ubyte", &images(1));
    put("t10k-labels-idx1-ubyte", &labels(1));
    let name = match data {
        [0, 0, 8, 1, ..] => "train-labels-idx1-ubyte",
        [0x1f, 0x8b, ..] => {
            std::fs::remove_file(folder.path().join("train-images-idx3-ubyte")).unwrap();
            "train-images-idx3-ubyte.gz"
        }
        _ => "train-images-idx3-ubyte",
    };
    put(name, data);
    let _ = read_folder(folder.path());
}

/// Ranges of activations.
pub fn ranges(data: &[u8]) {
    let _ = Ranges::read(data, &Rational::from_integer(1.into()));
}

/// The tensors of a transformer of one layer, and its configuration.
const TENSORS: [(&str, &[usize]); 12] = [
    ("model.embed_tokens.weight", &[3, 4]),
    ("model.layers.0.input_layernorm.weight", &[4]),
    ("model.layers.0.self_attn.q_proj.weight", &[4, 4]),
    ("model.layers.0.self_attn.k_proj.weight", &[2, 4]),
    ("model.layers.0.self_attn.v_proj.weight", &[2, 4]),
    ("model.layers.0.self_attn.o_proj.weight", &[4, 4]),
    ("model.layers.0.post_attention_layernorm.weight", &[4]),
    ("model.layers.0.mlp.gate_proj.weight", &[5, 4]),
    ("model.layers.0.mlp.up_proj.weight", &[5, 4]),
    ("model.layers.0.mlp.down_proj.weight", &[4, 5]),
    ("model.norm.weight", &[4]),
    ("lm_head.weight", &[3, 4]),
];
const CONFIGURATION: &[u8] = include_bytes!("seeds/checkpoint/llama.json");

/// The configuration of a transformer, beside its tensors, or a description of its family where the data begin with a
/// zero byte.
pub fn checkpoint(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let put = |name: &str, data: &[u8]| std::fs::write(folder.path().join(name), data).unwrap();
    let (configuration, family) = match data.split_first() {
        Some((0, text)) => (CONFIGURATION, Some(String::from_utf8_lossy(text))),
        _ => (data, None),
    };
    let (mut entries, mut end) = (Vec::new(), 0);
    for (name, shape) in TENSORS {
        let start = end;
        end += 4 * shape.iter().product::<usize>();
        entries.push(format!(
            r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
        ));
    }
    let header = format!("{{{}}}", entries.join(","));
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.bytes());
    file.extend((0..end / 4).flat_map(|at| (at as f32 - 60.5).to_le_bytes()));
    put("config.json", configuration);
    put("model.safetensors", &file);
    if let Ok(found) = Checkpoint::open(folder.path(), family.as_deref()) {
        let _ = found.sides(2.0);
    }
}

/// Two networks, divided by a zero byte: what is a scaling of the other is said to be one; a network is a scaling of
/// itself.
pub fn request(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == 0);
    let (before, after) = data.split_at(end.unwrap_or(data.len()));
    let Ok(before) = read_network(before) else {
        return;
    };
    let before = before.network;
    if before.units() > SMALL.0 || before.synapses() > SMALL.1 || is_long(&before) {
        return;
    }
    let judged = judge(&before, &before, &Regularizer::l2(), 1e-6).expect("one structure");
    assert!(matches!(judged.scaling, ScalingVerdict::Exact(_)));
    if let Ok(after) = read_network(after.get(1..).unwrap_or_default()) {
        let _ = judge(&before, &after.network, &Regularizer::l1(), 1e-6);
    }
}

fn is_long(network: &Network<Rational>) -> bool {
    let long = |weight: &Rational| weight.numer().bits() + weight.denom().bits() > 4_000;
    network.weights().iter().any(long)
}

/// What is read is printed as what is read as the same.
pub fn regularizer(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(found) = text.parse::<Regularizer>() {
        assert_eq!(found.to_string().parse(), Ok(found));
    }
}

/// What is read is printed as the same number, if that is not too long; and lies between its neighbours among floats.
pub fn rational(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(value) = parse_rational(text) else {
        return;
    };
    if let Ok(again) = parse_rational(&value.to_string()) {
        assert_eq!(again, value);
    }
    let size = if value < Rational::default() {
        -value
    } else {
        value
    };
    assert!(rational_to_f64_down(&size) <= rational_to_f64_up(&size));
}

/// A script ends within its bounds.
pub fn script(data: &[u8]) {
    if let Ok(source) = std::str::from_utf8(data) {
        let _ = script::run(source, script::Options::default());
    }
}

/// What is read is the same network after it is written as JSON.
pub fn network_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(network) = parse_network(text) {
        assert_same(&network, &write_network(&network));
    }
}

/// A small network goes through everything: its manifold, the existence of a minimum, the solvers, certificates; what
/// is certified is verified.
pub fn solvers(data: &[u8]) {
    let network = match std::str::from_utf8(data).ok().map(parse_network) {
        Some(Ok(network)) => network,
        _ => match read_network(data) {
            Ok(file) => file.network,
            Err(_) => return,
        },
    };
    if network.units() > SMALL.0 || network.synapses() > SMALL.1 || is_long(&network) {
        return;
    }
    let manifold = Manifold::of(&network);
    let constraints = manifold.constraints().len();
    assert_eq!(manifold.dimension() + constraints, network.synapses());
    for regularizer in REGULARIZERS {
        let regularizer: Regularizer = regularizer.parse().expect("a regularizer");
        if let Ok(found) = explain(&network, &regularizer, Basis::Wanted) {
            let _ = (found.json(), found.text(Detail::Full));
        }
        let options = Options {
            limit: true,
            certify: Some(6),
            max_passes: 100,
            ..Options::default()
        };
        if let Ok(found) = balance(&network, &regularizer, &options, &mut |_, _| {}) {
            let _ = found.weights(&network);
        }
    }
}

const REGULARIZERS: [&str; 3] = ["l2", "lp:1/2", "mix:1*2+1/3*1"];

/// Files that the entries are begun with, by entry: those in the folder `seeds`.
pub fn seeds(project: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in entries() {
        let folder = project.join("fuzz/seeds").join(entry.name);
        let files = std::fs::read_dir(folder).expect("a folder of seeds");
        let mut paths: Vec<_> = files.flatten().map(|file| file.path()).collect();
        paths.sort();
        for path in paths {
            found.push((entry.name, std::fs::read(path).expect("a seed")));
        }
    }
    found
}
