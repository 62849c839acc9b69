//! Mail to a server that others wrote (aiosmtpd), on this machine.

use std::path::Path;
use std::process::Stdio;

use annals_domain::notification::Route;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::*;
use crate::testing::{foreign, message, python};
use crate::{MessageLinks, NoLinks, TemplateSettings};

mod hostile;

const BOUNDED: Duration = Duration::from_secs(60);
const ADDRESS: &str = "ann@example.org";

/// A running aiosmtpd; it ends when this is dropped.
struct Aiosmtpd {
    _process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Aiosmtpd {
    async fn start(asked: Value) -> Self {
        let mut command = Command::new(python().await);
        command.arg(foreign("mail_server.py")).arg(asked.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut server = Self { _process: process, lines, port: 0 };
        server.port = u16::try_from(server.told().await["port"].as_u64().unwrap()).unwrap();
        server
    }

    async fn told(&mut self) -> Value {
        let line = timeout(BOUNDED, self.lines.next_line()).await.expect("it tells");
        serde_json::from_str(&line.unwrap().expect("it goes on")).unwrap()
    }
}

fn settings(port: u16) -> EmailSettings {
    EmailSettings {
        host: "localhost".into(),
        port,
        security: Security::None,
        user: String::new(),
        password_file: PathBuf::new(),
        from: "Annals of ACME <annals@acme.example>".into(),
        reply_to: "help@acme.example".into(),
        hello_name: "annals.test".into(),
        ca_file: PathBuf::new(),
        timeout_seconds: 30,
        idle_connections_max: 2,
    }
}

/// Links of every kind.
struct AllLinks;

impl Links for AllLinks {
    fn of(&self, message: &Outgoing) -> MessageLinks {
        let link = |path: &str| Some(format!("https://acme.example/{path}?token={}", message.id));
        MessageLinks {
            wasnt_me: link("was-not-me"),
            unsubscribe: link("unsubscribe"),
            ..MessageLinks::default()
        }
    }
}

fn open(settings: &EmailSettings, links: Arc<dyn Links>) -> Result<EmailCarrier, EmailError> {
    let templates = TemplateSettings {
        dir: PathBuf::new(),
        product: "Annals".into(),
        default_locale: "en".into(),
    };
    EmailCarrier::open(settings, Arc::new(Templates::open(&templates).unwrap()), links)
}

fn carrier(settings: &EmailSettings) -> EmailCarrier {
    open(settings, Arc::new(NoLinks)).unwrap()
}

fn mail() -> Outgoing {
    message(Route::Email { address: ADDRESS.into() })
}

async fn carry(
    carrier: &EmailCarrier,
    message: &Outgoing,
    address: &str,
) -> Result<Handed, DeliveryError> {
    let target = Target::Email(address.into());
    timeout(BOUNDED, carrier.carry(message, &target)).await.expect("every call ends")
}

fn header<'a>(told: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = told["headers"].as_array().unwrap().iter();
    headers.filter(|header| header[0] == name).map(|header| header[1].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_mail_arrives_as_text_and_html_with_headers_for_programs() {
    let mut server = Aiosmtpd::start(json!({ "security": "none" })).await;
    let carrier = open(&settings(server.port), Arc::new(AllLinks)).unwrap();
    let message = Outgoing { locale: "de-AT".into(), title: "Passwort geändert".into(), ..mail() };
    let handed = carry(&carrier, &message, ADDRESS).await.unwrap();
    assert_eq!(handed, Handed { code: Some(250) });
    let told = server.told().await;
    assert_eq!(told["sender"], "annals@acme.example");
    assert_eq!(told["recipients"], json!([ADDRESS]));
    assert_eq!(header(&told, "Subject"), ["Passwort geändert"]);
    assert_eq!(header(&told, "From"), ["Annals of ACME <annals@acme.example>"]);
    assert_eq!(header(&told, "To"), [ADDRESS]);
    assert_eq!(header(&told, "Reply-To"), ["help@acme.example"]);
    assert_eq!(header(&told, "Message-ID"), [format!("<{}@acme.example>", message.id)]);
    assert_eq!(header(&told, "Auto-Submitted"), ["auto-generated"]);
    assert_eq!(header(&told, "Content-Language"), ["de"]);
    assert_eq!(header(&told, "Annals-Delivery-Id"), [message.id.to_string()]);
    let unsubscribe = format!("<https://acme.example/unsubscribe?token={}>", message.id);
    assert_eq!(header(&told, "List-Unsubscribe"), [unsubscribe]);
    assert_eq!(header(&told, "List-Unsubscribe-Post"), ["List-Unsubscribe=One-Click"]);
    assert_eq!(header(&told, "Date").len(), 1);
    assert_eq!(told["kinds"], json!(["multipart/alternative", "text/plain", "text/html"]));
    assert_eq!(told["defects"], json!([]));
    assert_eq!(told["ascii"], true, "every server takes it");
    let text = told["text"].as_str().unwrap();
    assert!(text.starts_with("Bob changed the password of Ann") && text.contains("Wann:"));
    assert!(text.contains("https://acme.example/was-not-me?token="));
    assert!(
        told["html"]
            .as_str()
            .unwrap()
            .contains("<h1 style=\"font-size: 1.25rem;\">Passwort geändert</h1>")
    );
    // The same message has the same id when it comes again.
    carry(&carrier, &message, ADDRESS).await.unwrap();
    let again = server.told().await;
    assert_eq!(header(&again, "Message-ID"), header(&told, "Message-ID"));
    assert_eq!(again["client"], told["client"], "and goes over the connection that is there");
}

#[tokio::test]
async fn an_event_writes_no_header_and_no_html() {
    let mut server = Aiosmtpd::start(json!({ "security": "none" })).await;
    let evil = "x\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script>\r\n.\r\nRSET";
    let message = Outgoing { title: evil.into(), body: evil.into(), ..mail() };
    carry(&carrier(&settings(server.port)), &message, ADDRESS).await.unwrap();
    let told = server.told().await;
    assert_eq!(told["recipients"], json!([ADDRESS]));
    assert!(header(&told, "Bcc").is_empty());
    assert!(header(&told, "Subject")[0].starts_with("x Bcc: eve@example.org <script>"));
    assert!(!told["html"].as_str().unwrap().contains("<script>"));
    assert!(told["text"].as_str().unwrap().contains("\n.\nRSET"), "{}", told["text"]);
}

#[tokio::test]
async fn no_address_is_a_command() {
    let mut server = Aiosmtpd::start(json!({ "security": "none" })).await;
    let carrier = carrier(&settings(server.port));
    for bad in [
        "",
        "ann",
        "ann@",
        "a b@example.org",
        "ann@example.org>\r\nRCPT TO:<eve@example.org",
        "ann@example.org,eve@example.org",
        "\"a\r\nDATA\"@example.org",
    ] {
        let error = carry(&carrier, &mail(), bad).await.unwrap_err();
        assert!(error.permanent, "{bad}");
        let told = format!("{error}: {}", error.source);
        assert!(!told.contains("example.org"), "{told}");
    }
    carry(&carrier, &mail(), ADDRESS).await.unwrap();
    assert_eq!(server.told().await["recipients"], json!([ADDRESS]), "it is the first that arrives");
}

#[tokio::test]
async fn a_refusal_for_ever_and_one_for_the_time_being_are_told_apart() {
    let mut server = Aiosmtpd::start(json!({ "security": "none", "utf8": false })).await;
    let carrier = carrier(&settings(server.port));
    for (address, permanent, code) in [
        ("unknown@example.org", true, "code 550"),
        ("later@example.org", false, "code 451"),
        ("änne@example.org", true, "SMTPUTF8"),
    ] {
        let error = carry(&carrier, &mail(), address).await.unwrap_err();
        assert_eq!(error.permanent, permanent, "{address}");
        let told = format!("{error}: {}", error.source);
        assert!(told.contains(code) && !told.contains("example.org"), "{told}");
    }
    carry(&carrier, &mail(), ADDRESS).await.unwrap();
    assert_eq!(server.told().await["recipients"], json!([ADDRESS]));
}

/// A certificate for `localhost`, and the password, in files.
fn secrets(dir: &Path) -> (PathBuf, PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let write = |name: &str, text: String| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let certificate = write("cert.pem", made.cert.pem());
    (
        certificate,
        write("key.pem", made.signing_key.serialize_pem()),
        write("password", "pass word\n".into()),
    )
}

#[tokio::test]
async fn with_tls_and_starttls_a_user_signs_in_where_the_server_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key, password_file) = secrets(dir.path());
    for (name, security) in [("tls", Security::Tls), ("starttls", Security::Starttls)] {
        let asked = json!({
            "security": name, "certificate": certificate, "key": key,
            "user": "annals", "password": "pass word",
        });
        let mut server = Aiosmtpd::start(asked).await;
        let known = EmailSettings {
            security,
            user: "annals".into(),
            password_file: password_file.clone(),
            ca_file: certificate.clone(),
            ..settings(server.port)
        };
        // Whom nobody vouches for, and who is somebody else, is told nothing.
        let unknown = EmailSettings { ca_file: PathBuf::new(), ..known.clone() };
        let other = EmailSettings { host: "127.0.0.1".into(), ..known.clone() };
        for untrusted in [unknown, other] {
            let error = carry(&carrier(&untrusted), &mail(), ADDRESS).await.unwrap_err();
            assert!(!error.permanent, "{error:?}");
        }
        // A wrong password is the operator's trouble: no message is given up for it.
        let wrong = EmailSettings { user: "somebody".into(), ..known.clone() };
        let error = carry(&carrier(&wrong), &mail(), ADDRESS).await.unwrap_err();
        assert!(!error.permanent && error.source.to_string().contains("535"), "{error:?}");
        carry(&carrier(&known), &mail(), ADDRESS).await.unwrap();
        let told = server.told().await;
        assert_eq!(
            (&told["encrypted"], &told["signed_in"]),
            (&json!(true), &json!(true)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn where_starttls_is_missing_nothing_is_sent() {
    let mut server = Aiosmtpd::start(json!({ "security": "none" })).await;
    let strict = EmailSettings { security: Security::Starttls, ..settings(server.port) };
    let error = carry(&carrier(&strict), &mail(), ADDRESS).await.unwrap_err();
    assert!(!error.permanent && error.source.to_string().contains("no STARTTLS"), "{error:?}");
    let plain = Outgoing { title: "the first".into(), ..mail() };
    carry(&carrier(&settings(server.port)), &plain, ADDRESS).await.unwrap();
    assert_eq!(header(&server.told().await, "Subject"), ["the first"]);
}

#[tokio::test]
async fn what_ends_over_a_server_that_is_gone_goes_on_when_it_is_back() {
    let port = {
        let server = Aiosmtpd::start(json!({ "security": "none" })).await;
        server.port
    };
    let error = carry(&carrier(&settings(port)), &mail(), ADDRESS).await.unwrap_err();
    assert!(!error.permanent && error.doing.contains("`[email]`"), "{error:?}");
}

#[test]
fn settings_that_make_no_sense_are_named_and_nothing_is_shown() {
    let wrong = |change: fn(&mut EmailSettings)| {
        let mut settings = settings(25);
        change(&mut settings);
        open(&settings, Arc::new(NoLinks)).err().unwrap().to_string()
    };
    assert!(wrong(|settings| settings.from = "nobody".into()).contains("email.from"));
    assert!(
        wrong(|settings| settings.reply_to = "a@b\r\nBcc: c@d".into()).contains("email.reply_to")
    );
    assert!(wrong(|settings| settings.timeout_seconds = 51).contains("is 51"));
    assert!(wrong(|settings| settings.user = "annals".into()).contains("not sent in the clear"));
    let no_file = wrong(|settings| {
        settings.security = Security::Starttls;
        settings.user = "annals".into();
        settings.password_file = "/nowhere/at/all".into();
    });
    assert!(no_file.contains("/nowhere/at/all"), "{no_file}");
    let shown = format!("{:?}", EmailSettings { user: "the-user".into(), ..settings(25) });
    assert!(!shown.contains("the-user") && !shown.contains("acme.example"), "{shown}");
}
