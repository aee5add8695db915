//! Cholesky factors of sparse matrices: of each row the entries from the first that is not 0 up to the diagonal.

use std::collections::VecDeque;

/// A symmetric matrix with 1 on its diagonal, then its factor. Rows are put into an order in which what is joined lies
/// close together (Cuthill and McKee), since a factor fills each row from its first entry on: a chain of layers then
/// costs no more than its length.
pub struct Envelope {
    /// Where each row was put.
    place: Vec<usize>,
    /// By place, the first entry.
    first: Vec<usize>,
    starts: Vec<usize>,
    entries: Vec<f64>,
}

impl Envelope {
    /// Makes room for entries at `pairs`.
    pub fn new(rows: usize, pairs: &[(usize, usize)]) -> Self {
        let place = order(rows, pairs);
        let mut first: Vec<usize> = (0..rows).collect();
        for (one, other) in pairs {
            let (one, other) = (place[*one], place[*other]);
            let (low, high) = (one.min(other), one.max(other));
            first[high] = first[high].min(low);
        }
        let mut starts = vec![0];
        for row in 0..rows {
            starts.push(starts[row] + row + 1 - first[row]);
        }
        Envelope {
            place,
            first,
            starts,
            entries: Vec::new(),
        }
    }

    /// Multiplications of a factorisation, roughly; a matrix without zeros takes a third of the cube of its rows.
    pub fn work(&self) -> f64 {
        let heights = self.starts.windows(2);
        let heights = heights.map(|pair| (pair[1] - pair[0]) as f64);
        heights.map(|height| height * height).sum()
    }

    /// The factor of the matrix with 1 on its diagonal and these entries beside it, on either side; `None` if it is not
    /// numerically positive definite.
    pub fn factored(mut self, entries: &[(usize, usize, f64)]) -> Option<Self> {
        self.entries = vec![0.0; self.starts.last().copied().unwrap_or(0)];
        for start in &self.starts[1..] {
            self.entries[start - 1] = 1.0;
        }
        for (one, other, entry) in entries {
            let (one, other) = (self.place[*one], self.place[*other]);
            let (low, high) = (one.min(other), one.max(other));
            self.entries[self.starts[high] + low - self.first[high]] += entry;
        }
        for row in 0..self.first.len() {
            self.factor_row(row)?;
        }
        Some(self)
    }

    fn factor_row(&mut self, row: usize) -> Option<()> {
        let first = self.first[row];
        let (above, own) = self.entries.split_at_mut(self.starts[row]);
        let own = &mut own[..=row - first];
        for column in first..row {
            let other = &above[self.starts[column]..self.starts[column + 1]];
            let start = first.max(self.first[column]);
            let known = &own[start - first..column - first];
            let sum = dot(known, &other[start - self.first[column]..]);
            own[column - first] = (own[column - first] - sum) / other[other.len() - 1];
        }
        let (beside, pivot) = own.split_at_mut(row - first);
        let square = pivot[0] - dot(beside, beside);
        pivot[0] = square.sqrt();
        (square > 0.0).then_some(())
    }

    /// The solution for a right side.
    pub fn solve(&self, side: &[f64]) -> Vec<f64> {
        let mut by_place = vec![0.0; side.len()];
        for (row, place) in self.place.iter().enumerate() {
            by_place[*place] = side[row];
        }
        for row in 0..side.len() {
            let (beside, pivot) = self.row(row);
            let sum = dot(beside, &by_place[self.first[row]..]);
            by_place[row] = (by_place[row] - sum) / pivot;
        }
        for row in (0..side.len()).rev() {
            let (beside, pivot) = self.row(row);
            let value = by_place[row] / pivot;
            by_place[row] = value;
            let above = by_place[self.first[row]..row].iter_mut();
            above
                .zip(beside)
                .for_each(|(above, entry)| *above -= entry * value);
        }
        self.place.iter().map(|place| by_place[*place]).collect()
    }

    /// A row of the factor: its entries before the diagonal, and on it.
    fn row(&self, row: usize) -> (&[f64], f64) {
        let own = &self.entries[self.starts[row]..self.starts[row + 1]];
        (&own[..own.len() - 1], own[own.len() - 1])
    }
}

/// The product of one slice with as much of another.
fn dot(one: &[f64], other: &[f64]) -> f64 {
    let other = &other[..one.len()];
    let (fours, others) = (one.chunks_exact(4), other.chunks_exact(4));
    let rest = fours.remainder().iter().zip(others.remainder());
    let rest: f64 = rest.map(|(one, other)| one * other).sum();
    let mut sums = [0.0; 4];
    for (one, other) in fours.zip(others) {
        for lane in 0..4 {
            sums[lane] += one[lane] * other[lane];
        }
    }
    sums[0] + sums[1] + sums[2] + sums[3] + rest
}

/// Where each row is put: by its distance from a row at the border, the farthest first.
fn order(rows: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut neighbours = vec![Vec::new(); rows];
    for (one, other) in pairs {
        neighbours[*one].push(*other);
        neighbours[*other].push(*one);
    }
    for own in &mut neighbours {
        own.sort_unstable();
        own.dedup();
    }
    let degrees: Vec<usize> = neighbours.iter().map(Vec::len).collect();
    for own in &mut neighbours {
        own.sort_by_key(|row| degrees[*row]);
    }
    let mut place = vec![usize::MAX; rows];
    let mut next = 0;
    for row in 0..rows {
        if place[row] != usize::MAX {
            continue;
        }
        let border = reached(&neighbours, row).last().copied().unwrap_or(row);
        let component = reached(&neighbours, border);
        for row in component.iter().rev() {
            place[*row] = next;
            next += 1;
        }
    }
    place
}

/// The rows that a row is joined to, even through others, the nearest first.
fn reached(neighbours: &[Vec<usize>], row: usize) -> Vec<usize> {
    let (mut seen, mut found) = (std::collections::BTreeSet::from([row]), Vec::new());
    let mut waiting = VecDeque::from([row]);
    while let Some(row) = waiting.pop_front() {
        found.push(row);
        waiting.extend(neighbours[row].iter().filter(|next| seen.insert(**next)));
    }
    found
}
