//! Shapes of tensors, as far as they are known, and what a reshape does to an axis.

/// The length of an axis: known, or the same as others of the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dim {
    Known(usize),
    Symbol(u32),
}

impl Dim {
    pub fn known(self) -> Option<usize> {
        match self {
            Dim::Known(length) => Some(length),
            Dim::Symbol(_) => None,
        }
    }
}

/// An entry of a vector of integers that says a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integer {
    Known(i64),
    Symbol(u32),
}

impl From<Dim> for Integer {
    fn from(dim: Dim) -> Self {
        match dim {
            Dim::Known(length) => i64::try_from(length).map_or(Integer::Known(-1), Integer::Known),
            Dim::Symbol(symbol) => Integer::Symbol(symbol),
        }
    }
}

/// Integers of one shape, as they lie in another: `place` gives the index in the first of one in the second. `None`
/// where a length is not known, or an index is outside.
pub(super) fn picked(
    integers: &[Integer],
    old: &[Dim],
    new: &[Dim],
    place: impl Fn(&[usize]) -> Vec<usize>,
) -> Option<Vec<Integer>> {
    let known = |dims: &[Dim]| {
        dims.iter()
            .map(|dim| dim.known())
            .collect::<Option<Vec<_>>>()
    };
    let (old, new) = (known(old)?, known(new)?);
    let count = new
        .iter()
        .try_fold(1usize, |all, own| all.checked_mul(*own))?;
    if old.iter().product::<usize>() != integers.len() || count > integers.len().max(1 << 10) {
        return None;
    }
    let mut index = vec![0; new.len()];
    let mut found = Vec::with_capacity(count);
    for _ in 0..count {
        let inner = place(&index);
        let at = inner
            .iter()
            .zip(&old)
            .fold(0, |at, (own, length)| at * length + own);
        found.push(*integers.get(at)?);
        for axis in (0..new.len()).rev() {
            index[axis] += 1;
            if index[axis] < new[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Some(found)
}

/// What is asked of one axis of the new shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Length(Dim),
    /// Whatever is left.
    Rest,
}

/// Axes of the old shape, and the axes of the new one that they become.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub old: std::ops::Range<usize>,
    pub new: std::ops::Range<usize>,
}

/// Splits a reshape into small parts that keep their entries to themselves, and gives the new shape: from both ends as
/// far as lengths are known, and what is left between them as one part, since a reshape keeps the number of entries.
/// `None` where that cannot be. At most one axis may be [`Asked::Rest`].
pub(super) fn segments(old: &[Dim], asked: &[Asked]) -> Option<(Vec<Segment>, Vec<Option<Dim>>)> {
    let rest = asked.iter().position(|asked| *asked == Asked::Rest);
    let length = |asked: &Asked| match asked {
        Asked::Length(dim) => Some(*dim),
        Asked::Rest => None,
    };
    let lengths: Vec<Option<Dim>> = asked.iter().map(length).collect();
    let known = |range: std::ops::Range<usize>| -> Vec<Dim> {
        lengths[range].iter().copied().flatten().collect()
    };
    let left = known(0..rest.unwrap_or(asked.len()));
    let mut segments = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < left.len() && (from < old.len() || rest.is_none()) {
        let Some((olds, news)) = matching(&old[from..], &left[at..]) else {
            break;
        };
        segments.push(Segment {
            old: from..from + olds,
            new: at..at + news,
        });
        from += olds;
        at += news;
    }
    let first = rest.map_or(at, |place| place + 1);
    let backwards = |dims: &[Dim]| dims.iter().rev().copied().collect::<Vec<_>>();
    let (old_back, right) = (
        backwards(&old[from..]),
        backwards(&known(first..asked.len())),
    );
    let (mut end, mut done) = (old.len(), 0);
    let mut tail = Vec::new();
    while done < right.len() {
        let Some((olds, news)) = matching(&old_back[old.len() - end..], &right[done..]) else {
            break;
        };
        let new_end = asked.len() - done;
        tail.push(Segment {
            old: end - olds..end,
            new: new_end - news..new_end,
        });
        end -= olds;
        done += news;
    }
    let between = Segment {
        old: from..end,
        new: at..asked.len() - done,
    };
    let ones = old[between.old.clone()]
        .iter()
        .all(|dim| *dim == Dim::Known(1));
    if between.new.is_empty() && !ones {
        return None;
    }
    let mut shape = lengths;
    if let Some(place) = rest {
        shape[place] = remainder(&old[between.old.clone()], &shape[between.new.clone()]);
    }
    segments.push(between);
    segments.extend(tail.into_iter().rev());
    Some((segments, shape))
}

/// The length of the one axis that is left open, where the others say it.
fn remainder(old: &[Dim], new: &[Option<Dim>]) -> Option<Dim> {
    if let ([one], [None]) = (old, new) {
        return Some(*one);
    }
    let product = |mut dims: std::slice::Iter<Dim>| {
        dims.try_fold(1usize, |product, dim| product.checked_mul(dim.known()?))
    };
    let others: Vec<Dim> = new.iter().copied().flatten().collect();
    let (all, others) = (product(old.iter())?, product(others.iter())?);
    (others > 0 && all.is_multiple_of(others)).then(|| Dim::Known(all / others))
}

/// The fewest leading axes of both that hold as many entries, as counts of axes.
fn matching(old: &[Dim], new: &[Dim]) -> Option<(usize, usize)> {
    if let (Some(one), Some(other)) = (old.first(), new.first())
        && one == other
    {
        return Some((1, 1));
    }
    let (mut olds, mut news) = (0, 0);
    let (mut before, mut after) = (1usize, 1usize);
    loop {
        let from_old = before < after || (before == after && olds == 0);
        if from_old && olds < old.len() {
            before = before.checked_mul(old[olds].known()?)?;
            olds += 1;
        } else if news < new.len() && before >= after {
            after = after.checked_mul(new[news].known()?)?;
            news += 1;
        } else {
            return None;
        }
        if before == after && news > 0 {
            return Some((olds, news));
        }
    }
}

/// Does an operator, of ONNX, of its set for classical models or contributed by runtimes, make a tensor of the shape of
/// its first input, whatever else it does?
pub(super) fn is_entrywise(operator: &str) -> bool {
    const OPERATORS: &[&str] = &[
        "Scaler",
        "Normalizer",
        "Imputer",
        "Binarizer",
        "Cast",
        "Softmax",
        "LogSoftmax",
        "Hardmax",
        "Sigmoid",
        "Tanh",
        "Elu",
        "Celu",
        "Selu",
        "Gelu",
        "Mish",
        "Erf",
        "Exp",
        "Log",
        "Sqrt",
        "Reciprocal",
        "Softplus",
        "Softsign",
        "HardSigmoid",
        "HardSwish",
        "Swish",
        "ThresholdedRelu",
        "Clip",
        "Ceil",
        "Floor",
        "Round",
        "Sign",
        "Sin",
        "Cos",
        "Not",
        "QuantizeLinear",
        "DequantizeLinear",
        "LayerNormalization",
        "InstanceNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "LpNormalization",
        "LRN",
        "MeanVarianceNormalization",
        "Dropout",
        "CumSum",
        "BiasGelu",
        "CastLike",
        "Cosh",
        "FastGelu",
        "IsInf",
        "IsNaN",
        "PRelu",
        "QuickGelu",
        "Shrink",
        "Sinh",
        "Tan",
    ];
    OPERATORS.contains(&operator)
}

/// Does an operator that is not followed make a tensor to whose shape those of its inputs broadcast?
pub(super) fn is_broadcast(operator: &str) -> bool {
    matches!(
        operator,
        "BitShift" | "BitwiseAnd" | "BitwiseOr" | "BitwiseXor" | "Mod" | "Pow"
    )
}
