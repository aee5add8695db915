//! One problem on many machines, here threads that tell each other their sums.

use std::ops::Range;
use std::sync::{Barrier, Mutex};
use synaptic_balance::solve::blocks::{
    Alone, BlockEnclosure, BlockError, BlockMethod, BlockOptions, BlockSolution, Blocks,
    BoundsError, Exchange, Pair, Share, Shared, Weights, balance_blocks, band_rows, confirm_bounds,
    enclose_blocks,
};
use synaptic_balance_kernel::Entries;

use super::{assert_close, parse_rational, perceptron};

/// What each machine puts down for the others to read.
struct Hub {
    given: Mutex<Vec<Vec<u64>>>,
    barrier: Barrier,
}

struct Machine<'h> {
    hub: &'h Hub,
    number: usize,
}

impl Machine<'_> {
    fn all(&self, numbers: Vec<u64>) -> Vec<Vec<u64>> {
        self.hub.given.lock().unwrap()[self.number] = numbers;
        self.hub.barrier.wait();
        let all = self.hub.given.lock().unwrap().clone();
        self.hub.barrier.wait();
        all
    }
}

impl Exchange for Machine<'_> {
    /// Adds in an order of its own: with an odd number of machines backwards.
    fn add(&mut self, pairs: &[Pair]) -> Vec<f64> {
        let bits = |pair: &Pair| pair.parts().map(f64::to_bits);
        let mut all = self.all(pairs.iter().flat_map(bits).collect());
        if all.len() % 2 == 1 {
            all.reverse();
        }
        let sum = |position: usize| {
            let of = |given: &Vec<u64>| {
                let place = 2 * position;
                Pair::of_parts([given[place], given[place + 1]].map(f64::from_bits))
            };
            let sum = all.iter().map(of).fold(Pair::default(), Pair::plus);
            sum.rounded()
        };
        (0..pairs.len()).map(sum).collect()
    }

    fn add_integers(&mut self, numbers: &mut [u64]) {
        let all = self.all(numbers.to_vec());
        for (position, number) in numbers.iter_mut().enumerate() {
            *number = all.iter().map(|given| given[position]).sum();
        }
    }

    fn gather(&mut self, numbers: &[u64]) -> Vec<u64> {
        self.all(numbers.to_vec()).concat()
    }
}

/// Groups, and blocks with their ends, sizes and weights.
struct Model {
    groups: Vec<usize>,
    blocks: Vec<Block>,
}

struct Block {
    ends: (Option<usize>, Option<usize>),
    size: (usize, usize),
    weights: Vec<f64>,
}

impl Model {
    fn layered(sizes: &[usize], skew: f64, seed: u64) -> Self {
        let network = perceptron(sizes, skew, 0.0, seed);
        let (mut groups, mut blocks, mut from) = (Vec::new(), Vec::new(), None);
        for (layer, weights) in network.weights.iter().enumerate() {
            let (columns, rows) = (sizes[layer], sizes[layer + 1]);
            let to = network.biases.get(layer).map(|_| layer);
            blocks.push(Block {
                ends: (to, from),
                size: (rows, columns),
                weights: weights.clone(),
            });
            if let Some(biases) = network.biases.get(layer) {
                groups.push(rows);
                blocks.push(Block {
                    ends: (to, None),
                    size: (rows, 1),
                    weights: biases.clone(),
                });
            }
            from = to;
        }
        Model { groups, blocks }
    }

    /// One layer that reads itself, self-connections included.
    fn recurrent(units: usize, seed: u64) -> Self {
        let of = |columns: usize, rows: usize, seed: u64| {
            let mut network = perceptron(&[columns, rows], 0.5, 0.0, seed);
            network.weights.swap_remove(0)
        };
        let block = |ends, rows, columns, seed| Block {
            ends,
            size: (rows, columns),
            weights: of(columns, rows, seed),
        };
        Model {
            groups: vec![units],
            blocks: vec![
                block((Some(0), None), units, 5, seed),
                block((Some(0), Some(0)), units, units, seed + 1),
                block((None, Some(0)), 30, units, seed + 2),
                block((None, None), 30, 1, seed + 3),
            ],
        }
    }

    fn bytes(&self) -> Vec<Vec<[u8; 8]>> {
        let blocks = self.blocks.iter();
        let bytes = |block: &Block| block.weights.iter().map(|w| w.to_le_bytes()).collect();
        blocks.map(bytes).collect()
    }

    fn share<'a>(
        &self,
        bytes: &'a [Vec<[u8; 8]>],
        own: impl Fn(usize, usize, usize) -> Range<usize>,
    ) -> Share<'a> {
        let mut share = Share::new(2.0).unwrap();
        self.groups.iter().for_each(|units| {
            share.add_group(*units);
        });
        for (number, (block, bytes)) in self.blocks.iter().zip(bytes).enumerate() {
            let (rows, columns) = block.size;
            let own = own(number, rows, columns);
            let entries = Entries::F64(&bytes[own.start * columns..own.end * columns]);
            share
                .add_rows(block.ends, block.size, own, entries)
                .unwrap();
        }
        share
    }

    fn blocks(&self) -> Blocks<'_> {
        let mut blocks = Blocks::new(2.0).unwrap();
        self.groups.iter().for_each(|units| {
            blocks.add_group(*units);
        });
        for block in &self.blocks {
            let ((to, from), (rows, columns)) = (block.ends, block.size);
            let weights = Weights::Double(&block.weights);
            blocks.add_dense(to, from, rows, columns, weights).unwrap();
        }
        blocks
    }

    fn fan(&self) -> usize {
        self.blocks
            .iter()
            .map(|block| block.size.0 + block.size.1)
            .sum()
    }

    /// What each of so many machines comes to: the solution, bounds, and whether they are confirmed.
    fn solved(
        &self,
        machines: usize,
        by_rows: bool,
        method: BlockMethod,
    ) -> Vec<(BlockSolution, BlockEnclosure, Result<(), BoundsError>)> {
        let bytes = self.bytes();
        let hub = Hub {
            given: Mutex::new(vec![Vec::new(); machines]),
            barrier: Barrier::new(machines),
        };
        let work = |number: usize| {
            let own = |block: usize, rows: usize, columns: usize| match by_rows {
                true => own_bands(rows, columns, number, machines),
                false if block % machines == number => 0..rows,
                false => 0..0,
            };
            let machine = Machine { hub: &hub, number };
            let mut shared = Shared::new(self.share(&bytes, own), machine);
            let options = BlockOptions {
                method,
                ..BlockOptions::default()
            };
            let found = balance_blocks(&mut shared, &options, &mut |_| {}).unwrap();
            let bounds = enclose_blocks(&mut shared, &found, self.fan()).unwrap();
            let ends = (bounds.lower.as_slice(), bounds.upper.as_slice());
            let power = parse_rational("2").unwrap();
            let confirmed = confirm_bounds(&mut shared, &power, &found, ends);
            (found, bounds, confirmed)
        };
        std::thread::scope(|scope| {
            let work = &work;
            let threads = (0..machines).map(|number| scope.spawn(move || work(number)));
            let threads: Vec<_> = threads.collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        })
    }
}

/// Whole bands, as evenly as they go.
fn own_bands(rows: usize, columns: usize, number: usize, machines: usize) -> Range<usize> {
    let step = band_rows(rows, columns);
    let end = |number: usize| (rows.div_ceil(step) * number / machines * step).min(rows);
    end(number)..end(number + 1)
}

/// Checks: one, two, three and five machines, by rows and by blocks, come to the same multipliers to the last bit, in
/// as many reads; the kernel's sums of their shares confirm the bounds; and one machine without shares comes to nearly
/// the same.
#[test]
fn any_number_of_machines_comes_to_the_same() {
    let models = [
        Model::layered(&[9, 70, 50, 64, 6], 0.0, 1),
        Model::layered(&[9, 70, 50, 64, 66, 6], 3.0, 2),
        Model::recurrent(68, 3),
    ];
    for (number, model) in models.iter().enumerate() {
        let methods = [BlockMethod::TwoLevel, BlockMethod::NewtonCg];
        for (place, method) in methods.into_iter().enumerate() {
            // Where tests sample, one method a model, and both.
            if !crate::in_full() && (number + place) % 2 == 1 {
                continue;
            }
            let alone = model.solved(1, true, method).remove(0);
            assert_eq!(alone.2, Ok(()), "model {number}");
            assert_eq!(
                alone.0.newton_steps == 0,
                method == BlockMethod::TwoLevel && number < 2
            );
            let plain = super::solve(&mut model.blocks());
            let what = "without shares";
            assert_close(&plain.multipliers, &alone.0.multipliers, 1e-9, what);
            let shares = [(2, false), (3, true), (2, true), (5, true), (3, false)];
            for (machines, by_rows) in &shares[..if crate::in_full() { 5 } else { 2 }] {
                let (machines, by_rows) = (*machines, *by_rows);
                for found in model.solved(machines, by_rows, method) {
                    assert_eq!(found, alone, "model {number}, {machines} machines");
                }
            }
        }
    }
}

/// Checks: rows that are not whole bands, weights that are not as many as rows say, and rationals are refused, each
/// with its place.
#[test]
fn rows_must_be_whole_bands() {
    let weights = [[0; 8]; 400];
    let mut share = Share::new(2.0).unwrap();
    let group = share.add_group(100);
    assert_eq!(band_rows(100, 4), 8);
    let add = |share: &mut Share<'static>, own: Range<usize>, count: usize| {
        let weights: &'static [[u8; 8]] = Vec::leak(weights[..count].to_vec());
        share.add_rows((Some(group), None), (100, 4), own, Entries::F64(weights))
    };
    let own = 8..21;
    let refused = Err(BlockError::Bands { block: 0, own });
    assert_eq!(add(&mut share, 8..21, 52), refused);
    let refused = Err(BlockError::Size {
        block: 0,
        found: 51,
        expected: 64,
    });
    assert_eq!(add(&mut share, 8..24, 51), refused);
    assert_eq!(add(&mut share, 96..100, 16), Ok(()));
    assert_eq!(share.held(), 16);
    let exact = Entries::Rational(vec![parse_rational("1").unwrap(); 16].into());
    let refused = share.add_rows((Some(group), None), (100, 4), 96..100, exact);
    assert_eq!(refused, Err(BlockError::Exact(1)));
}

/// Checks: bounds that do not hold, or do not follow, are not confirmed: moved up, moved down, as narrow as nothing, in
/// the wrong order.
#[test]
fn wrong_bounds_are_not_confirmed() {
    let model = Model::layered(&[4, 30, 20, 3], 1.0, 7);
    let bytes = model.bytes();
    let mut shared = Shared::new(model.share(&bytes, |_, rows, _| 0..rows), Alone);
    let found = balance_blocks(&mut shared, &BlockOptions::default(), &mut |_| {}).unwrap();
    let bounds = enclose_blocks(&mut shared, &found, model.fan()).unwrap();
    let power = parse_rational("2").unwrap();
    let mut confirm =
        |lower: &[f64], upper: &[f64]| confirm_bounds(&mut shared, &power, &found, (lower, upper));
    assert_eq!(confirm(&bounds.lower, &bounds.upper), Ok(()));
    let times = |values: &[f64], factor: f64| -> Vec<f64> {
        values.iter().map(|value| value * factor).collect()
    };
    let up = |values: &[f64]| times(values, 1.0 + 1e-6);
    let down = |values: &[f64]| times(values, 1.0 - 1e-6);
    assert!(matches!(
        confirm(&up(&bounds.lower), &up(&bounds.upper)),
        Err(BoundsError::Open(_))
    ));
    assert!(matches!(
        confirm(&down(&bounds.lower), &down(&bounds.upper)),
        Err(BoundsError::Open(_))
    ));
    assert!(matches!(
        confirm(&found.multipliers, &found.multipliers),
        Err(BoundsError::Open(_))
    ));
    let crossed = confirm(&bounds.upper, &bounds.lower);
    assert_eq!(crossed, Err(BoundsError::Bounds(0)));
    // One unit alone.
    let mut lower = bounds.lower.clone();
    lower[31] = bounds.upper[31];
    assert!(confirm(&lower, &bounds.upper).is_err());
}
