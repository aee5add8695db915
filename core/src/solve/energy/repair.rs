//! The terms whose `y` is changed so that the costs are a circulation exactly: for each variable a heavy one that joins
//! it to variables settled before.

use num_traits::{One, Signed, Zero};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;
use synaptic_balance_kernel::{Block, Certificate, Layout, Number, Problem, Reader};

use super::terms::{LogCosts, each_place, logs};
use super::within::Within;
use crate::numbers::Rational;

/// What is added to `y`, by block and entry.
type Changes = BTreeMap<(usize, usize), Rational>;

/// A term: block, entry, row and column.
type Place = (usize, usize, usize, usize);

/// An order of the variables, with a term for each: its other variables come before.
pub(super) struct Repair {
    order: Vec<(usize, Place)>,
    /// Variables that need not balance.
    held: Vec<usize>,
}

impl Repair {
    /// Grows a forest from the ground: always the heaviest term with one variable left settles it, so that what a
    /// variable has to cancel is carried by terms about as heavy as its own.
    pub fn of(problem: &Problem, point: &[Number]) -> Self {
        Self::around(problem, point, &Within::default())
    }

    /// The same, with variables that are held at bounds for ground.
    pub fn around(problem: &Problem, point: &[Number], within: &Within) -> Self {
        let mut search = Search::new(problem, point);
        let held: Vec<usize> = within.held().collect();
        held.iter().for_each(|variable| search.settle(*variable));
        search.look_at_all();
        loop {
            while let Some((cost, variable)) = search.heap.pop() {
                let Some((best, place)) = search.best[variable] else {
                    continue;
                };
                if search.settled[variable] || best != cost {
                    continue;
                }
                search.order.push((variable, place));
                search.settle(variable);
            }
            // What nothing joins to the ground is determined up to a common factor: one variable is taken as it is.
            match search.settled.iter().position(|settled| !settled) {
                Some(root) => search.settle(root),
                None => break,
            }
        }
        Repair {
            order: search.order,
            held,
        }
    }

    /// The variables that have a term, each with it: block and entry.
    pub fn order(&self) -> Vec<(usize, (usize, usize))> {
        let order = self.order.iter();
        order
            .map(|(variable, (block, entry, _, _))| (*variable, (*block, *entry)))
            .collect()
    }

    /// What `y` becomes for the terms of the order; `None` where one would not be positive, or something is left over.
    pub fn exceptions(
        &self,
        problem: &Problem,
        certificate: &Certificate,
        mut imbalance: Vec<Rational>,
    ) -> Option<Changes> {
        let mut changes = BTreeMap::new();
        self.push(problem, &mut imbalance, &mut changes)?;
        if !imbalance.iter().all(Zero::is_zero) {
            let others = self.around_roots(problem, &certificate.point, &imbalance)?;
            for (place, change) in others {
                let sum = changes.entry(place).or_default();
                *sum = plus(sum, &change);
            }
        }
        let reader = Reader::new(problem, certificate).ok()?;
        let mut exceptions = BTreeMap::new();
        for ((block, entry), change) in changes {
            let lower = reader.lower(block, entry).ok()?;
            let rule = lower.on_grid(certificate.grid)?;
            let y = plus(&Rational::from_integer(rule.into()), &change);
            if !y.is_positive() {
                return None;
            }
            exceptions.insert((block, entry), y);
        }
        Some(exceptions)
    }

    /// Cancels the imbalance at each variable by its term, the last settled one first, and notes the changes of `y`.
    /// What is left stands at the roots; what is held need not balance.
    fn push(
        &self,
        problem: &Problem,
        imbalance: &mut [Rational],
        changes: &mut Changes,
    ) -> Option<()> {
        for (variable, (block, entry, _, _)) in self.order.iter().rev() {
            if imbalance[*variable].is_zero() {
                continue;
            }
            let exponents = problem.exponents(*block, *entry)?;
            let own = exponents.get(variable)?;
            let change = -times(&imbalance[*variable], &own.recip());
            for (other, exponent) in &exponents {
                imbalance[*other] = plus(&imbalance[*other], &times(exponent, &change));
            }
            let sum = changes.entry((*block, *entry)).or_default();
            *sum = plus(sum, &change);
        }
        let held = self.held.iter();
        held.for_each(|variable| imbalance[*variable] = Rational::zero());
        Some(())
    }

    /// Changes of `y` that cancel what is left at the roots: heavy terms besides those of the order, each with what it
    /// brings to the roots.
    fn around_roots(
        &self,
        problem: &Problem,
        point: &[Number],
        left: &[Rational],
    ) -> Option<Changes> {
        let mut system = Elimination::new(left);
        for place in heaviest(problem, point) {
            if system.is_solved() {
                break;
            }
            let (block, entry, _, _) = place;
            let mut at = vec![Rational::zero(); left.len()];
            for (variable, exponent) in problem.exponents(block, entry)? {
                at[variable] = exponent;
            }
            let mut changes = BTreeMap::from([((block, entry), Rational::one())]);
            self.push(problem, &mut at, &mut changes)?;
            system.add(at, changes);
        }
        system.is_solved().then_some(system.changes)
    }
}

/// The most terms that are looked at for what is left at roots: each costs a walk through the order.
const MOST_TERMS: usize = 4_096;

/// Places of the heaviest terms, the heaviest first.
fn heaviest(problem: &Problem, point: &[Number]) -> Vec<Place> {
    let logs = Rc::new(logs(problem, point));
    // Least first.
    let mut found: BinaryHeap<Reverse<(i64, Place)>> = BinaryHeap::new();
    for (number, block) in problem.blocks().iter().enumerate() {
        let costs = LogCosts::new(block, &logs);
        each_place(block, |entry, row, column| {
            let cost = costs.at(entry, row, column);
            if cost.is_finite() {
                let cost = (cost * f64::from(1 << 16)) as i64;
                let term = Reverse((cost, (number, entry, row, column)));
                if found.len() < MOST_TERMS {
                    found.push(term);
                } else if let Some(mut least) = found.peek_mut().filter(|least| term < **least) {
                    *least = term;
                }
            }
        });
    }
    let found = found.into_sorted_vec().into_iter();
    found.map(|Reverse((_, place))| place).collect()
}

/// Rows of what changes of `y` bring to the roots, in echelon form, and what is still left there.
struct Elimination {
    left: Vec<Rational>,
    changes: Changes,
    /// The first root at which a row is not 0, the row, and its changes.
    rows: Vec<(usize, Vec<Rational>, Changes)>,
}

impl Elimination {
    fn new(left: &[Rational]) -> Self {
        Elimination {
            left: left.to_vec(),
            changes: BTreeMap::new(),
            rows: Vec::new(),
        }
    }

    fn is_solved(&self) -> bool {
        self.left.iter().all(Zero::is_zero)
    }

    /// Takes in a row, less what the rows before explain of it, and cancels with it what is left at its first root.
    fn add(&mut self, mut row: Vec<Rational>, mut changes: Changes) {
        for (pivot, known, own) in &self.rows {
            let share = -times(&row[*pivot], &known[*pivot].recip());
            combine(&mut row, &mut changes, (known, own), &share);
        }
        let Some(pivot) = row.iter().position(|entry| !entry.is_zero()) else {
            return;
        };
        let share = -times(&self.left[pivot], &row[pivot].recip());
        combine(&mut self.left, &mut self.changes, (&row, &changes), &share);
        // Later rows are 0 at this root; so is what is left, from here on.
        self.rows.push((pivot, row, changes));
    }
}

/// Adds a multiple of a row and of its changes.
fn combine(
    row: &mut [Rational],
    changes: &mut Changes,
    (other, own): (&[Rational], &Changes),
    share: &Rational,
) {
    if share.is_zero() {
        return;
    }
    for (entry, value) in row.iter_mut().zip(other) {
        if !value.is_zero() {
            *entry = plus(entry, &times(value, share));
        }
    }
    for (place, change) in own {
        let sum = changes.entry(*place).or_default();
        *sum = plus(sum, &times(change, share));
    }
}

/// The sum; nothing is to be reduced where both are integers.
fn plus(one: &Rational, other: &Rational) -> Rational {
    match one.is_integer() && other.is_integer() {
        true => Rational::from_integer(one.numer() + other.numer()),
        false => one + other,
    }
}

/// The product, in the same way.
fn times(one: &Rational, other: &Rational) -> Rational {
    match one.is_integer() && other.is_integer() {
        true => Rational::from_integer(one.numer() * other.numer()),
        false => one * other,
    }
}

/// Where a form stands: a row or a column of a dense block, or an entry of a list.
#[derive(Clone, Copy)]
enum Line {
    Row(usize, usize),
    Column(usize, usize),
    Entry(usize, usize),
}

struct Search<'a> {
    problem: &'a Problem<'a>,
    costs: Vec<LogCosts<'a>>,
    settled: Vec<bool>,
    /// By form: how many of its variables are not settled.
    open: Vec<usize>,
    forms_of: Vec<Vec<usize>>,
    lines_of: Vec<Vec<Line>>,
    /// By variable: the heaviest term so far that could settle it.
    best: Vec<Option<(i64, Place)>>,
    heap: BinaryHeap<(i64, usize)>,
    order: Vec<(usize, Place)>,
}

impl<'a> Search<'a> {
    fn new(problem: &'a Problem<'a>, point: &[Number]) -> Self {
        let forms = problem.forms();
        let mut forms_of = vec![Vec::new(); problem.variables()];
        for (number, form) in forms.iter().enumerate() {
            let variables = form.iter();
            variables.for_each(|(variable, _)| forms_of[*variable].push(number));
        }
        let mut lines_of = vec![Vec::new(); forms.len()];
        for (number, block) in problem.blocks().iter().enumerate() {
            match &block.layout {
                Layout::Dense => {
                    let rows = block.rows.iter().enumerate();
                    rows.for_each(|(row, form)| lines_of[*form].push(Line::Row(number, row)));
                    let columns = block.columns.iter().enumerate();
                    columns.for_each(|(column, form)| {
                        lines_of[*form].push(Line::Column(number, column));
                    });
                }
                Layout::List(places) => {
                    for (entry, (row, column)) in places.iter().enumerate() {
                        for form in [block.rows[*row], block.columns[*column]] {
                            lines_of[form].push(Line::Entry(number, entry));
                        }
                    }
                }
            }
        }
        let logs = Rc::new(logs(problem, point));
        let costs = problem.blocks().iter();
        Search {
            problem,
            costs: costs.map(|block| LogCosts::new(block, &logs)).collect(),
            settled: vec![false; problem.variables()],
            open: forms.iter().map(|form| form.len()).collect(),
            forms_of,
            lines_of,
            best: vec![None; problem.variables()],
            heap: BinaryHeap::new(),
            order: Vec::new(),
        }
    }

    fn look_at_all(&mut self) {
        for (number, block) in self.problem.blocks().iter().enumerate() {
            match &block.layout {
                Layout::Dense => {
                    (0..block.rows.len()).for_each(|row| self.look_along(Line::Row(number, row)));
                }
                Layout::List(places) => {
                    (0..places.len()).for_each(|entry| self.look_along(Line::Entry(number, entry)));
                }
            }
        }
    }

    fn settle(&mut self, variable: usize) {
        self.settled[variable] = true;
        for form in std::mem::take(&mut self.forms_of[variable]) {
            self.open[form] -= 1;
            if self.open[form] <= 1 {
                let lines = std::mem::take(&mut self.lines_of[form]);
                lines.iter().for_each(|line| self.look_along(*line));
                self.lines_of[form] = lines;
            }
        }
    }

    fn look_along(&mut self, line: Line) {
        let problem = self.problem;
        match line {
            Line::Row(number, row) => {
                let block = &problem.blocks()[number];
                let (width, open) = (block.columns.len(), self.open[block.rows[row]]);
                for column in 0..width {
                    if open + self.open[block.columns[column]] == 1 {
                        self.look(block, (number, row * width + column, row, column));
                    }
                }
            }
            Line::Column(number, column) => {
                let block = &problem.blocks()[number];
                let (width, open) = (block.columns.len(), self.open[block.columns[column]]);
                for row in 0..block.rows.len() {
                    if open + self.open[block.rows[row]] == 1 {
                        self.look(block, (number, row * width + column, row, column));
                    }
                }
            }
            Line::Entry(number, entry) => {
                let block = &problem.blocks()[number];
                let Layout::List(places) = &block.layout else {
                    return;
                };
                let (row, column) = places[entry];
                if self.open[block.rows[row]] + self.open[block.columns[column]] == 1 {
                    self.look(block, (number, entry, row, column));
                }
            }
        }
    }

    /// Notes the term for the one variable that is not settled, if it is the heaviest so far.
    fn look(&mut self, block: &Block, place: Place) {
        let (number, entry, row, column) = place;
        let cost = self.costs[number].at(entry, row, column);
        if !cost.is_finite() {
            return;
        }
        let forms = [block.rows[row], block.columns[column]];
        let mut factors = forms.iter().flat_map(|form| &self.problem.forms()[*form]);
        let Some((variable, _)) = factors.find(|(variable, _)| !self.settled[*variable]) else {
            return;
        };
        let cost = (cost * f64::from(1 << 16)) as i64;
        if self.best[*variable].is_none_or(|(heaviest, _)| cost > heaviest) {
            self.best[*variable] = Some((cost, place));
            self.heap.push((cost, *variable));
        }
    }
}
