use super::*;

mod simulation;

const PACE: Pace = Pace { renew: Duration::from_secs(3), expires: Duration::from_secs(10) };

/// The register that all nodes share.
#[derive(Default)]
struct Shared(Option<Register>);

impl Shared {
    fn write(&mut self, write: &Write) -> Option<u64> {
        if self.0.as_ref().map(|register| register.version) != write.expected {
            return None;
        }
        let version = write.expected.map_or(0, |version| version + 1);
        let value = serde_json::to_vec(&write.lease).unwrap();
        self.0 = Some(Register { version, value });
        Some(version)
    }

    fn lease(&self) -> Lease {
        serde_json::from_slice(&self.0.as_ref().unwrap().value).unwrap()
    }
}

/// A node does what it is to do at this time, without delay or failure; tells whether it holds.
fn act(claim: &mut Claim, shared: &mut Shared, now: Instant) -> bool {
    for _ in 0..3 {
        match claim.step(now) {
            Step::Wait(_) => break,
            Step::Look => claim.saw(shared.0.as_ref(), now),
            Step::Write(write) => {
                claim.trying(&write);
                match shared.write(&write) {
                    Some(version) => claim.wrote(write, now, version),
                    None => claim.failed(),
                }
            }
        }
    }
    claim.held(now).is_some()
}

fn claim(name: &str) -> Claim {
    Claim::new(name.into(), PACE)
}

/// Lets the nodes act every 10 ms until the condition holds; tells when.
fn run_until(
    nodes: &mut [&mut Claim],
    shared: &mut Shared,
    from: Instant,
    condition: impl Fn(&[&mut Claim], Instant) -> bool,
) -> Instant {
    (0..6000)
        .map(|tick| from + Duration::from_millis(10 * tick))
        .find(|now| {
            nodes.iter_mut().for_each(|node| {
                act(node, shared, *now);
            });
            condition(nodes, *now)
        })
        .expect("it comes to pass within a minute")
}

#[test]
fn the_first_takes_the_lease_at_once_and_keeps_it_while_others_wait() {
    let (mut one, mut two, mut shared) = (claim("one"), claim("two"), Shared::default());
    let start = Instant::now();
    assert!(act(&mut one, &mut shared, start));
    for tick in 0..6000 {
        let now = start + Duration::from_millis(10 * tick);
        assert!(act(&mut one, &mut shared, now));
        assert!(!act(&mut two, &mut shared, now));
    }
    assert_eq!((shared.lease().epoch, shared.lease().holder.as_str()), (1, "one"));
    assert!((19..=20).contains(&shared.lease().beat), "it is renewed every three seconds");
}

#[test]
fn after_a_death_another_takes_over_within_fifteen_seconds_and_not_before_ten() {
    for died_after_ms in (0..3000).step_by(70) {
        for begun_after_ms in (0..1000).step_by(90) {
            let (mut one, mut two, mut shared) = (claim("one"), claim("two"), Shared::default());
            let start = Instant::now();
            let mut both = |claim: &mut Claim, from: u64, to: u64| {
                (from..to).for_each(|ms| {
                    act(claim, &mut shared, start + Duration::from_millis(ms));
                });
            };
            both(&mut one, 0, begun_after_ms + 1);
            both(&mut two, begun_after_ms, begun_after_ms + 1);
            for ms in begun_after_ms..=9000 + died_after_ms {
                both(&mut one, ms, ms + 1);
                both(&mut two, ms, ms + 1);
            }
            let death = start + Duration::from_millis(9000 + died_after_ms);
            let taken = run_until(&mut [&mut two], &mut shared, death, |nodes, now| {
                nodes[0].held(now).is_some()
            });
            let waited = taken - death;
            assert!(waited <= Duration::from_secs(15), "{waited:?}");
            assert!(taken >= death - PACE.renew + PACE.expires, "{waited:?}");
            assert_eq!(shared.lease().epoch, 2);
        }
    }
}

#[test]
fn a_lease_that_was_laid_down_is_taken_at_the_next_look() {
    let (mut one, mut two, mut shared) = (claim("one"), claim("two"), Shared::default());
    let start = Instant::now();
    act(&mut one, &mut shared, start);
    act(&mut two, &mut shared, start);
    let release = one.release().unwrap();
    assert_eq!(shared.write(&release), Some(1));
    one.wrote(release, start, 1);
    assert_eq!(one.held(start), None);
    let taken =
        run_until(&mut [&mut two], &mut shared, start, |nodes, now| nodes[0].held(now).is_some());
    assert!(taken - start <= Duration::from_millis(1010));
}

#[test]
fn a_node_that_was_restarted_takes_its_own_lease_at_once_and_its_former_self_holds_nothing() {
    let (mut before, mut after, mut shared) = (claim("one"), claim("one"), Shared::default());
    let start = Instant::now();
    act(&mut before, &mut shared, start);
    assert!(act(&mut after, &mut shared, start));
    assert_eq!(shared.lease().epoch, 2);
    // Were it still there, by mistake, it would not take the lease back.
    for tick in 0..1000 {
        let now = start + Duration::from_millis(10 * tick);
        assert!(act(&mut after, &mut shared, now));
        let held = act(&mut before, &mut shared, now);
        assert!(!held || now < start + PACE.renew);
    }
    assert_eq!(shared.lease().epoch, 2);
}

#[test]
fn a_holder_that_cannot_renew_stops_by_itself_before_others_may_begin() {
    let (mut one, mut two, mut shared) = (claim("one"), claim("two"), Shared::default());
    let start = Instant::now();
    act(&mut one, &mut shared, start);
    act(&mut two, &mut shared, start);
    assert!(one.held(start + Duration::from_millis(7_999)).is_some());
    assert!(one.held(start + Duration::from_secs(8)).is_none());
    act(&mut two, &mut shared, start + Duration::from_millis(9_999));
    assert!(!act(&mut two, &mut shared, start + Duration::from_millis(9_999)));
    assert!(act(&mut two, &mut shared, start + Duration::from_secs(10)));
}

#[test]
fn a_renewal_whose_answer_was_lost_is_known_again() {
    let (mut one, mut shared) = (claim("one"), Shared::default());
    let start = Instant::now();
    act(&mut one, &mut shared, start);
    let later = start + PACE.renew;
    let Step::Write(renewal) = one.step(later) else { panic!("it is time") };
    one.trying(&renewal);
    shared.write(&renewal).unwrap();
    one.failed();
    assert_eq!(one.step(later), Step::Look);
    assert!(act(&mut one, &mut shared, later));
    assert_eq!((shared.lease().epoch, shared.lease().beat), (1, 2));
}

#[test]
fn a_taking_over_whose_answer_was_lost_is_known_again() {
    let (mut one, mut shared) = (claim("one"), Shared::default());
    let start = Instant::now();
    one.saw(None, start);
    let Step::Write(taking) = one.step(start) else { panic!("it is free") };
    one.trying(&taking);
    shared.write(&taking).unwrap();
    one.failed();
    assert!(one.held(start).is_none());
    assert!(act(&mut one, &mut shared, start));
    assert_eq!(shared.lease().epoch, 2);
}

#[test]
fn what_is_no_lease_is_waited_for_and_replaced() {
    let mut shared = Shared(Some(Register { version: 41, value: b"nonsense".to_vec() }));
    let mut one = claim("one");
    let start = Instant::now();
    assert!(!act(&mut one, &mut shared, start));
    let taken =
        run_until(&mut [&mut one], &mut shared, start, |nodes, now| nodes[0].held(now).is_some());
    assert!(taken - start >= PACE.expires);
    assert_eq!(shared.lease().epoch, 43);
}
