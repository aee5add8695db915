//! Memory of the solver for large networks, with every allocation counted.

#[cfg(feature = "parallel")]
#[path = "files/sampling.rs"]
mod sampling;

use peak_alloc::PeakAlloc;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::solve::blocks::{
    BlockOptions, Blocks, Perceptron, Weights, balance_blocks, enclose_blocks,
};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Held by the test whose memory is counted.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

const SIZES: [usize; 6] = [784, 1200, 900, 600, 300, 10];

/// Checks: balancing and bounding take less than 0.3 times the memory of the weights beside them, for powers 1 and 2
/// and weights of either type: nothing is copied, and what is kept is a few numbers for each unit.
#[test]
fn balancing_copies_no_weights() {
    let _alone = ALONE.lock().unwrap_or_else(|held| held.into_inner());
    let network = Perceptron::random(&SIZES, 0.0, 0.0, &mut ChaCha8Rng::seed_from_u64(1));
    let single: Vec<Vec<f32>> = network
        .weights
        .iter()
        .map(|layer| layer.iter().map(|weight| *weight as f32).collect())
        .collect();
    for power in [1.0, 2.0] {
        let mut blocks = network.blocks(power);
        assert_small(&mut blocks, &format!("f64, p = {power}"));
        let mut blocks = Blocks::new(power).unwrap();
        let mut from = None;
        for (layer, weights) in single.iter().enumerate() {
            let (columns, rows) = (SIZES[layer], SIZES[layer + 1]);
            let to = (layer + 1 < single.len()).then(|| blocks.add_group(rows));
            let weights = Weights::Single(weights);
            blocks.add_dense(to, from, rows, columns, weights).unwrap();
            from = to;
        }
        assert_small(&mut blocks, &format!("f32, p = {power}"));
    }
}

fn assert_small(blocks: &mut Blocks, what: &str) {
    let model = blocks.bytes();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let found = balance_blocks(blocks, &BlockOptions::default(), &mut |_| {}).unwrap();
    assert!(enclose_blocks(blocks, &found, 2000).is_some(), "{what}");
    let share = (MEMORY.peak_usage() - before) as f64 / model as f64;
    assert!(share < 0.3, "{what}: {share:.2} of the model");
    println!("{what}: {share:.3} of the model");
}

/// Checks: balancing an ONNX model of `f32` numbers that do not stand at multiples of four bytes, some matrices by rows
/// and some by columns, takes less than 0.3 times the file beside it.
#[cfg(feature = "formats")]
#[test]
fn balancing_copies_no_onnx_weights() {
    let _alone = ALONE.lock().unwrap_or_else(|held| held.into_inner());
    use prost::Message;
    use synaptic_balance::formats::OnnxFile;
    use synaptic_balance::formats::onnx::message::{Graph, Model, Node, Tensor, ValueInfo};
    let network = Perceptron::random(&SIZES, 0.0, 0.0, &mut ChaCha8Rng::seed_from_u64(2));
    let mut graph = Graph::default();
    let name = |name: &str| ValueInfo {
        name: Some(name.into()),
        ..ValueInfo::default()
    };
    graph.input.push(name("h0"));
    for (layer, weights) in network.weights.iter().enumerate() {
        let (columns, rows) = (SIZES[layer], SIZES[layer + 1]);
        let by_rows = layer.is_multiple_of(2);
        let weight = |at: usize| match by_rows {
            true => weights[at],
            false => weights[at % rows * columns + at / rows],
        };
        let numbers = (0..weights.len()).flat_map(|at| (weight(at) as f32).to_le_bytes());
        graph.initializer.push(Tensor {
            dims: match by_rows {
                true => vec![rows as i64, columns as i64],
                false => vec![columns as i64, rows as i64],
            },
            data_type: Some(1),
            // Of any length, so that the data that follow stand anywhere.
            name: Some("w".repeat(layer + 1)),
            raw_data: Some(numbers.collect::<Vec<u8>>().into()),
            ..Tensor::default()
        });
        let node = |inputs: [String; 2], output: String, operator: &str| Node {
            input: inputs.into_iter().filter(|name| !name.is_empty()).collect(),
            output: vec![output],
            op_type: Some(operator.into()),
            ..Node::default()
        };
        let inputs = [format!("h{layer}"), "w".repeat(layer + 1)];
        let mut product = node(inputs, format!("g{layer}"), "Gemm");
        if by_rows {
            product
                .attribute
                .push(synaptic_balance::formats::onnx::message::Attribute {
                    name: Some("transB".into()),
                    i: Some(1),
                    r#type: Some(2),
                    ..Default::default()
                });
        }
        graph.node.push(product);
        let inputs = [format!("g{layer}"), String::new()];
        graph
            .node
            .push(node(inputs, format!("h{}", layer + 1), "Relu"));
    }
    graph
        .output
        .push(name(&format!("h{}", network.weights.len())));
    let model = Model {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![synaptic_balance::formats::onnx::message::OperatorSet {
            domain: None,
            version: Some(17),
        }],
        ..Model::default()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), model.encode_to_vec()).unwrap();
    drop((model, network));
    let size = file.path().metadata().unwrap().len();
    assert!(size > 8 << 20, "{size}: large files are mapped");
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let model = OnnxFile::open_file(file.path()).unwrap();
    let hidden: usize = SIZES[1..SIZES.len() - 1].iter().sum();
    assert_eq!(model.network().variables(), hidden, "{:?}", model.notes());
    let costs = model.blocks(2.0);
    let found = balance_blocks(
        &mut costs.problem().unwrap(),
        &BlockOptions::default(),
        &mut |_| {},
    );
    assert!(found.unwrap().deficit < 1e-12);
    let share = (MEMORY.peak_usage() - before) as f64 / size as f64;
    println!("onnx: {share:.3} of the file");
    assert!(share < 0.3, "{share:.2} of the file");
}

/// Checks: verifying a certificate holds a few numbers for each row and column beside the weights, however many bands
/// they are read in: less than 0.3 times `f32` weights, and less than 5.5 bytes for each entry of a list, whose places
/// take 16.
#[cfg(feature = "parallel")]
#[test]
fn verifying_holds_a_few_numbers_for_each_unit() {
    use num_traits::One;
    use synaptic_balance::numbers::Rational;
    use synaptic_balance::solve::energy::verify_energy;
    use synaptic_balance_kernel::{Block, Certificate, Entries, Form, Layout, Number, Problem};
    let _alone = ALONE.lock().unwrap_or_else(|held| held.into_inner());
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2);
    let threads = threads.build().unwrap();
    let columns = if sampling::in_full() {
        1 << 12
    } else {
        1 << 11
    };
    let rows = 1usize << 11;
    let numbers: Vec<[u8; 4]> = (0..rows * columns)
        .map(|at| (1.0 + at as f32).to_le_bytes())
        .collect();
    // Into unit v and out of it with the same weights: balanced where every multiplier is 1.
    let forms = (0..columns)
        .flat_map(|v| [Rational::one(), -Rational::one()].map(|exponent| vec![(v, exponent)]));
    let forms: Vec<Form> = forms.chain([Form::new()]).collect();
    let ground = forms.len() - 1;
    let side = |entries, layout, sign: usize| Block {
        entries,
        rows: vec![ground; rows],
        columns: (0..columns).map(|v| 2 * v + sign).collect(),
        layout,
        power: Rational::from_integer(2.into()),
        coefficient: Rational::one(),
        again: false,
    };
    let listed: Vec<(usize, usize)> = (0..1 << 20)
        .map(|at| (at % rows, at * 7 % columns))
        .collect();
    let list = Layout::List(listed.clone());
    for (layout, count, most) in [(Layout::Dense, numbers.len(), 1.2), (list, 1 << 20, 5.5)] {
        let entries = Entries::F32(&numbers[..count]);
        let blocks = vec![
            side(entries.clone(), layout.clone(), 0),
            side(entries, layout, 1),
        ];
        let problem = Problem::new(columns, forms.clone(), blocks).unwrap();
        let certificate = Certificate {
            point: vec![Number::new(1u32.into(), 0); columns],
            bits: 80,
            grid: 40,
            ..Certificate::default()
        };
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let certified = threads.install(|| verify_energy(&problem, &certificate).unwrap());
        assert!(certified.is_attained());
        let share = (MEMORY.peak_usage() - before) as f64 / count as f64;
        println!("certificate: {share:.3} bytes for each weight");
        assert!(share < most, "{share:.2} bytes for each weight");
    }
}
