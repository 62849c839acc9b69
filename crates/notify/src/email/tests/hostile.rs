//! Mail servers that hang, talk for ever, or let others speak for them.

use std::time::Instant;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use super::*;

/// A server that does this with each connection.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_hangs_or_talks_for_ever_is_left() {
    let hangs = server(|stream| async move {
        let _stream = stream;
        std::future::pending().await
    });
    let begun = Instant::now();
    let impatient = EmailSettings { timeout_seconds: 1, ..settings(hangs.await) };
    let error = carry(&carrier(&impatient), &mail(), ADDRESS).await.unwrap_err();
    assert!(!error.permanent && begun.elapsed() < BOUNDED);
    assert!(error.doing.contains("in time"), "{error:?}");
    // One line without an end: what is listened to has one.
    let talks = server(|mut stream| async move {
        stream.write_all(b"220 ").await?;
        loop {
            stream.write_all(&[b'a'; 65_536]).await?;
        }
    });
    let error = carry(&carrier(&settings(talks.await)), &mail(), ADDRESS).await.unwrap_err();
    assert!(!error.permanent && !error.doing.contains("in time"), "{error:?}");
}

#[tokio::test]
async fn a_connection_on_which_a_call_ended_half_way_is_not_used_again() {
    // It greets, takes the mail, and says nothing when it has all of it.
    let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let port = server(move |mut stream| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            stream.write_all(b"220 here\r\n").await?;
            let (read, mut write) = stream.split();
            let mut lines = BufReader::new(read).lines();
            while let Some(line) = lines.next_line().await? {
                match line.get(..4).unwrap_or_default() {
                    "EHLO" | "MAIL" | "RCPT" | "NOOP" => write.write_all(b"250 fine\r\n").await?,
                    "DATA" => write.write_all(b"354 go on\r\n").await?,
                    _ => {}
                }
            }
            Ok(())
        }
    });
    let carrier = carrier(&EmailSettings { timeout_seconds: 2, ..settings(port.await) });
    for _ in 0..2 {
        assert!(!carry(&carrier, &mail(), ADDRESS).await.unwrap_err().permanent);
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 2);
}

/// A server with this certificate that speaks STARTTLS, and says this when it is asked to begin. Tells what it
/// heard within TLS.
async fn starttls_server(
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    begins: &'static [u8],
) -> (u16, mpsc::UnboundedReceiver<String>) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
    let (tell, told) = mpsc::unbounded_channel();
    let port = server(move |mut stream| {
        let (acceptor, tell) = (acceptor.clone(), tell.clone());
        async move {
            stream.write_all(b"220 here\r\n").await?;
            let mut heard = [0; 1000];
            let _ = stream.read(&mut heard).await?;
            stream.write_all(b"250-here\r\n250 STARTTLS\r\n").await?;
            let _ = stream.read(&mut heard).await?;
            stream.write_all(begins).await?;
            let mut lines = BufReader::new(acceptor.accept(stream).await?).lines();
            while let Some(line) = lines.next_line().await? {
                // The test may have heard enough.
                let _ = tell.send(line);
                lines.get_mut().write_all(b"250 fine\r\n").await?;
            }
            Ok(())
        }
    });
    (port.await, told)
}

#[tokio::test]
async fn what_was_said_before_tls_is_not_taken_for_said_within_it() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let ca_file = dir.path().join("cert.pem");
    std::fs::write(&ca_file, made.cert.pem()).unwrap();
    // Somebody on the way puts an answer behind that of the server: to the greeting that follows within TLS.
    for (begins, goes_on) in
        [(&b"220 go on\r\n"[..], true), (b"220 go on\r\n250 AUTH PLAIN\r\n", false)]
    {
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let (port, mut told) = starttls_server(certificate, key, begins).await;
        let settings = EmailSettings {
            security: Security::Starttls,
            ca_file: ca_file.clone(),
            timeout_seconds: 3,
            ..settings(port)
        };
        let carried = carry(&carrier(&settings), &mail(), ADDRESS).await;
        assert_eq!(carried.is_ok(), goes_on, "{carried:?}");
        assert_eq!(told.try_recv().is_ok(), goes_on);
    }
}
