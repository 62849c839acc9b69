//! A Redis of a test's own: on a port of its own, keeping nothing, gone with the test.

use std::net::TcpListener;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::waiting::{PATIENCE, wait_until};

/// A free port may be taken by somebody else before Redis has it.
const ATTEMPTS: usize = 10;

/// A running server; killed when dropped.
pub struct Redis {
    port: u16,
    process: Child,
    /// Where it stands; it writes nothing.
    _dir: TempDir,
}

impl Redis {
    /// Starts one.
    ///
    /// # Panics
    /// When the machine has no `redis-server`.
    pub async fn start() -> Self {
        for _ in 0..ATTEMPTS {
            let dir = TempDir::with_prefix("annals-e2e-redis-");
            let dir = dir.expect("a temporary directory can be made");
            let port = free_port();
            let mut process = Command::new("redis-server")
                .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
                .args(["--port", &port.to_string()])
                .arg("--dir")
                .arg(dir.path())
                .stdout(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .expect("these tests need `redis-server`; on Debian: apt-get install redis-server");
            let answers = wait_until("Redis answers or ends", PATIENCE, async || {
                match process.try_wait().expect("a process of ours can be asked") {
                    Some(_) => Some(false),
                    None => is_alive(port).await.then_some(true),
                }
            });
            if answers.await {
                return Self { port, process, _dir: dir };
            }
        }
        panic!("redis-server did not start in {ATTEMPTS} attempts");
    }

    /// Where it is, as settings name it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Kills it.
    pub async fn kill(&mut self) {
        self.process.kill().await.expect("a process of ours can be killed");
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.expect("a port is free").port()
}

async fn is_alive(port: u16) -> bool {
    let asking = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.map(|_| answer == *b"+PONG")
    };
    asking.await.unwrap_or(false)
}
