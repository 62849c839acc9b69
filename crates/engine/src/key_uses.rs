//! How often keys are used, as a metric: AES-GCM with random nonces has a limit, which `docs/keys.md`
//! tells.

/// What a key was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// A person's key sealed a group of parts.
    Seal,
    /// A person's key opened a group of parts.
    Open,
    /// A key wrapped another.
    Wrap,
    /// A key unwrapped another.
    Unwrap,
}

/// Counts uses of keys.
pub(crate) fn count(kind: KeyUse, uses: usize) {
    let kind = match kind {
        KeyUse::Seal => "seal",
        KeyUse::Open => "open",
        KeyUse::Wrap => "wrap",
        KeyUse::Unwrap => "unwrap",
    };
    metrics::counter!("annals_key_uses_total", "kind" => kind).increment(uses as u64);
}
