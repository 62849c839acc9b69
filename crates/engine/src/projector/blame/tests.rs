use super::*;

/// What is found of so many events of which these fail, and after how many trials.
fn find(events: usize, second_look: bool, fails: impl Fn(usize) -> bool) -> (Findings, usize) {
    let mut blame = Blame::new(events, second_look);
    let mut trials = 0;
    while let Some(range) = blame.next() {
        trials += 1;
        let failed = range.clone().any(&fails) || (range.is_empty() && fails(0));
        blame.learn(range, if failed { Err("no".to_owned()) } else { Ok(()) });
    }
    (blame.findings(), trials)
}

fn failure(index: usize) -> Failure {
    Failure { index, cause: "no".to_owned() }
}

fn findings(poison: impl IntoIterator<Item = usize>, stopped: Option<Stopped>) -> Findings {
    Findings { poison: poison.into_iter().map(failure).collect(), stopped }
}

#[test]
fn events_that_pass_together_are_tried_once() {
    assert_eq!(find(2048, false, |_| false), (findings([], None), 1));
    assert_eq!(find(0, false, |_| false), (findings([], None), 1));
}

#[test]
fn the_first_event_that_fails_gets_a_second_look() {
    for place in [0, 1, 1000, 2047] {
        let (found, trials) = find(2048, false, |index| index == place);
        assert_eq!(found, findings([], Some(Stopped::LookAgain(failure(place)))));
        assert!(trials <= 2 * 11 + 1, "{trials} trials");
    }
}

#[test]
fn events_that_fail_again_are_at_fault_when_one_behind_them_passes() {
    let (found, trials) = find(2048, true, |index| index == 0);
    assert_eq!(found, findings([0], None));
    assert!(trials <= 2 * 11 + 1, "{trials} trials");
    assert_eq!(find(40, true, |index| index < 10).0, findings(0..10, None));
    assert_eq!(find(2, true, |index| index == 0).0, findings([0], None));
}

#[test]
fn an_event_behind_those_at_fault_gets_its_own_second_look() {
    let (found, _) = find(40, true, |index| index == 0 || index == 30);
    assert_eq!(found, findings([0], Some(Stopped::LookAgain(failure(30)))));
}

#[test]
fn an_event_that_passes_at_the_second_look_is_taken_in() {
    assert_eq!(find(40, true, |_| false).0, findings([], None));
}

#[test]
fn when_all_fail_the_fault_lies_elsewhere_and_not_all_are_tried() {
    for events in [16, 2048] {
        let (found, trials) = find(events, true, |_| true);
        assert_eq!(found, findings([], Some(Stopped::Elsewhere(failure(0)))));
        assert!(trials <= 50, "{trials} trials");
    }
}

#[test]
fn a_few_that_all_fail_tell_nothing() {
    for events in [0, 1, 2, 15] {
        let (found, _) = find(events, true, |_| true);
        assert_eq!(found, findings([], Some(Stopped::Unclear(failure(0)))));
    }
}

#[test]
fn want_of_space_is_known_by_the_words_of_the_system_and_of_sqlite() {
    let system = std::io::Error::from_raw_os_error(28);
    assert!(lacks_space(&format!("cannot write: {system}")));
    assert!(lacks_space("cannot commit: database or disk is full"));
    assert!(!lacks_space("cannot commit: attempt to write a readonly database"));
}
