//! Constants in every spelling: what scales are the numbers that are stored.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::formats::OnnxFile;
use synaptic_balance::formats::onnx::message::{Model, SparseTensor, Tensor, element};

use super::builder::{Builder, Setting, Setting::*, floats, read};
use engine_tests::{Engine, relative};

/// A dense layer of 6 units on `x`, whose weight `w` some operators make of constants, and another on it.
pub fn model(spell: impl Fn(Builder) -> Builder) -> Builder {
    let start = Builder::new(21).input("x", &[2, 3]);
    spell(start)
        .positive("b1", &[6])
        .node("Gemm", "x w b1", "g1", &[])
        .node("Relu", "g1", "h", &[])
        .weight("w2", &[6, 2])
        .node("MatMul", "h w2", "y", &[])
        .output("y", &[2, 2])
}

fn scaled(file: &OnnxFile, seed: u64) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let free: Vec<f64> = (0..file.network().variables())
        .map(|_| rng.random_range(-2.3f64..2.3).exp())
        .collect();
    let multipliers = file.multipliers(&free).unwrap();
    let scaled = file.scaled(&multipliers, &[], false, "scaled").unwrap();
    let mut streamed = Vec::new();
    file.write(0, &multipliers, "scaled", &mut streamed)
        .unwrap();
    assert!(streamed == scaled.model);
    scaled.model
}

/// Checks: so many multipliers are free, scalings of them keep the function, and both ways of writing agree.
pub fn check(name: &str, builder: &Builder, free: usize) {
    let bytes = builder.bytes();
    let file = read(&bytes);
    assert_eq!(
        file.network().variables(),
        free,
        "{name}: {:?}",
        file.notes()
    );
    for seed in 0..3 {
        println!("{name}: seed {seed}");
        let after = scaled(&file, seed);
        assert!(free == 0 || after != bytes, "{name}");
        let found = relative(&Engine::new(&bytes), &Engine::new(&after), 3);
        assert!(found < 2e-5, "{name}: {found}");
        let read = OnnxFile::read(after, None).unwrap();
        assert_eq!(file.aligned(&read).map(|_| ()), Ok(()), "{name}");
    }
}

/// Checks: initializers behind operators that hand them on.
#[test]
fn views_reach_back_to_what_is_stored() {
    let weight = |builder: Builder| builder.weight("w0", &[3, 6]);
    let cases: [(&str, &dyn Fn(Builder) -> Builder); 9] = [
        ("Identity", &|b| weight(b).node("Identity", "w0", "w", &[])),
        ("Dropout", &|b| weight(b).node("Dropout", "w0", "w", &[])),
        ("CastLike", &|b| {
            weight(b).node("CastLike", "w0 x", "w", &[])
        }),
        ("Cast", &|b| {
            weight(b).node("Cast", "w0", "c", &[Int("to", 11)]).node(
                "Cast",
                "c",
                "w",
                &[Int("to", 1)],
            )
        }),
        ("Transpose", &|b| {
            b.weight("w0", &[6, 3]).node("Transpose", "w0", "w", &[])
        }),
        ("Reshape", &|b| {
            b.weight("w0", &[18])
                .integers("s", &[3, 6])
                .node("Reshape", "w0 s", "w", &[])
        }),
        ("Unsqueeze", &|b| {
            let b = weight(b)
                .integers("a", &[1])
                .node("Unsqueeze", "w0 a", "u", &[]);
            b.node("Squeeze", "u a", "w", &[])
        }),
        ("Mul", &|b| {
            weight(b)
                .floats("half", &[], &[0.5])
                .node("Mul", "half w0", "w", &[])
        }),
        ("Mul by a mask", &|b| {
            weight(b)
                .floats("mask", &[6], &[0.5, 2.0, -1.0, 3.0, 0.25, 1.0])
                .node("Mul", "w0 mask", "w", &[])
        }),
    ];
    for (name, spell) in cases {
        check(name, &model(spell), 6);
    }
}

/// Checks: attributes that hold numbers; a bias that stands there scales.
#[test]
fn attributes_hold_weights() {
    let bias = [0.5f32, 0.25, 0.75, 0.5, 1.0, 0.125];
    let with_bias = |setting: Setting| {
        Builder::new(21)
            .input("x", &[2, 3])
            .weight("w", &[3, 6])
            .node("Constant", "", "b1", &[setting])
            .node("Gemm", "x w b1", "g1", &[])
            .node("Constant", "", "two", &[Float("value_float", 2.0)])
            .node("Mul", "g1 two", "m", &[])
            .node("Relu", "m", "h", &[])
            .weight("w2", &[6, 2])
            .node("MatMul", "h w2", "y", &[])
            .output("y", &[2, 2])
    };
    check("value_floats", &with_bias(Floats("value_floats", &bias)), 6);
    check(
        "value",
        &with_bias(Tensor("value", floats("", &[6], &bias))),
        6,
    );
}

/// Checks: of a dropout in training mode nothing is known, of one that says it is not all is.
#[test]
fn dropout_says_its_mode() {
    for (mode, free) in [(0, 6), (1, 0)] {
        let mut builder = Builder::new(21)
            .input("x", &[2, 3])
            .weight("w", &[3, 6])
            .node("Gemm", "x w", "g1", &[])
            .node("Relu", "g1", "r", &[])
            .floats("ratio", &[], &[0.5])
            .node("Dropout", "r ratio mode", "h", &[])
            .weight("w2", &[6, 2])
            .node("MatMul", "h w2", "y", &[])
            .output("y", &[2, 2]);
        builder.graph().initializer.push(Tensor {
            data_type: Some(element::BOOL),
            raw_data: Some(vec![mode].into()),
            name: Some("mode".into()),
            ..Tensor::default()
        });
        assert_eq!(read(&builder.bytes()).network().variables(), free);
    }
}

/// Checks: floats of 8 bits stay as they are; their scales take powers of two unless the optimum is asked for.
#[test]
fn floats_of_eight_bits() {
    for kind in [17, 19] {
        for product in [false, true] {
            let mut builder = model(|b| match product {
                true => b
                    .positive("s", &[1, 6])
                    .node("Cast", "q", "c", &[Int("to", 1)])
                    .node("Mul", "s c", "w", &[]),
                false => {
                    b.positive("s", &[6])
                        .node("DequantizeLinear", "q s", "w", &[Int("axis", 1)])
                }
            });
            let mut eighths = quantized("q", &[3, 6]);
            eighths.data_type = Some(kind);
            builder.graph().initializer.push(eighths);
            let file = read(&builder.bytes());
            assert_eq!(file.network().variables(), 6, "{:?}", file.notes());
            assert!(file.is_short() && file.short_type().is_none());
            let mut multipliers = vec![4.0; file.network().units()];
            multipliers[..2].fill(1.0);
            let after = file.scaled(&multipliers, &[], true, "scaled").unwrap();
            let after: Model = prost::Message::decode(after.model.as_slice()).unwrap();
            let data = |model: &Model, name: &str| {
                let tensors = &model.graph.as_ref().unwrap().initializer;
                let found = tensors.iter().find(|own| own.name.as_deref() == Some(name));
                found.unwrap().raw_data.clone().unwrap()
            };
            assert_eq!(data(&after, "q"), data(&builder.model, "q"));
            let [before, after] = [&builder.model, &after].map(|model| data(model, "s"));
            let number = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes);
            let pairs = before.as_chunks().0.iter().zip(after.as_chunks().0);
            for (before, after) in pairs {
                assert_eq!(4.0 * number(before), number(after));
            }
        }
    }
}

fn quantized(name: &str, shape: &[i64]) -> Tensor {
    let count = shape.iter().product::<i64>();
    let bytes = (0..count).map(|entry| (entry * 37 % 120 + 3) as u8);
    Tensor {
        dims: shape.to_vec(),
        data_type: Some(3),
        raw_data: Some(bytes.collect::<Vec<u8>>().into()),
        name: Some(name.into()),
        ..Tensor::default()
    }
}

/// Checks: of quantized weights the scale is what scales: by channel of the output where it varies with that, as a
/// whole where it does not; the integers stay as they are, and are named.
#[test]
fn scales_of_quantized_weights() {
    let dequantized = |axis: i64, scales: &[i64]| {
        let mut builder = model(|b| {
            let b = b.positive("s", scales);
            b.node("DequantizeLinear", "q s", "w", &[Int("axis", axis)])
        });
        builder.graph().initializer.push(quantized("q", &[3, 6]));
        builder
    };
    check("by output", &dequantized(1, &[6]), 6);
    // One scale for each input: all six units share a multiplier.
    check("by input", &dequantized(0, &[3]), 1);
    check("as a whole", &dequantized(1, &[]), 1);
    let file = read(&dequantized(1, &[6]).bytes());
    assert!(
        file.kept()
            .iter()
            .any(|kept| kept.tensor == "q" && kept.reason.contains("quantized"))
    );
    // The second layer: its scales vary with its outputs, so that its inputs share one multiplier.
    let mut second = Builder::new(21)
        .input("x", &[2, 3])
        .weight("w", &[3, 6])
        .node("Gemm", "x w", "g1", &[])
        .node("Relu", "g1", "h", &[])
        .positive("s", &[2])
        .node("DequantizeLinear", "q s", "w2", &[Int("axis", 1)])
        .node("MatMul", "h w2", "y", &[])
        .output("y", &[2, 2]);
    second.graph().initializer.push(quantized("q", &[6, 2]));
    check("of the next layer", &second, 1);
}

/// Checks: what is rounded to 8 bits by a scale of its own has one multiplier, which the scale carries; that of the
/// quantized weight is what scales. By powers of two the outputs stay the same to the bit; a scale alone changes them.
#[test]
fn values_rounded_to_8_bits() {
    let layer = |builder: Builder, [from, to]: [&str; 2], scales: &[i64], shape: &[i64]| {
        let name = |part: &str| format!("{part}_{to}");
        let [integers, zero, scale, own] = ["i", "z", "s", "q"].map(name);
        let (product, number, both, weight) = (name("p"), name("n"), name("b"), name("w"));
        let mut builder = builder
            .positive(&weight, scales)
            .node(
                "DynamicQuantizeLinear",
                from,
                &format!("{integers} {scale} {zero}"),
                &[],
            )
            .node(
                "MatMulInteger",
                &format!("{integers} {own} {zero}"),
                &product,
                &[],
            )
            .node("Cast", &product, &number, &[Int("to", 1)])
            .node("Mul", &format!("{scale} {weight}"), &both, &[])
            .node("Mul", &format!("{number} {both}"), to, &[]);
        builder.graph().initializer.push(quantized(&own, shape));
        builder
    };
    for (scales, free) in [(&[6][..], 2), (&[], 2)] {
        let builder = Builder::new(17).input("x", &[2, 3]);
        let builder = layer(builder, ["x", "a"], scales, &[3, 6]).node("Relu", "a", "h", &[]);
        let builder = layer(builder, ["h", "c"], scales, &[6, 6]).node("Relu", "c", "d", &[]);
        let builder = layer(builder, ["d", "y"], &[], &[6, 2]).output("y", &[2, 2]);
        let (bytes, file) = (builder.bytes(), read(&builder.bytes()));
        assert_eq!(file.network().variables(), free, "{:?}", file.notes());
        assert!(file.is_short());
        let engine = Engine::new(&bytes);
        let multipliers = file.multipliers(&[8.0, 0.25]).unwrap();
        let scaled = file.scaled(&multipliers, &[], true, "scaled").unwrap();
        assert_eq!(relative(&engine, &Engine::new(&scaled.model), 3), 0.0);
        let mut other = builder;
        let tensors = &mut other.graph().initializer;
        let own = tensors
            .iter_mut()
            .find(|own| own.name.as_deref() == Some("w_c"))
            .unwrap();
        let doubled = own.raw_data.as_ref().unwrap().as_chunks().0.iter();
        let doubled = doubled.flat_map(|bytes| (2.0 * f32::from_le_bytes(*bytes)).to_le_bytes());
        own.raw_data = Some(doubled.collect::<Vec<u8>>().into());
        assert!(relative(&engine, &Engine::new(&other.bytes()), 3) > 1e-3);
    }
}

/// Checks: a product with a matrix of integers of few bits is free by output, and by block of what is read; in an order
/// of its own, and in blocks that are no bytes, it is not followed.
#[test]
fn products_with_few_bits() {
    let free = |inputs: &str, block: i64| {
        let settings = [
            Int("K", 20),
            Int("N", 4),
            Int("bits", 4),
            Int("block_size", block),
        ];
        let mut builder = Builder::new(17)
            .input("x", &[2, 3])
            .weight("w1", &[3, 20])
            .node("MatMul", "x w1", "m", &[])
            .node("Relu", "m", "h", &[])
            .positive("s", &[8])
            .positive("b2", &[4])
            .indices("order", &[20], &[0; 20])
            .node("MatMulNBits", inputs, "p", &settings)
            .node("Relu", "p", "r", &[])
            .weight("w2", &[4, 2])
            .node("MatMul", "r w2", "y", &[])
            .output("y", &[2, 2]);
        builder.graph().node[2].domain = Some("com.microsoft".into());
        let mut bits = quantized("q", &[4, 2, 8]);
        bits.data_type = Some(2);
        let mut zeros = quantized("z", &[4]);
        zeros.data_type = Some(2);
        builder.graph().initializer.extend([bits, zeros]);
        read(&builder.bytes()).network().variables()
    };
    for inputs in ["h q s", "h q s z", "h q s z - b2"] {
        assert_eq!(free(inputs, 16), 4 + 2, "{inputs}");
    }
    assert_eq!(free("h q s z order", 16), 0);
    for block in [0, 1, 3, 32, i64::MAX] {
        assert_eq!(free("h q s", block), 0, "{block}");
    }
}

/// Checks: a few bytes that claim to be billions of numbers take no memory.
#[test]
fn claims_of_size_cost_nothing() {
    let mut builder = model(|b| {
        b.positive("s", &[65_536])
            .node("DequantizeLinear", "q s", "w", &[Int("axis", 1)])
    });
    let mut claimed = quantized("q", &[2]);
    claimed.dims = vec![60_000, 65_536];
    builder.graph().initializer.push(claimed);
    assert_eq!(read(&builder.bytes()).network().variables(), 0);
    let mut builder = model(|b| b);
    builder.graph().sparse_initializer.push(SparseTensor {
        values: Some(floats("w", &[1], &[1.0])),
        indices: Some(Tensor {
            dims: vec![1],
            data_type: Some(element::INT64),
            int64_data: vec![3],
            ..Tensor::default()
        }),
        dims: vec![60_000, 60_000],
    });
    assert_eq!(read(&builder.bytes()).network().variables(), 0);
}

/// Checks: entries that a sparse tensor stores scale, those that it does not are 0.
#[test]
fn sparse_tensors() {
    let sparse = |name: &str| SparseTensor {
        values: Some(floats(name, &[7], &[0.5, -1.0, 2.0, 0.75, -0.25, 1.5, 3.0])),
        indices: Some(Tensor {
            dims: vec![7],
            data_type: Some(element::INT64),
            int64_data: vec![0, 4, 7, 8, 11, 15, 17],
            ..Tensor::default()
        }),
        dims: vec![3, 6],
    };
    let mut builder = model(|b| b);
    builder.graph().sparse_initializer.push(sparse("w"));
    let held = model(|b| b.node("Constant", "", "w", &[Sparse("sparse_value", sparse(""))]));
    for builder in [builder, held] {
        let file = read(&builder.bytes());
        assert_eq!(file.network().variables(), 6, "{:?}", file.notes());
        let (before, after) = (file.network(), read(&scaled(&file, 1)));
        assert_eq!(before.synapses(), 7 + 6 + 12);
        let manifold = synaptic_balance::network::Manifold::of(before);
        let pairs = before.weights().into_iter().zip(after.network().weights());
        let doubled: Vec<_> = pairs.map(|(before, after)| Some(after / before)).collect();
        assert!(manifold.multipliers(&doubled).is_err(), "rounded in f32");
        let mut multipliers = vec![4.0; before.units()];
        multipliers[..2].fill(1.0);
        let exact = file.scaled(&multipliers, &[], true, "scaled").unwrap();
        let after = read(&exact.model);
        let pairs = before.weights().into_iter().zip(after.network().weights());
        let ratios: Vec<_> = pairs.map(|(before, after)| Some(after / before)).collect();
        assert!(manifold.multipliers(&ratios).is_ok());
    }
}

/// Checks: numbers of 16 bits that stand in 32-bit integers scale where they stand, whatever room they take there, and
/// nothing else changes.
#[test]
fn short_numbers_in_integers() {
    for kind in [element::FLOAT16, element::BFLOAT16] {
        // 1, -0.5, 1.5 and so on; from 2 on an f16 takes three bytes.
        let one = if kind == element::FLOAT16 {
            0x3c00
        } else {
            0x3f80
        };
        let half = one
            - if kind == element::FLOAT16 {
                0x0400
            } else {
                0x0080
            };
        let tensor = |name: &str, dims: &[i64]| Tensor {
            dims: dims.to_vec(),
            data_type: Some(kind),
            int32_data: (0..dims.iter().product())
                .map(|entry: i64| [one, half + 0x8000, one + 3][entry as usize % 3])
                .collect(),
            name: Some(name.into()),
            ..Tensor::default()
        };
        let mut builder = Builder::new(21)
            .input("x", &[2, 3])
            .node("Gemm", "x w b", "g", &[])
            .node("Relu", "g", "h", &[])
            .node(
                "Constant",
                "",
                "w2",
                &[Tensor("value", tensor("", &[6, 2]))],
            )
            .node("MatMul", "h w2", "y", &[])
            .output("y", &[2, 2]);
        builder
            .graph()
            .initializer
            .extend([tensor("w", &[3, 6]), tensor("b", &[6])]);
        let file = read(&builder.bytes());
        assert_eq!(file.network().variables(), 6, "{:?}", file.notes());
        let mut multipliers = vec![8.0; file.network().units()];
        multipliers[..2].fill(1.0);
        let after = file
            .scaled(&multipliers, &[], true, "scaled")
            .unwrap()
            .model;
        let mut found: Model = prost::Message::decode(after.as_slice()).unwrap();
        let graph = found.graph.as_mut().unwrap();
        let step = if kind == element::FLOAT16 {
            0x0400
        } else {
            0x0080
        };
        let back = |tensor: &mut Tensor, up: i32| {
            tensor
                .int32_data
                .iter_mut()
                .for_each(|bits| *bits -= 3 * up * step);
        };
        graph
            .initializer
            .iter_mut()
            .for_each(|tensor| back(tensor, 1));
        let held = graph
            .node
            .iter_mut()
            .find(|node| node.op_type.as_deref() == Some("Constant"));
        back(held.unwrap().attribute[0].t.as_mut().unwrap(), -1);
        assert!(found == builder.model);
    }
}
