//! Whole numbers of a description: `heads * head`, `hidden / heads`.

use std::collections::BTreeMap;

/// Whole numbers by name; `None` stands for one that the configuration leaves open.
pub(super) type Sizes = BTreeMap<String, Option<u64>>;

/// Larger numbers belong to no model.
const MOST: u64 = 1 << 40;

/// Nothing in a description is nested deeper.
const DEPTH: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    Number(u64),
    Name(String),
    /// `_`: any length.
    Any,
    Binary(char, Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Reads one from the start of a text; gives the rest too.
    pub fn read(text: &str) -> Result<(Expression, &str), String> {
        sum(text, DEPTH)
    }

    /// Reads a whole text.
    pub fn whole(text: &str) -> Result<Expression, String> {
        match Expression::read(text)? {
            (found, "") => Ok(found),
            (_, rest) => Err(format!("`{rest}` is not understood after a number")),
        }
    }

    /// Its value; `None` if it is left open.
    ///
    /// # Errors
    /// An unknown name, a quotient that is not whole, a difference below 0, what is too large, arithmetic with what is
    /// left open.
    pub fn value(&self, sizes: &Sizes) -> Result<Option<u64>, String> {
        match self {
            Expression::Any => Ok(None),
            Expression::Number(value) => Ok(Some(*value)),
            Expression::Name(name) => match sizes.get(name) {
                Some(value) => Ok(*value),
                None => Err(format!("no size has the name `{name}`")),
            },
            Expression::Binary(operator, one, other) => {
                let (Some(one), Some(other)) = (one.value(sizes)?, other.value(sizes)?) else {
                    return Err("a length that is left open stands in a calculation".into());
                };
                let found = match operator {
                    '+' => one.checked_add(other),
                    '-' => one.checked_sub(other),
                    '*' => one.checked_mul(other),
                    _ if other == 0 || one % other != 0 => None,
                    _ => Some(one / other),
                };
                let found = found.filter(|value| *value <= MOST);
                found.map(Some).ok_or_else(|| {
                    let reason = match operator {
                        '/' => "is not a whole number",
                        '-' => "is below 0",
                        _ => "is too large",
                    };
                    format!("{one} {operator} {other} {reason}")
                })
            }
        }
    }
}

fn sum(text: &str, depth: usize) -> Result<(Expression, &str), String> {
    chain(text, depth, ['+', '-'], &|text| {
        chain(text, depth, ['*', '/'], &|text| atom(text, depth))
    })
}

fn chain<'t>(
    text: &'t str,
    depth: usize,
    operators: [char; 2],
    part: &dyn Fn(&'t str) -> Result<(Expression, &'t str), String>,
) -> Result<(Expression, &'t str), String> {
    let (mut found, mut rest) = part(text)?;
    for _ in 0..depth {
        let Some(operator) = rest.chars().next().filter(|own| operators.contains(own)) else {
            return Ok((found, rest));
        };
        let (next, after) = part(&rest[1..])?;
        found = Expression::Binary(operator, Box::new(found), Box::new(next));
        rest = after;
    }
    Err("a calculation is too long".into())
}

fn atom(text: &str, depth: usize) -> Result<(Expression, &str), String> {
    let text = text.trim_start();
    if let Some(inner) = text.strip_prefix('(') {
        let depth = depth.checked_sub(1).ok_or("too many parentheses")?;
        let (found, rest) = sum(inner, depth)?;
        let rest = rest
            .strip_prefix(')')
            .ok_or("a parenthesis is not closed")?;
        return Ok((found, rest.trim_start()));
    }
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let end = text.find(|letter| !is_letter(letter)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let found = match word {
        "" => return Err(format!("a number is missing before `{rest}`")),
        "_" => Expression::Any,
        _ if word.starts_with(|letter: char| letter.is_ascii_digit()) => {
            let value = word.parse().ok().filter(|value| *value <= MOST);
            Expression::Number(value.ok_or_else(|| format!("`{word}` is no whole number"))?)
        }
        _ => Expression::Name(word.to_owned()),
    };
    Ok((found, rest.trim_start()))
}
