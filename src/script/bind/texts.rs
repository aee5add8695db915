//! Texts: what has one, and what can be asked of one.

use rhai::{Array, Dynamic, INT, ImmutableString, Map, NativeCallContext};

use crate::script::library::Library;
use crate::script::limits::{Fault, MAX_STRING, fault};
use crate::script::session::Shared;
use crate::script::value::{Computed, Exact, Polynomial, kind};

/// The text of a value.
///
/// # Errors
/// Values that have none, alone or within an array or a map: computed numbers, whose text could pass for an exact one;
/// networks, facts and functions, which one text would make equal to others; nothing.
pub fn text(value: &Dynamic) -> Result<String, Fault> {
    let mut written = String::new();
    write(value, false, &mut written)?;
    Ok(written)
}

fn write(value: &Dynamic, nested: bool, to: &mut String) -> Result<(), Fault> {
    if to.len() > MAX_STRING {
        return Err(fault(format!("a text has at most {MAX_STRING} characters")));
    }
    if let Some(number) = value.read_lock::<Exact>() {
        to.push_str(&number.0.to_string());
    } else if let Some(polynomial) = value.read_lock::<Polynomial>() {
        to.push_str(&polynomial.0.to_string());
    } else if let Some(own) = value.read_lock::<ImmutableString>() {
        match nested {
            true => to.push_str(&format!("{:?}", own.as_str())),
            false => to.push_str(&own),
        }
    } else if let Some(array) = value.read_lock::<Array>() {
        write_all(array.iter().map(|entry| (None, entry)), ["[", "]"], to)?;
    } else if let Some(map) = value.read_lock::<Map>() {
        let entries = map.iter().map(|(key, entry)| (Some(key.as_str()), entry));
        write_all(entries, ["#{", "}"], to)?;
    } else if value.is_int() || value.is_bool() || value.is_char() {
        to.push_str(&value.to_string());
    } else if value.is::<Computed>() {
        return Err(fault(
            "a computed number has no text, which could pass for an exact one: propose a rational with simplest(x, width)",
        ));
    } else {
        return Err(fault(format!("there is no text of {}", kind(value))));
    }
    Ok(())
}

fn write_all<'a>(
    entries: impl Iterator<Item = (Option<&'a str>, &'a Dynamic)>,
    [open, close]: [&str; 2],
    to: &mut String,
) -> Result<(), Fault> {
    to.push_str(open);
    for (at, (key, entry)) in entries.enumerate() {
        if at > 0 {
            to.push_str(", ");
        }
        if let Some(key) = key {
            to.push_str(&format!("{key:?}: "));
        }
        write(entry, true, to)?;
    }
    to.push_str(close);
    Ok(())
}

/// Registers what makes texts, and the methods of texts.
pub fn register(library: &mut Library, session: &Shared) {
    for name in ["to_string", "to_debug"] {
        library.register_fn(name, |value: &mut Dynamic| text(value));
    }
    for name in ["print", "debug"] {
        let shared = session.clone();
        let print = move |context: NativeCallContext, value: Dynamic| -> Result<String, Fault> {
            let text = text(&value)?;
            shared.remark(context.call_position(), &text)?;
            Ok(text)
        };
        library.register_fn(name, print);
    }
    library.register_fn("+", |left: ImmutableString, right: Dynamic| {
        joined(left.to_string(), &text(&right)?)
    });
    library.register_fn("+", |left: Dynamic, right: ImmutableString| {
        joined(text(&left)?, &right)
    });
    register_methods(library);
}

fn joined(mut left: String, right: &str) -> Result<String, Fault> {
    match left.len() + right.len() <= MAX_STRING {
        true => {
            left.push_str(right);
            Ok(left)
        }
        false => Err(fault(format!("a text has at most {MAX_STRING} characters"))),
    }
}

fn register_methods(library: &mut Library) {
    library.register_fn("len", |text: ImmutableString| text.chars().count() as INT);
    library.register_fn("is_empty", |text: ImmutableString| text.is_empty());
    library.register_fn("trim", |text: ImmutableString| text.trim().to_string());
    type Test = fn(&str, &str) -> bool;
    let tests: [(&str, Test); 3] = [
        ("contains", |text, part| text.contains(part)),
        ("starts_with", |text, part| text.starts_with(part)),
        ("ends_with", |text, part| text.ends_with(part)),
    ];
    for (name, test) in tests {
        library.register_fn(name, move |text: ImmutableString, part: ImmutableString| {
            test(&text, &part)
        });
    }
    library.register_fn(
        "split",
        |text: ImmutableString, by: ImmutableString| -> Result<Array, Fault> {
            match by.is_empty() {
                true => Err(fault("a text is split by a text that is not empty")),
                false => Ok(text
                    .split(by.as_str())
                    .map(|part| Dynamic::from(part.to_string()))
                    .collect()),
            }
        },
    );
    library.register_fn(
        "sub_string",
        |text: ImmutableString, start: INT, length: INT| -> Result<String, Fault> {
            match (usize::try_from(start), usize::try_from(length)) {
                (Ok(start), Ok(length)) => Ok(text.chars().skip(start).take(length).collect()),
                _ => Err(fault("a part of a text has a place and a length from 0 on")),
            }
        },
    );
}
