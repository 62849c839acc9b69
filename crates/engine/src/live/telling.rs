//! The task that follows the feed and tells all who are seated, as long as there are any.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::hub::Hub;
use crate::feed::FeedReader;

/// How many events are taken from the feed at once.
const STEP: usize = 1024;
/// How many are looked at while nobody can take or leave a seat.
const SLICE: usize = 64;
/// What it takes to serve one subscriber, roughly; and so long nobody needs to be told more.
const SERVING: Duration = Duration::from_micros(50);
/// Nobody is told later than that because others are served.
const REST_MAX: Duration = Duration::from_millis(50);

/// Tells until nobody is seated any more, or the log cannot be read.
pub(super) async fn tell(
    hub: Arc<Hub>,
    mut reader: FeedReader,
    round: u64,
    over: CancellationToken,
) {
    // However this ends, nobody waits for it in vain.
    let _end = End { hub: Arc::clone(&hub), round };
    loop {
        let news = tokio::select! {
            () = over.cancelled() => return,
            news = reader.next(STEP) => news,
        };
        let events = match news {
            Ok(events) => events,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "subscribers are not told together; each reads the log");
                return;
            }
        };
        let mut told = 0;
        let mut slices = events.chunks(SLICE).peekable();
        while let Some(slice) = slices.next() {
            let last = slice.last().filter(|_| slices.peek().is_some());
            let end = last.map_or(reader.position(), |recorded| recorded.position);
            let Some(in_slice) = hub.tell(round, slice, end) else { return };
            told += in_slice;
            tokio::task::yield_now().await;
        }
        if events.is_empty() && hub.tell(round, &[], reader.position()).is_none() {
            return;
        }
        // Behind the head everything waits already.
        if events.len() < STEP {
            rest(told).await;
        }
    }
}

/// Lets so many subscribers be served before they are told more. What comes meanwhile is told
/// together, so the load of many events grows with the subscribers and not with both.
async fn rest(told: usize) {
    let time = rest_after(told);
    match time < Duration::from_millis(1) {
        // Timers do not count finer.
        true => tokio::task::yield_now().await,
        false => tokio::time::sleep(time).await,
    }
}

fn rest_after(told: usize) -> Duration {
    SERVING.saturating_mul(u32::try_from(told).unwrap_or(u32::MAX)).min(REST_MAX)
}

struct End {
    hub: Arc<Hub>,
    round: u64,
}

impl Drop for End {
    fn drop(&mut self) {
        self.hub.end(self.round);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_told_at_once_and_a_thousand_share_their_turns() {
        assert!(rest_after(0).is_zero());
        assert!(rest_after(1) < Duration::from_millis(1));
        assert_eq!(rest_after(200), Duration::from_millis(10));
        assert_eq!(rest_after(1_000_000), REST_MAX);
    }
}
