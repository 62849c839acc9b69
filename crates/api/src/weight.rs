//! What JSON costs in memory beyond its bytes.
//!
//! `[[0],[0],…` has four bytes an item and takes about two hundred once it is read. A body may be
//! as large as the permits for its bytes allow, so what is mostly brackets takes permits for what
//! it grows to. Common events, with eight bytes a value and more, take none.

use annals_domain::TenantId;
use annals_domain::json::count_values;
use annals_engine::Permit;

use crate::context::ApiParts;
use crate::error::{ApiError, Code};

/// Memory of a value that was read, bytes.
const VALUE_BYTES: usize = 128;
/// A body grows to this many times its size before it takes more.
const COMMON_GROWTH: usize = 16;

/// Takes permits for what these bodies of a tenant will grow to beyond the common.
pub(crate) fn take<'a>(
    api: &ApiParts,
    tenant: &TenantId,
    bodies: impl Iterator<Item = &'a [u8]>,
) -> Result<Permit, ApiError> {
    let (mut bytes, mut extra) = (0, 0);
    for body in bodies {
        bytes += body.len();
        extra += extra_bytes(body);
    }
    if bytes + extra > api.limits.request.in_flight_bytes_max {
        let message = "the body holds too many values for its size; send it in parts";
        return Err(ApiError::new(Code::TooLarge, message));
    }
    if extra == 0 {
        return Ok(Permit::default());
    }
    api.recorder.permits.take_bytes_for(tenant, extra).ok_or_else(ApiError::busy)
}

fn extra_bytes(json: &[u8]) -> usize {
    (count_values(json) * VALUE_BYTES).saturating_sub(json.len() * COMMON_GROWTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_events_take_nothing_and_brackets_take_much() {
        let event = br#"{"type":"user.login.succeeded","actor":{"id":"ann","name":"Ann Lee"},
            "client":{"ip":"192.0.2.1"},"outcome":"success","metadata":{"attempt":1}}"#;
        assert_eq!(extra_bytes(event), 0);
        let bomb = "[0],".repeat(1000);
        assert!(extra_bytes(bomb.as_bytes()) > 20 * bomb.len());
    }
}
