//! Arrays and maps.

use std::ops::{Range, RangeInclusive};

use rhai::{Array, Dynamic, FnPtr, INT, ImmutableString, Map, NativeCallContext};

use super::comparisons::{equal, order};
use crate::script::library::Library;
use crate::script::limits::{Fault, MAX_ELEMENTS, Work, fault, size};
use crate::script::session::Shared;
use crate::script::source::INDEX;
use crate::script::value::kind;

/// Registers the operators and methods of arrays and maps, and what no pair of values can do.
pub fn register(library: &mut Library, session: &Shared) {
    register_operators(library);
    register_arrays(library);
    register_searches(library, session);
    register_calls(library, session);
    register_maps(library);
}

fn register_operators(library: &mut Library) {
    library.register_fn(INDEX, |index: Dynamic| index);
    library.register_fn("..", |from: INT, to: INT| from..to);
    library.register_fn("..=", |from: INT, to: INT| from..=to);
    library.register_fn("!", |value: bool| !value);
    library.register_fn(
        "+",
        |mut left: Array, right: Array| -> Result<Array, Fault> {
            left.extend(right);
            bounded(left)
        },
    );
    library.register_fn("+", |mut left: Map, right: Map| {
        left.extend(right);
        left
    });
    // No pair of values is left to the engine, whose own arithmetic is that of 64 bits.
    for name in ["+", "-", "*", "/", "%", "**"] {
        library.register_fn(
            name,
            move |left: Dynamic, right: Dynamic| -> Result<Dynamic, Fault> {
                Err(fault(format!(
                    "{} {name} {}: there is no such operation",
                    kind(&left),
                    kind(&right)
                )))
            },
        );
    }
    for (name, operator) in [("+=", "+"), ("-=", "-"), ("*=", "*")] {
        library.register_fn(
            name,
            move |context: NativeCallContext,
                  left: &mut Dynamic,
                  mut right: Dynamic|
                  -> Result<(), Fault> {
                let mut old = left.clone();
                *left = context.call_native_fn_raw(operator, false, &mut [&mut old, &mut right])?;
                Ok(())
            },
        );
    }
}

fn bounded(array: Array) -> Result<Array, Fault> {
    match array.len() <= MAX_ELEMENTS {
        true => Ok(array),
        false => Err(fault(format!(
            "an array has at most {MAX_ELEMENTS} elements"
        ))),
    }
}

/// A place in an array, counted from its end if it is negative; the end itself is one for `insert`.
fn place(array: &Array, at: INT, last: usize) -> Result<usize, Fault> {
    let from = if at < 0 { array.len() as INT } else { 0 };
    let place = from.checked_add(at).and_then(|at| usize::try_from(at).ok());
    place
        .filter(|place| *place <= last && last <= array.len())
        .ok_or_else(|| {
            fault(format!(
                "there is no place {at} in an array of {}",
                array.len()
            ))
        })
}

fn register_arrays(library: &mut Library) {
    library.register_fn("len", |array: &mut Array| array.len() as INT);
    library.register_fn("is_empty", |array: &mut Array| array.is_empty());
    library.register_fn(
        "push",
        |array: &mut Array, value: Dynamic| -> Result<(), Fault> {
            array.push(value);
            bounded(std::mem::take(array)).map(|bounded| *array = bounded)
        },
    );
    library.register_fn("pop", |array: &mut Array| -> Result<Dynamic, Fault> {
        array
            .pop()
            .ok_or_else(|| fault("nothing can be taken from an empty array"))
    });
    library.register_fn(
        "insert",
        |array: &mut Array, at: INT, value: Dynamic| -> Result<(), Fault> {
            let place = place(array, at, array.len())?;
            array.insert(place, value);
            bounded(std::mem::take(array)).map(|bounded| *array = bounded)
        },
    );
    library.register_fn(
        "remove",
        |array: &mut Array, at: INT| -> Result<Dynamic, Fault> {
            let last = array.len().checked_sub(1);
            let last = last.ok_or_else(|| fault("nothing can be taken from an empty array"))?;
            let place = place(array, at, last)?;
            Ok(array.remove(place))
        },
    );
    library.register_fn("reverse", |array: &mut Array| array.reverse());
    library.register_fn(
        "extract",
        |array: &mut Array, start: INT, length: INT| -> Result<Array, Fault> {
            let place = place(array, start, array.len())?;
            let length = usize::try_from(length).unwrap_or(0);
            Ok(array.iter().skip(place).take(length).cloned().collect())
        },
    );
    library.register_fn(
        "pad",
        |array: &mut Array, length: INT, value: Dynamic| -> Result<(), Fault> {
            let length = usize::try_from(length).unwrap_or(0);
            let entry = size(&value).map_or(MAX_ELEMENTS, |size| size.elements + 1);
            if length.saturating_mul(entry) > MAX_ELEMENTS {
                return Err(fault(format!(
                    "an array has at most {MAX_ELEMENTS} elements"
                )));
            }
            array.resize(length.max(array.len()), value);
            Ok(())
        },
    );
}

fn register_searches(library: &mut Library, session: &Shared) {
    let shared = session.clone();
    library.register_fn("contains", move |array: &mut Array, value: Dynamic| {
        Ok::<_, Fault>(index_of(array, &value, &shared.work)?.is_some())
    });
    let shared = session.clone();
    library.register_fn("index_of", move |array: &mut Array, value: Dynamic| {
        let found = index_of(array, &value, &shared.work)?;
        Ok::<_, Fault>(found.map_or(-1, |at| at as INT))
    });
    let shared = session.clone();
    library.register_fn("sort", move |array: &mut Array| -> Result<(), Fault> {
        let work = &shared.work;
        let mut sorted: Array = Vec::with_capacity(array.len());
        for value in array.iter() {
            let (mut low, mut high) = (0, sorted.len());
            while low < high {
                let middle = low.midpoint(high);
                let Some(other) = sorted.get(middle) else {
                    break;
                };
                match order(other, value, work)?.is_le() {
                    true => low = middle + 1,
                    false => high = middle,
                }
            }
            work.charge(sorted.len() as u64)?;
            sorted.insert(low, value.clone());
        }
        // A single entry is compared with itself, so that what has no order is not sorted silently.
        if let [only] = sorted.as_slice() {
            order(only, only, work)?;
        }
        *array = sorted;
        Ok(())
    });
    library.register_fn("contains", |range: Range<INT>, value: INT| {
        range.contains(&value)
    });
    library.register_fn("contains", |range: RangeInclusive<INT>, value: INT| {
        range.contains(&value)
    });
}

/// The first place of a value. All places are compared, so that a value without equality is refused wherever it stands.
fn index_of(array: &Array, value: &Dynamic, work: &Work) -> Result<Option<usize>, Fault> {
    let mut found = None;
    for (at, entry) in array.iter().enumerate() {
        let words = size(value).map_or(0, |size| size.words);
        work.charge(20 + words)?;
        if equal(entry, value, work)? {
            found = found.or(Some(at));
        }
    }
    Ok(found)
}

fn register_calls(library: &mut Library, session: &Shared) {
    library.register_fn(
        "map",
        |context: NativeCallContext, array: Array, f: FnPtr| -> Result<Array, Fault> {
            let values = array.into_iter();
            values
                .map(|value| f.call_within_context(&context, (value,)))
                .collect()
        },
    );
    library.register_fn(
        "filter",
        |context: NativeCallContext, array: Array, f: FnPtr| -> Result<Array, Fault> {
            let mut kept = Array::new();
            for value in array {
                if f.call_within_context(&context, (value.clone(),))? {
                    kept.push(value);
                }
            }
            Ok(kept)
        },
    );
    for (name, all) in [("all", true), ("some", false)] {
        library.register_fn(
            name,
            move |context: NativeCallContext, array: Array, f: FnPtr| -> Result<bool, Fault> {
                let mut result = all;
                for value in array {
                    let holds: bool = f.call_within_context(&context, (value,))?;
                    result = if all {
                        result && holds
                    } else {
                        result || holds
                    };
                }
                Ok(result)
            },
        );
    }
    let shared = session.clone();
    library.register_fn(
        "reduce",
        move |context: NativeCallContext,
              array: Array,
              f: FnPtr,
              first: Dynamic|
              -> Result<Dynamic, Fault> {
            let mut total = first;
            for value in array {
                let size = size(&total).ok_or_else(|| {
                    fault("a reduced value has too many elements, or too many levels")
                })?;
                shared.work.charge(8 * size.words)?;
                total = f.call_within_context(&context, (total, value))?;
            }
            Ok(total)
        },
    );
}

fn register_maps(library: &mut Library) {
    library.register_fn("len", |map: &mut Map| map.len() as INT);
    library.register_fn("is_empty", |map: &mut Map| map.is_empty());
    library.register_fn("keys", |map: &mut Map| -> Array {
        map.keys()
            .map(|key| Dynamic::from(key.to_string()))
            .collect()
    });
    library.register_fn("values", |map: &mut Map| -> Array {
        map.values().cloned().collect()
    });
    library.register_fn("contains", |map: &mut Map, key: ImmutableString| {
        map.contains_key(key.as_str())
    });
    library.register_fn(
        "remove",
        |map: &mut Map, key: ImmutableString| -> Result<Dynamic, Fault> {
            map.remove(key.as_str())
                .ok_or_else(|| fault(format!("there is no key `{key}`")))
        },
    );
}
