//! Numbers of 16 bits, each read and rounded right.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use synaptic_balance::formats::{Architecture, PerceptronFile, Weight};
use synaptic_balance::numbers::{bf16_to_f64, f16_to_f64};

/// A layer of one input and as many outputs as there are numbers.
fn layer(dtype: &str, bits: &[u16]) -> Vec<u8> {
    let (count, bytes) = (bits.len(), 2 * bits.len());
    let header = format!(
        r#"{{"l1.weight":{{"dtype":"{dtype}","shape":[{count},1],"data_offsets":[0,{bytes}]}}}}"#
    );
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.into_bytes());
    file.extend(bits.iter().flat_map(|bits| bits.to_le_bytes()));
    file
}

/// Checks: every `f16` and `bf16` is read as the number that its fields denote.
#[test]
fn every_number_is_read() {
    let value = |bits: u16, fraction: i32, bias: i32| {
        let exponent = i32::from(bits & 0x7fff) >> fraction;
        let part = f64::from(bits & ((1 << fraction) - 1)) / f64::from(1 << fraction);
        let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
        sign * match exponent {
            0 => part * 2f64.powi(1 - bias),
            found if found == 2 * bias + 1 && part == 0.0 => f64::INFINITY,
            found if found == 2 * bias + 1 => f64::NAN,
            found => (1.0 + part) * 2f64.powi(found - bias),
        }
    };
    let same =
        |one: f64, other: f64| one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan();
    for bits in 0..=u16::MAX {
        assert!(
            same(f16_to_f64(bits), value(bits, 10, 15)),
            "f16 {bits:#06x}"
        );
        assert!(
            same(bf16_to_f64(bits), value(bits, 7, 127)),
            "bf16 {bits:#06x}"
        );
    }
}

/// Checks: a weight is rounded to the nearest number of its type, ties to even, subnormal ones included; what is too
/// large is refused, and what loses digits named.
#[test]
fn weights_are_rounded_once() {
    for is_half in [true, false] {
        let (dtype, decode, infinity) = match is_half {
            true => ("F16", f16_to_f64 as fn(u16) -> f64, 0x7c00u16),
            false => ("BF16", bf16_to_f64 as fn(u16) -> f64, 0x7f80),
        };
        // Everything finite and positive, in order.
        let numbers: Vec<f64> = (0..infinity).map(decode).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        println!("{dtype}: seed 3");
        let mut values = Vec::new();
        for _ in 0..3_000 {
            let at = rng.random_range(0..numbers.len() - 1);
            let (low, high) = (numbers[at], numbers[at + 1]);
            let share = [0.25, 0.5, 0.75, rng.random::<f64>()][rng.random_range(0..4)];
            values.push(low + share * (high - low));
        }
        let file = layer(dtype, &vec![0x3800; values.len()]);
        let head = file.len() - 2 * values.len();
        let read = PerceptronFile::read(file, &Architecture::named("relu").unwrap()).unwrap();
        let weights: Vec<Weight> = values.iter().map(|value| Weight::Float(*value)).collect();
        let (written, lost) = read.with_weights(&weights).unwrap();
        let nearest = |value: f64| {
            let above = numbers.partition_point(|number| *number < value);
            let [low, high] = [above.max(1) - 1, above];
            match (value - numbers[low]).total_cmp(&(numbers[high] - value)) {
                std::cmp::Ordering::Less => low,
                std::cmp::Ordering::Greater => high,
                std::cmp::Ordering::Equal => low + low % 2,
            }
        };
        let mut too_small = 0;
        for (value, found) in values.iter().zip(written[head..].as_chunks().0) {
            let found = usize::from(u16::from_le_bytes(*found));
            assert_eq!(found, nearest(*value), "{dtype}: {value:e}");
            let smallest = decode(if dtype == "F16" { 0x0400 } else { 0x0080 });
            too_small += usize::from(numbers[found] < smallest && numbers[found] != *value);
        }
        assert_eq!(lost.count, too_small, "{dtype}");
        let mut weights = weights;
        weights[7] = Weight::Float(1.01 * numbers[numbers.len() - 1]);
        let fault = read.with_weights(&weights).unwrap_err().to_string();
        assert!(
            fault.contains("entry 7") && fault.contains(&dtype.to_lowercase()),
            "{fault}"
        );
    }
}
