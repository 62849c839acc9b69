//! A server that speaks the API of AWS: moto, which its authors test clients with.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use tokio::process::{Child, Command};

use crate::foreign::python_with_packages;
use crate::waiting::{PATIENCE, wait_until};

/// What is to be installed.
const PACKAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/foreign/aws");
/// Its Python, made once for all that need it.
const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/tmp/foreign-aws");

/// A running moto; it ends when this is dropped.
#[derive(Debug)]
pub struct Moto {
    _process: Child,
    port: u16,
}

impl Moto {
    /// Starts one on a port of its own.
    ///
    /// # Panics
    /// When it cannot be installed, or does not answer.
    pub async fn start() -> Self {
        let home = Path::new(HOME);
        std::fs::create_dir_all(home).expect("the build directory can be written");
        // Tests of other processes may want the same at this moment.
        let turn = File::create(home.join("turn")).expect("the build directory can be written");
        let turn = tokio::task::spawn_blocking(move || turn.lock().map(|()| turn)).await;
        let turn = turn.expect("locking does not panic").expect("a file can be locked");
        let python = python_with_packages(Path::new(PACKAGES), home).await;
        drop(turn);
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = free.expect("there is a free port").port();
        let mut command = Command::new(python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let moto = Self { _process: command.spawn().expect("Python was just made"), port };
        let answers = async || reqwest::get(moto.address()).await.is_ok().then_some(());
        wait_until("moto answers", PATIENCE, answers).await;
        moto
    }

    /// Where it answers, without a path.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
