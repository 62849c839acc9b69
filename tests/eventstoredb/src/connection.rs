//! A connection that can be made to hang, as if the process behind it had been frozen.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tonic::transport::server::Connected;

use crate::counters::Open;
use crate::gate::Gate;

type Waiting = Option<Pin<Box<dyn Future<Output = ()> + Send>>>;

pub(crate) struct Connection {
    stream: TcpStream,
    gate: Gate,
    reading: Waiting,
    writing: Waiting,
    _open: Open,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, gate: Gate, open: Open) -> Self {
        Self { stream, gate, reading: None, writing: None, _open: open }
    }
}

/// Ready while the gate is open, or once it opens.
fn pass(gate: &Gate, waiting: &mut Waiting, context: &mut Context<'_>) -> Poll<()> {
    if waiting.is_none() {
        if gate.is_open() {
            return Poll::Ready(());
        }
        let gate = gate.clone();
        *waiting = Some(Box::pin(async move { gate.pass().await }));
    }
    if let Some(opened) = waiting {
        ready!(opened.as_mut().poll(context));
    }
    *waiting = None;
    Poll::Ready(())
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(pass(&this.gate, &mut this.reading, context));
        Pin::new(&mut this.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(pass(&this.gate, &mut this.writing, context));
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) -> Self::ConnectInfo {}
}
