//! The way of blocks through a run: one is read, one is balanced, one is written, at the same time and as far as there
//! is room.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use synaptic_balance::formats::checkpoint::{Held, Part, Pool};

use super::copy::Files;
use super::job::Job;
use super::record::Record;
use super::solve::{ReadBlock, Task};
use crate::cli::{BadInput, Failure};

/// Bytes of blocks under way, but for one block that is larger by itself.
pub const ROOM: usize = 600 << 20;

/// Why a run does not go on.
pub struct Stopped {
    pub failure: Failure,
    /// Is it that something could not be written?
    pub by_disk: bool,
}

impl Stopped {
    pub fn by_disk(failure: impl Into<Failure>) -> Self {
        Stopped {
            failure: failure.into(),
            by_disk: true,
        }
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Stopped {
            failure,
            by_disk: false,
        }
    }
}

/// Room for blocks.
#[derive(Default)]
struct Room {
    used: Mutex<usize>,
    freed: Condvar,
    pool: Pool,
}

/// A part of it, given back when it is dropped.
struct Share<'r> {
    room: &'r Room,
    length: usize,
}

impl Room {
    /// Waits until there is room for so many bytes.
    fn take(&self, length: usize) -> Share<'_> {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |used: &mut usize| *used > 0 && *used + length > ROOM;
        let used = self.freed.wait_while(used, is_full);
        *used.unwrap_or_else(PoisonError::into_inner) += length;
        Share { room: self, length }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        let used = self.room.used.lock();
        *used.unwrap_or_else(PoisonError::into_inner) -= self.length;
        self.room.freed.notify_all();
    }
}

/// A block that was read.
type Next<'r> = Result<(ReadBlock, Share<'r>), BadInput>;

/// A block that is balanced, and waits to be on the disk.
struct Done<'r> {
    part: Part,
    held: Held,
    record: Record,
    share: Share<'r>,
}

/// What is done with the blocks of a run.
pub struct Stages<'a> {
    pub task: &'a Task<'a>,
    /// Files of the result, if they are written.
    pub files: Option<&'a Files>,
    pub job: Option<&'a Job>,
}

impl Stages<'_> {
    /// Takes blocks through all stages, in their order. `balance` makes of a block that was read what is written of it.
    /// The seconds of reading and of writing.
    pub fn go(
        &self,
        blocks: &[usize],
        mut balance: impl FnMut(ReadBlock) -> Result<(Part, Held, Record), Stopped>,
    ) -> Result<[f64; 2], Stopped> {
        let room = Room::default();
        std::thread::scope(|scope| {
            let (to_balance, read) = sync_channel(1);
            let (to_keep, done) = sync_channel(1);
            let room = &room;
            let reader = scope.spawn(move || self.read(blocks, room, to_balance));
            let keeper = scope.spawn(move || self.keep(done));
            let balanced = self.balance(read, to_keep, &mut balance);
            // What ends early is asked first.
            let lost = || Failure::Incomplete("a block could not be kept".to_owned());
            let written = match keeper.join() {
                Ok(kept) => kept.map_err(Stopped::by_disk)?,
                Err(_) => return Err(Stopped::by_disk(lost())),
            };
            balanced?;
            let read = reader.join().map_err(|_| Stopped::by_disk(lost()))?;
            Ok([read, written])
        })
    }

    /// Reads blocks until nobody takes them.
    fn read<'r>(&self, blocks: &[usize], room: &'r Room, next: SyncSender<Next<'r>>) -> f64 {
        let mut seconds = 0.0;
        for block in blocks {
            let part = self.task.part(*block);
            let share = room.take(part.length(self.task.checkpoint));
            let start = Instant::now();
            let read = self.task.read_part(part, room.pool.take());
            seconds += start.elapsed().as_secs_f64();
            let is_read = read.is_ok();
            if next.send(read.map(|read| (read, share))).is_err() || !is_read {
                break;
            }
        }
        seconds
    }

    fn balance<'r>(
        &self,
        read: Receiver<Next<'r>>,
        next: SyncSender<Done<'r>>,
        balance: &mut impl FnMut(ReadBlock) -> Result<(Part, Held, Record), Stopped>,
    ) -> Result<(), Stopped> {
        for found in read {
            let (block, share) = found.map_err(Failure::from)?;
            let (part, held, record) = balance(block)?;
            let done = Done {
                part,
                held,
                record,
                share,
            };
            // The keeper ends early only with a fault, which is asked for first.
            let stopped = || Failure::Incomplete("a block could not be kept".into());
            next.send(done).map_err(|_| Stopped::by_disk(stopped()))?;
        }
        Ok(())
    }

    /// Writes blocks, and keeps their records as soon as their bytes are on the disk. While the first one is on its
    /// way, what no block changes is copied.
    fn keep(&self, done: Receiver<Done>) -> Result<f64, BadInput> {
        let cannot = |fault: std::io::Error| {
            let path = self.task.arguments.output.clone().unwrap_or_default();
            BadInput::at(&path, format!("cannot write: {fault}"))
        };
        let start = Instant::now();
        if let Some(files) = self.files {
            files.copy_rest(self.task.checkpoint).map_err(cannot)?;
        }
        let mut seconds = start.elapsed().as_secs_f64();
        for Done {
            part,
            held,
            record,
            share,
        } in done
        {
            let start = Instant::now();
            let mut touched = Vec::new();
            for (tensor, bytes) in part.bytes(&held) {
                if let Some(files) = self.files {
                    let written = files.write(self.task.checkpoint, tensor, bytes);
                    written.map_err(cannot)?;
                    touched.push(self.task.checkpoint.tensors[tensor].file);
                }
            }
            share.room.pool.give(held.into_pages());
            drop(share);
            if let Some(files) = self.files {
                files.sync(touched).map_err(cannot)?;
            }
            if let Some(job) = self.job.filter(|job| !job.is_done) {
                job.finished(&record)?;
            }
            seconds += start.elapsed().as_secs_f64();
        }
        Ok(seconds)
    }
}
