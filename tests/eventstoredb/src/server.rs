//! One node: its port, its thread, its stop.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;

use crate::connection::Connection;
use crate::counters::Counters;
use crate::faults::Faults;
use crate::membership::Membership;
use crate::options::Options;
use crate::proto::gossip::gossip_server::GossipServer;
use crate::proto::operations::operations_server::OperationsServer;
use crate::proto::server_features::server_features_server::ServerFeaturesServer;
use crate::proto::streams::streams_server::StreamsServer;
use crate::service::{Node, Service};
use crate::store::Store;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 256;

/// As many calls at a time on one connection as the real server takes.
const CALLS_MAX: u32 = 100;

/// Longest message; the client's own limit.
const MESSAGE_MAX: usize = 17 << 20;

/// A node of the double. It runs on a thread of its own, and ends when dropped.
#[derive(Debug)]
pub struct Server {
    node: Arc<Node>,
    address: SocketAddr,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// The port is held, but connections are refused.
    Down(TcpSocket),
    Up(Running),
    /// Between the two, or dropped.
    Gone,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Starts a single node.
    ///
    /// # Panics
    /// It cannot: the port is taken, or the directory cannot be used. See [`Server::try_start`].
    pub fn start(options: Options) -> Self {
        Self::try_start(options)
            .unwrap_or_else(|error| panic!("cannot start the double of EventStoreDB: {error}"))
    }

    /// Starts a single node, or says why not.
    ///
    /// # Errors
    /// The port is taken, or the directory cannot be used.
    pub fn try_start(options: Options) -> io::Result<Self> {
        let store = Store::open(options.directory.as_deref(), options.durable)?;
        Self::join(options, store, Arc::default())
    }

    /// Makes a node of a cluster, and starts it if it is to listen at once.
    pub(crate) fn join(
        options: Options,
        store: Store,
        membership: Arc<Membership>,
    ) -> io::Result<Self> {
        let socket = reserve(options.listen)?;
        let address = socket.local_addr()?;
        let listening = options.listening;
        let number = membership.join(address);
        let node = Node {
            number,
            options,
            store,
            membership,
            faults: Faults::default(),
            counters: Counters::default(),
        };
        let server = Self { node: Arc::new(node), address, state: Mutex::new(State::Down(socket)) };
        if listening {
            server.try_resume()?;
        }
        Ok(server)
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("esdb://{}?tls=false", self.address)
    }

    /// Where it listens, or would.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is made to do wrong.
    pub fn faults(&self) -> &Faults {
        &self.node.faults
    }

    /// What it did.
    pub fn counters(&self) -> &Counters {
        &self.node.counters
    }

    /// What it holds.
    pub fn store(&self) -> &Store {
        &self.node.store
    }

    /// Whether it listens.
    pub fn is_up(&self) -> bool {
        matches!(*self.lock(), State::Up(_))
    }

    /// Ends it at once: connections are cut, further ones refused. The port stays its own.
    pub fn stop(&self) {
        let mut state = self.lock();
        if let State::Up(running) = std::mem::replace(&mut *state, State::Gone) {
            self.node.membership.died(self.node.number);
            end(running);
            *state = reserve(self.address).map_or(State::Gone, State::Down);
        } else if let Ok(socket) = reserve(self.address) {
            *state = State::Down(socket);
        }
    }

    /// Listens again (or for the first time) on the same port.
    ///
    /// # Panics
    /// Somebody has taken the port meanwhile.
    pub fn resume(&self) {
        if let Err(error) = self.try_resume() {
            panic!("cannot listen on {} again: {error}", self.address);
        }
    }

    /// Stops and starts again on the same port.
    ///
    /// # Panics
    /// Somebody has taken the port meanwhile.
    pub async fn restart(&self) {
        self.stop();
        self.resume();
    }

    fn try_resume(&self) -> io::Result<()> {
        let mut state = self.lock();
        let socket = match std::mem::replace(&mut *state, State::Gone) {
            State::Up(running) => {
                *state = State::Up(running);
                return Ok(());
            }
            State::Down(socket) => socket,
            State::Gone => reserve(self.address)?,
        };
        let (ready, begun) = sync_channel(1);
        let (stop, stopped) = oneshot::channel();
        let node = Arc::clone(&self.node);
        let thread = std::thread::Builder::new()
            .name(format!("double-{}", self.address.port()))
            .spawn(move || run(node, socket, &ready, stopped))?;
        begun.recv().map_err(|_| io::Error::other("the server's thread ended"))??;
        self.node.membership.revived(self.node.number);
        *state = State::Up(Running { stop, thread });
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let State::Up(running) = std::mem::replace(&mut *self.lock(), State::Gone) {
            self.node.membership.died(self.node.number);
            end(running);
        }
    }
}

fn end(running: Running) {
    let _ = running.stop.send(());
    let _ = running.thread.join();
}

/// Holds a port without listening on it.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The thread: a runtime that is dropped, with all its tasks and connections, when it is to stop.
fn run(
    node: Arc<Node>,
    socket: TcpSocket,
    ready: &std::sync::mpsc::SyncSender<io::Result<()>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let listener = match socket.listen(BACKLOG) {
            Ok(listener) => listener,
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        let _ = ready.send(Ok(()));
        tokio::select! {
            _ = serve(node, listener) => {}
            _ = stopped => {}
        }
    });
}

async fn serve(node: Arc<Node>, listener: TcpListener) -> Result<(), tonic::transport::Error> {
    let accepted = Arc::clone(&node);
    let connections = TcpListenerStream::new(listener).map(move |stream| {
        let stream = stream?;
        stream.set_nodelay(true)?;
        let open = accepted.counters.connection();
        Ok::<_, io::Error>(Connection::new(stream, accepted.faults.wire().clone(), open))
    });
    let service = Service { node };
    let streams = StreamsServer::new(service.clone())
        .max_decoding_message_size(MESSAGE_MAX)
        .max_encoding_message_size(MESSAGE_MAX);
    tonic::transport::Server::builder()
        .max_concurrent_streams(CALLS_MAX)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .add_service(ServerFeaturesServer::new(service.clone()))
        .add_service(OperationsServer::new(service.clone()))
        .add_service(GossipServer::new(service))
        .add_service(streams)
        .serve_with_incoming(connections)
        .await
}
