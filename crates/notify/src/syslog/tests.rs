//! Lines as RFC 5424 writes them, and servers on this machine that hear them.

use std::time::Duration;

use annals_domain::EventId;
use annals_domain::notification::Route;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use uuid::Uuid;

use super::*;
use crate::testing::message;

const BOUNDED: Duration = Duration::from_secs(30);

fn settings(transport: SyslogTransport, host: &str, port: u16) -> SyslogSettings {
    SyslogSettings {
        host: host.into(),
        port,
        transport,
        facility: 13,
        app_name: "annals".into(),
        hostname: "node-1.example.org".into(),
        ca_file: PathBuf::new(),
        timeout_seconds: 20,
        message_bytes_max: 2048,
    }
}

fn line(message: &Outgoing, change: impl FnOnce(&mut SyslogSettings)) -> String {
    let mut settings = settings(SyslogTransport::Udp, "localhost", 514);
    change(&mut settings);
    String::from_utf8(Sender::read(&settings).unwrap().line(message)).unwrap()
}

#[test]
fn a_line_says_what_happened_for_people_and_for_programs() {
    let message = message(Route::Syslog);
    let expected = format!(
        "<108>1 2026-11-21T08:30:00.000000Z node-1.example.org annals {} user.password.changed \
         [annals@32473 delivery=\"{}\" tenant=\"acme\" rule=\"password-changed\" \
         event=\"00000000-0000-0000-0000-000000000007\" type=\"user.password.changed\" \
         position=\"3\" more=\"0\"] \u{feff}Password changed: Bob changed the password of Ann",
        std::process::id(),
        message.id,
    );
    assert_eq!(line(&message, |_| {}), expected);
}

#[test]
fn severities_are_those_of_syslog() {
    let priority = |severity: &str| {
        let message = Outgoing { severity: severity.into(), ..message(Route::Syslog) };
        let line = line(&message, |settings| settings.facility = 0);
        line[1..line.find('>').unwrap()].parse::<u32>().unwrap()
    };
    let told = ["debug", "info", "notice", "warning", "error", "critical"].map(priority);
    assert_eq!(told, [7, 6, 5, 4, 3, 2]);
    assert_eq!(priority("whatever"), 5);
}

#[test]
fn what_an_event_holds_ends_neither_a_value_nor_the_line() {
    let evil = "a\"] x=\"\\\r\n<13>1 - - - - - - forged\u{0}";
    let message = Outgoing {
        title: evil.into(),
        body: evil.into(),
        rule: evil.into(),
        event_type: evil.into(),
        ..message(Route::Syslog)
    };
    let line = line(&message, |_| {});
    assert!(!line.contains(['\n', '\r', '\u{0}']), "{line}");
    assert!(line.contains(r#"rule="a\"\] x=\"\\ <13>1 - - - - - - forged""#), "{line}");
    // The message's kind is a word of at most 32 characters.
    assert_eq!(line.split(' ').nth(5).unwrap(), r#"a"]x="\<13>1------forged"#);
}

#[test]
fn a_line_is_as_long_as_it_may_be_and_ends_between_characters() {
    let message = Outgoing { body: "ä€😀".repeat(5000), ..message(Route::Syslog) };
    for bytes_max in 480..600 {
        let line = line(&message, |settings| settings.message_bytes_max = bytes_max);
        assert!((bytes_max - 3..=bytes_max).contains(&line.len()), "{}", line.len());
    }
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let wrong = |change: fn(&mut SyslogSettings)| {
        let mut settings = settings(SyslogTransport::Udp, "localhost", 514);
        change(&mut settings);
        SyslogCarrier::open(&settings).err().unwrap().to_string()
    };
    assert!(wrong(|settings| settings.facility = 24).contains("syslog.facility` is 24"));
    assert!(wrong(|settings| settings.app_name = "a b".into()).contains("syslog.app_name"));
    assert!(wrong(|settings| settings.hostname = "ä".into()).contains("syslog.hostname"));
    assert!(wrong(|settings| settings.timeout_seconds = 0).contains("timeout_seconds` is 0"));
    assert!(wrong(|settings| settings.message_bytes_max = 479).contains("is 479"));
    let no_name = |settings: &mut SyslogSettings| {
        settings.transport = SyslogTransport::Tls;
        settings.host = "a b".into();
    };
    assert!(wrong(no_name).contains("syslog.host"));
}

/// Reads one message: its length, a space, and so many bytes.
async fn counted(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut digits = String::new();
    loop {
        match stream.read_u8().await.unwrap() {
            b' ' => break,
            digit => digits.push(char::from(digit)),
        }
    }
    let mut message = vec![0; digits.parse().unwrap()];
    stream.read_exact(&mut message).await.unwrap();
    String::from_utf8(message).unwrap()
}

#[tokio::test]
async fn a_datagram_holds_one_message() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let carrier = SyslogCarrier::open(&settings(SyslogTransport::Udp, "127.0.0.1", port)).unwrap();
    let handed = carrier.carry(&message(Route::Syslog), &Target::Syslog).await.unwrap();
    assert_eq!(handed, Handed { code: None });
    let mut heard = [0; 4096];
    let length = timeout(BOUNDED, server.recv(&mut heard)).await.unwrap().unwrap();
    assert!(heard[..length].starts_with(b"<108>1 ") && heard[..length].ends_with(b"of Ann"));
}

#[tokio::test]
async fn over_tcp_octets_are_counted_and_a_lost_connection_is_made_anew() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let carrier = SyslogCarrier::open(&settings(SyslogTransport::Tcp, "127.0.0.1", port)).unwrap();
    let messages: Vec<_> = (0..3)
        .map(|event| Outgoing { event: EventId(Uuid::from_u128(event)), ..message(Route::Syslog) })
        .collect();
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let first = counted(&mut stream).await;
        (first, counted(&mut stream).await)
    };
    let send = async {
        carrier.carry(&messages[0], &Target::Syslog).await.unwrap();
        carrier.carry(&messages[1], &Target::Syslog).await.unwrap();
    };
    let ((first, second), ()) =
        timeout(BOUNDED, async { tokio::join!(serve, send) }).await.unwrap();
    assert!(first.contains("000000000000\"") && second.contains("000000000001\""));
    // The server has hung up; as soon as that is known here, the next message goes over a new connection.
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        counted(&mut stream).await
    };
    let send = async {
        loop {
            // One that goes into a connection that is just closing is lost: syslog has no answer.
            let _ = carrier.carry(&messages[2], &Target::Syslog).await;
            tokio::task::yield_now().await;
        }
    };
    let third = async {
        tokio::select! {
            third = serve => third,
            () = send => unreachable!("it goes on for ever"),
        }
    };
    assert!(timeout(BOUNDED, third).await.unwrap().contains("000000000002\""));
}

#[tokio::test]
async fn over_tls_the_server_proves_who_it_is() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let ca_file = dir.path().join("ca.pem");
    std::fs::write(&ca_file, made.cert.pem()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![made.cert.der().clone()],
            PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into()),
        );
    let acceptor = TlsAcceptor::from(std::sync::Arc::new(config.unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let unknown = settings(SyslogTransport::Tls, "localhost", port);
    let known = SyslogSettings { ca_file, ..unknown.clone() };
    let serve = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        assert!(acceptor.accept(stream).await.is_err(), "the client does not believe it");
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        counted(&mut stream).await
    });
    let message = message(Route::Syslog);
    let carrier = SyslogCarrier::open(&unknown).unwrap();
    assert!(!carrier.carry(&message, &Target::Syslog).await.unwrap_err().permanent);
    let carrier = SyslogCarrier::open(&known).unwrap();
    carrier.carry(&message, &Target::Syslog).await.unwrap();
    assert!(timeout(BOUNDED, serve).await.unwrap().unwrap().starts_with("<108>1 "));
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_left_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // It speaks no TLS and reads nothing.
    let hangs = settings(SyslogTransport::Tls, "localhost", port);
    let carrier = SyslogCarrier::open(&SyslogSettings { timeout_seconds: 1, ..hangs }).unwrap();
    let message = message(Route::Syslog);
    let carried = timeout(BOUNDED, carrier.carry(&message, &Target::Syslog)).await.unwrap();
    assert!(!carried.unwrap_err().permanent);
    let mail = Target::Email("ann@example.org".into());
    assert!(!carrier.carries_to(&mail));
    assert!(carrier.carry(&message, &mail).await.unwrap_err().permanent);
}
