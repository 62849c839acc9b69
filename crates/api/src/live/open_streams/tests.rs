//! Counting.

use annals_domain::TenantId;
use annals_domain::access::AccessPolicy;

use super::OpenStreams;
use crate::auth::Principal;

fn principal(id: &str, tenant: &str) -> Principal {
    let claims = serde_json::json!({
        "sub": id, "tenant": tenant, "roles": ["user"], "exp": 4_000_000_000_i64,
    });
    let claims = serde_json::from_value(claims).unwrap();
    Principal::new(claims, jiff::Timestamp::MAX, None, &AccessPolicy::shipped()).unwrap()
}

#[test]
fn each_caller_has_a_number_of_their_own_and_gets_back_what_they_close() {
    let streams = OpenStreams::default();
    let ann = principal("ann", "acme");
    assert_eq!(ann.tenant, TenantId::new("acme").unwrap());
    let first = streams.open(&ann, 2);
    let second = streams.open(&ann, 2);
    assert!(first.is_some() && second.is_some());
    assert!(streams.open(&ann, 2).is_none());
    let others = [principal("bob", "acme"), principal("ann", "globex")];
    let opened = others.map(|other| streams.open(&other, 2).is_some());
    assert_eq!(opened, [true, true], "another person, and the same name elsewhere");
    drop(first);
    let third = streams.open(&ann, 2);
    assert!(third.is_some() && streams.open(&ann, 2).is_none());
    drop((second, third));
    assert!(streams.lock().is_empty(), "nothing is remembered of who has gone");
}
