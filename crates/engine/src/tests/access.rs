//! The state of access follows the log, and never goes back.

use std::sync::Arc;

use annals_domain::access::state::{ACCESS_REVOKED, AccessRules, RevokedToken};
use annals_domain::{Position, Recorded, Revision, StreamName, TenantId};
use annals_ports::memory::MemoryAccess;

use super::machine::event_of;
use crate::AccessView;
use crate::access::{ACCESS, AccessKeeper};
use crate::projection::{Progress, Projection};

fn revoked(position: u64, subject: &str) -> Recorded {
    let mut event = event_of("acme", position, "ann", "read");
    event.event_type = ACCESS_REVOKED.into();
    event.source = "annals".into();
    event.metadata.insert("subject".into(), subject.into());
    let stream = StreamName::tenant(&event.tenant);
    let (position, revision) = (Position(position), Revision(position));
    Recorded {
        position,
        stream,
        revision,
        event: Arc::new(event),
        header_digest: [0; 32],
        erased: Vec::new(),
        stored_schema_version: None,
    }
}

fn refuses(view: &AccessView, subject: &str) -> bool {
    let token = RevokedToken { id: None, subject, issued_at: None };
    let state = view.now();
    state.tenant(&TenantId::new("acme").unwrap()).is_some_and(|tenant| tenant.is_revoked(&token))
}

fn keeper(store: &Arc<MemoryAccess>) -> (AccessKeeper, AccessView) {
    let keeper = AccessKeeper::new(store.clone(), AccessRules::default());
    let begin = keeper.rewind().unwrap();
    let view = keeper.view(Progress::new(ACCESS, begin), begin);
    (keeper, view)
}

#[test]
fn a_change_counts_before_it_is_committed_and_after_the_next_start() {
    let store = Arc::new(MemoryAccess::default());
    let (access, view) = keeper(&store);
    let changes = view.changes();
    access.apply(&[revoked(1, "ann")], Position(1)).unwrap();
    assert!(refuses(&view, "ann") && changes.has_changed().unwrap());
    let (_, other) = keeper(&store);
    assert!(!refuses(&other, "ann"), "it is not committed yet");
    access.commit().unwrap();
    let (_, other) = keeper(&store);
    assert!(refuses(&other, "ann"));
}

#[test]
fn what_was_revoked_stays_so_while_older_events_come_again() {
    let store = Arc::new(MemoryAccess::default());
    let (access, view) = keeper(&store);
    access.apply(&[revoked(1, "ann"), revoked(2, "bob")], Position(2)).unwrap();
    assert_eq!(access.rewind().unwrap(), Position::START);
    assert!(refuses(&view, "ann") && refuses(&view, "bob"));
    access.apply(&[revoked(1, "ann")], Position(1)).unwrap();
    assert!(refuses(&view, "bob"), "the older state is not shown");
    access.apply(&[revoked(2, "bob"), revoked(3, "eve")], Position(3)).unwrap();
    assert!(refuses(&view, "ann") && refuses(&view, "bob") && refuses(&view, "eve"));
}

#[test]
fn nobody_is_woken_by_events_that_change_nothing() {
    let (access, view) = keeper(&Arc::default());
    let changes = view.changes();
    let mut event = revoked(1, "ann");
    Arc::make_mut(&mut event.event).event_type = "user.login.succeeded".into();
    access.apply(&[event], Position(1)).unwrap();
    access.commit().unwrap();
    assert!(!changes.has_changed().unwrap());
}

#[test]
fn a_view_is_current_once_it_has_what_the_log_told_at_the_start() {
    let keeper = AccessKeeper::new(Arc::new(MemoryAccess::default()), AccessRules::default());
    let progress = Progress::new(ACCESS, Position(3));
    let view = keeper.view(Arc::clone(&progress), Position(5));
    assert!(!view.is_current());
    progress.advance(Position(5));
    assert!(view.is_current());
}
