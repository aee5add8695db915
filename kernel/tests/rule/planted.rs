//! Problems whose optimum is known: balanced costs are chosen as a circulation, multipliers at random, and the weights
//! follow.

use num_traits::{One, Signed, ToPrimitive, Zero};
use std::collections::BTreeMap;
use synaptic_balance_kernel::{Block, Entries, Form, Layout, Problem, Rational};

use crate::exact::{integer, magnitude, raised, ratio, two_to};
use crate::maker::*;

/// Weights as they lie.
pub enum Data {
    F64(Vec<[u8; 8]>),
    F32(Vec<[u8; 4]>),
    F16(Vec<[u8; 2]>),
    Bf16(Vec<[u8; 2]>),
    Rational(Vec<Rational>),
}

impl Data {
    pub fn entries(&self) -> Entries<'_> {
        match self {
            Data::F64(all) => Entries::F64(all),
            Data::F32(all) => Entries::F32(all),
            Data::F16(all) => Entries::F16(all),
            Data::Bf16(all) => Entries::Bf16(all),
            Data::Rational(all) => rationals(all),
        }
    }

    /// The numbers in this format; all must be representable.
    pub fn of(format: usize, values: &[Rational]) -> Self {
        let floats = values.iter().map(|value| value.to_f64().expect("a float"));
        let data = match format {
            0 => Data::F64(floats.map(f64::to_le_bytes).collect()),
            1 => Data::F32(floats.map(|value| (value as f32).to_le_bytes()).collect()),
            2 => Data::F16(floats.map(half).collect()),
            3 => {
                let upper = |value: f64| {
                    let [_, _, low, high] = (value as f32).to_le_bytes();
                    [low, high]
                };
                Data::Bf16(floats.map(upper).collect())
            }
            _ => Data::Rational(values.to_vec()),
        };
        for (entry, value) in values.iter().enumerate() {
            assert_eq!(
                magnitude(&data.entries(), entry),
                value.abs(),
                "not representable"
            );
        }
        data
    }
}

/// The 2 bytes of a normal number of 11 significant bits.
fn half(value: f64) -> [u8; 2] {
    let bits = value.to_bits();
    let sign = (bits >> 48) & 0x8000;
    if value == 0.0 {
        return (sign as u16).to_le_bytes();
    }
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023 + 15;
    let fraction = (bits >> 42) & 0x3ff;
    ((sign as u16) | ((exponent as u16) << 10) | fraction as u16).to_le_bytes()
}

pub struct Sheet {
    pub data: Data,
    pub rows: Vec<usize>,
    pub columns: Vec<usize>,
    pub layout: Layout,
    pub power: Rational,
    pub coefficient: Rational,
}

/// A problem with its weights, and its optimum.
pub struct Planted {
    pub forms: Vec<Form>,
    pub sheets: Vec<Sheet>,
    pub multipliers: Vec<Rational>,
    /// Balanced costs of all terms.
    pub costs: BTreeMap<(usize, usize), Rational>,
}

impl Planted {
    pub fn problem(&self) -> Problem<'_> {
        let blocks = self.sheets.iter().map(|sheet| Block {
            entries: sheet.data.entries(),
            rows: sheet.rows.clone(),
            columns: sheet.columns.clone(),
            layout: sheet.layout.clone(),
            power: sheet.power.clone(),
            coefficient: sheet.coefficient.clone(),
            again: false,
        });
        Problem::new(self.multipliers.len(), self.forms.clone(), blocks.collect()).expect("valid")
    }

    /// `inf R`.
    pub fn minimum(&self) -> Rational {
        self.costs.values().sum()
    }

    fn form(&mut self, factors: Vec<(usize, Rational)>) -> usize {
        self.forms.push(factors);
        self.forms.len() - 1
    }
}

/// A perceptron of a few layers, l1, in a format; each balanced cost is a small integer, each multiplier a power of
/// two.
pub fn network(random: &mut Random) -> Planted {
    let sizes: Vec<usize> = (0..random.between(3, 4))
        .map(|_| random.between(1, 4) as usize)
        .collect();
    let mut flows: Vec<Vec<i64>> = sizes
        .windows(2)
        .map(|pair| vec![0; pair[0] * pair[1]])
        .collect();
    for _ in 0..random.between(4, 16) {
        let amount = random.between(1, 9);
        let mut from = random.between(0, sizes[0] as i64 - 1) as usize;
        for (layer, pair) in sizes.windows(2).enumerate() {
            let to = random.between(0, pair[1] as i64 - 1) as usize;
            flows[layer][to * pair[0] + from] += amount;
            from = to;
        }
    }
    // The multipliers of inputs and outputs are 1: they have no variables.
    let mut planted = Planted {
        forms: vec![Form::new()],
        sheets: Vec::new(),
        multipliers: Vec::new(),
        costs: BTreeMap::new(),
    };
    let (mut columns, mut units) = (vec![0; sizes[0]], vec![None; sizes[0]]);
    for (layer, pair) in sizes.windows(2).enumerate() {
        let (mut rows, mut next, mut above) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..pair[1] {
            if layer + 2 == sizes.len() {
                rows.push(0);
                above.push(None);
                continue;
            }
            let variable = planted.multipliers.len();
            planted.multipliers.push(two_to(random.between(-3, 3)));
            rows.push(planted.form(vec![(variable, integer(1))]));
            next.push(planted.form(vec![(variable, integer(-1))]));
            above.push(Some(variable));
        }
        let mut weights = Vec::new();
        for (entry, flow) in flows[layer].iter().enumerate() {
            let at = |unit: &Option<usize>| match unit {
                Some(variable) => planted.multipliers[*variable].clone(),
                None => integer(1),
            };
            let scale = at(&above[entry / pair[0]]) / at(&units[entry % pair[0]]);
            let sign = if random.chance(50) { 1 } else { -1 };
            weights.push(integer(flow * sign) / scale);
            if *flow > 0 {
                planted.costs.insert((layer, entry), integer(*flow));
            }
        }
        planted.sheets.push(Sheet {
            data: Data::of(random.between(0, 4) as usize, &weights),
            rows,
            columns,
            layout: Layout::Dense,
            power: integer(1),
            coefficient: integer(1),
        });
        (columns, units) = (next, above);
    }
    planted
}

/// Terms of any kind: products of several variables, fractional and negative exponents, powers 1/2 to 3, coefficients,
/// every format; odd cycles arise by themselves.
pub fn general(random: &mut Random) -> Planted {
    let variables = random.between(1, 5) as usize;
    // Sixth powers, so that exponents with denominators 2 and 3 give rationals.
    let bases: Vec<Rational> = (0..variables)
        .map(|_| ratio(random.between(1, 4), random.between(1, 4)))
        .collect();
    let fractional = random.chance(60);
    let mut planted = Planted {
        forms: vec![Form::new()],
        sheets: Vec::new(),
        multipliers: bases
            .iter()
            .map(|base| raised(base, if fractional { 6 } else { 1 }))
            .collect(),
        costs: BTreeMap::new(),
    };
    let mut drafts: Vec<(Factors, Factors, Rational)> = Vec::new();
    let mut left = vec![Rational::zero(); variables];
    for _ in 0..random.between(variables as i64, 2 * variables as i64 + 2) {
        let row = factors(random, variables, fractional);
        let column = factors(random, variables, fractional);
        let cost = integer(random.between(1, 1000)) * raised(&ratio(1, 10), random.between(0, 3));
        for (variable, exponent) in row.iter().chain(&column) {
            left[*variable] += &cost * exponent;
        }
        drafts.push((row, column, cost));
    }
    for (variable, rest) in left.iter().enumerate().filter(|(_, rest)| !rest.is_zero()) {
        let size = if fractional {
            *random.pick(&[(1, 1), (2, 1), (1, 2), (1, 3)])
        } else {
            *random.pick(&[(1, 1), (2, 1)])
        };
        let size = ratio(size.0, size.1);
        let exponent = if rest.is_positive() {
            -&size
        } else {
            size.clone()
        };
        let form = vec![(variable, exponent)];
        let cost = rest.abs() / size;
        drafts.push(if random.chance(50) {
            (form, vec![], cost)
        } else {
            (vec![], form, cost)
        });
    }
    let sixths = integer(if fractional { 6 } else { 1 });
    let mut list = (Vec::new(), Vec::new(), Vec::new());
    let mut list_costs = Vec::new();
    for (row, column, balanced) in drafts {
        let mut cost = balanced.clone();
        for (variable, exponent) in row.iter().chain(&column) {
            let times = (exponent * &sixths).to_integer().to_i64().expect("small");
            cost /= raised(&bases[*variable], times);
        }
        let (row, column) = (planted.form(row), planted.form(column));
        if random.chance(30) {
            // All such terms stand in one list.
            list_costs.push((list.0.len(), balanced));
            list.0.push(if random.chance(50) { -cost } else { cost });
            list.1.push(row);
            list.2.push(column);
            if random.chance(10) {
                list.0.push(Rational::zero());
                list.1.push(row);
                list.2.push(column);
            }
            continue;
        }
        let (times, degree) = *random.pick(&[(1, 2), (1, 1), (3, 2), (2, 1), (3, 1), (2, 3)]);
        let format = random.between(0, 4) as usize;
        let limit = match format {
            3 if degree == 3 => 6,
            2 if degree == 3 => 12,
            3 => 15,
            2 => 31,
            _ => 100,
        };
        let mut base = integer(random.between(1, limit));
        if format > 3 {
            base /= integer(random.between(1, 100));
        }
        let coefficient = cost / raised(&base, times);
        let weight = raised(&base, degree);
        planted.costs.insert((planted.sheets.len(), 0), balanced);
        let is_list = random.chance(50);
        planted.sheets.push(Sheet {
            data: Data::of(format, &[if random.chance(50) { -weight } else { weight }]),
            rows: vec![row],
            columns: if is_list {
                vec![0, column]
            } else {
                vec![column]
            },
            layout: if is_list {
                Layout::List(vec![(0, 1)])
            } else {
                Layout::Dense
            },
            power: ratio(times, degree),
            coefficient,
        });
    }
    let block = planted.sheets.len();
    planted.costs.extend(
        list_costs
            .into_iter()
            .map(|(entry, cost)| ((block, entry), cost)),
    );
    let places = (0..list.0.len()).map(|entry| (entry, entry));
    planted.sheets.push(Sheet {
        layout: Layout::List(places.collect()),
        data: Data::Rational(list.0),
        rows: list.1,
        columns: list.2,
        power: Rational::one(),
        coefficient: Rational::one(),
    });
    planted
}

type Factors = Vec<(usize, Rational)>;

/// A product of some variables.
fn factors(random: &mut Random, variables: usize, fractional: bool) -> Factors {
    let mut form = Vec::new();
    for variable in 0..variables {
        if random.chance(45) {
            let whole = [(1, 1), (-1, 1), (2, 1), (-2, 1), (-3, 1)];
            let all = [
                (1, 1),
                (-1, 1),
                (2, 1),
                (-2, 1),
                (1, 2),
                (-1, 2),
                (2, 3),
                (-1, 3),
                (5, 2),
            ];
            let (above, below) = *random.pick(if fractional { &all[..] } else { &whole[..] });
            form.push((variable, ratio(above, below)));
        }
    }
    form
}
