//! `synbal theorems`.

use synaptic_balance::report::{Report, hunt_report, theorems_report};
use synaptic_balance::theorems::{self, hunt};

use super::arguments::TheoremsArguments;
use super::{BadInput, Exit, Failure, Progress, Reported};

pub fn theorems(arguments: &TheoremsArguments) -> Reported {
    if arguments.markdown {
        let report = Report {
            text: theorems::verified_properties(),
            json: serde_json::Value::Null,
        };
        return Ok((report, Exit::Done));
    }
    let progress = Progress::new();
    if let Some(level) = arguments.hunt {
        progress.say(&format!(
            "hunting at level {level}, {}",
            if level > 1 {
                "some minutes"
            } else {
                "some seconds"
            }
        ));
        let found =
            hunt::hunt(level).map_err(|failure| Failure::Incomplete(failure.to_string()))?;
        let accounted = found.findings.iter().all(hunt::Finding::is_accounted_for);
        return Ok((hunt_report(&found), verdict(accounted)));
    }
    let chosen = theorems::find(&arguments.ids).map_err(|unknown| {
        let message = format!("{unknown}; `synbal theorems` without ids prints the whole table");
        Failure::Input(BadInput(message))
    })?;
    let verdicts = chosen.into_iter().map(|theorem| {
        progress.say(theorem.id);
        theorem.verdict()
    });
    let verdicts: Vec<theorems::CheckedTheorem> = verdicts.collect();
    let all = verdicts.iter().all(|verdict| verdict.outcome.is_ok());
    Ok((theorems_report(&verdicts), verdict(all)))
}

fn verdict(true_as_claimed: bool) -> Exit {
    if true_as_claimed {
        Exit::Done
    } else {
        Exit::False
    }
}
