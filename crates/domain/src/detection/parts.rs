//! What rules keep apart and compare: who, from where, with what.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::hashing::Hasher;
use crate::event::{Event, Geo};

/// Something of an event that rules count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Who acted, whatever kind of being.
    Actor,
    /// The person whose account it is.
    Subject,
    /// The address.
    Ip,
    /// The network of the address: 24 bits of IPv4, 48 of IPv6.
    Network,
    /// Country, region and city.
    Place,
    /// The country.
    Country,
    /// Operating system, browser and kind of device; the program where these are not known.
    Device,
    /// The session.
    Session,
    /// The application that reports.
    Source,
    /// The type of the event.
    Type,
    /// What was acted upon.
    Target,
    /// What kind of thing was acted upon.
    TargetType,
}

impl Part {
    /// The word for it in a file of rules.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Subject => "subject",
            Self::Ip => "ip",
            Self::Network => "network",
            Self::Place => "place",
            Self::Country => "country",
            Self::Device => "device",
            Self::Session => "session",
            Self::Source => "source",
            Self::Type => "type",
            Self::Target => "target",
            Self::TargetType => "target_type",
        }
    }

    /// Adds the value to a hash; nothing when the event has none.
    pub(super) fn add(self, event: &Event, hasher: Hasher) -> Option<Hasher> {
        match self {
            Self::Ip => Some(add_address(event.client.ip?.to_canonical(), hasher)),
            Self::Network => Some(add_address(network(event.client.ip?), hasher)),
            Self::Place => {
                let geo = event.client.geo.as_ref()?;
                geo.country.as_deref()?;
                Some(place(geo).fold(hasher, |hasher, text| hasher.text(text)))
            }
            Self::Device => match device(event) {
                Some(texts) => {
                    Some(texts.into_iter().flatten().fold(hasher, |hasher, text| hasher.text(text)))
                }
                None => Some(hasher.text(event.client.user_agent.as_deref()?)),
            },
            _ => self.borrowed(event).map(|text| hasher.text(text)),
        }
    }

    /// Tells the hash of each value: a few parts may have several.
    pub(super) fn each(self, event: &Event, tell: &mut impl FnMut(u64)) {
        let text = |text: &str| Hasher::new().text(text).end();
        match self {
            Self::Target => {
                event.targets.iter().filter_map(|t| t.id.as_deref()).for_each(|id| tell(text(id)));
            }
            _ => {
                if let Some(hasher) = self.add(event, Hasher::new()) {
                    tell(hasher.end());
                }
            }
        }
    }

    /// The value for people.
    pub(super) fn told(self, event: &Event) -> Option<String> {
        match self {
            Self::Ip => Some(event.client.ip?.to_canonical().to_string()),
            Self::Network => {
                let address = network(event.client.ip?);
                let bits = if address.is_ipv4() { 24 } else { 48 };
                Some(format!("{address}/{bits}"))
            }
            Self::Place => {
                let geo = event.client.geo.as_ref()?;
                Some(place(geo).collect::<Vec<_>>().join(", "))
            }
            Self::Device => match device(event) {
                Some(texts) => Some(texts.into_iter().flatten().collect::<Vec<_>>().join(", ")),
                None => event.client.user_agent.clone(),
            },
            _ => self.borrowed(event).map(str::to_owned),
        }
    }

    fn borrowed(self, event: &Event) -> Option<&str> {
        match self {
            Self::Actor => event.actor.id.as_deref(),
            Self::Subject => person(event),
            Self::Country => event.client.geo.as_ref()?.country.as_deref(),
            Self::Session => event.session.as_ref()?.id.as_deref(),
            Self::Source => Some(&event.source),
            Self::Type => Some(&event.event_type),
            Self::Target => event.targets.first()?.id.as_deref(),
            Self::TargetType => event.targets.first().map(|target| target.target_type.as_str()),
            Self::Ip | Self::Network | Self::Place | Self::Device => None,
        }
    }
}

/// Whose account it is: the subject, or the acting person.
pub(super) fn person(event: &Event) -> Option<&str> {
    let own = || event.actor.id.as_deref().filter(|_| event.actor.is_person());
    event.subject.as_ref().map(|subject| subject.id.as_str()).or_else(own)
}

fn place(geo: &Geo) -> impl Iterator<Item = &str> {
    [&geo.country, &geo.region, &geo.city].into_iter().filter_map(|text| text.as_deref())
}

fn device(event: &Event) -> Option<[Option<&str>; 3]> {
    let device = event.client.device.as_ref()?;
    let texts = [device.os.as_deref(), device.browser.as_deref(), device.device_type.as_deref()];
    texts.iter().any(Option::is_some).then_some(texts)
}

fn add_address(address: IpAddr, hasher: Hasher) -> Hasher {
    match address {
        IpAddr::V4(address) => hasher.bytes(&address.octets()),
        IpAddr::V6(address) => hasher.bytes(&address.octets()),
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            IpAddr::from([a, b, c, 0, 0, 0, 0, 0])
        }
    }
}
