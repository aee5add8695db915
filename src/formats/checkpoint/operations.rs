//! What stands after `=` in a description.

use super::expression::Expression;
use super::language::{Operation, Presence, Rotary};
use super::lines::Token;

/// Reads an operation.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn operation(tokens: &[Token]) -> Result<Operation, String> {
    let text = |word: &str| word.to_owned();
    let found = match tokens {
        [Token::Word("input"), Token::List(length)] if length.len() == 1 => {
            Operation::Input(length[0].clone())
        }
        [
            Token::Word("embed"),
            Token::Word(tensor),
            Token::List(shape),
        ] => Operation::Embed {
            tensor: text(tensor),
            shape: shape.clone(),
        },
        [
            Token::Word("linear"),
            Token::Word(input),
            Token::Word(tensor),
            Token::List(shape),
            options @ ..,
        ] => linear(input, tensor, shape, options)?,
        [
            Token::Word("bias"),
            Token::Word(input),
            Token::Word(tensor),
            Token::List(shape),
        ] => Operation::Bias {
            input: text(input),
            tensor: text(tensor),
            shape: shape.clone(),
        },
        [
            Token::Word("norm"),
            Token::Word(input),
            Token::Word(tensor),
            Token::List(shape),
            options @ ..,
        ] => norm(input, tensor, shape, options)?,
        [
            Token::Word("act"),
            Token::Word(input),
            Token::Word(activation),
        ] => Operation::Act {
            input: text(input),
            activation: text(activation),
        },
        [
            Token::Word("multiply"),
            Token::Word(one),
            Token::Word(other),
        ] => Operation::Multiply(text(one), text(other)),
        [Token::Word("add"), values @ ..] if !values.is_empty() => Operation::Add(words(values)?),
        [
            Token::Word("attend"),
            Token::Word(query),
            Token::Word(key),
            Token::Word(value),
            Token::List(sizes),
            options @ ..,
        ] => {
            let sizes = <[Expression; 4]>::try_from(sizes.clone());
            let sizes = sizes.map_err(|_| {
                "`attend` needs four numbers: heads of queries, of keys, length of a key, of a value"
            })?;
            Operation::Attend {
                values: [text(query), text(key), text(value)],
                sizes,
                rotary: rotary(options)?,
            }
        }
        [
            Token::Word("join"),
            inputs @ ..,
            Token::List(groups),
            Token::List(parts),
        ] if groups.len() == 1 && inputs.len() == parts.len() => Operation::Join {
            inputs: words(inputs)?,
            groups: groups[0].clone(),
            parts: parts.clone(),
        },
        [
            Token::Word("repeat"),
            Token::Word(input),
            Token::List(times),
        ] if times.len() == 1 => Operation::Repeat {
            input: text(input),
            times: times[0].clone(),
        },
        [Token::Word(name), ..] => {
            return Err(format!("the operation `{name}` is not understood"));
        }
        _ => return Err("an operation is missing".into()),
    };
    Ok(found)
}

pub(super) fn words(tokens: &[Token]) -> Result<Vec<String>, String> {
    let words = tokens.iter().map(|token| match token {
        Token::Word(word) => Ok((*word).to_owned()),
        Token::List(_) => Err("a list stands where a value is named".to_owned()),
    });
    words.collect()
}

/// `bias`, or `bias FLAG`, at the start; and the rest.
fn bias<'o, 't>(options: &'o [Token<'t>], known: &[&str]) -> (Presence, &'o [Token<'t>]) {
    match options {
        [Token::Word("bias"), Token::Word(flag), rest @ ..] if !known.contains(flag) => {
            (Presence::If((*flag).to_owned()), rest)
        }
        [Token::Word("bias"), rest @ ..] => (Presence::Always, rest),
        rest => (Presence::Never, rest),
    }
}

fn linear(
    input: &str,
    tensor: &str,
    shape: &[Expression],
    options: &[Token],
) -> Result<Operation, String> {
    let (bias, rest) = bias(options, &["transposed", "parts"]);
    let (transposed, rest) = match rest {
        [Token::Word("transposed"), rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let parts = match rest {
        [] => None,
        [
            Token::Word("parts"),
            Token::List(groups),
            Token::List(parts),
        ] if groups.len() == 1 => Some((groups[0].clone(), parts.clone())),
        _ => {
            return Err(
                "after `linear` come `bias`, `bias FLAG`, `transposed` and `parts [GROUPS] [A, B]`"
                    .into(),
            );
        }
    };
    Ok(Operation::Linear {
        input: input.to_owned(),
        tensor: tensor.to_owned(),
        shape: shape.to_vec(),
        bias,
        transposed,
        parts,
    })
}

fn norm(
    input: &str,
    tensor: &str,
    shape: &[Expression],
    options: &[Token],
) -> Result<Operation, String> {
    let (bias, rest) = bias(options, &["offset", "heads"]);
    let (offset, rest) = match rest {
        [Token::Word("offset"), rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let heads = match rest {
        [] => None,
        [Token::Word("heads"), Token::List(count)] if count.len() == 1 => Some(count[0].clone()),
        _ => {
            return Err(
                "after `norm` come `bias`, `bias FLAG`, `offset` and `heads [COUNT]`".into(),
            );
        }
    };
    Ok(Operation::Norm {
        input: input.to_owned(),
        tensor: tensor.to_owned(),
        shape: shape.to_vec(),
        bias,
        offset,
        heads,
    })
}

fn rotary(options: &[Token]) -> Result<Option<(Rotary, Expression)>, String> {
    match options {
        [] => Ok(None),
        [
            Token::Word("rotary"),
            Token::Word(layout),
            Token::List(length),
        ] if length.len() == 1 => {
            let layout = match *layout {
                "halves" => Rotary::Halves,
                "pairs" => Rotary::Pairs,
                _ => return Err("positions rotate by `halves` or by `pairs`".into()),
            };
            Ok(Some((layout, length[0].clone())))
        }
        _ => Err("after `attend` comes `rotary halves [LENGTH]` or `rotary pairs [LENGTH]`".into()),
    }
}
