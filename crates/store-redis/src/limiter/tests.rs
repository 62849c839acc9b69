//! Against a Redis that the tests start, kill and start again.

mod server;

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::Instant;

use annals_ports::LocalRateLimiter;
use annals_ports::contract::rate_limits::{fresh_key, quota, run};
use annals_ports::rate_limits::{Bucket, take};
use proptest::prelude::*;

use super::*;
use server::{Server, until};

fn settings(url: &str) -> RedisSettings {
    // Longer than in operation: the machine may be busy with other tests.
    RedisSettings { url: url.to_owned().into(), timeout_ms: NonZeroU64::new(2000).unwrap() }
}

fn limiter(url: &str) -> RedisRateLimiter {
    let fallback = LocalRateLimiter::new(NonZeroUsize::new(1000).unwrap());
    RedisRateLimiter::new(&settings(url), Arc::new(fallback)).unwrap()
}

/// A limiter that has connected.
async fn connected(server: &Server) -> RedisRateLimiter {
    let limiter = limiter(&server.url());
    reaches(&limiter).await;
    limiter
}

async fn reaches(limiter: &RedisRateLimiter) {
    until("Redis is reached", async || limiter.connection.open().is_some()).await;
}

fn connection(limiter: &RedisRateLimiter) -> MultiplexedConnection {
    limiter.connection.open().unwrap().1
}

#[tokio::test]
async fn the_redis_limiter_keeps_the_contract() {
    let server = Server::start().await;
    let limiter = Arc::new(connected(&server).await);
    let (number, _) = limiter.connection.open().unwrap();
    run(limiter.clone()).await;
    assert_eq!(limiter.connection.open().unwrap().0, number, "it was Redis all the time");
}

#[tokio::test]
async fn without_redis_the_contract_holds_in_this_process() {
    let server = Server::start().await;
    let url = server.url();
    drop(server);
    run(Arc::new(limiter(&url))).await;
}

#[tokio::test]
async fn limiters_over_one_redis_share_a_quota_also_after_it_was_gone() {
    let mut server = Server::start().await;
    let (here, there) = (connected(&server).await, connected(&server).await);
    shares(&here, &there).await;

    server.kill();
    let key = fresh_key();
    for limiter in [&here, &there] {
        let began = Instant::now();
        for left in (0..10).rev() {
            let verdict = limiter.check(&key, quota(1, 10), 1).await;
            assert!(verdict.allowed, "each node counts for itself: {left} left");
        }
        assert!(began.elapsed() < Duration::from_secs(3), "callers do not wait for Redis");
    }

    server.start_again().await;
    reaches(&here).await;
    reaches(&there).await;
    shares(&here, &there).await;
}

#[tokio::test]
async fn what_is_counted_without_redis_is_told_in_the_metrics() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let told = recorder.handle();
    // The test runs on one thread, so everything it calls is counted here.
    let _counting = metrics::set_default_local_recorder(&recorder);
    let mut server = Server::start().await;
    let limiter = connected(&server).await;
    limiter.check(&fresh_key(), quota(1, 1), 1).await;
    assert!(!told.render().contains("annals_rate_limit_fallbacks_total"), "{}", told.render());
    server.kill();
    for _ in 0..3 {
        limiter.check(&fresh_key(), quota(1, 1), 1).await;
    }
    assert!(told.render().contains("annals_rate_limit_fallbacks_total 3"), "{}", told.render());
}

/// Shows that what one takes the other lacks.
async fn shares(here: &RedisRateLimiter, there: &RedisRateLimiter) {
    let key = fresh_key();
    assert!(here.check(&key, quota(1, 100), 60).await.allowed);
    let verdict = there.check(&key, quota(1, 100), 60).await;
    assert!(!verdict.allowed && verdict.remaining < 60, "{verdict:?}");
    assert!(there.check(&key, quota(1, 100), 40).await.allowed);
    assert!(!here.check(&key, quota(1, 100), 40).await.allowed);
}

#[tokio::test]
async fn a_redis_that_is_there_but_does_not_answer_holds_nobody_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    let settings = RedisSettings { url: url.into(), timeout_ms: NonZeroU64::new(50).unwrap() };
    let fallback = LocalRateLimiter::new(NonZeroUsize::new(1000).unwrap());
    let limiter = RedisRateLimiter::new(&settings, Arc::new(fallback)).unwrap();
    let began = Instant::now();
    for _ in 0..1000 {
        assert!(limiter.check(&fresh_key(), quota(1, 1), 1).await.allowed);
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_redis_that_falls_silent_is_given_up_and_found_again() {
    let server = Server::start().await;
    let fallback = LocalRateLimiter::new(NonZeroUsize::new(1000).unwrap());
    let settings =
        RedisSettings { timeout_ms: NonZeroU64::new(200).unwrap(), ..settings(&server.url()) };
    let limiter = RedisRateLimiter::new(&settings, Arc::new(fallback)).unwrap();
    reaches(&limiter).await;
    server.signal("STOP");
    let began = Instant::now();
    for _ in 0..1000 {
        assert!(limiter.check(&fresh_key(), quota(1, 1), 1).await.allowed);
    }
    assert!(began.elapsed() < Duration::from_secs(2), "one waited: {:?}", began.elapsed());
    assert!(limiter.connection.open().is_none());
    server.signal("CONT");
    reaches(&limiter).await;
}

#[tokio::test]
async fn keys_tell_of_nobody_and_go_away_by_themselves() {
    let server = Server::start().await;
    let limiter = connected(&server).await;
    let key = RateKey([0xab; 16]);
    assert!(limiter.check(&key, quota(10, 20), 15).await.allowed);
    assert!(!limiter.check(&key, quota(10, 20), 15).await.allowed);
    let mut connection = connection(&limiter);
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    assert_eq!(keys, [format!("annals:rate:{}", "ab".repeat(16))]);
    let left_ms: i64 = redis::cmd("PTTL").arg(&keys).query_async(&mut connection).await.unwrap();
    assert!((1..=2500).contains(&left_ms), "1.5 s until it is empty, and one more: {left_ms} ms");
}

#[tokio::test]
async fn a_key_with_something_else_in_it_harms_nobody() {
    let server = Server::start().await;
    let limiter = connected(&server).await;
    let mut connection = connection(&limiter);
    let key = fresh_key();
    let name = format!("{KEY_PREFIX}{key}");
    let _: () =
        redis::cmd("SET").arg(&name).arg("nonsense").query_async(&mut connection).await.unwrap();
    assert!(limiter.check(&key, quota(1, 1), 1).await.allowed, "as if it was empty");
    let key = fresh_key();
    let name = format!("{KEY_PREFIX}{key}");
    let _: () =
        redis::cmd("LPUSH").arg(&name).arg("a list").query_async(&mut connection).await.unwrap();
    assert!(limiter.check(&key, quota(1, 1), 1).await.allowed, "counted in this process");
    assert!(!limiter.check(&key, quota(1, 1), 1).await.allowed);
}

#[tokio::test]
async fn an_address_is_never_shown_with_its_password() {
    let fallback: Arc<dyn RateLimiter> =
        Arc::new(LocalRateLimiter::new(NonZeroUsize::new(1).unwrap()));
    for url in ["redis://:s3cret@", "http://:s3cret@host", "rediss://:s3cret@host/", ":s3cret", ""]
    {
        let settings = settings(url);
        let error = RedisRateLimiter::new(&settings, Arc::clone(&fallback)).err().unwrap();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let told = format!("{error} {error:?} {cause} {settings:?}");
        assert!(!told.contains("s3cret"), "{told}");
        assert!(told.contains("redis.url"), "{told}");
    }
}

/// A rate, a burst, and the steps of a caller: microseconds on or back, and a cost.
type History = (u32, u32, Vec<(i64, u32)>);

/// Histories of small and large numbers.
fn histories() -> impl Strategy<Value = Vec<History>> {
    let number = || prop_oneof![1..30u32, 1..100_000u32, Just(u32::MAX)];
    let pause = prop_oneof![0..5i64, 0..3_000_000i64, -2_000_000..0i64, Just(1_000_000_000_000i64)];
    let cost = prop_oneof![8 => 0..20u32, 2 => 0..200_000u32, 1 => Just(u32::MAX)];
    let steps = prop::collection::vec((pause, cost), 1..60);
    prop::collection::vec((number(), number(), steps), 30)
}

#[test]
fn the_script_decides_as_the_function_does_to_the_last_unit() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(Server::start());
    let limiter = runtime.block_on(connected(&server));
    let config = ProptestConfig { cases: 8, ..ProptestConfig::default() };
    proptest!(config, |(histories in histories())| {
        for (rate, burst, steps) in histories {
            let (key, quota) = (fresh_key(), quota(rate, burst));
            let mut bucket = Bucket::default();
            // A time of this century: what a real clock tells must not be too large.
            let mut now_us = 1_800_000_000_000_000u64;
            for (pause_us, cost) in steps {
                now_us = now_us.checked_add_signed(pause_us).unwrap();
                let (next, expected) = take(bucket, now_us, quota, cost);
                bucket = next;
                let told = runtime.block_on(limiter.ask(connection(&limiter), &key, (quota, cost), Some(now_us)));
                prop_assert_eq!(told.unwrap(), expected);
            }
        }
    });
}
