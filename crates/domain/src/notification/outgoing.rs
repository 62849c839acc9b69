//! A message on its way out of Annals, and the way it takes.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::identifiers::{EventId, Position, TenantId};
use crate::time::DateTime;

/// Namespace of delivery ids, so that the same message has the same id on every node, for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x1d6a_90f3_52c8_4b0e_a7f4_8e31_c05b_29d6);

/// How a message leaves Annals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The person's inbox in Annals: nothing leaves.
    Inbox,
    /// A mail to an address of the person, or to one that a rule names.
    Email,
    /// A signed POST after Standard Webhooks, to an endpoint.
    Webhook,
    /// A message in the form that Slack's incoming webhooks take.
    Slack,
    /// A POST of `template_id` and `personalisation` to a service that has its own templates.
    Adapter,
    /// RFC 5424, for operators.
    Syslog,
}

impl Channel {
    /// As settings, rules and answers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Adapter => "adapter",
            Self::Syslog => "syslog",
        }
    }
}

/// Where one message goes. Messages of one route that tell the same person or endpoint keep their order.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Route {
    /// To this mail address.
    Email {
        /// The address, as it was verified or as a rule names it.
        address: String,
    },
    /// To this endpoint, whatever its kind: webhook, Slack or adapter.
    Endpoint {
        /// Which.
        id: Uuid,
    },
    /// To the operators' syslog.
    Syslog,
}

/// Leaves addresses out: they are personal, and this stands in logs.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email { .. } => f.write_str("Email"),
            Self::Endpoint { id } => write!(f, "Endpoint({id})"),
            Self::Syslog => f.write_str("Syslog"),
        }
    }
}

impl Route {
    /// What tells this route from others of a tenant; a part of delivery ids.
    pub fn key(&self) -> String {
        match self {
            Self::Email { address } => format!("email:{}", address.to_lowercase()),
            Self::Endpoint { id } => format!("endpoint:{id}"),
            Self::Syslog => "syslog".into(),
        }
    }
}

/// One message, to be handed over.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Outgoing {
    /// Stable: see [`delivery_id`].
    pub id: Uuid,
    /// Whose person.
    pub tenant: TenantId,
    /// The person whom it tells; none when it goes to roles or to operators.
    pub recipient: Option<String>,
    /// Where to.
    pub route: Route,
    /// The rule that sends it.
    pub rule: String,
    /// How serious: `debug` to `critical`, as events have it.
    pub severity: String,
    /// Name of the template that words it.
    pub template: String,
    /// Language of the person, a BCP 47 tag such as `de` or `en-GB`.
    pub locale: String,
    /// What happened, in three words; from the catalogue.
    pub title: String,
    /// What happened, in a sentence, which may name people.
    pub body: String,
    /// About which event.
    pub event: EventId,
    /// Type of that event.
    pub event_type: String,
    /// When it happened, by the clock of who reported it.
    pub occurred_at: DateTime,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Where it lies in the log.
    pub position: Position,
    /// The events that a digest sums up beside it; empty for a message about one event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<EventId>,
    /// Whether the event is about the recipient or names them as who acted: only they can say that it was not
    /// them. Messages that were queued before this was told apart count as theirs.
    #[serde(default = "yes")]
    pub is_theirs: bool,
}

fn yes() -> bool {
    true
}

/// Shows what may stand in a log: nothing that the event holds.
impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("id", &self.id)
            .field("route", &self.route)
            .field("rule", &self.rule)
            .field("event", &self.event)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// The id of a message, made from what it is about: the same on every node and after every crash, so
/// that a receiver knows what it has.
pub fn delivery_id(
    tenant: &TenantId,
    event: EventId,
    rule: &str,
    recipient: Option<&str>,
    route: &Route,
) -> Uuid {
    // Each part with its length, so that no two lists of parts read the same.
    let event = event.to_string();
    let route = route.key();
    let parts = [tenant.as_str(), &event, rule, recipient.unwrap_or_default(), &route];
    let name: String = parts.iter().map(|part| format!("{}:{part}\n", part.len())).collect();
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_one_message_and_no_other() {
        let tenant = TenantId::new("acme").unwrap();
        let event = EventId(Uuid::from_u128(7));
        let route = Route::Email { address: "Ada@Example.org".into() };
        let id = |rule, person, route: &Route| delivery_id(&tenant, event, rule, person, route);
        let first = id("rule", Some("ada"), &route);
        assert_eq!(first, id("rule", Some("ada"), &route));
        let small = Route::Email { address: "ada@example.org".into() };
        assert_eq!(first, id("rule", Some("ada"), &small), "case tells no addresses apart");
        assert_ne!(first, id("rules", Some("ada"), &route));
        assert_ne!(first, id("rule", None, &route));
        assert_ne!(first, id("rule", Some("ada"), &Route::Syslog));
        assert_ne!(id("a", Some("b\nc"), &route), id("a\nb", Some("c"), &route));
    }

    #[test]
    fn addresses_do_not_reach_logs() {
        let route = Route::Email { address: "ada@example.org".into() };
        assert_eq!(format!("{route:?}"), "Email");
    }
}
