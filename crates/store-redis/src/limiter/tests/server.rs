//! A Redis of the test's own: on a port of its own, keeping nothing, gone with the test.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What takes longer is broken.
const PATIENCE: Duration = Duration::from_secs(20);
/// A free port may be taken by somebody else before Redis has it.
const ATTEMPTS: usize = 10;

/// A running server; killed when dropped.
pub(crate) struct Server {
    port: u16,
    process: Child,
    dir: tempfile::TempDir,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut process = process(port, dir.path());
            if is_ready(port, &mut process).await {
                return Self { port, process, dir };
            }
        }
        panic!("redis-server did not start in {ATTEMPTS} attempts");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// Kills it, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Sends it a signal, such as `STOP`, which makes it fall silent.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Starts it anew on the same port.
    pub(crate) async fn start_again(&mut self) {
        self.process = process(self.port, self.dir.path());
        assert!(is_ready(self.port, &mut self.process).await, "redis-server did not come back");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn process(port: u16, dir: &std::path::Path) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(["--port", &port.to_string()])
        .arg("--dir")
        .arg(dir)
        .stdout(Stdio::null())
        .spawn()
        .expect("these tests need `redis-server`; on Debian: apt-get install redis-server")
}

/// Whether it answers; not if it ended.
async fn is_ready(port: u16, process: &mut Child) -> bool {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
    let mut ended = false;
    until("Redis answers or ends", async || {
        ended = process.try_wait().unwrap().is_some();
        ended || client.get_multiplexed_async_connection().await.is_ok()
    })
    .await;
    !ended
}

/// Waits until the condition holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}
