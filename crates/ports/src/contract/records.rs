//! Records without keys, for stores: they do not look inside.

use annals_domain::access::state::TenantLifecycle;
use annals_domain::catalogue::Catalogue;
use annals_domain::lifecycle::Removable;
use annals_domain::limits::Limits;
use annals_domain::profile::PersonRef;
use annals_domain::query::QueryContext;
use annals_domain::retention::{RetentionPolicy, STANDARD};
use annals_domain::{EventId, Position, StreamName, TenantId};
use annals_record::{KeyId, Record, SealedGroup};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::event_log::{AppendItem, Expected};

/// Namespace of the made-up fingerprints.
const NAMESPACE: Uuid = Uuid::from_u128(0x5c6b_1d0e_93a7_4f25_8e44_10fb_c0de_a11d);
const EVENT_TYPE: &str = "annals.contract.checked";
const EVENT_TYPE_OF_OTHERS: &str = "contract.checked";

/// A tenant that no other test uses.
pub fn fresh_tenant() -> String {
    format!("t{}", Uuid::new_v4().simple())
}

/// A well-formed record. The same `payload` makes the same content and fingerprint.
pub fn record(tenant: &str, stream: &str, id: u128, payload: &str) -> Record {
    let id = EventId(Uuid::from_u128(id));
    Record {
        id,
        tenant: TenantId::new(tenant).expect("tests name tenants well"),
        stream: StreamName::from_stored(&stream_name(tenant, stream)),
        event_type: EVENT_TYPE.to_owned(),
        header: header(tenant, stream, id),
        groups: vec![SealedGroup { key: KeyId([7; 20]), ciphertext: payload.as_bytes().to_vec() }],
        fingerprint: Uuid::new_v5(&NAMESPACE, payload.as_bytes()).into_bytes(),
    }
}

/// A record with a whole header, recorded then and kept as long as most are. It happened an hour before.
pub fn dated_record(tenant: &str, stream: &str, id: u128, recorded_at: Timestamp) -> Record {
    let mut dated = record(tenant, stream, id, &format!("content of {id}"));
    let (id, stream) = (dated.id, dated.stream.as_str());
    let occurred_at = recorded_at - SignedDuration::from_hours(1);
    dated.header = format!(
        r#"{{"id":"{id}","nonce":"{}","occurred_at":"{occurred_at:.0}","operation":"other","outcome":"success","parts":{{}},"recorded_at":"{recorded_at:.3}","retention":"standard","schema_version":1,"severity":"info","source":"s","stream":"{stream}","tenant":"{tenant}","type":"{EVENT_TYPE}","v":1}}"#,
        "A".repeat(43)
    )
    .into_bytes();
    dated
}

/// An item of one such record, for whatever state of the stream.
pub fn item(tenant: &str, stream: &str, id: u128, payload: &str) -> AppendItem {
    let record = record(tenant, stream, id, payload);
    AppendItem { stream: record.stream.clone(), expected: Expected::Any, records: vec![record] }
}

/// What clears the record at a position for removal, whenever that is: it was received in 1970, and nothing is
/// held.
pub fn removable(position: Position) -> Removable {
    let (lifecycle, policy) = (TenantLifecycle::default(), RetentionPolicy::default());
    let (limits, catalogue) = (Limits::shipped(), Catalogue::default());
    let now = Timestamp::MAX;
    let context = QueryContext { limits: &limits.query, now, catalogue: &catalogue };
    let judge = lifecycle.judge(&policy, now, &context);
    let due = judge.due(position, EVENT_TYPE_OF_OTHERS, STANDARD, Timestamp::UNIX_EPOCH);
    let due = due.expect("more than seven years have passed since 1970");
    judge.clear(&due, None).expect("nothing is held")
}

/// A person of a tenant.
pub fn person(tenant: &str, id: &str) -> PersonRef {
    PersonRef { tenant: TenantId::new(tenant).expect("tests name tenants well"), id: id.to_owned() }
}

/// The names hold the tenant, so that streams of different tests never meet.
fn stream_name(tenant: &str, stream: &str) -> String {
    format!("person-{tenant}.{stream}")
}

/// The header's keys stand in the order of RFC 8785.
fn header(tenant: &str, stream: &str, id: EventId) -> Vec<u8> {
    let stream = stream_name(tenant, stream);
    format!(
        r#"{{"id":"{id}","stream":"{stream}","tenant":"{tenant}","type":"{EVENT_TYPE}","v":1}}"#
    )
    .into_bytes()
}
