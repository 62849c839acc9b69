//! Nodes that pause, restart, and call a register that is slow, fails and loses answers: in simulated
//! time, along choices that proptest makes.

use proptest::prelude::*;

use super::*;

/// For so long anything may happen.
const STORM_MS: u64 = 120_000;
/// Within this time afterwards somebody takes the lease, if nobody has had it.
const CALM_MS: u64 = 90_000;

/// A call to the register that is under way.
struct Call {
    what: Step,
    sent: u64,
    reaches: u64,
    answers: u64,
    answer: Option<Answer>,
}

enum Answer {
    Read(Option<Register>),
    Written(u64),
    Failed,
}

/// A node of the simulation: it acts, waits for calls, sleeps longer than it should, and is restarted.
struct Node {
    name: String,
    claim: Claim,
    call: Option<Call>,
    /// Calls that nobody waits for any more. They may reach the register all the same.
    orphans: Vec<Call>,
    wakes: u64,
}

/// Choices of the simulation, in order.
struct Chance<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u16>>,
    /// From then on nothing happens and every call is quick.
    calm: bool,
}

impl Chance<'_> {
    fn below(&mut self, end: u64) -> u64 {
        self.choices.next().map_or(0, |choice| u64::from(*choice) % end)
    }

    fn one_in(&mut self, times: u64) -> bool {
        !self.calm && self.below(times) == 0
    }

    /// Mostly quick, sometimes slower than a lease lasts.
    fn delay(&mut self) -> u64 {
        match self.below(12) {
            _ if self.calm => 1,
            0 => self.below(16_000),
            1 | 2 => self.below(3_000),
            _ => self.below(40),
        }
    }
}

impl Call {
    /// The call gets to the register, whether or not somebody waits for it.
    fn reach(&mut self, now: u64, shared: &mut Shared, chance: &mut Chance<'_>) {
        if self.answer.is_some() || now < self.reaches {
            return;
        }
        let lost = chance.one_in(10);
        self.answer = Some(match &self.what {
            _ if lost => Answer::Failed,
            Step::Write(write) => match shared.write(write) {
                Some(version) if !chance.one_in(8) => Answer::Written(version),
                _ => Answer::Failed,
            },
            _ => Answer::Read(shared.0.clone()),
        });
    }
}

impl Node {
    fn turn(&mut self, now: u64, start: Instant, shared: &mut Shared, chance: &mut Chance<'_>) {
        for call in self.orphans.iter_mut().chain(&mut self.call) {
            call.reach(now, shared, chance);
        }
        if now < self.wakes {
            return;
        }
        self.take_answer(now, start);
        if chance.one_in(300) {
            self.wakes = now + chance.below(20_000);
        }
        if chance.one_in(2000) {
            self.claim = claim(&self.name);
            self.orphans.extend(self.call.take());
        }
        if self.call.is_none() {
            self.act(now, start + Duration::from_millis(now), chance);
        }
    }

    fn take_answer(&mut self, now: u64, start: Instant) {
        let at = |ms| start + Duration::from_millis(ms);
        let Some(call) = &mut self.call else { return };
        match call.answer.take_if(|_| now >= call.answers) {
            Some(Answer::Written(version)) => {
                let Step::Write(write) = &call.what else { panic!("it was written") };
                self.claim.wrote(write.clone(), at(call.sent), version);
            }
            Some(Answer::Read(register)) => self.claim.saw(register.as_ref(), at(now)),
            Some(Answer::Failed) => self.claim.failed(),
            None if now > call.sent + 3_000 => {
                self.orphans.extend(self.call.take());
                self.claim.failed();
                return;
            }
            None => return,
        }
        self.call = None;
    }

    fn act(&mut self, now: u64, at: Instant, chance: &mut Chance<'_>) {
        let what = self.claim.step(at);
        match &what {
            Step::Wait(_) => return,
            Step::Write(write) => self.claim.trying(write),
            Step::Look => {}
        }
        let reaches = now + chance.delay();
        let answers = reaches + chance.delay();
        self.call = Some(Call { what, sent: now, reaches, answers, answer: None });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn two_nodes_never_hold_the_lease_at_once(
        count in 2usize..=3,
        choices in prop::collection::vec(any::<u16>(), 200..2000),
    ) {
        let start = Instant::now();
        let mut chance = Chance { choices: choices.iter().cycle(), calm: false };
        let mut shared = Shared::default();
        let mut nodes: Vec<Node> = (0..count)
            .map(|number| Node {
                name: format!("node-{number}"),
                claim: claim(&format!("node-{number}")),
                call: None,
                orphans: Vec::new(),
                wakes: chance.below(5_000),
            })
            .collect();
        let mut epoch = 0;
        for millis in (0..STORM_MS + CALM_MS).step_by(20) {
            chance.calm = millis >= STORM_MS;
            for node in &mut nodes {
                node.turn(millis, start, &mut shared, &mut chance);
            }
            let at = start + Duration::from_millis(millis);
            let holders: Vec<_> = nodes.iter().filter_map(|node| node.claim.held(at)).collect();
            prop_assert!(holders.len() <= 1, "{holders:?} at {millis} ms");
            if shared.0.is_some() {
                prop_assert!(shared.lease().epoch >= epoch, "epochs rise");
                epoch = shared.lease().epoch;
            }
        }
        prop_assert!(epoch > 0, "somebody took it in the end");
    }
}
