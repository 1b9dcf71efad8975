//! What is said of arguments and settings that cannot be read: one line that names the setting and the way out.
//!
//! Whoever set a variable of the environment does not look for a flag, so the variable is named too.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use clap::{Arg, Command};
use std::process::ExitCode;

/// Prints the help that was asked for, or the line.
pub fn tell(error: &Error, command: &Command) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nobody is there to be told that it cannot be printed.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
        _ => {
            eprintln!(
                "product-importer: {}. See product-importer --help",
                line(error, command)
            );
            ExitCode::from(2)
        }
    }
}

fn line(error: &Error, command: &Command) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    // What follows the first empty line is usage.
    let first = text.split("\n\n").next().unwrap_or(text);
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return line;
    };
    let Some(known) = setting(argument, command) else {
        return line;
    };
    let line = match known.get_env() {
        Some(variable) => {
            let variable = variable.to_string_lossy();
            line.replace(&format!("'{argument}'"), &format!("{variable} (or {argument})"))
        }
        None => line,
    };
    match error.get(ContextKind::InvalidValue) {
        // A password must not end in a log.
        Some(ContextValue::String(value)) if known.is_hide_env_values_set() => line.replace(&format!(" '{value}'"), ""),
        _ => line,
    }
}

/// The setting whose flag is written as `--port <PORT>`, in whichever command it is.
fn setting<'a>(argument: &str, command: &'a Command) -> Option<&'a Arg> {
    let flag = argument.split(' ').next()?.strip_prefix("--")?;
    let commands = std::iter::once(command).chain(command.get_subcommands());
    commands
        .flat_map(Command::get_arguments)
        .find(|known| known.get_long() == Some(flag))
}
