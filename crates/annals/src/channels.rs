//! The ways out to people that the settings name.

use std::sync::Arc;

use annals_notify::{
    CarrierSettings, Carriers, Links, OutgoingHttp, WebhookChannel, WebhookSettings,
};
use annals_ports::{Carrier, DeliveryChannel, EndpointRules};
use anyhow::Context;

/// Name of the webhook among the channels; the ids of its messages are made from it.
const WEBHOOK: &str = "webhook";

/// Opens the channels; there are none when the settings name none.
pub(crate) fn open(webhook: &WebhookSettings) -> anyhow::Result<Vec<Arc<dyn DeliveryChannel>>> {
    if webhook.url.is_empty() {
        return Ok(Vec::new());
    }
    let channel = WebhookChannel::open(WEBHOOK, webhook).context("opening `[webhook]`")?;
    Ok(vec![Arc::new(channel)])
}

/// What carries messages of the outbox to addresses, endpoints and operators.
pub(crate) fn carriers(
    settings: &CarrierSettings<'_>,
    links: Arc<dyn Links>,
) -> anyhow::Result<Vec<Arc<dyn Carrier>>> {
    Ok(Carriers::open(settings, links)?.all)
}

/// What says where endpoints may be.
pub(crate) fn endpoint_rules(
    settings: &CarrierSettings<'_>,
) -> anyhow::Result<Arc<dyn EndpointRules>> {
    Ok(Arc::new(OutgoingHttp::open(settings.outgoing).context("opening `[outgoing]`")?))
}
