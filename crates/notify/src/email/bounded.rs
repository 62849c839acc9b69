//! A connection that hears only so much, and nothing ahead of time.
//!
//! What reads a line of the mail server has no end of its own. And whatever it has read ahead when TLS begins,
//! which anybody on the way may have put there, would be taken for what came protected. So what is not
//! protected is read byte by byte: the rest is TLS's to judge, which refuses it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So much may come over one connection, bytes.
pub(super) const HEARD_BYTES_MAX: usize = 256 * 1024;

/// With this byte, where a line would begin, TLS begins. No answer of SMTP has it there.
const TLS_HANDSHAKE: u8 = 0x16;

/// A stream that ends in an error when too much comes.
#[derive(Debug)]
pub(super) struct Bounded<S> {
    stream: S,
    peer: SocketAddr,
    left: usize,
    plain: bool,
    at_line_start: bool,
}

impl<S> Bounded<S> {
    /// A connection that is protected already.
    pub(super) fn protected(stream: S, peer: SocketAddr) -> Self {
        Self { stream, peer, left: HEARD_BYTES_MAX, plain: false, at_line_start: true }
    }

    /// One that is not, and may become so.
    pub(super) fn plain(stream: S, peer: SocketAddr) -> Self {
        Self { plain: true, ..Self::protected(stream, peer) }
    }
}

impl<S: AsyncRead + Unpin> Bounded<S> {
    fn poll_byte(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut byte = [0; 1];
        let mut single = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut single))?;
        if let &[byte] = single.filled() {
            self.plain = !(self.at_line_start && byte == TLS_HANDSHAKE);
            self.at_line_start = byte == b'\n';
            buffer.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match self.plain {
            true => ready!(self.poll_byte(context, buffer))?,
            false => ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?,
        }
        let heard = buffer.filled().len() - before;
        Poll::Ready(match self.left.checked_sub(heard) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(io::Error::other("the mail server says more than is listened to")),
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl<S> AsyncTokioStream for Bounded<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
