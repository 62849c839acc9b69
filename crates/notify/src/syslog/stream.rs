//! One connection to a syslog server, on which the octets of each message are counted.

use std::io;

use futures_util::FutureExt;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

pub(super) struct StreamServer {
    host: String,
    port: u16,
    protection: Protection,
    /// Taken out while it is used: one on which a message ended half-way does not come back.
    connection: Mutex<Option<Box<dyn Connection>>>,
}

pub(super) enum Protection {
    None,
    Tls { connector: TlsConnector, name: ServerName<'static> },
}

trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}

impl StreamServer {
    pub(super) fn new(host: String, port: u16, protection: Protection) -> Self {
        Self { host, port, protection, connection: Mutex::default() }
    }

    /// Writes one message: how many octets, a space, and they. One message after another.
    pub(super) async fn send(&self, message: &[u8]) -> io::Result<()> {
        let mut place = self.connection.lock().await;
        let kept = place.take().and_then(|mut kept| is_open(&mut kept).then_some(kept));
        let mut connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let framed = [format!("{} ", message.len()).as_bytes(), message].concat();
        connection.write_all(&framed).await?;
        connection.flush().await?;
        *place = Some(connection);
        Ok(())
    }

    async fn connect(&self) -> io::Result<Box<dyn Connection>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        Ok(match &self.protection {
            Protection::None => Box::new(stream),
            Protection::Tls { connector, name } => {
                Box::new(connector.connect(name.clone(), stream).await?)
            }
        })
    }
}

/// A server of syslog says nothing: what can be read is the end, or no syslog.
fn is_open(connection: &mut Box<dyn Connection>) -> bool {
    connection.read(&mut [0; 1]).now_or_never().is_none()
}
