//! The place of an address, from a `MaxMind DB` file.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use annals_domain::event::Geo;
use maxminddb::{MaxMindDbError, Reader, geoip2};

use super::EnrichError;

/// The largest database that is taken into memory; `GeoIP2 City` has about 130 MB.
const DATABASE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Looks up places.
pub(super) struct PlaceReader {
    database: Reader<Vec<u8>>,
}

impl PlaceReader {
    pub(super) fn open(path: PathBuf) -> Result<Self, EnrichError> {
        let bytes = match std::fs::metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(source) => return Err(EnrichError::Unreadable { path, source: source.into() }),
        };
        if bytes > DATABASE_BYTES_MAX {
            return Err(EnrichError::TooLarge { path, bytes, bytes_max: DATABASE_BYTES_MAX });
        }
        let database = match Reader::open_readfile(&path) {
            Ok(database) => database,
            Err(source) => return Err(EnrichError::Unreadable { path, source }),
        };
        let database_type = database.metadata().database_type.clone();
        if !["City", "Country", "Enterprise"].iter().any(|kind| database_type.contains(kind)) {
            return Err(EnrichError::NoPlaces { path, database_type });
        }
        Ok(Self { database })
    }

    /// The place of `ip`; none when it is not a public address, or the database does not know it.
    pub(super) fn place_of(&self, ip: IpAddr) -> Option<Geo> {
        let ip = ip.to_canonical();
        if !is_public(ip) || (ip.is_ipv6() && self.database.metadata().ip_version == 4) {
            return None;
        }
        self.look_up(ip).unwrap_or_else(|_| {
            // The event matters more than the map: it is recorded without a place.
            metrics::counter!("annals_enrich_place_errors_total").increment(1);
            None
        })
    }

    fn look_up(&self, ip: IpAddr) -> Result<Option<Geo>, MaxMindDbError> {
        let Some(found) = self.database.lookup(ip)?.decode::<geoip2::City<'_>>()? else {
            return Ok(None);
        };
        let region = found.subdivisions.first().and_then(|region| region.names.english);
        let geo = Geo {
            country: found.country.iso_code.map(str::to_owned),
            region: region.map(str::to_owned),
            city: found.city.names.english.map(str::to_owned),
        };
        Ok((geo != Geo::default()).then_some(geo))
    }
}

impl fmt::Debug for PlaceReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlaceReader({})", self.database.metadata().database_type)
    }
}

/// Whether an address means the same machine to everybody.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let is_carrier_nat = first == 100 && (64..128).contains(&second);
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_unspecified()
        || ip.is_broadcast()
        || ip.is_multicast()
        || is_carrier_nat)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    !(ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_unique_local()
        || ip.is_unicast_link_local())
}

#[cfg(test)]
pub(super) mod test_database;
#[cfg(test)]
mod tests;
