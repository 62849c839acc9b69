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
fn short_pauses_are_saved_up() {
    let mut pace = Pace::begin(1_000_000);
    let mut waited = Vec::new();
    for _ in 0..20 {
        pace.read(1000, |pause| waited.push(pause));
    }
    assert!(waited.len() < 20 && waited.iter().all(|pause| *pause >= PAUSE_MIN), "{waited:?}");
    let mut free = Pace::begin(u64::MAX);
    free.read(1 << 30, |_| panic!("nothing to wait for"));
}
