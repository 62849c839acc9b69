use std::collections::HashMap;

use futures_util::future::join_all;

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn bounds(running: (usize, usize), waiting_max: usize, patience: Duration) -> Bounds {
    let (running_max, pressed_max) = running;
    Bounds { work: "tests", running_max, pressed_max, waiting_max, patience }
}

fn turns(running: (usize, usize), waiting_max: usize, patience: Duration) -> Turns {
    let recording = Arc::new(Waiting::new(Duration::from_secs(1)));
    Turns::new(bounds(running, waiting_max, patience), 1, recording)
}

/// Waits until so many wait.
async fn until_waiting(turns: &Turns, count: usize) {
    let waiting = async {
        while turns.waiting() != count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("they come");
}

#[tokio::test]
async fn one_question_is_not_behind_the_hundred_of_another_tenant() {
    let turns = turns((1, 1), 1000, PATIENCE);
    let running = turns.take(&tenant("loud"), 1).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let ask = |name: &'static str| {
        let (turns, order) = (turns.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let turn = turns.take(&tenant(name), 1).await.unwrap();
            order.lock().unwrap().push(name);
            drop(turn);
        })
    };
    let mut asked: Vec<_> = (0..100).map(|_| ask("loud")).collect();
    until_waiting(&turns, 100).await;
    asked.push(ask("quiet"));
    until_waiting(&turns, 101).await;
    drop(running);
    join_all(asked).await.into_iter().for_each(Result::unwrap);
    let order = order.lock().unwrap();
    assert!(order.iter().position(|name| *name == "quiet").unwrap() <= 2, "{:?}", &order[..5]);
}

#[tokio::test]
async fn no_more_wait_than_the_limit_and_no_tenant_fills_it_alone() {
    let turns = turns((1, 1), 10, PATIENCE);
    let running = turns.take(&tenant("a"), 1).await.unwrap();
    let wait = |name: &'static str| {
        let turns = turns.clone();
        tokio::spawn(async move { turns.take(&tenant(name), 1).await.map(drop) })
    };
    let mut waiting: Vec<_> = (0..5).map(|_| wait("a")).collect();
    until_waiting(&turns, 5).await;
    assert_eq!(turns.take(&tenant("a"), 1).await.err(), Some(NoTurn));
    waiting.extend((0..5).map(|_| wait("b")));
    until_waiting(&turns, 10).await;
    assert_eq!(turns.take(&tenant("c"), 1).await.err(), Some(NoTurn));
    drop(running);
    for answer in join_all(waiting).await {
        assert_eq!(answer.unwrap(), Ok(()));
    }
    assert_eq!(turns.0.locked().running, 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_longer_than_the_limit_and_who_leaves_takes_no_place() {
    let turns = turns((1, 1), 10, Duration::from_secs(5));
    let running = turns.take(&tenant("a"), 1).await.unwrap();
    let began = tokio::time::Instant::now();
    assert_eq!(turns.take(&tenant("b"), 1).await.err(), Some(NoTurn));
    assert_eq!(began.elapsed().as_secs(), 5);
    assert_eq!(turns.waiting(), 0);
    let gone = tokio::spawn({
        let turns = turns.clone();
        async move { turns.take(&tenant("b"), 1).await.map(drop) }
    });
    until_waiting(&turns, 1).await;
    gone.abort();
    until_waiting(&turns, 0).await;
    drop(running);
    assert!(turns.take(&tenant("b"), 1).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_are_never_lost_however_many_leave_early() {
    let turns = turns((2, 1), 500, PATIENCE);
    let mut asked = Vec::new();
    for number in 0..400_u64 {
        let turns = turns.clone();
        let name = tenant(["a", "b", "c"][number as usize % 3]);
        let task = tokio::spawn(async move {
            let turn = turns.take(&name, 1).await;
            tokio::task::yield_now().await;
            drop(turn);
        });
        if number % 4 == 0 {
            task.abort();
        }
        asked.push(task);
    }
    join_all(asked).await;
    let state = turns.0.locked();
    assert_eq!((state.running, state.queue.len()), (0, 0));
}

#[tokio::test]
async fn while_recording_is_pressed_fewer_questions_run() {
    // Whatever waits at all presses.
    let recording = Arc::new(Waiting::new(Duration::ZERO));
    let turns = Turns::new(bounds((4, 1), 100, PATIENCE), 1, Arc::clone(&recording));
    let mut running: HashMap<usize, Turn> = HashMap::new();
    for number in 0..4 {
        running.insert(number, turns.take(&tenant("a"), 1).await.unwrap());
    }
    let pressing = recording.begin(&tenant("b"));
    let next = tokio::spawn({
        let turns = turns.clone();
        async move { turns.take(&tenant("a"), 1).await.map(drop) }
    });
    until_waiting(&turns, 1).await;
    for number in 0..3 {
        running.remove(&number);
        assert_eq!(turns.waiting(), 1, "one runs, which is as many as may");
    }
    drop(pressing);
    running.clear();
    assert_eq!(next.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn large_work_takes_turns_by_its_cost() {
    let turns = turns((100, 100), 1000, PATIENCE);
    let running = turns.take(&tenant("loud"), 100).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let ask = |name: &'static str, cost: usize| {
        let (turns, order) = (turns.clone(), Arc::clone(&order));
        tokio::spawn(async move {
            let turn = turns.take(&tenant(name), cost).await.unwrap();
            order.lock().unwrap().push(name);
            drop(turn);
        })
    };
    let mut asked: Vec<_> = (0..20).map(|_| ask("loud", 100)).collect();
    until_waiting(&turns, 20).await;
    asked.extend((0..20).map(|_| ask("quiet", 1)));
    until_waiting(&turns, 40).await;
    drop(running);
    join_all(asked).await.into_iter().for_each(Result::unwrap);
    let order = order.lock().unwrap();
    let last_quiet = order.iter().rposition(|name| *name == "quiet").unwrap();
    assert!(last_quiet <= 20, "before the second of the large ones: {order:?}");
    assert_eq!(turns.0.locked().running, 0);
}
