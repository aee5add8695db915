//! Number literals: where they are in a script, and how they become exact.

use std::ops::Range;

/// The places of the number literals of a script, in bytes; those in strings and comments are not literals.
///
/// ```
/// let source = "let x2 = 0.25; // 7\nshow(\"8\", x2, \"==\", 1 / 4)";
/// let found: Vec<_> = synaptic_balance::script::literals(source).into_iter().map(|at| &source[at]).collect();
/// assert_eq!(found, ["0.25", "1", "4"]);
/// ```
pub fn literals(source: &str) -> Vec<Range<usize>> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'"' | b'\'' => quoted(bytes, at, *byte),
            b'`' => quoted(bytes, at, b'`'),
            b'#' => raw(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => line_comment(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => block_comment(bytes, at),
            b'0'..=b'9' => {
                let end = number(bytes, at);
                found.push(at..end);
                end
            }
            _ if is_word(*byte) => run(bytes, at, is_word),
            _ => at + 1,
        };
    }
    found
}

/// The script with every literal that is no 64-bit integer as a call that makes it an exact rational. Lines stay.
pub fn exact_literals(source: &str) -> String {
    let mut exact = String::with_capacity(source.len());
    let mut done = 0;
    for place in literals(source) {
        let Some(literal) = source.get(place.clone()) else {
            continue;
        };
        let radix = literal.len() > 1 && literal.starts_with('0') && !literal.contains('.');
        let plain = literal.replace('_', "");
        if plain.parse::<i64>().is_ok() || (radix && !plain.contains(['e', 'E'])) {
            continue;
        }
        exact.push_str(source.get(done..place.start).unwrap_or_default());
        exact.push_str(&format!("rational(\"{plain}\")"));
        done = place.end;
    }
    exact.push_str(source.get(done..).unwrap_or_default());
    exact
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn run(bytes: &[u8], from: usize, accept: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| accept(**byte)).count()
}

/// Digits, perhaps a fraction, perhaps an exponent; `1..5` and `1.max(2)` hold integers.
fn number(bytes: &[u8], start: usize) -> usize {
    let digit = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    let mut end = run(bytes, start, digit);
    if bytes.get(start) == Some(&b'0') && matches!(bytes.get(start + 1), Some(b'x' | b'o' | b'b')) {
        return run(bytes, start, is_word);
    }
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = run(bytes, end + 1, digit);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
        let first = end + 1 + usize::from(sign);
        if bytes.get(first).is_some_and(u8::is_ascii_digit) {
            end = run(bytes, first, digit);
        }
    }
    end
}

fn quoted(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            _ if *byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}

/// A raw string `#"..."#`, or only a `#`.
fn raw(bytes: &[u8], start: usize) -> usize {
    let open = run(bytes, start, |byte| byte == b'#');
    if bytes.get(open) != Some(&b'"') {
        return open;
    }
    let hashes = open - start;
    let mut at = open + 1;
    while at < bytes.len() {
        if bytes.get(at) == Some(&b'"') && run(bytes, at + 1, |byte| byte == b'#') - at > hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

fn line_comment(bytes: &[u8], start: usize) -> usize {
    run(bytes, start, |byte| byte != b'\n')
}

fn block_comment(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0usize);
    while at < bytes.len() {
        match (bytes.get(at), bytes.get(at + 1)) {
            (Some(b'/'), Some(b'*')) => {
                depth += 1;
                at += 2;
            }
            (Some(b'*'), Some(b'/')) => {
                depth = depth.saturating_sub(1);
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}
