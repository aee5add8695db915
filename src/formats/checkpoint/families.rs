//! The families that are known.

use super::language::{Description, Operation, Statement, read};

/// The descriptions.
const KNOWN: [&str; 21] = [
    include_str!("families/llama.txt"),
    include_str!("families/qwen2.txt"),
    include_str!("families/qwen3.txt"),
    include_str!("families/gemma.txt"),
    include_str!("families/gemma2.txt"),
    include_str!("families/gemma3.txt"),
    include_str!("families/gemma3_pictures.txt"),
    include_str!("families/mixtral.txt"),
    include_str!("families/qwen2_moe.txt"),
    include_str!("families/qwen3_moe.txt"),
    include_str!("families/gpt2.txt"),
    include_str!("families/gpt_neox.txt"),
    include_str!("families/opt.txt"),
    include_str!("families/bert.txt"),
    include_str!("families/t5.txt"),
    include_str!("families/phi3.txt"),
    include_str!("families/roberta.txt"),
    include_str!("families/distilbert.txt"),
    include_str!("families/vit.txt"),
    include_str!("families/whisper.txt"),
    include_str!("families/deepseek.txt"),
];

/// The description of a model type.
///
/// # Errors
/// An unknown one, with those that are known.
pub(super) fn family(model_type: &str) -> Result<Description, String> {
    let mut known = Vec::new();
    for text in KNOWN {
        let description = read(text)?;
        if description.types.iter().any(|own| own == model_type) {
            return Ok(description);
        }
        known.extend(description.types);
    }
    known.sort_unstable();
    Err(format!(
        "the model type `{model_type}` is not known; known are {}; a description of another is given with --family FILE",
        known.join(", ")
    ))
}

/// Does a known model type store its matrices with the inputs first? `None` for others.
pub(super) fn stores_input_first(model_type: &str) -> Option<bool> {
    let description = family(model_type).ok()?;
    Some(has_transposed(&description.body))
}

fn has_transposed(body: &[(usize, Statement)]) -> bool {
    body.iter().any(|(_, statement)| match statement {
        Statement::Let { operation, .. } => {
            matches!(operation, Operation::Linear { transposed, .. } if *transposed)
        }
        Statement::Each { body, .. } => has_transposed(body),
        Statement::If {
            then, otherwise, ..
        } => has_transposed(then) || has_transposed(otherwise),
        _ => false,
    })
}
