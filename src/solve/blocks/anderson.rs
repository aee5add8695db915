//! Anderson acceleration of a fixed-point iteration.

/// The last differences of iterates and residuals.
pub(super) struct Anderson {
    memory: usize,
    /// `ΔG`, `ΔF`, each scaled so that `|ΔF| = 1`.
    history: Vec<(Vec<f64>, Vec<f64>)>,
    previous: Option<(Vec<f64>, Vec<f64>)>,
    gram: Vec<Vec<f64>>,
}

impl Anderson {
    pub fn new(memory: usize) -> Self {
        Anderson { memory, history: Vec::new(), previous: None, gram: Vec::new() }
    }

    pub fn restart(&mut self) {
        self.history.clear();
        self.gram.clear();
        self.previous = None;
    }

    /// The next iterate from `g = G(x)` and the residual `f = g - x`.
    pub fn next(&mut self, g: Vec<f64>, f: Vec<f64>) -> Vec<f64> {
        if let Some((old_g, old_f)) = self.previous.take() {
            let mut df: Vec<f64> = f.iter().zip(&old_f).map(|(a, b)| a - b).collect();
            let mut dg: Vec<f64> = g.iter().zip(&old_g).map(|(a, b)| a - b).collect();
            let norm = super::shape::inner(&df, &df).sqrt();
            if norm > 0.0 && norm.is_finite() {
                df.iter_mut().for_each(|x| *x /= norm);
                dg.iter_mut().for_each(|x| *x /= norm);
                if self.history.len() == self.memory {
                    self.history.remove(0);
                    self.gram.remove(0);
                    self.gram.iter_mut().for_each(|row| { row.remove(0); });
                }
                let row: Vec<f64> = self.history.iter().map(|(_, other)| super::shape::inner(other, &df)).collect();
                for (r, entry) in self.gram.iter_mut().zip(&row) { r.push(*entry); }
                self.gram.push(row);
                let last = self.gram.len() - 1;
                self.gram[last].push(1.0);
                self.history.push((dg, df));
            }
        }
        let side: Vec<f64> = self.history.iter().map(|(_, df)| super::shape::inner(df, &f)).collect();
        let gamma = solve(&self.gram, &side);
        let mut next = g.clone();
        for ((dg, _), gamma) in self.history.iter().zip(&gamma) {
            if *gamma != 0.0 {
                next.iter_mut().zip(dg).for_each(|(x, d)| *x -= gamma * d);
            }
        }
        self.previous = Some((g, f));
        next
    }
}

/// Solves the normal equations, newest first; directions that add nothing new are left out.
fn solve(gram: &[Vec<f64>], side: &[f64]) -> Vec<f64> {
    let n = side.len();
    let order: Vec<usize> = (0..n).rev().collect();
    let mut factor = vec![vec![0.0; n]; n];
    let mut used = vec![false; n];
    for a in 0..n {
        let i = order[a];
        for b in 0..=a {
            let j = order[b];
            let mut sum: f64 = gram[i][j];
            for k in 0..b {
                if used[order[k]] { sum -= factor[a][k] * factor[b][k]; }
            }
            if a == b {
                if sum > 1e-10 {
                    factor[a][a] = sum.sqrt();
                    used[i] = true;
                }
            } else if used[j] {
                factor[a][b] = sum / factor[b][b];
            }
        }
    }
    let mut y = vec![0.0; n];
    for a in 0..n {
        if !used[order[a]] { continue; }
        let mut sum = side[order[a]];
        for b in 0..a { if used[order[b]] { sum -= factor[a][b] * y[b]; } }
        y[a] = sum / factor[a][a];
    }
    let mut gamma = vec![0.0; n];
    for a in (0..n).rev() {
        if !used[order[a]] { continue; }
        let mut sum = y[a];
        for b in a + 1..n { if used[order[b]] { sum -= factor[b][a] * gamma[order[b]]; } }
        gamma[order[a]] = sum / factor[a][a];
    }
    gamma
}
