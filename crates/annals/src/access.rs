//! Which roles there are: those that ship with Annals, or those of the operator's file.

use annals_domain::access::AccessPolicy;
use annals_domain::catalogue::Catalogue;
use annals_domain::limits::Limits;
use annals_domain::query::QueryContext;
use anyhow::Context;

use crate::configuration::AuthSettings;

/// Reads the access policy. A wrong one stops the start: nobody shall work with half of it.
pub(crate) fn policy(
    settings: &AuthSettings,
    limits: &Limits,
    catalogue: &Catalogue,
) -> anyhow::Result<AccessPolicy> {
    let file = &settings.access_file;
    if file.as_os_str().is_empty() {
        return Ok(AccessPolicy::shipped());
    }
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("reading the access policy `{}`", file.display()))?;
    let now = jiff::Timestamp::now();
    let context = QueryContext { limits: &limits.query, now, catalogue };
    AccessPolicy::read(&text, &context).with_context(|| format!("in `{}`", file.display()))
}
