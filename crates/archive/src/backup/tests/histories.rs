//! Whatever happened, what is restored is what was there, without what was removed since.

use super::*;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

#[derive(Debug, Clone)]
enum Step {
    Append(usize),
    Remove(Vec<Index>),
    BackUp { full: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1usize..30).prop_map(Step::Append),
        vec(any::<Index>(), 1..5).prop_map(Step::Remove),
        any::<bool>().prop_map(|full| Step::BackUp { full }),
    ]
}

async fn run(steps: Vec<Step>) {
    let (_dir, place) = folder();
    let (mut log, mut heads) = (Log::default(), Vec::new());
    log.append();
    for step in steps.into_iter().chain([Step::BackUp { full: false }]) {
        match step {
            Step::Append(count) => log.append_many(count),
            Step::Remove(which) => {
                let there = log.rows.len();
                let at = |index: &Index| index.index(there) as u64 + 1;
                // What tells of a removal is always kept.
                let runs: Vec<EventId> = log.removed.values().copied().collect();
                let is_run = |at: &u64| runs.contains(&log.rows[*at as usize - 1].id);
                let positions: Vec<u64> = which.iter().map(at).filter(|at| !is_run(at)).collect();
                log.remove(&positions);
            }
            Step::BackUp { full } => {
                let how = MakeSettings { full, ..verified() };
                let made = back_up(&place, &mut log, &how).await.unwrap();
                heads.push(made.snapshot.head());
            }
        }
    }
    for head in heads {
        let (memory, told) = restored(&place, Point::Position(head)).await.unwrap();
        assert_eq!(memory.rows, log.up_to(head), "up to {head}");
        assert_eq!(told.head, head);
        assert!(memory.is_finished);
    }
    let (memory, told) = restored(&place, Point::Newest).await.unwrap();
    assert_eq!(memory.rows, log.up_to(Position(log.rows.len() as u64)));
    assert!(told.runs_elsewhere.is_empty(), "every run that removed something is in the log");
    assert_eq!(memory.registers, log.registers().unwrap());
    assert_eq!(memory.commitments, log.commitments().unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_restored_is_what_was_there(steps in vec(step(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.unwrap().block_on(run(steps));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incremental_backup_reads_only_what_is_new() {
    let (_dir, place) = folder();
    let mut log = Log::default();
    log.append_many(10);
    let first = back_up(&place, &mut log, &verified()).await.unwrap();
    assert_eq!((first.snapshot.kind, first.records), (Kind::Full, 10));
    log.append_many(5);
    let second = back_up(&place, &mut log, &verified()).await.unwrap();
    assert_eq!((second.snapshot.kind, second.records), (Kind::Incremental, 5));
    assert_eq!(second.snapshot.records(), 15);
    let third = back_up(&place, &mut log, &verified()).await.unwrap();
    assert_eq!((third.records, third.bytes), (0, 0));
    let full = MakeSettings { full: true, ..verified() };
    let full = back_up(&place, &mut log, &full).await.unwrap();
    assert_eq!((full.snapshot.kind, full.records, full.snapshot.pieces.len()), (Kind::Full, 15, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_killed_is_none_and_the_next_one_is_whole() {
    let (_dir, place) = folder();
    let mut log = Log::default();
    log.append_many(10);
    back_up(&place, &mut log, &verified()).await.unwrap();
    log.append_many(10);
    let mut killed = Log { is_cut_off: true, ..log.clone() };
    back_up(&place, &mut killed, &verified()).await.unwrap_err();
    assert_eq!(place.list("pieces").await.unwrap().len(), 2, "its piece lies there");
    let (memory, _) = restored(&place, Point::Newest).await.unwrap();
    assert_eq!(memory.rows.len(), 10, "and does not count");
    log.append();
    back_up(&place, &mut log, &verified()).await.unwrap();
    assert_eq!(place.list("pieces").await.unwrap().len(), 2, "what nothing needs was deleted");
    let (memory, _) = restored(&place, Point::Newest).await.unwrap();
    assert_eq!(memory.rows, log.up_to(Position(21)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_log_is_backed_up_and_restored() {
    let (_dir, place) = folder();
    back_up(&place, &mut Log::default(), &verified()).await.unwrap();
    let (memory, told) = restored(&place, Point::Newest).await.unwrap();
    assert_eq!((memory.rows.len(), told.records), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_put_back_is_not_backed_up_over_its_future() {
    let (_dir, place) = folder();
    let mut log = Log::default();
    log.append_many(10);
    let mut earlier = log.clone();
    back_up(&place, &mut log, &verified()).await.unwrap();
    earlier.rows.truncate(9);
    let shorter = back_up(&place, &mut earlier, &verified()).await.unwrap_err();
    assert!(matches!(shorter, MakeError::OtherLog(Position(10))), "{shorter}");
    earlier.rows.push(PieceRow { id: earlier.rows[0].id, ..log.rows[9].clone() });
    let other = back_up(&place, &mut earlier, &verified()).await.unwrap_err();
    assert!(matches!(other, MakeError::OtherLog(Position(10))), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_between_two_backups_is_cut_out_of_the_later() {
    let (_dir, place) = folder();
    let mut log = Log::default();
    for _ in 0..2 {
        log.append_many(10);
        back_up(&place, &mut log, &verified()).await.unwrap();
    }
    let (memory, told) = restored(&place, Point::Position(Position(13))).await.unwrap();
    assert_eq!((memory.rows, told.head), (log.up_to(Position(13)), Position(13)));
    assert!(memory.commitments.is_empty(), "they may tell of what came later");
    for beyond in [0, 21] {
        let refused = restored(&place, Point::Position(Position(beyond))).await.err().unwrap();
        assert!(matches!(refused, RestoreError::NotThere { .. }), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_beyond_the_point_of_restoring_is_a_fork() {
    let (_dir, place) = folder();
    let mut log = Log::default();
    for _ in 0..2 {
        log.append_many(10);
        back_up(&place, &mut log, &verified()).await.unwrap();
    }
    let repository = repository(&place).await;
    let planned = async |point| plan(&repository, point, Vec::new()).await.unwrap();
    let newest = planned(Point::Newest).await;
    let remembered = |size| BTreeMap::from([("2026".to_owned(), size)]);
    assert_eq!(newest.forks(&BTreeMap::new()), []);
    assert_eq!(newest.forks(&remembered(18)), [], "the tree is two records behind");
    assert_eq!(newest.forks(&remembered(19)), [("2026".to_owned(), 19)]);
    let older = planned(Point::Position(Position(10))).await;
    assert_eq!(older.forks(&BTreeMap::new()), [("2026".to_owned(), 18)]);
}
