//! Text from files and from outside, as a terminal or a message may show it.

use std::borrow::Cow;
use std::fmt::Write;

/// Would the character act on a terminal, or on the text around it, instead of being seen: a control character (a
/// newline too), one that directs text, or one without width?
fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    // Letters, marks and selectors that are drawn as nothing at all.
    let blank = matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}');
    // What the standard library does not print: controls, formats, separators but the space, and what is no character.
    // At the beginning of a text it would not print accents either.
    blank || ['a', c].iter().collect::<String>().escape_debug().nth(1) == Some('\\')
}

fn escaped<'a>(
    text: &'a str,
    is_kept: impl Fn(char) -> bool,
    escape: impl Fn(char, &mut String),
) -> Cow<'a, str> {
    let is_escaped = |c: char| is_hidden(c) && !is_kept(c);
    if !text.contains(is_escaped) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_escaped(c) {
            true => escape(c, &mut shown),
            false => shown.push(c),
        }
    }
    shown.into()
}

/// A text as one line that shows all its characters: those that act instead of being seen are written out, as `\n` or
/// `\u{202e}`.
///
/// ```
/// use synaptic_balance::network::one_line;
/// assert_eq!(one_line("a\nproved\u{1b}[31m \u{202e}é"), "a\\nproved\\u{1b}[31m \\u{202e}é");
/// ```
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false, |c, shown| shown.extend(c.escape_default()))
}

/// The same for a text of several lines, whose newlines stay.
pub fn plain_text(text: &str) -> Cow<'_, str> {
    escaped(
        text,
        |c| c == '\n',
        |c, shown| shown.extend(c.escape_default()),
    )
}

/// The same for a JSON document, in which such characters stand within strings: it denotes what it did.
///
/// ```
/// use synaptic_balance::network::plain_json;
/// assert_eq!(plain_json("{\n\"\u{202e}\": \"\u{e0001}\"}"), "{\n\"\\u202e\": \"\\udb40\\udc01\"}");
/// ```
pub fn plain_json(document: &str) -> Cow<'_, str> {
    let units = |c: char, shown: &mut String| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
    };
    // Outside of strings whitespace is the only control character there is.
    escaped(document, |c| matches!(c, '\n' | '\r' | '\t'), units)
}

/// An id as a message shows it: [one line](one_line), and not longer than one.
pub fn printable(id: &str) -> String {
    const LONGEST: usize = 60;
    match id.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", one_line(&id[..end])),
        None => one_line(id).into_owned(),
    }
}
