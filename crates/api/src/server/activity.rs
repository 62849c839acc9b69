//! What a connection is doing, and how long it may go on doing only that.
//!
//! hyper has one patience for both, waiting for a request and receiving its headers, none before it
//! knows which version of HTTP is spoken, and none in HTTP/2. Here they are told apart: headers come
//! soon or never, and between requests a connection may rest for longer than proxies keep theirs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long which silence may last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until the first request, and from the first byte of a later one, until its headers are there.
    pub(super) headers: Duration,
    /// Between two requests.
    pub(super) idle: Duration,
}

/// Why a connection is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// No request came, or not all of its headers.
    Silent,
    /// No further request came.
    Idle,
}

impl Cut {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "no_headers",
            Self::Idle => "idle",
        }
    }
}

/// Shared by a connection, its stream and its requests.
#[derive(Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// Requests whose answers are not complete.
    in_flight: usize,
    /// Since when there are none.
    quiet_since: Instant,
    /// When the first byte came since then.
    heard: Option<Instant>,
    /// Whether there was a request.
    begun: bool,
    /// In HTTP/2 bytes come also without requests.
    many_streams: bool,
}

/// A request under way, until this is dropped.
pub(super) struct InFlight(Activity);

impl Activity {
    pub(super) fn new(now: Instant) -> Self {
        Self(Arc::new(Mutex::new(State {
            in_flight: 0,
            quiet_since: now,
            heard: None,
            begun: false,
            many_streams: false,
        })))
    }

    /// Bytes have come.
    pub(super) fn hears(&self, now: Instant) {
        self.locked().heard.get_or_insert(now);
    }

    /// The headers of a request are there.
    pub(super) fn begins(&self, version: http::Version) -> InFlight {
        let mut state = self.locked();
        state.in_flight += 1;
        state.begun = true;
        state.many_streams = version >= http::Version::HTTP_2;
        drop(state);
        InFlight(self.clone())
    }

    /// Whether the connection is to be cut off now.
    pub(super) fn cut(&self, now: Instant, patience: Patience) -> Option<Cut> {
        self.locked().cut(now, patience)
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn cut(&self, now: Instant, patience: Patience) -> Option<Cut> {
        let over = |since: Instant, patience: Duration| now.duration_since(since) >= patience;
        if self.in_flight > 0 {
            return None;
        }
        if !self.begun {
            return over(self.quiet_since, patience.headers).then_some(Cut::Silent);
        }
        match self.heard.filter(|_| !self.many_streams) {
            Some(heard) => over(heard, patience.headers).then_some(Cut::Silent),
            None => over(self.quiet_since, patience.idle).then_some(Cut::Idle),
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.locked();
        state.in_flight -= 1;
        if state.in_flight == 0 {
            state.quiet_since = Instant::now();
            state.heard = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Version;

    use super::*;

    const PATIENCE: Patience =
        Patience { headers: Duration::from_secs(10), idle: Duration::from_secs(60) };

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[tokio::test(start_paused = true)]
    async fn headers_come_soon_and_between_requests_there_may_be_a_rest() {
        let start = Instant::now();
        let activity = Activity::new(start);
        let cut = |after: u64| activity.cut(Instant::now() + seconds(after), PATIENCE);
        assert_eq!((cut(9), cut(10)), (None, Some(Cut::Silent)));
        activity.hears(start + seconds(9));
        assert_eq!(cut(10), Some(Cut::Silent), "a byte is no request");
        let request = activity.begins(Version::HTTP_11);
        assert_eq!(cut(10_000), None, "an answer takes as long as it takes");
        drop(request);
        assert_eq!((cut(59), cut(60)), (None, Some(Cut::Idle)));
        activity.hears(Instant::now() + seconds(55));
        assert_eq!((cut(64), cut(65)), (None, Some(Cut::Silent)));
    }

    #[tokio::test(start_paused = true)]
    async fn frames_without_a_request_do_not_keep_a_connection() {
        let activity = Activity::new(Instant::now());
        let (first, second) = (activity.begins(Version::HTTP_2), activity.begins(Version::HTTP_2));
        drop(first);
        let cut = |after: u64| activity.cut(Instant::now() + seconds(after), PATIENCE);
        assert_eq!(cut(10_000), None);
        drop(second);
        activity.hears(Instant::now() + seconds(20));
        assert_eq!((cut(59), cut(60)), (None, Some(Cut::Idle)));
    }
}
