//! The stream of a connection: tells when bytes come, and ends when the other side does not take
//! what it asked for.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::activity::Activity;
use super::pace::{Pace, Watch};

/// A stream that is watched.
pub(super) struct Watched {
    stream: TcpStream,
    activity: Activity,
    taking: Watch,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, activity: Activity, pace: Pace) -> Self {
        Self { stream, activity, taking: Watch::new(pace) }
    }

    /// What to say of a write: one that has to wait may do so at its pace.
    fn written(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => self.taking.moved(bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                return self.taking.poll_too_slow(context).map(|()| {
                    metrics::counter!("annals_connections_cut_total", "reason" => "takes_nothing")
                        .increment(1);
                    Err(io::Error::new(io::ErrorKind::TimedOut, "the other side takes nothing"))
                });
            }
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.hears(Instant::now());
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.written(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        // Whoever flushes has written all there was.
        if flushed.is_ready() {
            self.taking.rest();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
