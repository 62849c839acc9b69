//! From an event to what people are told about it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use annals_domain::Recorded;
use annals_domain::catalogue::Catalogue;
use annals_domain::notification::{InboxChange, Notification, inbox_change};
use annals_ports::{Delivery, DeliveryChannel};
use tracing::error;

/// What is delivered because of an event, each with the number of its channel: the same as arrives in
/// inboxes.
pub(super) fn deliveries(
    recorded: &Recorded,
    catalogue: &Catalogue,
    channels: &[Arc<dyn DeliveryChannel>],
) -> Vec<(usize, Delivery)> {
    // One event must not hold up all others, whatever is wrong with it.
    let derived = AssertUnwindSafe(|| inbox_change(recorded, catalogue));
    let change = std::panic::catch_unwind(derived).unwrap_or_else(|_| {
        let (id, position) = (recorded.event.id, recorded.position);
        error!(event.id = %id, %position, "nobody can be told of this event; passing it over");
        None
    });
    match change {
        Some(InboxChange::Arrived(notification)) => channels
            .iter()
            .enumerate()
            .map(|(number, channel)| (number, delivery(channel.name(), &notification, recorded)))
            .collect(),
        Some(InboxChange::Read { .. } | InboxChange::Reworded { .. }) | None => Vec::new(),
    }
}

fn delivery(channel: &str, notification: &Notification, recorded: &Recorded) -> Delivery {
    let Notification { recipient, kind, title, body, event, .. } = notification;
    Delivery {
        id: Delivery::id_of(channel, &recipient.tenant, *event, kind, &recipient.id),
        tenant: recipient.tenant.clone(),
        recipient: recipient.id.clone(),
        kind: kind.clone(),
        title: title.clone(),
        body: body.clone(),
        event: *event,
        event_type: recorded.event.event_type.clone(),
        occurred_at: recorded.event.occurred_at,
        position: recorded.position,
    }
}
