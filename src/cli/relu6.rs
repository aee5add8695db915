//! `--replace-relu6`: what it changes, and what is said without it.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
use synaptic_balance::formats::checkpoint::Checkpoint;
use synaptic_balance::formats::{Model, OnnxFile, Relu6, holds_weights_only};
use synaptic_balance::network::one_line;
use synaptic_balance::report::Report;

use super::BadInput;

const ONNX_ONLY: &str =
    "--replace-relu6 is for ONNX models: other files say by name what their units compute";

/// How a report begins where nothing can be scaled.
const NOTHING: &str = "nothing   can be scaled: ";

/// Operators named.
const SHOWN: usize = 3;

#[derive(Debug, Clone, Copy, Args)]
pub struct Relu6Arguments {
    /// For ONNX models: put ReLU in the place of every ReLU6, which makes it another function wherever one of them
    /// reads more than 6.
    #[arg(long)]
    pub replace_relu6: bool,
}

/// What was, or could be, replaced.
pub struct Replaced {
    found: Vec<Relu6>,
    is_done: bool,
}

impl Relu6Arguments {
    /// Refuses what is no ONNX model, where its beginning shows that.
    pub fn refuse(&self, path: &Path) -> Result<(), BadInput> {
        let is_other = self.replace_relu6 && (Checkpoint::is_at(path) || holds_weights_only(path));
        match is_other {
            true => Err(BadInput::at(path, ONNX_ONLY)),
            false => Ok(()),
        }
    }

    /// The model as it is asked for, and what is to be said of it.
    pub fn apply(&self, file: Model, path: &Path) -> Result<(Model, Replaced), BadInput> {
        let model = match file {
            Model::Onnx(model) => model,
            _ if self.replace_relu6 => return Err(BadInput::at(path, ONNX_ONLY)),
            file => return Ok((file, Replaced::none())),
        };
        let found = model.relu6();
        let is_done = self.replace_relu6 && !found.is_empty();
        let model: Box<OnnxFile> = match is_done {
            true => {
                let replaced = model.without_relu6();
                Box::new(replaced.map_err(|fault| BadInput::at(path, fault))?)
            }
            false => model,
        };
        Ok((Model::Onnx(model), Replaced { found, is_done }))
    }
}

impl Replaced {
    fn none() -> Self {
        Replaced {
            found: Vec::new(),
            is_done: false,
        }
    }

    /// Is the model another one now?
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Says it before everything else.
    pub fn state(&self, report: &mut Report) {
        if self.found.is_empty() {
            return;
        }
        let names = self.found.iter().take(SHOWN);
        let names = names.map(|one| format!("{} `{}`", one.operator, one_line(&one.name)));
        let mut names = names.collect::<Vec<_>>().join(", ");
        if self.found.len() > SHOWN {
            names += &format!(" and {} more", self.found.len() - SHOWN);
        }
        let line = match self.is_done {
            true => format!(
                "relu6     replaced by ReLU: {names}. ANOTHER FUNCTION: outputs can differ for every input with which one of these reads more than 6, where ReLU6 stays at 6 and ReLU goes on. What is said below is about the model with ReLU.\n"
            ),
            false => format!(
                "relu6     pins what it touches, since its bound 6 does not scale with weights: {names}. --replace-relu6 puts ReLU in its place, which is another function where one reads more than 6.\n"
            ),
        };
        match report.text.find('\n') {
            Some(end) if !self.is_done && report.text.starts_with(NOTHING) => {
                let advice = line.trim_start_matches("relu6").trim();
                report.text.insert_str(end, &format!("; ReLU6 {advice}"));
            }
            _ => report.text.insert_str(0, &line),
        }
        if let Value::Object(fields) = &mut report.json {
            let found = self.found.iter();
            let found = found.map(|one| json!({"operator": one.operator, "name": one.name}));
            fields.insert(
                "relu6".into(),
                json!({"replaced": self.is_done, "operators": found.collect::<Value>()}),
            );
        }
    }
}
