//! Reports as they are shown: lines as wide as the terminal, verdicts in colour.

use std::io::IsTerminal;

use clap::ColorChoice;

/// Width where nothing says how wide it is.
const WIDTH: usize = 80;

/// Narrower than this no line is made.
const NARROWEST: usize = 20;

/// From so many blanks on, a line is an entry of a list.
const LIST: usize = 12;

/// Labels stand before such a column.
const LABEL: usize = 20;

/// How reports are shown.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    width: usize,
    colours: bool,
}

impl Page {
    /// Of the terminal, or of what stands for it.
    pub fn new(choice: ColorChoice) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let given = std::env::var("COLUMNS")
            .ok()
            .and_then(|text| text.trim().parse().ok());
        let own = || match is_terminal {
            true => terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
            false => None,
        };
        Page {
            width: given.or_else(own).unwrap_or(WIDTH).max(NARROWEST),
            colours: has_colours(choice, is_terminal),
        }
    }

    /// A report as it is shown. Tables and lists keep their lines.
    pub fn shown(&self, text: &str) -> String {
        let mut shown = String::new();
        for line in text.split_inclusive('\n') {
            let (body, end) = match line.strip_suffix('\n') {
                Some(body) => (body, "\n"),
                None => (line, ""),
            };
            let painted = |line: String| match self.colours {
                true => painted(&line),
                false => line,
            };
            let mut lines = wrapped(body, self.width).into_iter();
            shown.push_str(&painted(lines.next().unwrap_or_default()));
            for line in lines {
                shown.push('\n');
                shown.push_str(&line);
            }
            shown.push_str(end);
        }
        shown
    }
}

/// Is what a stream shows in colour? Never where it is no terminal, unless it is asked for.
pub fn has_colours(choice: ColorChoice, is_terminal: bool) -> bool {
    let is = |name: &str, text: &str| std::env::var_os(name).is_some_and(|value| value == text);
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            is_terminal && !is_set("NO_COLOR") && !is("CLICOLOR", "0") && !is("TERM", "dumb")
        }
    }
}

/// The lines of a line.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let whole = vec![line.to_owned()];
    if line.chars().count() <= width {
        return whole;
    }
    let Some(start) = text_column(line) else {
        return whole;
    };
    let hang = match start {
        // A paragraph.
        0 => 0,
        start => start.min(width / 2),
    };
    let head: String = line.chars().take(start).collect();
    let body: String = line.chars().skip(start).collect();
    let (mut lines, mut current, mut used) = (Vec::new(), head, start);
    let mut is_first = true;
    for word in body.split(' ') {
        let length = word.chars().count();
        if !is_first && used + 1 + length > width {
            lines.push(std::mem::replace(&mut current, " ".repeat(hang)));
            used = hang;
            is_first = true;
        }
        if !is_first {
            current.push(' ');
            used += 1;
        }
        current.push_str(word);
        used += length;
        is_first = false;
    }
    lines.push(current);
    lines
}

/// Where the words of a line of prose begin, behind its label; `None` for a line of a table or a list.
fn text_column(line: &str) -> Option<usize> {
    let letters: Vec<char> = line.chars().collect();
    let blanks = letters.iter().take_while(|letter| **letter == ' ').count();
    let gap = |from: usize| {
        let found = letters[from..]
            .windows(2)
            .position(|pair| pair == [' ', ' ']);
        found.map(|at| from + at)
    };
    if blanks >= LIST || letters.first() == Some(&'|') {
        return None;
    }
    match (blanks, gap(blanks)) {
        (blanks, None) => Some(blanks),
        (0, Some(at)) => {
            let after = letters[at..]
                .iter()
                .take_while(|letter| **letter == ' ')
                .count();
            let start = at + after;
            (start <= LABEL && gap(start).is_none()).then_some(start)
        }
        _ => None,
    }
}

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const PLAIN: &str = "\x1b[0m";

/// Beginnings of lines that are verdicts.
const VERDICTS: [(&str, &str); 9] = [
    ("proved", GREEN),
    ("verified:", GREEN),
    ("written", GREEN),
    ("refused:", RED),
    ("note", YELLOW),
    ("INCOMPLETE", YELLOW),
    ("nothing", YELLOW),
    ("dead", YELLOW),
    ("relu6", YELLOW),
];

/// Answers behind labels.
const ANSWERS: [(&str, &str); 4] = [
    ("yes", GREEN),
    ("NO", RED),
    ("no", RED),
    ("undecided", YELLOW),
];

/// A line with its verdict in colour.
fn painted(line: &str) -> String {
    let is_word = |word: &str, at: usize| {
        let rest = line.get(at..).and_then(|rest| rest.strip_prefix(word));
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    let paint = |at: usize, word: &str, colour: &str| {
        let end = at + word.len();
        format!("{}{colour}{word}{PLAIN}{}", &line[..at], &line[end..])
    };
    if let Some((word, colour)) = VERDICTS.iter().find(|(word, _)| is_word(word, 0)) {
        return paint(0, word, colour);
    }
    let start = line.find("  ").map(|gap| {
        let blanks = line[gap..].bytes().take_while(|byte| *byte == b' ').count();
        gap + blanks
    });
    let answer = start
        .filter(|start| *start > 0 && *start <= LABEL)
        .and_then(|start| {
            let found = ANSWERS.iter().find(|(word, _)| is_word(word, start));
            found.map(|(word, colour)| paint(start, word, colour))
        });
    answer.unwrap_or_else(|| line.to_owned())
}
