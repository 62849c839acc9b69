//! What the log promises to whoever recorded events (see [`annals_tlog::receipt`]).

use annals_domain::Receipt;
use annals_tlog::Entry;
use annals_tlog::receipt::Promised;
use jiff::Timestamp;

use crate::context::ApiParts;

/// What can be promised of an event: nothing when retention removed it, or this node keeps no trees.
pub(crate) fn promised(receipt: &Receipt, api: &ApiParts) -> Option<Promised> {
    api.tiles.as_ref()?;
    let leaf = Entry::of_digest(&receipt.header_digest?).leaf_hash();
    Some(Promised { id: receipt.id.to_string(), leaf })
}

/// A signed receipt for the events; none for none.
pub(crate) fn receipt(events: &[Promised], api: &ApiParts) -> Option<String> {
    let tiles = api.tiles.as_ref().filter(|_| !events.is_empty())?;
    Some(tiles.receipt(events, Timestamp::now()))
}

#[cfg(test)]
mod tests {
    use annals_domain::limits::Limits;
    use annals_tlog::receipt::PROMISED_MAX;

    #[test]
    fn one_receipt_has_room_for_the_largest_bulk() {
        assert!(Limits::shipped().request.bulk_events_max <= PROMISED_MAX);
    }
}
