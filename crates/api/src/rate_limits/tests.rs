//! Names of keys: the same for the same caller, and never the same for two.

use annals_ports::LocalRateLimiter;

use super::*;

fn limits(key: u8) -> Arc<Limits> {
    let one = NonZeroU32::MIN;
    let settings = RateLimitSettings {
        enabled: true,
        requests_per_second: one,
        requests_burst: one,
        tenant_requests_per_second: one,
        tenant_requests_burst: one,
        failures_per_second: one,
        failures_burst: one,
        events_per_second: one,
        events_burst: one,
        keys_max: NonZeroUsize::MIN,
    };
    let limiter = Arc::new(LocalRateLimiter::new(NonZeroUsize::MIN));
    RateLimits::new(&settings, limiter, &[key; 32]).0.unwrap()
}

#[test]
fn no_two_callers_share_a_key_and_every_node_makes_the_same() {
    let here = limits(1);
    let callers: [(&str, &[&str]); 7] = [
        ("requests", &["acme", "ann"]),
        ("requests", &["acme", "bob"]),
        ("requests", &["globex", "ann"]),
        ("requests", &["acmea", "nn"]),
        ("requests", &["acme"]),
        ("events", &["acme"]),
        ("events", &["globex"]),
    ];
    let keys = callers.map(|(quota, whose)| here.key_of(quota, whose));
    let different: std::collections::HashSet<_> = keys.iter().collect();
    assert_eq!(different.len(), callers.len());
    assert_eq!(callers.map(|(quota, whose)| limits(1).key_of(quota, whose)), keys);
    assert_ne!(limits(2).key_of("events", &["acme"]), here.key_of("events", &["acme"]));
}
