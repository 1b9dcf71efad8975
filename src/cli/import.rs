//! `import FILE`.

use super::Failure;
use super::signals::{self, Asked};
use super::start::{self, Connections};
use super::waiting::Patience;
use crate::catalog::{self, Search};
use crate::config::{BrokerSettings, DatabaseSettings, SearchSettings};
use crate::imports::{self, Engine, Import, ImportJson, Mode, NewStatus, Phase, State, TerminalImport};
use crate::platform::database::Database;
use crate::platform::doorbell::Doorbell;
use crate::platform::stopping::{self, Stopping};
use crate::platform::storage::FileStorage;
use anyhow::Context as _;
use clap::Args;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The arguments of `import`.
#[derive(Args)]
pub struct ImportArguments {
    /// The CSV file
    file: PathBuf,
    /// What to do with SKUs that are known and with those that are not
    #[arg(long, value_enum, default_value_t = Mode::Overwrite)]
    mode: Mode,
    /// The status of new products, where the file does not say
    #[arg(long, value_enum, default_value_t = NewStatus::Active)]
    new_status: NewStatus,
    /// Print the import as JSON instead of a summary
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    broker: BrokerSettings,
    #[command(flatten)]
    search: SearchSettings,
}

/// Imports the file and says how it went; exit code 1 when it was not imported, a signal's when one ended it.
pub fn run(arguments: &ImportArguments) -> Result<ExitCode, Failure> {
    let (file, bytes_total) = open(&arguments.file)?;
    start::run(async {
        let began = Instant::now();
        let asked = signals::listen()?;
        let Some(opened) =
            start::open_unless(&arguments.database, Connections::Work, Patience::Short, &asked.stopping).await?
        else {
            eprintln!("Stopped: nothing of {} was imported.", filename(arguments));
            return Ok(asked.exit_code().unwrap_or(ExitCode::FAILURE));
        };
        let import = import_and_index(arguments, &opened.database, file, bytes_total, &asked.stopping).await;
        opened.close().await;
        tell(arguments, &asked, import?, began.elapsed())
    })
}

/// Imports the file and brings the search index up to date, for where no worker runs that would. What is merged already
/// is indexed while the rest is merged: both wait for the database now and then.
async fn import_and_index(
    arguments: &ImportArguments,
    database: &Database,
    file: File,
    bytes_total: u64,
    stopping: &Stopping,
) -> anyhow::Result<Import> {
    let search = Search::new(database.clone(), arguments.search.search_memory_mb);
    let (over, is_over) = stopping::stopping();
    let importing = async {
        let import = import(arguments, database, file, bytes_total, stopping).await;
        over.now();
        import
    };
    let (import, ()) = tokio::join!(importing, catalog::keep_indexed(&search, is_over));
    if let Err(error) = catalog::finish_indexing(&search, stopping).await {
        tracing::warn!(
            ?error,
            "the search index could not be brought up to date; the next import or a worker does it"
        );
    }
    import
}

/// The file, open for as long as it is needed, and its size. It is opened first, because without it there is nothing
/// to begin.
fn open(path: &Path) -> Result<(File, u64), Failure> {
    let cannot = || format!("cannot open {}", path.display());
    // Looked at before it is opened: opening a pipe waits for somebody to write into it.
    if !std::fs::metadata(path).with_context(cannot)?.is_file() {
        return Err(Failure::Usage(format!("{} is not a file", path.display())));
    }
    let file = File::open(path).with_context(cannot)?;
    let size = file.metadata().with_context(cannot)?.len();
    Ok((file, size))
}

fn tell(arguments: &ImportArguments, asked: &Asked, import: Import, took: Duration) -> Result<ExitCode, Failure> {
    let code = match (import.state, asked.exit_code()) {
        (State::Done, _) => ExitCode::SUCCESS,
        (State::Cancelled, Some(code)) => {
            eprintln!("{}", stopped(&import));
            code
        }
        _ => ExitCode::FAILURE,
    };
    let is_stopped = import.state == State::Cancelled && asked.exit_code().is_some();
    if arguments.json {
        let json = serde_json::to_string_pretty(&ImportJson::from(import)).map_err(anyhow::Error::from)?;
        println!("{json}");
    } else if !is_stopped {
        summarise(&import, took);
    }
    Ok(code)
}

/// What a stopped import leaves behind.
fn stopped(import: &Import) -> String {
    let name = &import.filename;
    if import.created + import.updated == 0 {
        return format!("Stopped: {name} was not imported, and no product was changed.");
    }
    format!(
        "Stopped: {name} was imported in part. {} new and {} changed products stay in the catalogue. \
         To import the rest, run the command again.",
        count(import.created),
        count(import.updated)
    )
}

fn filename(arguments: &ImportArguments) -> String {
    let name = arguments.file.file_name();
    name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

async fn import(
    arguments: &ImportArguments,
    database: &Database,
    file: File,
    bytes_total: u64,
    stopping: &Stopping,
) -> anyhow::Result<Import> {
    let pool = database.pool.clone();
    let doorbell = Doorbell::over(&arguments.broker, &pool)?;
    let carrier = doorbell.carry();
    let engine = Engine {
        // Files of uploads are read by workers alone.
        storage: FileStorage::Postgres(pool.clone()),
        pool,
        doorbell,
        stopping: stopping.clone(),
    };
    let name = filename(arguments);
    let options = TerminalImport {
        filename: &name,
        bytes_total,
        mode: arguments.mode,
        new_status: arguments.new_status,
    };
    let bar = bar(bytes_total);
    let import = imports::import_file(&engine, database, file, &options, |import| {
        show(&bar, import);
    })
    .await;
    bar.finish_and_clear();
    carrier.end().await;
    import
}

/// A bar on standard error; nothing where that is no terminal.
fn bar(bytes_total: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes_total.max(1) * 2);
    if let Ok(style) = ProgressStyle::with_template("{msg:12} {bar:40} {percent:>3} %  {prefix}") {
        bar.set_style(style);
    }
    bar
}

/// Half of the bar is reading, half is merging.
fn show(bar: &ProgressBar, import: &Import) {
    let total = import.bytes_total.unwrap_or_default().max(1);
    let merged = import.created + import.updated + import.unchanged + import.skipped + import.duplicates;
    let acceptable = (import.rows_read - import.rejected).max(1);
    let (word, position) = match import.phase {
        Phase::Reading => ("Reading", import.bytes_read),
        Phase::Waiting => ("Waiting", total),
        _ => (
            "Adding",
            total + (i128::from(total) * i128::from(merged) / i128::from(acceptable)) as i64,
        ),
    };
    bar.set_message(word);
    bar.set_prefix(format!(
        "{} rows read, {} in the catalogue",
        count(import.rows_read),
        count(merged)
    ));
    bar.set_position(u64::try_from(position).unwrap_or_default());
}

fn summarise(import: &Import, took: Duration) {
    match (import.state, &import.error) {
        (State::Done, _) => println!("{} imported in {:.1} seconds.", import.filename, took.as_secs_f64()),
        (_, Some(error)) => eprintln!("{} could not be imported: {error}", import.filename),
        _ => eprintln!("The import of {} was cancelled.", import.filename),
    }
    let lines = [
        ("rows read", import.rows_read),
        ("created", import.created),
        ("updated", import.updated),
        ("unchanged", import.unchanged),
        ("duplicates in the file", import.duplicates),
        ("skipped", import.skipped),
        ("rejected", import.rejected),
    ];
    for (name, value) in lines {
        println!("{:>12}  {name}", count(value).to_string());
    }
    for warning in imports::warnings_of(import) {
        println!("\n{warning}");
    }
    if import.rejected > 0 {
        println!(
            "\nThe rejected rows and the reasons are at /api/v1/imports/{}/rejected.csv.",
            import.id
        );
    }
}

fn count(value: i64) -> HumanCount {
    HumanCount(u64::try_from(value).unwrap_or_default())
}
