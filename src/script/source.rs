//! The text of a script: its tokens, its number literals made exact, and the expressions that a claim is made of.

use std::ops::Range;

use num_bigint::BigInt;
use num_traits::Num;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Word,
    /// A number literal.
    Number,
    /// A text, or the part of one between two interpolations.
    Text,
    /// One character of an operator or a bracket; the `${` of an interpolation is one bracket.
    Symbol,
}

/// A token with its place in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is.
    pub place: Range<usize>,
}

/// The tokens of a script, without comments.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        bytes: source.as_bytes(),
        at: 0,
        found: Vec::new(),
        interpolations: Vec::new(),
    };
    while let Some(byte) = lexer.bytes.get(lexer.at) {
        lexer.step(*byte);
    }
    lexer.found
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    found: Vec<Token>,
    /// For each interpolation that is open, the brackets open in it.
    interpolations: Vec<usize>,
}

impl Lexer<'_> {
    fn byte(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn push(&mut self, kind: Kind, end: usize) {
        let place = self.at..end.min(self.bytes.len());
        self.at = place.end;
        self.found.push(Token { kind, place });
    }

    fn step(&mut self, byte: u8) {
        match (byte, self.byte(1)) {
            (b'"' | b'\'', _) => self.push(Kind::Text, quoted(self.bytes, self.at, byte)),
            (b'`', _) => self.interpolated(self.at + 1),
            (b'#', _) => match raw(self.bytes, self.at) {
                Some(end) => self.push(Kind::Text, end),
                None => self.push(Kind::Symbol, self.at + 1),
            },
            (b'/', Some(b'/')) => self.at = run(self.bytes, self.at, |byte| byte != b'\n'),
            (b'/', Some(b'*')) => self.at = block_comment(self.bytes, self.at),
            (b'0'..=b'9', _) => self.push(Kind::Number, number(self.bytes, self.at)),
            _ if is_word(byte) => self.push(Kind::Word, run(self.bytes, self.at, is_word)),
            (b'}', _) if self.interpolations.last() == Some(&0) => {
                self.interpolations.pop();
                self.push(Kind::Symbol, self.at + 1);
                self.interpolated(self.at);
            }
            _ if byte.is_ascii_whitespace() => self.at += 1,
            _ => {
                if let Some(open) = self.interpolations.last_mut() {
                    match byte {
                        b'{' => *open += 1,
                        b'}' => *open = open.saturating_sub(1),
                        _ => {}
                    }
                }
                self.push(Kind::Symbol, self.at + 1);
            }
        }
    }

    /// The text between backticks from `from` on, to its end or to the next `${`. A backslash only hides a `${`.
    fn interpolated(&mut self, from: usize) {
        let mut at = from;
        loop {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (None, _) => return self.push(Kind::Text, at),
                (Some(b'`'), _) => return self.push(Kind::Text, at + 1),
                (Some(b'\\'), Some(b'$')) => at += 2,
                (Some(b'$'), Some(b'{')) => {
                    self.push(Kind::Text, at);
                    self.push(Kind::Symbol, at + 2);
                    self.interpolations.push(0);
                    return;
                }
                _ => at += 1,
            }
        }
    }
}

/// The places of the number literals of a script, in bytes; those in comments and texts are not literals, but those in
/// the expressions of an interpolated text are.
///
/// ```
/// let source = "let x2 = 0.25; // 7\nshow(\"8\", x2, \"==\", 1 / 4)";
/// let found: Vec<_> = synaptic_balance::script::literals(source).into_iter().map(|at| &source[at]).collect();
/// assert_eq!(found, ["0.25", "1", "4"]);
/// ```
pub fn literals(source: &str) -> Vec<Range<usize>> {
    let numbers = tokens(source).into_iter();
    let numbers = numbers.filter(|token| token.kind == Kind::Number);
    numbers.map(|token| token.place).collect()
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
    let radix = bytes.get(start + 1).map(u8::to_ascii_lowercase);
    if bytes.get(start) == Some(&b'0') && matches!(radix, Some(b'x' | b'o' | b'b')) {
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

/// The end of a raw text `#"..."#`; none if the `#` does not begin one.
fn raw(bytes: &[u8], start: usize) -> Option<usize> {
    let open = run(bytes, start, |byte| byte == b'#');
    if bytes.get(open) != Some(&b'"') {
        return None;
    }
    let hashes = open - start;
    let mut at = open + 1;
    while at < bytes.len() {
        if bytes.get(at) == Some(&b'"') && run(bytes, at + 1, |byte| byte == b'#') - at > hashes {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(at)
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

/// A script as it was written, and as the engine runs it: with exact numbers.
#[derive(Debug, Default)]
pub struct Source {
    written: String,
    /// With every literal that is no 64-bit integer as a call that makes it an exact rational, and every computed index
    /// as one that looks where it comes from. Lines stay.
    pub exact: String,
    /// Where the two are shifted: from this place of the exact text on, by so many bytes.
    shifts: Vec<(usize, isize)>,
    tokens: Vec<Token>,
}

impl Source {
    /// Reads a script.
    pub fn new(written: &str) -> Self {
        let tokens = tokens(written);
        let mut exact = String::with_capacity(written.len());
        let (mut done, mut shifts) = (0, Vec::new());
        let numbers = tokens.iter().filter(|token| token.kind == Kind::Number);
        let numbers = numbers.filter_map(|token| {
            let call = written.get(token.place.clone()).and_then(exact_number)?;
            Some((token.place.clone(), call))
        });
        let mut changes: Vec<(Range<usize>, String)> = numbers.collect();
        for index in indices(written, &tokens) {
            changes.push((index.start..index.start, format!("{INDEX}(")));
            changes.push((index.end..index.end, ")".to_owned()));
        }
        changes.sort_by_key(|(place, _)| (place.start, place.end));
        for (place, text) in changes {
            exact.push_str(written.get(done..place.start).unwrap_or_default());
            exact.push_str(&text);
            done = place.end;
            shifts.push((exact.len(), exact.len() as isize - done as isize));
        }
        exact.push_str(written.get(done..).unwrap_or_default());
        Source {
            written: written.to_string(),
            exact,
            shifts,
            tokens,
        }
    }

    /// The tokens of the script as it was written.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The text of a token.
    pub fn text(&self, token: &Token) -> &str {
        self.written.get(token.place.clone()).unwrap_or_default()
    }

    /// The line and the column of a token, both from 1; none beyond 65,535.
    pub fn position(&self, token: usize) -> Option<(u16, u16)> {
        let before = self.written.get(..self.tokens.get(token)?.place.start)?;
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Some((line.try_into().ok()?, column.try_into().ok()?))
    }

    /// The last `count` arguments of the call of `name` at a line and a column of the exact text, as they were written.
    /// None if no such call is found there.
    pub fn arguments(
        &self,
        name: &str,
        line: usize,
        column: usize,
        count: usize,
    ) -> Option<Vec<Argument>> {
        let place = self.place(line, column)?;
        let from = self
            .tokens
            .partition_point(|token| token.place.start < place);
        let mut rest = self.tokens.iter().enumerate().skip(from);
        let (call, _) = rest.find(|(at, token)| {
            let open = self.tokens.get(at + 1).map(|token| self.text(token));
            self.text(token) == name && open == Some("(")
        })?;
        let mut arguments = vec![Vec::new()];
        let mut depth = 0usize;
        for token in self.tokens.get(call + 1..)? {
            let text = self.text(token);
            match (token.kind, text) {
                (Kind::Symbol, "(" | "[" | "{" | "${") => depth += 1,
                (Kind::Symbol, ")" | "]" | "}") => depth = depth.saturating_sub(1),
                (Kind::Symbol, ",") if depth == 1 => {
                    arguments.push(Vec::new());
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            let first = depth == 1 && text == "(" && arguments == [Vec::new()];
            if !first && let Some(argument) = arguments.last_mut() {
                argument.push(token.clone());
            }
        }
        arguments.retain(|argument| !argument.is_empty());
        let start = arguments.len().checked_sub(count)?;
        let argument = |tokens: &Vec<Token>| self.argument(tokens);
        arguments.get(start..)?.iter().map(argument).collect()
    }

    fn argument(&self, tokens: &[Token]) -> Option<Argument> {
        let place = tokens.first()?.place.start..tokens.last()?.place.end;
        let written = self.written.get(place)?;
        let words = tokens.iter().any(|token| {
            let named = !matches!(self.text(token), "true" | "false");
            (token.kind == Kind::Word && named) || self.text(token) == "${"
        });
        Some(Argument {
            text: written.split_whitespace().collect::<Vec<_>>().join(" "),
            constant: !words,
        })
    }

    /// The place in the written text of a line and a column, both from 1, of the exact text.
    fn place(&self, line: usize, column: usize) -> Option<usize> {
        let start = match line.checked_sub(2) {
            None => 0,
            Some(nth) => self.exact.match_indices('\n').nth(nth)?.0 + 1,
        };
        let rest = self.exact.get(start..)?;
        let (offset, _) = rest.char_indices().nth(column.checked_sub(1)?)?;
        let place = start + offset;
        let before = self.shifts.partition_point(|(from, _)| *from <= place);
        let shift = before.checked_sub(1).and_then(|at| self.shifts.get(at));
        place.checked_add_signed(-shift.map_or(0, |(_, shift)| *shift))
    }
}

/// The function that every computed index passes through.
pub const INDEX: &str = "as_index";

/// Words that an array can follow.
const BEFORE_ARRAYS: [&str; 12] = [
    "break", "do", "else", "for", "if", "in", "return", "switch", "throw", "until", "while", "loop",
];

/// Where indices are that are more than a literal: what stands between the brackets after a value.
fn indices(written: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let text = |token: &Token| written.get(token.place.clone()).unwrap_or_default();
    let (mut found, mut open) = (Vec::new(), Vec::new());
    for (at, token) in tokens.iter().enumerate() {
        match (token.kind, text(token)) {
            (Kind::Symbol, bracket @ ("(" | "[" | "{" | "${")) => {
                let before = at.checked_sub(1).and_then(|before| tokens.get(before));
                let asks = at >= 2 && text(&tokens[at - 2]) != "?";
                let follows_value = before.is_some_and(|before| match before.kind {
                    Kind::Word => !BEFORE_ARRAYS.contains(&text(before)),
                    Kind::Symbol => match text(before) {
                        // After a block an array can stand as well: what has one element is the same, passed through.
                        ")" | "]" | "}" => true,
                        "?" => asks,
                        _ => false,
                    },
                    Kind::Number | Kind::Text => true,
                });
                open.push((at, bracket == "[" && follows_value, false));
            }
            (Kind::Symbol, ",") => {
                if let Some((_, _, is_list)) = open.last_mut() {
                    *is_list = true;
                }
            }
            (Kind::Symbol, ")" | "]" | "}") => {
                let opened = open.pop();
                let index = opened
                    .filter(|(from, is_index, is_list)| *is_index && !is_list && at > from + 1);
                let Some((from, ..)) = index else {
                    continue;
                };
                let is_literal = at == from + 2 && tokens[from + 1].kind != Kind::Word;
                if !is_literal {
                    found.push(tokens[from].place.end..token.place.start);
                }
            }
            _ => {}
        }
    }
    found
}

/// An argument of a call as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its text on one line.
    pub text: String,
    /// Does it name nothing that was computed?
    pub constant: bool,
}

/// The call that makes a literal exact; none for an integer of 64 bits, which the engine reads itself.
fn exact_number(literal: &str) -> Option<String> {
    let plain = literal.replace('_', "");
    if plain.parse::<i64>().is_ok() {
        return None;
    }
    let radix = match plain.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => return Some(format!("rational(\"{plain}\")")),
    };
    match BigInt::from_str_radix(plain.get(2..)?, radix) {
        Ok(value) if i64::try_from(&value).is_err() => Some(format!("rational(\"{value}\")")),
        _ => None,
    }
}
