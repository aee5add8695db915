//! Entries taken at places of several axes.

use super::super::infer::Inference;
use super::super::node::{Content, Followed, Node, Stop, Value};
use super::super::shape::Dim;
use super::axis;
use crate::forms::Field;

/// Entries at places beyond so many are not told apart.
const MOST: usize = 1 << 20;

/// Where entries are taken at known places, multipliers move with them; at computed ones they share one multiplier
/// along the axes that the places may vary in.
pub(super) fn gathered(inference: &mut Inference, node: &Node) -> Followed {
    let (input, places) = (node.input(0)?, node.input(1)?);
    if let Some(taken) = Taken::of(inference, node, input, places)
        && let Some(value) = taken.value(inference, input)?
    {
        return Ok(vec![value]);
    }
    let field = inference.field(input, node.output())?;
    let batches = usize::try_from(node.int("batch_dims").unwrap_or(0)).ok();
    let merged = match (node.operator(), input.rank()) {
        ("GatherElements", Some(rank)) => {
            let found = axis(node.int("axis").unwrap_or(0), rank);
            let lengths = |shape: &Value| shape.shape.clone().unwrap_or_default();
            let (own, asked) = (lengths(input), lengths(places));
            let is_kept = |axis: usize| Some(axis) != found && own.get(axis) == asked.get(axis);
            inference
                .channels
                .merged_along(&field, rank, |axis| !is_kept(axis))?
        }
        // The last axis of the places says how many axes they name.
        ("GatherND", Some(rank)) => {
            let named = match places.shape.as_deref().and_then(<[Dim]>::last) {
                Some(Dim::Known(depth)) => batches.and_then(|own| own.checked_add(*depth)),
                _ => None,
            };
            let depth = named.map_or(rank, |named| named.min(rank));
            let merged = inference
                .channels
                .merged_along(&field, rank, |axis| axis < depth)?
                .of_rank(rank);
            Field {
                shape: merged.shape[depth..].to_vec(),
                labels: merged.labels,
            }
        }
        _ => inference.channels.merged(&field),
    };
    let shape = match (node.operator(), &input.shape, &places.shape, batches) {
        ("GatherElements", ..) => places.shape.clone(),
        (_, Some(own), Some(asked), Some(batches)) => match asked.split_last() {
            Some((Dim::Known(depth), outer)) if batches + *depth <= own.len() => Some(
                outer
                    .iter()
                    .chain(&own[batches + *depth..])
                    .copied()
                    .collect(),
            ),
            _ => None,
        },
        _ => None,
    };
    Ok(vec![Value::data(shape, merged)])
}

/// Entries taken at places that are known.
struct Taken {
    /// The lengths of the axes that the places have.
    lengths: Vec<usize>,
    /// The axes that stand before those that places name, which both tensors have.
    batches: usize,
    /// The axis along which single entries are taken; else places name several axes.
    along: Option<usize>,
    /// For each place, the index along each axis named.
    places: Vec<Vec<usize>>,
    shape: Vec<Dim>,
}

impl Taken {
    fn of(inference: &Inference, node: &Node, input: &Value, places: &Value) -> Option<Self> {
        let (own, asked) = (input.shape.as_deref()?, places.shape.as_deref()?);
        let lengths: Option<Vec<usize>> = asked.iter().map(|dim| dim.known()).collect();
        let mut lengths = lengths?;
        let known = inference.known_integers(places)?;
        let mut all = lengths.iter();
        let count = all.try_fold(1usize, |all, own| all.checked_mul(*own))?;
        if known.len() != count || count > MOST {
            return None;
        }
        let index = |axis_of: usize, at: i64| axis(at, own.get(axis_of)?.known()?);
        if node.operator() == "GatherElements" {
            let along = axis(node.int("axis").unwrap_or(0), own.len())?;
            let places = known.into_iter().map(|at| Some(vec![index(along, at)?]));
            let fits = lengths.len() == own.len();
            return Some(Taken {
                lengths,
                batches: 0,
                along: Some(along),
                places: places.collect::<Option<_>>()?,
                shape: asked.to_vec(),
            })
            .filter(|_| fits);
        }
        let batches = usize::try_from(node.int("batch_dims").unwrap_or(0)).ok()?;
        let depth = lengths.pop().filter(|depth| *depth > 0)?;
        if batches > lengths.len() || batches.checked_add(depth)? > own.len() {
            return None;
        }
        let place = |place: &[i64]| -> Option<Vec<usize>> {
            let named = place.iter().enumerate();
            named.map(|(axis, at)| index(batches + axis, *at)).collect()
        };
        let places: Option<Vec<Vec<usize>>> = known.chunks(depth).map(place).collect();
        let mut shape = asked[..lengths.len()].to_vec();
        shape.extend(&own[batches + depth..]);
        Some(Taken {
            lengths,
            batches,
            along: None,
            places: places?,
            shape,
        })
    }

    /// The index of the input of an index of the result.
    fn index(&self, index: &[usize]) -> Vec<usize> {
        let (outer, inner) = index.split_at(self.lengths.len());
        let at = outer.iter().zip(&self.lengths);
        let place = &self.places[at.fold(0, |at, (index, length)| at * length + index)];
        match self.along {
            Some(along) => {
                let mut old = outer.to_vec();
                old[along] = place[0];
                old
            }
            None => [&outer[..self.batches], place, inner].concat(),
        }
    }

    fn value(&self, inference: &mut Inference, input: &Value) -> Result<Option<Value>, Stop> {
        let behind = self.shape.len() - self.lengths.len();
        let with = |last: &[usize]| [&self.lengths, last].concat();
        let content = match &input.content {
            Content::Zero => Content::Zero,
            Content::Integers(_) => return Ok(None),
            Content::Constant(view) => {
                let last = view.shape[view.shape.len() - behind..].to_vec();
                match view.taken(with(&last), |index| self.index(index)) {
                    Some(view) => Content::Constant(view),
                    None => return Ok(None),
                }
            }
            Content::Data(field) if field.labels.len() == 1 => Content::Data(field.clone()),
            Content::Data(field) => {
                let old = field.of_rank(input.rank().unwrap_or(0));
                let lengths = with(&old.shape[old.shape.len() - behind..]);
                let count = lengths.iter().try_fold(1usize, |a, b| a.checked_mul(*b));
                if count.is_none_or(|count| count > MOST) {
                    return Ok(None);
                }
                let label = |index: &[usize]| old.at(&self.index(index));
                Content::Data(inference.channels.remapped(lengths, label)?)
            }
        };
        Ok(Some(Value {
            shape: Some(self.shape.clone()),
            content,
        }))
    }
}
