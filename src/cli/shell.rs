//! What shells and manuals need: completions and pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use serde_json::json;
use synaptic_balance::report::Report;

use super::arguments::Arguments;
use super::{BadInput, Exit, Reported, files};

#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArguments {
    /// The folder to write to; it is made if it does not exist.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// The script with which a shell completes commands and options.
pub fn completions(arguments: &CompletionsArguments) -> Reported {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "synbal",
        &mut script,
    );
    let text = String::from_utf8_lossy(&script).into_owned();
    let json = json!({"shell": arguments.shell.to_string(), "script": text});
    Ok((Report { text, json }, Exit::Done))
}

/// A page of the manual for the program and each command.
pub fn man(arguments: &ManArguments) -> Reported {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder).map_err(|fault| BadInput::at(folder, fault))?;
    let mut program = Arguments::command();
    program.build();
    let commands = program
        .get_subcommands()
        .filter(|command| command.get_name() != "help");
    let commands = commands.map(|command| {
        let name = format!("synbal-{}", command.get_name());
        command
            .clone()
            .display_name(&name)
            .bin_name(name.replace('-', " "))
    });
    let all: Vec<clap::Command> = std::iter::once(program.clone()).chain(commands).collect();
    let mut pages = Vec::new();
    for command in all {
        let page = clap_mangen::Man::new(command);
        let path = folder.join(page.get_filename());
        let mut text = Vec::new();
        let rendered = page.render(&mut text);
        rendered.map_err(|fault| BadInput::at(&path, fault))?;
        pages.push((path, text));
    }
    let names: Vec<String> = pages
        .iter()
        .map(|(path, _)| path.display().to_string())
        .collect();
    files::write_all(pages)?;
    let text = format!(
        "{} pages of the manual; to read one: man {}\n",
        names.len(),
        names.first().map_or("", String::as_str)
    );
    Ok((
        Report {
            text,
            json: json!({"status": "written", "files": names}),
        },
        Exit::Done,
    ))
}
