//! Why a server cannot be reached. The client library says no more than that it cannot connect, so each
//! address is tried once more, by hand, as far as the certificate.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::address::Address;
use crate::connection::Refusal;

/// How long one address may take.
const PATIENCE: Duration = Duration::from_secs(2);
/// So many addresses are tried.
const ADDRESSES_MAX: usize = 5;

/// What is wrong with one address.
enum Trouble {
    Reach(String),
    Certificate(String),
}

/// Says more of a server that the client could not connect to. `reason` is what the client said; it
/// stands when nothing is found.
pub(crate) async fn diagnose(address: &Address, reason: String) -> Refusal {
    let settings = address.settings();
    let endpoints = settings.hosts().iter().take(ADDRESSES_MAX);
    let tries = endpoints.map(async |endpoint| {
        let port = u16::try_from(endpoint.port).unwrap_or_default();
        let name = format!("{}:{port}", endpoint.host);
        match tokio::time::timeout(PATIENCE, try_address(address, &endpoint.host, port)).await {
            Ok(Err(Trouble::Reach(reason))) => Err(Trouble::Reach(format!("{name}: {reason}"))),
            Ok(outcome) => outcome,
            Err(_) => Err(Trouble::Reach(format!("{name} does not answer"))),
        }
    });
    let mut reasons = Vec::new();
    for tried in join_all(tries).await {
        match tried {
            Ok(()) => {}
            Err(Trouble::Reach(reason)) => reasons.push(reason),
            Err(Trouble::Certificate(reason)) => {
                return Refusal::Certificate { address: address.to_string(), reason };
            }
        }
    }
    let reason = if reasons.is_empty() { reason } else { reasons.join("; ") };
    Refusal::Unreachable { address: address.to_string(), reason }
}

async fn try_address(address: &Address, host: &str, port: u16) -> Result<(), Trouble> {
    let reach = |error: std::io::Error| Trouble::Reach(error.to_string());
    // The brackets of an address of version 6 belong to the URL.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let stream = TcpStream::connect((host, port)).await.map_err(reach)?;
    let settings = address.settings();
    if !settings.is_secure_mode_enabled() || !settings.is_tls_certificate_verification_enabled() {
        return Ok(());
    }
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| Trouble::Certificate(error.to_string()))?;
    let connector = TlsConnector::from(Arc::new(client_config(address)?));
    match connector.connect(name, stream).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let certificate = error
                .get_ref()
                .and_then(|error| error.downcast_ref::<rustls::Error>())
                .filter(|error| matches!(error, rustls::Error::InvalidCertificate(_)));
            Err(match certificate {
                Some(error) => Trouble::Certificate(error.to_string()),
                None => Trouble::Reach(format!("TLS: {error}")),
            })
        }
    }
}

/// What the client library would use, without installing anything for the whole process.
fn client_config(address: &Address) -> Result<ClientConfig, Trouble> {
    let broken = |error: &dyn std::error::Error| Trouble::Certificate(error.to_string());
    let mut roots = RootCertStore::empty();
    match address.settings().tls_ca_file() {
        Some(file) => {
            let certificates = CertificateDer::pem_file_iter(file).map_err(|e| broken(&e))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|e| broken(&e))?;
                roots.add(certificate).map_err(|e| broken(&e))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}
