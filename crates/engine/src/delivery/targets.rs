//! How a message gets to where it goes: which carrier takes it, and with which secrets.

use std::sync::Arc;

use annals_domain::TenantId;
use annals_domain::notification::{Carried, Channel, EndpointKind, KeptEndpoint, Outgoing, Route};
use annals_ports::{
    Carrier, Delivery, DeliveryChannel, DeliveryError, Handed, OpenEndpoint, Target,
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::access::AccessView;
use crate::endpoint_secrets::EndpointSecrets;

/// Namespace of the ids of the installation's own endpoints.
const STANDING: Uuid = Uuid::from_u128(0x8c55_2f0b_9d7e_4a31_b1a6_07f3_64d2_c9e8);
/// After a rotation the secret before signs as well for so long.
const FORMER_SECRET: SignedDuration = SignedDuration::from_hours(24);

/// All ways out of this node.
#[derive(Clone)]
pub(crate) struct Ways {
    pub(crate) carriers: Arc<[Arc<dyn Carrier>]>,
    /// Endpoints of the installation itself.
    pub(crate) standing: Arc<[Arc<dyn DeliveryChannel>]>,
    pub(crate) secrets: Arc<EndpointSecrets>,
}

/// One way, ready to be gone.
pub(super) enum Way {
    Carrier(Arc<dyn Carrier>, Target),
    Standing(Arc<dyn DeliveryChannel>),
}

/// The id of an endpoint of the installation itself.
pub(crate) fn standing_id(name: &str) -> Uuid {
    Uuid::new_v5(&STANDING, name.as_bytes())
}

impl Ways {
    /// Whether there is any.
    pub(crate) fn lead_nowhere(&self) -> bool {
        self.carriers.is_empty() && self.standing.is_empty()
    }

    /// What can be carried on them.
    pub(crate) fn carried(&self) -> Carried {
        let of_name = |name: &str| match name {
            "email" => Some(Channel::Email),
            "webhook" => Some(Channel::Webhook),
            "slack" => Some(Channel::Slack),
            "adapter" => Some(Channel::Adapter),
            "syslog" => Some(Channel::Syslog),
            _ => None,
        };
        Carried {
            channels: self.carriers.iter().filter_map(|one| of_name(one.name())).collect(),
            standing: self.standing.iter().map(|one| standing_id(one.name())).collect(),
        }
    }

    /// Whether the way of a message depends on what is known of a tenant's endpoints.
    pub(super) fn lead_by_access(&self, message: &Outgoing) -> bool {
        match &message.route {
            Route::Endpoint { id } => !self.is_standing(*id),
            Route::Email { .. } | Route::Syslog => false,
        }
    }

    /// Whether it is an endpoint of the installation itself.
    pub(super) fn is_standing(&self, id: Uuid) -> bool {
        self.standing.iter().any(|one| standing_id(one.name()) == id)
    }

    /// The way of a message, and the name of it for metrics.
    ///
    /// # Errors
    /// Why there is none; then the message is given up.
    pub(super) fn of(
        &self,
        message: &Outgoing,
        access: &AccessView,
        now: Timestamp,
    ) -> Result<(Way, String), &'static str> {
        let target = match &message.route {
            Route::Email { address } => Target::Email(address.clone()),
            Route::Syslog => Target::Syslog,
            Route::Endpoint { id } => {
                let own = self.standing.iter().find(|one| standing_id(one.name()) == *id);
                if let Some(own) = own {
                    return Ok((Way::Standing(Arc::clone(own)), own.name().to_owned()));
                }
                let state = access.now();
                let said = state.tenant(&message.tenant).map(|tenant| tenant.notifications());
                let kept = said.and_then(|said| said.endpoint(*id));
                let kept = kept.ok_or("the endpoint was removed")?;
                if !kept.endpoint.enabled {
                    return Err("the endpoint is switched off");
                }
                self.opened(&message.tenant, kept, now)?
            }
        };
        let carrier = self.carriers.iter().find(|carrier| carrier.carries_to(&target));
        let carrier = carrier.ok_or("this installation has nothing that carries it")?;
        let name = carrier.name().to_owned();
        Ok((Way::Carrier(Arc::clone(carrier), target), name))
    }

    fn opened(
        &self,
        tenant: &TenantId,
        kept: &KeptEndpoint,
        now: Timestamp,
    ) -> Result<Target, &'static str> {
        const CLOSED: &str = "the secret of the endpoint does not open; give it a new one";
        let mut endpoint = kept.endpoint.clone();
        let open = |sealed: &String| self.secrets.open(tenant, endpoint.id, sealed);
        if let Some(sealed) = &kept.sealed_url {
            let url = self.secrets.open_url(tenant, endpoint.id, sealed);
            endpoint.url = url.map_err(|_| "the URL of the endpoint does not open; set it anew")?;
        }
        let mut secrets = Vec::new();
        if endpoint.kind == EndpointKind::Webhook {
            secrets.push(open(&kept.secret).map_err(|_| CLOSED)?);
            let since = endpoint.rotated_at.map(|at| now.duration_since(at));
            let former = kept.former_secret.as_ref();
            if let Some(former) = former.filter(|_| since.is_some_and(|it| it < FORMER_SECRET)) {
                secrets.push(open(former).map_err(|_| CLOSED)?);
            }
        }
        Ok(Target::Endpoint(Box::new(OpenEndpoint { endpoint, secrets })))
    }
}

impl Way {
    pub(super) async fn go(&self, message: &Outgoing) -> Result<Handed, DeliveryError> {
        match self {
            Self::Carrier(carrier, target) => carrier.carry(message, target).await,
            Self::Standing(channel) => {
                channel.deliver(&delivery(message)).await?;
                Ok(Handed::default())
            }
        }
    }
}

fn delivery(message: &Outgoing) -> Delivery {
    Delivery {
        id: message.id,
        tenant: message.tenant.clone(),
        recipient: message.recipient.clone().unwrap_or_default(),
        kind: message.event_type.clone(),
        title: message.title.clone(),
        body: message.body.clone(),
        event: message.event,
        event_type: message.event_type.clone(),
        occurred_at: message.occurred_at,
        position: message.position,
    }
}
