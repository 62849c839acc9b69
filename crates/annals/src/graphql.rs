//! How GraphQL is served: which documents run, and whether there is a page to try things out.

use std::net::SocketAddr;

use annals_api::graphql::{DocumentMode, GraphqlParts};
use annals_domain::limits::Limits;
use anyhow::{Context, bail};
use tracing::info;

use crate::configuration::Settings;

/// What the settings ask for. On this machine alone, and with tokens that `annals token` makes, the
/// playground is there without being asked for: that is how somebody tries Annals out.
pub(crate) fn parts(
    settings: &Settings,
    limits: &Limits,
    listen: &str,
) -> anyhow::Result<GraphqlParts> {
    let graphql = &settings.graphql;
    let is_trusted = graphql.documents == DocumentMode::Trusted;
    if is_trusted && graphql.documents_dir.as_os_str().is_empty() {
        bail!("`graphql.documents` is \"trusted\", but `graphql.documents_dir` names no directory");
    }
    if is_trusted && graphql.playground {
        bail!(
            "`graphql.playground` is of no use with trusted documents, because nothing else runs: \
             turn off one of them"
        );
    }
    let mut parts = GraphqlParts::load(graphql, &limits.request).context("reading `[graphql]`")?;
    let is_trial = settings.auth.keys.is_empty() && settings.auth.jwks_url.is_empty();
    parts.playground |= is_trial && is_loopback(listen) && !is_trusted;
    if is_trusted {
        info!(documents = parts.trusted.len(), "GraphQL runs trusted documents only");
    }
    if parts.playground {
        info!("the GraphQL playground is at /graphql/playground");
    }
    Ok(parts)
}

/// Whether an address can be reached from this machine alone.
fn is_loopback(listen: &str) -> bool {
    match listen.parse::<SocketAddr>() {
        Ok(address) => address.ip().is_loopback(),
        Err(_) => listen.split_once(':').is_some_and(|(host, _)| host == "localhost"),
    }
}

#[cfg(test)]
mod tests;
