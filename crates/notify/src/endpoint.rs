//! Carriers to endpoints of tenants, each in the form that the endpoint takes.

mod adapter;
mod headers;
mod rules;
mod signing;
mod slack;
mod webhook;

pub use adapter::AdapterCarrier;
pub use signing::{ed25519_public_text, hmac_secret_text};
pub use slack::SlackCarrier;
pub use webhook::WebhookCarrier;

use annals_domain::notification::EndpointKind;
use annals_ports::{DeliveryError, OpenEndpoint, Target};

/// The endpoint within a target, if it is one of this kind.
fn endpoint_of(target: &Target, kind: EndpointKind) -> Option<&OpenEndpoint> {
    match target {
        Target::Endpoint(open) if open.endpoint.kind == kind => Some(open),
        _ => None,
    }
}

/// A message was given to a carrier that does not carry to such a target.
fn not_mine() -> DeliveryError {
    DeliveryError {
        doing: "deliver the message: it was handed to the wrong carrier",
        permanent: true,
        retry_after: None,
        source: "ask `carries_to` first".into(),
    }
}

#[cfg(test)]
mod tests;
