//! One backup at a time.

use super::*;

use jiff::SignedDuration;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

async fn take(place: &Place, token: &str, now: i64) -> Result<Lock, LockError> {
    Lock::take(place, holder(token), at(now), |_| false).await
}

#[tokio::test]
async fn the_second_waits_until_the_lock_of_the_first_ends() {
    let (_dir, place) = folder();
    let first = take(&place, "first", 0).await.unwrap();
    for before in [0, LOCK_SECONDS - 1] {
        let refused = take(&place, "second", before).await.err().unwrap();
        assert!(matches!(refused, LockError::Held { process: 7, .. }), "{refused}");
    }
    let _second = take(&place, "second", LOCK_SECONDS).await.unwrap();
    assert!(matches!(first.confirm().await, Err(LockError::Lost(_))));
    first.release().await.unwrap();
    assert!(take(&place, "third", LOCK_SECONDS).await.is_err(), "it was not the first's any more");
}

#[tokio::test]
async fn a_lock_that_is_renewed_holds_on() {
    let (_dir, place) = folder();
    let mut first = take(&place, "first", 0).await.unwrap();
    first.renew(at(LOCK_SECONDS - 1)).await.unwrap();
    assert!(take(&place, "second", LOCK_SECONDS + 10).await.is_err());
    first.release().await.unwrap();
    take(&place, "second", LOCK_SECONDS + 10).await.unwrap();
}

#[tokio::test]
async fn the_lock_of_a_process_that_is_gone_holds_nobody_up() {
    let (_dir, place) = folder();
    take(&place, "first", 0).await.unwrap();
    let gone = |holder: &Holder| holder.process == 7;
    Lock::take(&place, holder("second"), at(1), gone).await.unwrap();
}

#[test]
fn a_backup_is_due_when_the_interval_is_over() {
    let day = SignedDuration::from_hours(24);
    let after = |seconds: i64| is_due(Some(at(0)), day, at(seconds));
    assert!(is_due(None, day, at(0)));
    assert!(!after(0) && !after(86_399) && after(86_400));
    assert!(!after(-86_400) && after(-86_401), "a clock that went back holds it up for no longer");
}
