//! Whom TLS connections to the operators' servers trust.
//!
//! Nothing is installed for the whole process: a client of another store panics where something is.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// A file of certificates is no longer, bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read.
    #[error("cannot read the certificates of `{}`", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It holds none.
    #[error("the file `{}` holds no certificate in PEM form", .0.display())]
    Certificates(PathBuf),
    /// TLS cannot be set up.
    #[error("cannot set TLS up")]
    Rustls(#[from] rustls::Error),
}

/// Certificates of the file, which are trusted beside the system's; an empty path has none.
pub(crate) fn own_roots(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    if file.as_os_str().is_empty() {
        return Ok(Vec::new());
    }
    let mut pem = Vec::new();
    let read = File::open(file).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut pem));
    read.map_err(|source| TlsError::File { file: file.to_owned(), source })?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.ok().filter(|certificates| !certificates.is_empty());
    certificates.ok_or_else(|| TlsError::Certificates(file.to_owned()))
}

/// TLS as a client that trusts the system's certificates and those of the file.
pub(crate) fn client(ca_file: &Path) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for certificate in own_roots(ca_file)? {
        roots.add(certificate)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let config = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots);
    Ok(Arc::new(config.with_no_client_auth()))
}
