//! The test double as a program, for trying things by hand and for measuring.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use annals_eventstoredb_double::{Options, Server, User};
use clap::Parser;

/// A test double of the event store. It is no database: it keeps all events in memory.
#[derive(Parser)]
struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:2113")]
    listen: SocketAddr,
    /// Where to keep the events; in memory only without.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Answer writes before they are on disk.
    #[arg(long)]
    unsafe_no_sync: bool,
    /// Who may call, as name:password or name:password:admin; everyone without.
    #[arg(long = "user", value_parser = user)]
    users: Vec<User>,
}

fn user(text: &str) -> Result<User, String> {
    match text.split(':').collect::<Vec<_>>().as_slice() {
        [name, password] => Ok(User::new(name, password)),
        [name, password, "admin"] => Ok(User::admin(name, password)),
        _ => Err("expected name:password or name:password:admin".to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let server = Server::try_start(Options {
        listen: arguments.listen,
        directory: arguments.dir,
        durable: !arguments.unsafe_no_sync,
        users: arguments.users,
        ..Options::default()
    });
    match server {
        Ok(server) => {
            say(&format!("listening on {}", server.url()));
            loop {
                std::thread::park();
            }
        }
        Err(error) => {
            say(&format!("cannot start on {}: {error}", arguments.listen));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a program that is run by hand talks on its terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
