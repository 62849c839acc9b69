//! What the algorithm promises, for any rate and any order of requests.

use proptest::prelude::*;

use super::*;
use crate::contract::rate_limits::quota;

const SECOND_US: u64 = 1_000_000;

#[test]
fn the_burst_goes_at_once_and_then_what_the_rate_allows() {
    let quota = quota(2, 3);
    let mut bucket = Bucket::default();
    let mut ask = |now_us| {
        let (next, verdict) = take(bucket, now_us, quota, 1);
        bucket = next;
        verdict
    };
    let told = |verdict: Verdict| {
        (verdict.allowed, verdict.remaining, verdict.retry_after_seconds, verdict.reset_seconds)
    };
    assert_eq!(told(ask(0)), (true, 2, 0, 1));
    assert_eq!(told(ask(0)), (true, 1, 0, 1));
    assert_eq!(told(ask(0)), (true, 0, 0, 2));
    assert_eq!(told(ask(0)), (false, 0, 1, 2));
    assert_eq!(told(ask(SECOND_US / 2 - 1)), (false, 0, 1, 2));
    assert_eq!(told(ask(SECOND_US / 2)), (true, 0, 0, 2));
    assert_eq!(told(ask(60 * SECOND_US)), (true, 2, 0, 1));
}

#[test]
fn what_is_more_than_the_burst_needs_a_rest_and_is_waited_off() {
    let quota = quota(1, 3);
    let (bucket, verdict) = take(Bucket::default(), 0, quota, 10);
    assert_eq!((verdict.allowed, verdict.remaining, verdict.reset_seconds), (true, 0, 10));
    let (bucket, verdict) = take(bucket, 6 * SECOND_US, quota, 1);
    assert_eq!((verdict.allowed, verdict.retry_after_seconds), (false, 2));
    let (bucket, verdict) = take(bucket, 8 * SECOND_US, quota, 1);
    assert!(verdict.allowed);
    let (_, verdict) = take(bucket, 8 * SECOND_US, quota, 10);
    assert_eq!((verdict.allowed, verdict.retry_after_seconds), (false, 3), "not without a rest");
}

#[test]
fn the_largest_numbers_overflow_nothing_and_stay_whole_in_a_double() {
    let quota = quota(u32::MAX, u32::MAX);
    let (full, verdict) = take(Bucket::default(), u64::MAX, quota, u32::MAX);
    assert!(verdict.allowed);
    let (_, verdict) = take(full, u64::MAX, quota, u32::MAX);
    assert!(!verdict.allowed);
    assert!(full.level + parts(u32::MAX) < 1 << 53);
    assert!(take(full, 0, quota, 1).1.reset_seconds > 0, "a clock may go back");
}

/// Costs and pauses of a caller, and the quota they have.
fn history() -> impl Strategy<Value = (Quota, Vec<(u64, u32)>)> {
    let step = (0..3 * SECOND_US, 0..20u32);
    (1..50u32, 1..40u32, prop::collection::vec(step, 1..80))
        .prop_map(|(rate, burst, steps)| (quota(rate, burst), steps))
}

proptest! {
    /// Of every stretch of time: what the burst and the rate allow, and nothing beyond. A cost
    /// above the burst counts for as much burst as it is.
    #[test]
    fn never_more_is_taken_than_the_burst_and_the_rate_allow((quota, steps) in history()) {
        let mut bucket = Bucket::default();
        let mut now_us = 0;
        let mut taken: Vec<(u64, u64)> = Vec::new();
        for (pause_us, cost) in steps {
            now_us += pause_us;
            let (next, verdict) = take(bucket, now_us, quota, cost);
            prop_assert_eq!(verdict.allowed || next == bucket, true, "a refusal takes nothing");
            bucket = next;
            if !verdict.allowed {
                continue;
            }
            taken.push((now_us, u64::from(cost)));
            for first in 0..taken.len() {
                let since = &taken[first..];
                let sum: u64 = since.iter().map(|(_, cost)| cost).sum();
                let largest = since.iter().map(|(_, cost)| *cost).max().unwrap_or_default();
                let burst = largest.max(quota.burst.get().into());
                let elapsed = now_us - since[0].0;
                let by_rate = elapsed * u64::from(quota.per_second.get());
                prop_assert!(sum * PARTS <= burst * PARTS + by_rate);
            }
        }
    }

    /// Whoever waits as long as they were told is let in, and a second less would not do.
    #[test]
    fn what_a_verdict_tells_is_true((quota, steps) in history()) {
        let mut bucket = Bucket::default();
        let mut now_us = 0;
        for (pause_us, cost) in steps {
            now_us += pause_us;
            let (next, verdict) = take(bucket, now_us, quota, cost);
            bucket = next;
            let again = |seconds: u32, cost| {
                take(bucket, now_us + u64::from(seconds) * SECOND_US, quota, cost).1
            };
            if verdict.allowed {
                prop_assert_eq!(verdict.retry_after_seconds, 0);
                let burst = quota.burst.get();
                prop_assert!(verdict.remaining == 0 || again(0, verdict.remaining).allowed);
                prop_assert!(verdict.remaining >= burst || !again(0, verdict.remaining + 1).allowed);
            } else {
                let wait = verdict.retry_after_seconds;
                prop_assert!(wait >= 1);
                prop_assert!(again(wait, cost).allowed);
                prop_assert!(!again(wait - 1, cost).allowed);
            }
            let reset = verdict.reset_seconds;
            prop_assert_eq!(again(reset, 0).remaining, quota.burst.get());
        }
    }

    /// A clock that goes back gives nothing away: what was taken stays taken.
    #[test]
    fn a_clock_that_goes_back_lets_nobody_take_more(
        (quota, _) in history(),
        times in prop::collection::vec(0..5 * SECOND_US, 1..80),
    ) {
        let mut bucket = Bucket::default();
        let mut taken = 0;
        for now_us in times {
            let (next, verdict) = take(bucket, now_us, quota, 1);
            bucket = next;
            taken += u64::from(verdict.allowed);
        }
        let most = u64::from(quota.burst.get()) + 5 * u64::from(quota.per_second.get());
        prop_assert!(taken <= most, "{taken} of {most}");
    }
}
