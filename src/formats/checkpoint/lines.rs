//! The lines of a description, cut into words and lists.

use super::expression::Expression;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Word(&'t str),
    /// `[a, b * c]`.
    List(Vec<Expression>),
}

/// A line that says something.
#[derive(Debug, Clone)]
pub(super) struct Line<'t> {
    /// Counted from 1.
    pub number: usize,
    pub tokens: Vec<Token<'t>>,
}

impl Line<'_> {
    /// Its first word.
    pub fn first(&self) -> &str {
        match self.tokens.first() {
            Some(Token::Word(word)) => word,
            _ => "",
        }
    }

    pub fn fault(&self, reason: impl std::fmt::Display) -> String {
        format!("line {}: `{}` {reason}", self.number, self.first())
    }

    /// The words after the first ones; no list stands among them.
    pub fn words_after(&self, first: usize) -> Result<Vec<String>, String> {
        let words = self.tokens.iter().skip(first).map(|token| match token {
            Token::Word(word) => Ok((*word).to_owned()),
            Token::List(_) => Err("holds a list where there is none".to_owned()),
        });
        words.collect()
    }
}

/// The lines of a text. What follows `#` is a comment.
///
/// # Errors
/// The number of a line, and what is wrong with a list in it.
pub(super) fn lines(text: &str) -> Result<Vec<Line<'_>>, String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default();
        let tokens = tokens(line).map_err(|fault| format!("line {number}: {fault}"))?;
        if !tokens.is_empty() {
            found.push(Line { number, tokens });
        }
    }
    Ok(found)
}

fn tokens(line: &str) -> Result<Vec<Token<'_>>, String> {
    let (mut found, mut rest) = (Vec::new(), line.trim_start());
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (list, after) = list(inner)?;
            found.push(Token::List(list));
            rest = after.trim_start();
            continue;
        }
        let is_end = |letter: char| letter.is_whitespace() || letter == '[';
        let end = rest.find(is_end).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        found.push(Token::Word(word));
        rest = after.trim_start();
    }
    Ok(found)
}

fn list(text: &str) -> Result<(Vec<Expression>, &str), String> {
    let (mut found, mut rest) = (Vec::new(), text);
    loop {
        let (next, after) = Expression::read(rest)?;
        found.push(next);
        match after.split_at_checked(1) {
            Some((",", after)) => rest = after,
            Some(("]", after)) => return Ok((found, after)),
            _ => return Err("a list is not closed with `]`".into()),
        }
    }
}
