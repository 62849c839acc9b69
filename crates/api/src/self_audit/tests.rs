//! What one request shows becomes one event.

use annals_domain::TenantId;
use annals_domain::access::AccessPolicy;

use super::*;
use crate::auth::{Credential, Principal};
use crate::rate_limits::Usage;

fn caller(role: &str) -> Caller {
    Caller {
        masking_key: None,
        principal: Principal {
            id: "kim".into(),
            tenant: TenantId::new("acme").unwrap(),
            roles: vec![role.to_owned()],
            grants: AccessPolicy::shipped().grants([role]),
            expires_at: jiff::Timestamp::MAX,
            credential: Credential::Token { id: None, issued_at: None },
            purpose: None,
            break_glass: None,
            sources: Vec::new(),
        },
        usage: Usage::default(),
        reads: Reads::default(),
        request_id: None,
        state: Default::default(),
    }
}

fn read(what: &'static str, shape: &str, returned: usize, subject: Option<&str>) -> Read {
    Read { what, shape: shape.into(), returned, subject: subject.map(str::to_owned) }
}

#[test]
fn several_looks_of_one_request_are_told_together() {
    let caller = caller("auditor");
    caller.reads.note(read("events", "type:?", 50, None));
    caller.reads.note(read("count", "type:?", 1, None));
    caller.reads.note(read("events", "actor.id:?", 3, None));
    let reads = caller.reads.take();
    assert!(caller.reads.take().is_empty());
    let metadata = metadata_of(&reads, &caller, Interface::Graphql);
    assert_eq!(metadata["what"], serde_json::json!(["count", "events"]));
    assert_eq!(metadata["query"], "actor.id:? ; type:?");
    assert_eq!(metadata["returned"], 54);
    assert_eq!(metadata["interface"], "graphql");
}

#[test]
fn the_event_concerns_a_person_only_when_all_of_it_does() {
    let subject = |reads: &[Read]| {
        let subjects = reads.iter().map(|read| read.subject.as_deref());
        common_subject(subjects).map(str::to_owned)
    };
    let (ann, bob) = (Some("ann"), Some("bob"));
    assert_eq!(
        subject(&[read("profile", "", 1, ann), read("timeline", "", 5, ann)]).unwrap(),
        "ann"
    );
    assert_eq!(subject(&[read("event", "", 1, ann), read("event", "", 1, bob)]), None);
    assert_eq!(subject(&[read("events", "", 50, None), read("event", "", 1, ann)]), None);
}

#[test]
fn what_the_event_tells_passes_its_own_schema() {
    let mut caller = caller("auditor");
    caller.principal.purpose = Some("ticket 7".into());
    let metadata = metadata_of(&[read("events", "*", 0, None)], &caller, Interface::Rest);
    let catalogue = annals_domain::catalogue::Catalogue::shipped();
    let problems = catalogue.check_metadata(READ_TYPE, 1, &metadata.into());
    assert!(problems.is_empty(), "{problems:?}");
}
