//! Reading to a rate.

use super::*;

#[test]
fn a_look_waits_for_what_it_is_ahead_of_its_rate_but_never_long_at_once() {
    let ms = Duration::from_millis;
    assert_eq!(pause(1000, 1000, ms(400)), ms(500));
    assert_eq!(pause(1000, 1000, ms(900)), ms(100));
    assert_eq!(pause(1000, 1000, ms(1000)), ms(0));
    assert_eq!(pause(1000, 1000, ms(5000)), ms(0), "what was too slow is not made up for");
    assert_eq!(pause(u64::MAX, 1, ms(0)), PAUSE_MAX);
    assert!(pause(1 << 40, u64::MAX, ms(0)) < ms(1));
}

#[test]
fn pauses_too_short_to_matter_are_saved_up() {
    let running = CancellationToken::new();
    let mut pace = Pace::begin(1_000_000);
    let began = Instant::now();
    assert!(pace.keep(4_000, &running));
    assert!(pace.keep(16_000, &running));
    assert!(began.elapsed() >= Duration::from_millis(20) - PAUSE_MIN);
}

#[test]
fn whoever_stops_does_not_wait() {
    let stopping = CancellationToken::new();
    let mut pace = Pace::begin(1);
    stopping.cancel();
    let began = Instant::now();
    assert!(!pace.keep(u64::MAX, &stopping));
    assert!(began.elapsed() < Duration::from_secs(60));
}
