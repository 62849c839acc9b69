//! Certificates that do not hold are told from a server that is not there.

#![expect(clippy::unwrap_used, reason = "what goes wrong here fails a test")]

use std::sync::Arc;

use annals_store_eventstoredb::{Address, EventStoreLog, Refusal, Settings};
use annals_store_sqlite::SqliteReplica;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An authority, and a server that shows a certificate of it for one name.
struct Guarded {
    port: u16,
    dir: TempDir,
}

impl Guarded {
    async fn with_certificate_for(name: &str) -> Self {
        let authority_key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_certificate = authority.self_signed(&authority_key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), authority_certificate.pem()).unwrap();

        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        // Explicitly this provider: nothing may be installed for the whole process.
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever does not trust the certificate hangs up here.
                let _ = acceptor.accept(stream).await;
            }
        });
        Self { port, dir }
    }

    async fn refusal(&self, options: &str) -> Refusal {
        let url = format!("esdb://127.0.0.1:{}?{options}", self.port);
        let dir = tempfile::tempdir().unwrap();
        let replica = Arc::new(SqliteReplica::open(dir.path()).unwrap());
        let address = Address::parse(&url).unwrap();
        let marks = annals_record::MarkKey::new(&[7; 32]);
        let opened =
            EventStoreLog::open(address, Settings::default(), replica, "k".into(), marks).await;
        match opened {
            Err(refusal) => refusal,
            Ok(log) => panic!("{:?}", annals_ports::EventLog::health(&log)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_refused() {
    let server = Guarded::with_certificate_for("other.example").await;
    let ca = server.dir.path().join("ca.pem");
    let refusal = server.refusal(&format!("tlsCaFile={}", ca.display())).await;
    assert!(matches!(refusal, Refusal::Certificate { .. }), "{refusal}");
    assert!(refusal.to_string().contains("the host's name that stands in the certificate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let server = Guarded::with_certificate_for("127.0.0.1").await;
    let refusal = server.refusal("tls=true").await;
    assert!(matches!(refusal, Refusal::Certificate { .. }), "{refusal}");
}
