//! The binary: see `cli` for its commands.

fn main() -> std::process::ExitCode {
    product_importer::cli::run()
}
