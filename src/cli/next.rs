//! What to type next, where a command did not do what was wanted.

use std::path::Path;

use super::arguments::Command;

/// The name of a command, and the file that it is about.
fn about(command: &Command) -> (&'static str, Option<&Path>) {
    match command {
        Command::Explain(arguments) => ("explain", Some(&arguments.network)),
        Command::Balance(arguments) => ("balance", Some(&arguments.network)),
        Command::Check(arguments) => ("check", arguments.before.as_deref()),
        Command::Verify(arguments) => ("verify", Some(&arguments.network)),
        Command::Apply(_) => ("apply", None),
        Command::Theorems(_) => ("theorems", None),
        Command::Vectors(_) => ("vectors", None),
        Command::Bench(_) => ("bench", None),
        Command::Learn(_) => ("learn", None),
        Command::Report(_) => ("report", None),
        #[cfg(feature = "explore")]
        Command::Explore(arguments) => ("explore", arguments.network.as_deref()),
        Command::Completions(_) => ("completions", None),
        Command::Man(_) => ("man", None),
        #[cfg(feature = "script")]
        Command::Prove(_) => ("prove", None),
    }
}

/// What to type after a message.
pub fn next(command: Option<&Command>, message: &str) -> String {
    let Some((name, file)) = command.map(about) else {
        return "synbal --help".to_owned();
    };
    let file = file.filter(|file| !file.as_os_str().is_empty());
    let second = match command {
        Some(Command::Check(arguments)) => arguments.after.as_deref(),
        Some(Command::Verify(arguments)) => Some(arguments.certificate.as_path()),
        _ => None,
    };
    // That which is missing.
    let file = second.filter(|second| !second.exists()).or(file);
    match file {
        Some(file) if !file.exists() => {
            let folder = file
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            format!("ls {}", folder.unwrap_or(Path::new(".")).display())
        }
        Some(file) if message.contains("--arch relu") => {
            format!("synbal {name} {} --arch relu", file.display())
        }
        Some(file) if matches!(name, "check" | "verify") && message.contains("--limit") => {
            format!("synbal balance {} --limit", file.display())
        }
        Some(file) if name == "balance" && message.contains("attained") => {
            format!("synbal balance {} --limit", file.display())
        }
        _ => format!("synbal {name} --help"),
    }
}
