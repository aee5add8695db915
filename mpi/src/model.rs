//! How long reads take on more machines than were there to measure, from what was measured.

use serde_json::{Value, json};

/// What a machine and the network do.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Seconds for a message of no length.
    pub latency: f64,
    /// Bytes a second that one machine sends another.
    pub bandwidth: f64,
    /// Weights a second that one machine reads.
    pub reading: f64,
    /// Seconds for each number that a machine packs, adds up and takes back.
    pub adding: f64,
}

/// Layers of weights of the networks that the table is about.
pub const LAYERS: f64 = 100.0;

/// Machines and weights of the table.
pub const MACHINES: [f64; 7] = [8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
pub const WEIGHTS: [f64; 4] = [1e9, 1e10, 1e11, 1e12];

impl Rates {
    /// Seconds to add up so many numbers over machines: each sends its part of 16 bytes a number to every other one,
    /// and 8 bytes of each sum.
    pub fn exchange(&self, numbers: f64, machines: f64) -> f64 {
        let messages = 2.0 * (machines - 1.0) * self.latency;
        let sent = 24.0 * numbers * (machines - 1.0) / machines / self.bandwidth;
        messages + sent + numbers * self.adding
    }

    /// Seconds of a sweep and of a read without one, each with the reading alone, for a network of so many weights in
    /// [`LAYERS`] square layers.
    pub fn passes(&self, weights: f64, machines: f64) -> [f64; 3] {
        let width = (weights / LAYERS).sqrt();
        let reading = weights / machines / self.reading;
        let read = reading + self.exchange(2.0 * width * (LAYERS - 2.0), machines);
        let groups = (LAYERS - 2.0) * self.exchange(width, machines);
        [read + groups, read, reading]
    }

    /// The table.
    pub fn table(&self) -> Vec<Value> {
        let mut rows = Vec::new();
        for weights in WEIGHTS {
            for machines in MACHINES {
                let [sweep, read, reading] = self.passes(weights, machines);
                rows.push(json!({
                    "weights": weights,
                    "machines": machines,
                    "sweep_seconds": sweep,
                    "read_seconds": read,
                    "efficiency_sweep": reading / sweep,
                    "efficiency_read": reading / read,
                }));
            }
        }
        rows
    }
}
