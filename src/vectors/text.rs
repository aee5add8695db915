//! How the files are laid out: short values on one line, so that a reader sees a synapse as a line and a change as a
//! small difference.

use serde_json::Value;

/// A value of at most so many characters stays on one line.
const WIDTH: usize = 100;

/// The document as text, with a line break at its end.
pub(super) fn layout(document: &Value) -> String {
    let mut text = String::new();
    write(document, 0, &mut text);
    text.push('\n');
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let short = inline(value);
    let parts: Vec<(String, &Value)> = match value {
        Value::Object(entries) if short.len() > WIDTH => entries
            .iter()
            .map(|(key, entry)| (format!("{}: ", Value::from(key.as_str())), entry))
            .collect(),
        Value::Array(items) if short.len() > WIDTH => {
            items.iter().map(|item| (String::new(), item)).collect()
        }
        _ => {
            text.push_str(&short);
            return;
        }
    };
    let (open, close) = match value.is_array() {
        true => ('[', ']'),
        false => ('{', '}'),
    };
    text.push(open);
    for (position, (key, entry)) in parts.iter().enumerate() {
        text.push_str(if position == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(depth + 1));
        text.push_str(key);
        write(entry, depth + 1, text);
    }
    text.push('\n');
    text.push_str(&" ".repeat(depth));
    text.push(close);
}

/// One line, with a space after colons and commas.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(entries) => {
            let parts = entries
                .iter()
                .map(|(key, entry)| format!("{}: {}", Value::from(key.as_str()), inline(entry)));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let parts = items.iter().map(inline).collect::<Vec<_>>();
            format!("[{}]", parts.join(", "))
        }
        other => other.to_string(),
    }
}
