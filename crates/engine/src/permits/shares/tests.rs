use proptest::prelude::*;

use super::*;

const TOTAL: usize = 1000;
const LEAST: usize = 100;

fn shares() -> Shares<u8> {
    Shares::new(TOTAL, LEAST)
}

/// How much somebody gets, piece by piece.
fn as_much_as_it_gets(shares: &mut Shares<u8>, who: u8, now: Instant) -> usize {
    (0..TOTAL).take_while(|_| shares.take(Some(&who), 1, now).is_ok()).count()
}

#[test]
fn alone_one_gets_three_quarters_and_who_comes_later_finds_room() {
    let (mut shares, now) = (shares(), Instant::now());
    assert_eq!(as_much_as_it_gets(&mut shares, 1, now), 750);
    assert_eq!(as_much_as_it_gets(&mut shares, 2, now), 250, "all there is, below its half");
    shares.give_back(Some(&1), 400);
    assert_eq!(shares.take(Some(&1), 26, now), Err(Refusal::OverShare));
    assert_eq!(as_much_as_it_gets(&mut shares, 2, now), 125, "now it has its half of the 750");
    assert_eq!(as_much_as_it_gets(&mut shares, 1, now), 25);
}

#[test]
fn the_service_itself_gets_what_nobody_holds() {
    let (mut shares, now) = (shares(), Instant::now());
    assert_eq!(as_much_as_it_gets(&mut shares, 1, now), 750);
    assert_eq!(shares.take(None, 250, now), Ok(()));
    assert_eq!(shares.take(None, 1, now), Err(Refusal::NoRoom));
    shares.give_back(None, 250);
    assert_eq!(shares.active(), 1);
}

#[test]
fn who_was_refused_counts_for_a_while_and_is_then_forgotten() {
    let (mut shares, now) = (shares(), Instant::now());
    shares.take(None, TOTAL, now).unwrap();
    assert_eq!(shares.take(Some(&2), 1, now), Err(Refusal::NoRoom));
    shares.give_back(None, TOTAL);
    assert_eq!(as_much_as_it_gets(&mut shares, 1, now), 375, "another waits");
    let later = now + WAITS_FOR;
    assert_eq!(as_much_as_it_gets(&mut shares, 1, later), 375, "the other has left");
    shares.give_back(Some(&1), 750);
    assert_eq!(shares.take(Some(&3), 1, later + WAITS_FOR), Ok(()));
    assert_eq!((shares.active(), shares.waiting.len()), (1, 0));
}

#[test]
fn everyone_may_hold_one_of_the_largest_pieces_however_many_there_are() {
    let (mut shares, now) = (shares(), Instant::now());
    for who in 0..10 {
        assert_eq!(shares.take(Some(&who), LEAST, now), Ok(()), "{who}");
    }
    assert_eq!(shares.take(Some(&99), 1, now), Err(Refusal::NoRoom));
}

#[test]
fn what_is_closed_gives_nothing() {
    let (mut shares, now) = (shares(), Instant::now());
    shares.take(Some(&1), 5, now).unwrap();
    shares.close();
    assert_eq!(shares.take(Some(&1), 1, now), Err(Refusal::NoRoom));
    assert_eq!((shares.taken(), shares.is_empty()), (TOTAL, false));
    shares.give_back(Some(&1), 5);
    assert!(shares.is_empty());
}

proptest! {
    /// Whatever is taken and given back: never more than there is, never more than a share, and in
    /// the end nothing is left.
    #[test]
    fn the_books_are_right_after_any_steps(
        steps in prop::collection::vec((0..6_u8, 1..200_usize, 0..3_u64), 1..300),
    ) {
        let (mut shares, begin) = (shares(), Instant::now());
        let mut now = begin;
        let mut held: Vec<(u8, usize)> = Vec::new();
        for (who, amount, seconds) in steps {
            now += Duration::from_secs(seconds) / 2;
            if amount % 3 == 0 && !held.is_empty() {
                let (who, amount) = held.remove(amount % held.len());
                shares.give_back(Some(&who), amount);
            } else if shares.take(Some(&who), amount, now).is_ok() {
                held.push((who, amount));
                let of_it: usize = held.iter().filter(|(w, _)| *w == who).map(|(_, a)| a).sum();
                prop_assert!(of_it <= (TOTAL * 3 / 4 / shares.active()).max(LEAST));
            }
            let all: usize = held.iter().map(|(_, amount)| amount).sum();
            prop_assert_eq!(shares.taken(), all);
            prop_assert!(all <= TOTAL);
        }
        for (who, amount) in held {
            shares.give_back(Some(&who), amount);
        }
        shares.forget_those_who_left(now + WAITS_FOR);
        prop_assert!(shares.is_empty() && shares.accounts.is_empty() && shares.waiting.is_empty());
    }

    /// One tenant, however it asks, leaves a quarter to whoever comes.
    #[test]
    fn a_newcomer_always_finds_a_quarter(
        amounts in prop::collection::vec(1..300_usize, 1..100),
        wanted in 1..=TOTAL / 4,
    ) {
        let (mut shares, now) = (shares(), Instant::now());
        for amount in amounts {
            let _ = shares.take(Some(&1), amount, now);
        }
        prop_assert_eq!(shares.take(Some(&2), wanted, now), Ok(()));
    }
}
