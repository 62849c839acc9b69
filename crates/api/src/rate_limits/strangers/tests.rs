use std::cell::Cell;
use std::num::NonZeroU32;

use futures_util::FutureExt;

use super::*;

const BURST: u32 = 3;

fn strangers() -> Strangers {
    let quota = Quota { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(BURST).unwrap() };
    Strangers::new(quota, NonZeroUsize::new(100).unwrap())
}

fn peer(address: &str) -> Peer {
    Peer(address.parse().unwrap())
}

/// What becomes of a token, which holds or does not, and whether it was verified at all.
fn show(strangers: &Strangers, from: &str, token: &str, holds: bool) -> (Result<(), Code>, bool) {
    let verified = Cell::new(false);
    let verify = async {
        verified.set(true);
        if holds { Ok(()) } else { Err(ApiError::unauthenticated()) }
    };
    let result = strangers.recognise(peer(from), token.as_bytes(), verify).now_or_never().unwrap();
    (result.map_err(|error| error.code), verified.get())
}

#[test]
fn after_so_many_failures_nothing_from_there_is_verified_any_more() {
    let strangers = strangers();
    for number in 0..BURST {
        let token = format!("bad {number}");
        assert_eq!(
            show(&strangers, "192.0.2.1", &token, false),
            (Err(Code::Unauthenticated), true)
        );
    }
    assert_eq!(show(&strangers, "192.0.2.1", "bad", false), (Err(Code::RateLimited), false));
    assert!(!show(&strangers, "192.0.2.1", "new and good", true).1);
    assert_eq!(show(&strangers, "192.0.2.2", "good", true), (Ok(()), true));
}

#[test]
fn who_was_known_before_is_let_in_beside_a_flood_from_the_same_address() {
    let strangers = strangers();
    assert_eq!(show(&strangers, "192.0.2.1", "good", true), (Ok(()), true));
    for number in 0..10 {
        let _ = show(&strangers, "192.0.2.1", &format!("bad {number}"), false);
    }
    assert_eq!(show(&strangers, "192.0.2.1", "good", true), (Ok(()), true));
    // A token that ends is a stranger's again.
    assert_eq!(show(&strangers, "192.0.2.1", "good", false), (Err(Code::Unauthenticated), true));
    assert_eq!(show(&strangers, "192.0.2.1", "good", false), (Err(Code::RateLimited), false));
}

#[test]
fn a_network_of_ipv6_is_one_address() {
    let strangers = strangers();
    for number in 0..BURST {
        let _ = show(&strangers, &format!("2001:db8::{number}"), "bad", false);
    }
    assert!(!show(&strangers, "2001:db8::ffff", "bad", false).1);
    assert!(show(&strangers, "2001:db8:0:1::1", "bad", false).1);
}

#[test]
fn as_many_addresses_as_there_are_take_no_more_room_than_meant() {
    let strangers = strangers();
    for number in 0..10_000_u32 {
        let address = IpAddr::from(number.to_be_bytes()).to_string();
        let _ = show(&strangers, &address, "bad", false);
    }
    assert!(strangers.limiter.keys() <= 112, "{}", strangers.limiter.keys());
}

#[test]
fn what_is_refused_for_another_reason_is_no_failure_to_say_who_one_is() {
    let strangers = strangers();
    for _ in 0..10 {
        let refused = async { Err::<(), _>(ApiError::forbidden("no")) };
        let result = strangers.recognise(peer("192.0.2.1"), b"good", refused).now_or_never();
        assert_eq!(result.unwrap().unwrap_err().code, Code::Forbidden);
    }
}
