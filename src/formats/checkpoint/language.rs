//! The text form of families: what a line says.

use super::expression::Expression;
use super::lines::{Line, Token, lines};

/// A family as its description says it.
#[derive(Debug, Clone)]
pub(super) struct Description {
    /// The values of `model_type` that it is for.
    pub types: Vec<String>,
    pub settings: Vec<(usize, Setting)>,
    pub body: Vec<(usize, Statement)>,
}

/// What is taken from the configuration.
#[derive(Debug, Clone)]
pub(super) enum Setting {
    /// A whole number.
    Size {
        name: String,
        field: Option<String>,
        or: Option<Expression>,
    },
    /// A part of a whole number: `share rotated = rotary_pct of head or 1`.
    Share {
        name: String,
        field: String,
        of: Expression,
        or: Option<String>,
    },
    Flag {
        name: String,
        field: String,
        or: Option<bool>,
    },
    Word {
        name: String,
        field: String,
        or: Option<String>,
    },
    /// The field has one of these values, `absent` among them.
    Only { field: String, values: Vec<String> },
    /// The fields change nothing that matters.
    Ignore(Vec<String>),
    /// The start of names, from several: that with which a tensor exists.
    Prefix {
        name: String,
        options: Vec<String>,
        probe: String,
    },
}

#[derive(Debug, Clone)]
pub(super) enum Statement {
    /// `names = operation`.
    Let {
        names: Vec<String>,
        operation: Operation,
        /// What the multipliers of each value are called.
        kinds: Vec<String>,
    },
    /// `name += value`: a sum whose first summand may be missing.
    Sum {
        name: String,
        value: String,
    },
    /// One time for each number from one to before another.
    Each {
        name: String,
        from: Expression,
        to: Expression,
        body: Vec<(usize, Statement)>,
    },
    If {
        condition: Condition,
        then: Vec<(usize, Statement)>,
        otherwise: Vec<(usize, Statement)>,
    },
    /// Nothing scales the value.
    Pin {
        value: String,
        reason: String,
    },
    /// A tensor that nothing scales.
    Fixed {
        name: String,
        shape: Vec<Expression>,
    },
    /// A tensor that may be there and is never scaled nor looked at.
    Buffer(String),
    /// A tensor that may be there and then is another's copy.
    Same {
        copy: String,
        of: String,
    },
    Refuse(String),
}

#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub negated: bool,
    pub what: Test,
}

#[derive(Debug, Clone)]
pub(super) enum Test {
    Flag(String),
    /// Is the tensor there?
    Has(String),
    /// Is the field there, and not null?
    Given(String),
    /// Is the word one of these?
    Is(String, Vec<String>),
}

/// Is a part of a layer there?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Presence {
    Never,
    Always,
    If(String),
}

#[derive(Debug, Clone)]
pub(super) enum Operation {
    /// What comes from outside: so many channels, which nothing scales.
    Input(Expression),
    Embed {
        tensor: String,
        shape: Vec<Expression>,
    },
    Linear {
        input: String,
        tensor: String,
        shape: Vec<Expression>,
        bias: Presence,
        transposed: bool,
        /// The outputs seen as so many groups of parts, each part collected.
        parts: Option<(Expression, Vec<Expression>)>,
    },
    Bias {
        input: String,
        tensor: String,
        shape: Vec<Expression>,
    },
    Norm {
        input: String,
        tensor: String,
        shape: Vec<Expression>,
        bias: Presence,
        /// Is the gain stored as `gain - 1`?
        offset: bool,
        /// Each of so many parts is normalised by itself, with the same gains.
        heads: Option<Expression>,
    },
    Act {
        input: String,
        activation: String,
    },
    Multiply(String, String),
    Add(Vec<String>),
    Attend {
        values: [String; 3],
        /// Heads of queries, of keys, and the lengths of keys and of values.
        sizes: [Expression; 4],
        rotary: Option<(Rotary, Expression)>,
    },
    /// Values with so many groups of parts each, made one, group by group.
    Join {
        inputs: Vec<String>,
        groups: Expression,
        parts: Vec<Expression>,
    },
    /// So many copies, one after the other.
    Repeat {
        input: String,
        times: Expression,
    },
}

/// Which entries of a head rotate together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotary {
    /// `j` and `j + half`.
    Halves,
    /// `2j` and `2j + 1`.
    Pairs,
}

/// Reads a description.
///
/// # Errors
/// The number of the line and what is wrong with it.
pub(super) fn read(text: &str) -> Result<Description, String> {
    let mut reader = Reader {
        lines: lines(text)?,
        next: 0,
        types: Vec::new(),
        settings: Vec::new(),
    };
    let (body, end) = reader.statements(0)?;
    if let Some(line) = end {
        return Err(line.fault("nothing is open that it could end"));
    }
    match reader.types.is_empty() {
        true => Err("a description begins with `family` and values of model_type".into()),
        false => Ok(Description {
            types: reader.types,
            settings: reader.settings,
            body,
        }),
    }
}

/// Loops and conditions are nested no deeper.
const DEPTH: usize = 8;

struct Reader<'t> {
    lines: Vec<Line<'t>>,
    next: usize,
    types: Vec<String>,
    settings: Vec<(usize, Setting)>,
}

type Statements = Vec<(usize, Statement)>;

impl<'t> Reader<'t> {
    /// Statements up to the line that ends them.
    fn statements(&mut self, depth: usize) -> Result<(Statements, Option<Line<'t>>), String> {
        let mut found = Vec::new();
        while let Some(line) = self.lines.get(self.next).cloned() {
            self.next += 1;
            match line.first() {
                "end" | "else" => return Ok((found, Some(line))),
                "each" | "if" if depth == DEPTH => return Err(line.fault("is nested too deeply")),
                "each" => {
                    let (name, from, to) = each(&line).map_err(|fault| line.fault(fault))?;
                    let (body, end) = self.statements(depth + 1)?;
                    closed(&line, end.as_ref(), "end")?;
                    let each = Statement::Each {
                        name,
                        from,
                        to,
                        body,
                    };
                    found.push((line.number, each));
                }
                "if" => {
                    let condition = condition(&line).map_err(|fault| line.fault(fault))?;
                    let (then, mut end) = self.statements(depth + 1)?;
                    let mut otherwise = Vec::new();
                    if end.as_ref().is_some_and(|end| end.first() == "else") {
                        (otherwise, end) = self.statements(depth + 1)?;
                    }
                    closed(&line, end.as_ref(), "end")?;
                    let branch = Statement::If {
                        condition,
                        then,
                        otherwise,
                    };
                    found.push((line.number, branch));
                }
                "family" => self.types.extend(line.words_after(1)?),
                "size" | "share" | "flag" | "word" | "only" | "ignore" | "prefix" => {
                    if depth > 0 {
                        return Err(line.fault("stands outside loops and conditions only"));
                    }
                    let setting = setting(&line).map_err(|fault| line.fault(fault))?;
                    self.settings.push((line.number, setting));
                }
                _ => {
                    let statement = statement(&line).map_err(|fault| line.fault(fault))?;
                    found.push((line.number, statement));
                }
            }
        }
        Ok((found, None))
    }
}

fn closed(line: &Line, end: Option<&Line>, word: &str) -> Result<(), String> {
    match end.is_some_and(|end| end.first() == word) {
        true => Ok(()),
        false => Err(line.fault("is not closed with `end`")),
    }
}

fn each(line: &Line) -> Result<(String, Expression, Expression), String> {
    match line.tokens.as_slice() {
        [
            _,
            Token::Word(name),
            Token::Word("from"),
            Token::List(bounds),
        ] if bounds.len() == 2 => Ok((name.to_string(), bounds[0].clone(), bounds[1].clone())),
        [_, Token::Word(name), Token::Word("of"), Token::Word(count)] => Ok((
            name.to_string(),
            Expression::Number(0),
            Expression::whole(count)?,
        )),
        _ => Err("is not of the form `each layer of layers` or `each layer from [a, b]`".into()),
    }
}

fn condition(line: &Line) -> Result<Condition, String> {
    let words = line.words_after(1)?;
    let (negated, words) = match words.split_first() {
        Some((not, rest)) if not == "not" => (true, rest),
        _ => (false, words.as_slice()),
    };
    let what = match words {
        [flag] => Test::Flag(flag.clone()),
        [has, tensor] if has == "has" => Test::Has(tensor.clone()),
        [given, field] if given == "given" => Test::Given(field.clone()),
        [word, is, values @ ..] if is == "is" && !values.is_empty() => {
            Test::Is(word.clone(), values.to_vec())
        }
        _ => {
            return Err(
                "is no condition: a flag, `has TENSOR`, `given FIELD` or `WORD is A B`".into(),
            );
        }
    };
    Ok(Condition { negated, what })
}

fn setting(line: &Line) -> Result<Setting, String> {
    let words = line.words_after(1)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let text = |word: &str| word.to_owned();
    let found = match (line.first(), words.as_slice()) {
        ("ignore", fields) if !fields.is_empty() => {
            Setting::Ignore(fields.iter().map(|field| text(field)).collect())
        }
        ("only", [field, "=", values @ ..]) if !values.is_empty() => Setting::Only {
            field: text(field),
            values: values.iter().map(|value| text(value)).collect(),
        },
        ("prefix", [name, "=", options @ .., "before", probe]) if !options.is_empty() => {
            let option = |option: &&str| match *option {
                "none" => String::new(),
                option => text(option),
            };
            Setting::Prefix {
                name: text(name),
                options: options.iter().map(option).collect(),
                probe: text(probe),
            }
        }
        ("size", [name, "=", "(", ..]) => return Err(format!("`{name}`: begin with a field")),
        ("size", [name, "=", field]) => Setting::Size {
            name: text(name),
            field: Some(text(field)),
            or: None,
        },
        ("size", [name, "=", field, "or", or @ ..]) => Setting::Size {
            name: text(name),
            field: Some(text(field)),
            or: Some(match or {
                ["any"] => Expression::Any,
                or => Expression::whole(&or.concat())?,
            }),
        },
        ("size", [name, "is", value @ ..]) => Setting::Size {
            name: text(name),
            field: None,
            or: Some(Expression::whole(&value.concat())?),
        },
        ("share", [name, "=", field, "of", of]) => Setting::Share {
            name: text(name),
            field: text(field),
            of: Expression::whole(of)?,
            or: None,
        },
        ("share", [name, "=", field, "of", of, "or", or]) => Setting::Share {
            name: text(name),
            field: text(field),
            of: Expression::whole(of)?,
            or: Some(text(or)),
        },
        ("flag", [name, "=", field]) => Setting::Flag {
            name: text(name),
            field: text(field),
            or: None,
        },
        ("flag", [name, "=", field, "or", or @ ("yes" | "no")]) => Setting::Flag {
            name: text(name),
            field: text(field),
            or: Some(*or == "yes"),
        },
        ("word", [name, "=", field]) => Setting::Word {
            name: text(name),
            field: text(field),
            or: None,
        },
        ("word", [name, "=", field, "or", or]) => Setting::Word {
            name: text(name),
            field: text(field),
            or: Some(text(or)),
        },
        (kind, _) => return Err(format!("is no line of the kind `{kind}`")),
    };
    Ok(found)
}

fn statement(line: &Line) -> Result<Statement, String> {
    let tokens = line.tokens.as_slice();
    let text = |word: &str| word.to_owned();
    match tokens {
        [Token::Word("pin"), Token::Word(value), ..] => Ok(Statement::Pin {
            value: text(value),
            reason: line.words_after(2)?.join(" "),
        }),
        [Token::Word("fixed"), Token::Word(name), Token::List(shape)] => Ok(Statement::Fixed {
            name: text(name),
            shape: shape.clone(),
        }),
        [Token::Word("buffer"), Token::Word(name)] => Ok(Statement::Buffer(text(name))),
        [
            Token::Word("same"),
            Token::Word(copy),
            Token::Word("as"),
            Token::Word(of),
        ] => Ok(Statement::Same {
            copy: text(copy),
            of: text(of),
        }),
        [Token::Word("refuse"), ..] => Ok(Statement::Refuse(line.words_after(1)?.join(" "))),
        [Token::Word(name), Token::Word("+="), Token::Word(value)] => Ok(Statement::Sum {
            name: text(name),
            value: text(value),
        }),
        _ => {
            let equals = tokens.iter().position(|token| *token == Token::Word("="));
            let equals = equals.ok_or("is not understood")?;
            let names = tokens[..equals].iter().map(|token| match token {
                Token::Word(name) => Ok(text(name)),
                Token::List(_) => Err("the name of a value is a word".to_owned()),
            });
            let names = names.collect::<Result<Vec<String>, String>>()?;
            let rest = &tokens[equals + 1..];
            let colon = rest.iter().position(|token| *token == Token::Word(":"));
            let (rest, kinds) = rest.split_at(colon.unwrap_or(rest.len()));
            let kinds = super::operations::words(kinds.get(1..).unwrap_or_default())?;
            let operation = super::operations::operation(rest)?;
            if names.is_empty() {
                return Err("a name stands before `=`".into());
            }
            Ok(Statement::Let {
                names,
                operation,
                kinds,
            })
        }
    }
}
