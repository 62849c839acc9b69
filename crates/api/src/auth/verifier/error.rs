//! Why a token or a key is refused.

use std::path::PathBuf;

/// Why a token was refused. Callers are told one sentence for all; the log tells which.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Longer than any token we take.
    #[error("the token is too long")]
    TooLong,
    /// It does not have the form of a signed token.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// Its header asks for something that we do not do.
    #[error("the token's header is refused: {0}")]
    Header(&'static str),
    /// No key is known for the algorithm and key name that the header tells.
    #[error("no key for the token's algorithm and key name")]
    NoKey,
    /// The signature is not one of a known key.
    #[error("the token's signature is wrong")]
    Signature,
    /// It says something that we do not take, or leaves out what we need.
    #[error("the token's claims are refused: {0}")]
    Claims(&'static str),
    /// It ended.
    #[error("the token ended")]
    Expired,
    /// The development token could not be signed.
    #[error("cannot sign a token")]
    Unsigned(#[source] jsonwebtoken::errors::Error),
}

/// A key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the key file `{file}`")]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not a key for the algorithm.
    #[error(
        "`{file}` is not a key for {algorithm}; public keys are PEM files, RSA keys have 2048 to \
         8192 bits"
    )]
    NotAKey {
        /// Which.
        file: PathBuf,
        /// For what.
        algorithm: String,
    },
    /// The algorithm is none of the supported.
    #[error("`{0}` is not supported; use HS256, RS256, ES256 or EdDSA")]
    UnknownAlgorithm(String),
    /// A secret is too short to resist guessing.
    #[error("the secret in `{0}` has fewer than 32 bytes; make one with `openssl rand -hex 32`")]
    WeakSecret(PathBuf),
}
