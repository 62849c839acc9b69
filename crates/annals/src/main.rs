//! The `annals` program: command line, configuration, wiring. The only crate that names adapters.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]

mod access;
mod answers;
mod archive;
mod backup;
mod bench;
mod catalogue_check;
mod channels;
mod configuration;
mod descriptors;
mod detection;
mod doctor;
mod eventstore;
mod exit;
mod export;
mod findings;
mod generate;
mod graphql;
mod import;
mod index_settings;
mod installation;
mod integrity;
mod jwks;
mod keys;
mod links;
mod masking;
mod master_key;
mod published;
mod publishing;
mod rate_limits;
mod rebuild;
mod restore;
mod root_key;
mod schema;
mod secrets;
mod serve;
mod store;
mod telemetry;
mod token;
mod traces;
mod verifier;
mod verify;
mod verify_receipt;
mod watching;
mod witness;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Events are many small texts; this allocator takes less time for them than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An audit log that proves itself: who did what, to what, when, from where and why.
///
/// Start with `annals serve`, make a token with `annals token --sub me --tenant acme --role admin`,
/// and record with `curl`. Everything is kept in one data directory.
#[derive(Debug, Parser)]
#[command(name = "annals", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Token(token::TokenArgs),
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    Generate(generate::GenerateArgs),
    Bench(bench::BenchArgs),
    Verify(verify::VerifyArgs),
    VerifyReceipt(verify_receipt::VerifyReceiptArgs),
    Witness(witness::WitnessArgs),
    Rebuild(rebuild::RebuildArgs),
    Backup(backup::BackupArgs),
    Restore(restore::RestoreArgs),
    Doctor(doctor::DoctorArgs),
    /// Writes, lists, checks and restores closed months outside of the log
    #[command(subcommand)]
    Archive(archive::ArchiveCommand),
    /// Prepares and checks a server that the log is to be kept on
    #[command(subcommand)]
    Eventstore(eventstore::EventstoreCommand),
    /// Looks at the event catalogue
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
    /// Looks at the rules of what is hidden in events before they are stored
    #[command(subcommand)]
    Masking(masking::MaskingCommand),
    /// Looks at the rules of what is suspicious, and tries them on history
    #[command(subcommand)]
    Rules(detection::RulesCommand),
    /// Prints what other programs build on
    #[command(subcommand)]
    Schema(schema::SchemaCommand),
    /// Looks at the keys and rotates them
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Prints completions for a shell: `annals completions bash > /etc/bash_completion.d/annals`
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum CatalogueCommand {
    /// Checks catalogue files: the shipped ones, or those of a directory
    Check(catalogue_check::CheckArgs),
}

fn main() -> ExitCode {
    // Whatever this program writes is for its owner alone, files of libraries included.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => {
            // Help and version are no errors.
            let code = if message.use_stderr() { exit::USAGE } else { 0 };
            return match message.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::from(exit::IO),
            };
        }
    };
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("annals: {error:#}");
            ExitCode::from(exit::code_of(&error))
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => block_on(serve::run(args)),
        Command::Token(args) => token::run(&args),
        Command::Import(args) => block_on(import::run(args)).map(drop),
        Command::Export(args) => block_on(export::run(args)),
        Command::Generate(args) => generate::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Verify(args) => block_on(verify::run(args)),
        Command::VerifyReceipt(args) => block_on(verify_receipt::run(args)),
        Command::Witness(args) => block_on(witness::run(args)),
        Command::Rebuild(args) => block_on(rebuild::run(args)),
        Command::Backup(args) => {
            backup::give_way();
            block_on(backup::run(args))
        }
        Command::Restore(args) => block_on(restore::run(args)),
        Command::Doctor(args) => block_on(doctor::run(args)),
        Command::Archive(command) => block_on(archive::run(command)),
        Command::Eventstore(command) => block_on(eventstore::run(command)),
        Command::Catalogue(CatalogueCommand::Check(args)) => catalogue_check::run(&args),
        Command::Masking(command) => block_on(masking::run(command)),
        Command::Rules(command) => block_on(detection::run(command)),
        Command::Schema(what) => schema::run(what),
        Command::Keys(command) => block_on(keys::run(command)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "annals", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}
