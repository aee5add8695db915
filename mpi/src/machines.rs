//! The other ranks: exchanges between them, and one answer of all.

use std::cell::RefCell;
use std::collections::BTreeMap;

use mpi::collective::SystemOperation;
use mpi::datatype::PartitionMut;
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;
use synaptic_balance::solve::blocks::{Exchange, Pair};

/// Why a run ends without a result, and the exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub code: u8,
    pub message: String,
}

impl Fault {
    /// Bad usage or bad input.
    pub fn bad(message: impl ToString) -> Self {
        let message = message.to_string();
        Fault { code: 2, message }
    }

    /// Undecided or incomplete.
    pub fn incomplete(message: impl ToString) -> Self {
        let message = message.to_string();
        Fault { code: 3, message }
    }
}

/// All ranks, seen from this one. What it sends is counted.
pub struct Machines {
    world: SimpleCommunicator,
    /// By how many numbers were added up at once: how often, and the bytes that this rank sent for it.
    adds: RefCell<BTreeMap<usize, [u64; 2]>>,
    memory: RefCell<Memory>,
}

/// What is sent and received, kept: fresh memory takes longer than adding up.
#[derive(Default)]
struct Memory {
    sent: Vec<f64>,
    received: Vec<f64>,
    own: Vec<Pair>,
    sums: Vec<f64>,
    all: Vec<f64>,
}

impl Machines {
    pub fn new(world: SimpleCommunicator) -> Self {
        Machines {
            world,
            adds: RefCell::default(),
            memory: RefCell::default(),
        }
    }

    pub fn world(&self) -> &SimpleCommunicator {
        &self.world
    }

    pub fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    pub fn count(&self) -> usize {
        self.world.size() as usize
    }

    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// How many share this computer.
    pub fn neighbours(&self) -> usize {
        self.world.split_shared(0).size() as usize
    }

    /// The additions so far: numbers, times, bytes sent by this rank.
    pub fn adds(&self) -> Vec<[u64; 3]> {
        let adds = self.adds.borrow();
        let all = adds.iter();
        all.map(|(numbers, [times, bytes])| [*numbers as u64, *times, *bytes])
            .collect()
    }

    /// The text that the first rank has.
    pub fn told_by_first(&self, text: &str) -> String {
        let own = if self.is_first() { text } else { "" };
        self.joined(own)
    }

    fn joined(&self, text: &str) -> String {
        let words: Vec<u64> = text.bytes().map(u64::from).collect();
        let mut machines = self;
        let all = machines.gather(&words);
        let bytes: Vec<u8> = all.into_iter().map(|word| word as u8).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Goes on if all ranks do; otherwise all have the fault of the first one that has any.
    pub fn agree<T>(&self, here: Result<T, Fault>) -> Result<T, Fault> {
        let code = here.as_ref().map_or_else(|fault| fault.code, |_| 0);
        let mut machines = self;
        let codes = machines.gather(&[u64::from(code)]);
        let Some(rank) = codes.iter().position(|code| *code != 0) else {
            return here;
        };
        let own = match &here {
            Err(fault) if rank == self.rank() => fault.message.as_str(),
            _ => "",
        };
        let message = self.joined(own);
        Err(Fault {
            code: codes[rank] as u8,
            message,
        })
    }
}

impl Exchange for &Machines {
    /// Each rank adds up its part of the numbers, and tells all.
    fn add(&mut self, pairs: &[Pair]) -> Vec<f64> {
        let (ranks, numbers) = (self.count(), pairs.len());
        let part = numbers.div_ceil(ranks);
        let others = (ranks - 1) as u64;
        let mut adds = self.adds.borrow_mut();
        let [times, bytes] = adds.entry(numbers).or_default();
        *times += 1;
        *bytes += others * part as u64 * 24;
        if ranks == 1 {
            return pairs.iter().map(|pair| pair.rounded()).collect();
        }
        let mut memory = self.memory.borrow_mut();
        let Memory {
            sent,
            received,
            own,
            sums,
            all,
        } = &mut *memory;
        sent.clear();
        sent.reserve(2 * part * ranks);
        pairs
            .iter()
            .for_each(|pair| sent.extend_from_slice(&pair.parts()));
        sent.resize(2 * part * ranks, 0.0);
        received.resize(2 * part * ranks, 0.0);
        self.world.all_to_all_into(&sent[..], &mut received[..]);
        own.clear();
        own.resize(part, Pair::default());
        for theirs in received.as_chunks::<2>().0.chunks(part.max(1)) {
            let pairs = own.iter_mut().zip(theirs);
            pairs.for_each(|(sum, parts)| *sum = sum.plus(Pair::of_parts(*parts)));
        }
        sums.clear();
        sums.extend(own.iter().map(|pair| pair.rounded()));
        all.resize(part * ranks, 0.0);
        self.world.all_gather_into(&sums[..], &mut all[..]);
        all[..numbers].to_vec()
    }

    fn add_integers(&mut self, numbers: &mut [u64]) {
        let own = numbers.to_vec();
        self.world
            .all_reduce_into(&own[..], numbers, SystemOperation::sum());
    }

    fn gather(&mut self, numbers: &[u64]) -> Vec<u64> {
        let mut counts = vec![0i32; self.count()];
        self.world
            .all_gather_into(&(numbers.len() as i32), &mut counts[..]);
        let starts = counts.iter().scan(0, |next, count| {
            let start = *next;
            *next += count;
            Some(start)
        });
        let starts: Vec<i32> = starts.collect();
        let total: i32 = counts.iter().sum();
        let mut all = vec![0u64; total as usize];
        let mut parts = PartitionMut::new(&mut all[..], counts, starts);
        self.world.all_gather_varcount_into(numbers, &mut parts);
        all
    }
}
