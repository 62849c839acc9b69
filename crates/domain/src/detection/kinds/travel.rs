//! Two places, and no time to travel from one to the other.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Seen;
use crate::detection::countries;
use crate::detection::finding::Hit;
use crate::detection::generations::Cells;
use crate::event::Event;

const EARTH_RADIUS_KM: f64 = 6371.0;
const HOUR_MS: f64 = 3_600_000.0;

/// A place on earth: degrees, and within how many kilometres it is known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in crate::detection) struct Place {
    latitude: f64,
    longitude: f64,
    within: f64,
}

/// Where somebody was last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(in crate::detection) struct Whereabouts {
    last: Option<(i64, Uuid, Place)>,
    quiet_until: i64,
}

impl Cells for Whereabouts {
    fn cells(&self) -> usize {
        1
    }
}

/// Coordinates in the metadata (`latitude`, `longitude`, on top or in `location`), or else the country.
pub(super) fn place(event: &Event) -> Option<Place> {
    coordinates(event).or_else(|| {
        let country = event.client.geo.as_ref()?.country.as_deref()?;
        let (latitude, longitude, within) = countries::of(country)?;
        Some(Place { latitude, longitude, within })
    })
}

fn coordinates(event: &Event) -> Option<Place> {
    let location = event.metadata.get("location").and_then(Value::as_object);
    let object = location.unwrap_or(&event.metadata);
    let number = |name: &str| object.get(name).and_then(Value::as_f64);
    let (latitude, longitude) = (number("latitude")?, number("longitude")?);
    let is_on_earth = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    is_on_earth.then_some(Place { latitude, longitude, within: 0.0 })
}

impl Place {
    /// At least so many kilometres lie between the two.
    fn away_from(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let (north, east) = (b - a, (other.longitude - self.longitude).to_radians());
        let half = (north / 2.0).sin().powi(2) + a.cos() * b.cos() * (east / 2.0).sin().powi(2);
        let way = 2.0 * EARTH_RADIUS_KM * half.sqrt().min(1.0).asin();
        (way - self.within - other.within).max(0.0)
    }
}

impl Whereabouts {
    pub(super) fn take(
        &mut self,
        seen: Seen<'_>,
        place: Place,
        (speed_max, least): (f64, f64),
        cooldown: i64,
    ) -> Option<Hit> {
        let event = seen.event.id.0;
        let Some((at, before, there)) = self.last else {
            self.last = Some((seen.at, event, place));
            return None;
        };
        if seen.at >= at {
            self.last = Some((seen.at, event, place));
        }
        let way = place.away_from(there);
        let hours = seen.at.abs_diff(at) as f64 / HOUR_MS;
        if way < least.max(1.0) || way <= speed_max * hours || seen.at < self.quiet_until {
            return None;
        }
        let (since, at) = (seen.at.min(at), seen.at.max(at));
        self.quiet_until = at.saturating_add(cooldown);
        let events = if seen.at >= since && seen.at == at {
            vec![before, event]
        } else {
            vec![event, before]
        };
        Some(Hit { since, at, events, count: 2 })
    }
}
