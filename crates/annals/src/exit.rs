//! Exit codes (part of what other programs rely on).

/// It failed.
pub(crate) const FAILED: u8 = 1;
/// Something was tampered with.
pub(crate) const TAMPERED: u8 = 2;
/// The program was called wrongly.
pub(crate) const USAGE: u8 = 64;
/// A fault that restarting parts did not cure.
pub(crate) const INTERNAL: u8 = 70;
/// Files could not be read or written.
pub(crate) const IO: u8 = 74;

/// It cannot be told yet; ask again later.
pub(crate) const LATER: u8 = 75;

/// A failure with its exit code.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// What went wrong.
    pub(crate) message: String,
    /// Exit code.
    pub(crate) code: u8,
}

impl Failure {
    /// A failure with its exit code.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self { message: message.into(), code }
    }
}

/// The exit code for an error.
pub(crate) fn code_of(error: &anyhow::Error) -> u8 {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return failure.code;
    }
    match error.chain().any(|cause| cause.is::<std::io::Error>()) {
        true => IO,
        false => FAILED,
    }
}
