//! Filling in what follows from the client's user agent and address.
//!
//! What the caller says is never changed: a device or place that was given stands, also when it
//! says little. Enrichment happens before an event is sealed, so the record keeps what was known at
//! the time; newer patterns or maps do not rewrite history.

use std::path::PathBuf;

use annals_domain::Event;
use serde::Deserialize;

mod device;
mod place;

use device::DeviceReader;
use place::PlaceReader;

/// Settings of enrichment, section `enrich` of the configuration.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrichSettings {
    /// A `MaxMind DB` file with cities or countries; absent or empty: places are not looked up.
    ///
    /// It is read into memory at the start (about 60 MB for `GeoLite2 City`).
    #[serde(default)]
    pub geoip_database: Option<PathBuf>,
}

/// Why enrichment cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EnrichError {
    /// The file is not there, or not a database.
    #[error(
        "cannot read the GeoIP database `{}`; correct `enrich.geoip_database`, or leave it empty to \
         look up no places", path.display()
    )]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: maxminddb::MaxMindDbError,
    },
    /// The file is a database of something else.
    #[error(
        "the GeoIP database `{}` is of the type `{database_type}`; `enrich.geoip_database` must name \
         one with cities or countries", path.display()
    )]
    NoPlaces {
        /// Which file.
        path: PathBuf,
        /// What it says of itself.
        database_type: String,
    },
    /// The file is too large to be held in memory.
    #[error(
        "the GeoIP database `{}` has {bytes} bytes; `enrich.geoip_database` may name a file of at \
         most {bytes_max}", path.display()
    )]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most it may have.
        bytes_max: u64,
    },
}

/// Fills in device and place. Cheap to ask from many threads at once.
#[derive(Debug)]
pub struct Enricher {
    devices: DeviceReader,
    places: Option<PlaceReader>,
}

impl Enricher {
    /// Opens the `GeoIP` database, when one is configured.
    ///
    /// # Errors
    /// [`EnrichError`] when the database that the settings name cannot be used.
    pub fn new(settings: EnrichSettings) -> Result<Self, EnrichError> {
        let database = settings.geoip_database.filter(|path| !path.as_os_str().is_empty());
        let places = database.map(PlaceReader::open).transpose()?;
        Ok(Self { devices: DeviceReader::new(), places })
    }

    /// Compiles the patterns of user agents now. Without this the first user agent pays for it.
    ///
    /// Takes a good part of a second: call it on a thread of its own, beside the start.
    pub fn warm_up(&self) {
        device::compile_patterns();
    }

    /// Fills `client.device` from `client.user_agent` and `client.geo` from `client.ip`, where the
    /// caller left them out.
    pub fn enrich(&self, event: &mut Event) {
        let client = &mut event.client;
        if client.device.is_none()
            && let Some(user_agent) = &client.user_agent
        {
            client.device = self.devices.device_of(user_agent);
        }
        if client.geo.is_none()
            && let (Some(ip), Some(places)) = (client.ip, &self.places)
        {
            client.geo = places.place_of(ip);
        }
    }
}

#[cfg(test)]
mod tests;
