//! Names that take for ever to resolve: they hold so many threads and no more, and others are told why they wait.

use std::sync::{Condvar, Mutex};

use annals_tests::{PATIENCE, wait_until};

use super::super::names::LOOKUPS_MAX;
use super::*;

/// Lookups that have begun, and whether they may end.
static BEGUN: Mutex<(usize, bool)> = Mutex::new((0, false));
static MAY_END: Condvar = Condvar::new();

/// Ends when the test says so, whoever waits for it.
fn hangs(_: &str) -> std::io::Result<Vec<SocketAddr>> {
    let mut state = BEGUN.lock().unwrap();
    state.0 += 1;
    let _state = MAY_END.wait_while(state, |(_, may_end)| !*may_end).unwrap();
    Ok(Vec::new())
}

fn begun() -> usize {
    BEGUN.lock().unwrap().0
}

/// Lets lookups end, also when the test fails: whatever runs it waits for its threads.
struct Release;

impl Drop for Release {
    fn drop(&mut self) {
        BEGUN.lock().unwrap().1 = true;
        MAY_END.notify_all();
    }
}

#[tokio::test]
async fn names_that_are_slow_hold_so_many_threads_and_no_more() {
    let release = Release;
    let http = Arc::new(OutgoingHttp::with_lookup(&settings(3), hangs).unwrap());
    let ask = |number: usize| {
        let http = Arc::clone(&http);
        tokio::spawn(async move { post(&http, &format!("https://slow-{number}.test/")).await })
    };
    let first: Vec<_> = (0..LOOKUPS_MAX).map(ask).collect();
    let full = async || (begun() == LOOKUPS_MAX).then_some(());
    wait_until("as many as may be are looked up at once", PATIENCE, full).await;
    for asked in first {
        assert!(!asked.await.unwrap().unwrap_err().permanent);
    }
    // Nobody waits for them any more, and their threads hang all the same.
    let error = ask(LOOKUPS_MAX).await.unwrap().unwrap_err();
    assert!(!error.permanent, "it is tried again");
    assert!(error.source.to_string().contains("slow to resolve"), "{:?}", error.source);
    assert_eq!(begun(), LOOKUPS_MAX, "one more was not begun");
    // A host that is an address needs no lookup.
    let (address, _gotten) = receiver(|| StatusCode::OK.into_response()).await;
    post(&http, &format!("http://{address}/")).await.unwrap();
    drop(release);
    let free = async || {
        let error = ask(0).await.unwrap().unwrap_err();
        error.source.to_string().contains("no address").then_some(())
    };
    wait_until("names are looked up again", PATIENCE, free).await;
}
