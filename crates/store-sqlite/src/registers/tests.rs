use super::*;
use annals_ports::contract;

fn open(dir: &Path) -> Arc<dyn SharedRegisters> {
    Arc::new(SqliteRegisters::open(dir).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_registers_keep_their_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract::registers::run(open(dir.path())).await;
}

#[tokio::test]
async fn reopened_registers_keep_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::registers::reopening_keeps_everything(async || open(dir.path())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_openings_of_the_file_one_wins() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(dir.path()), open(dir.path()));
    for round in 0..50u64 {
        let expected = round.checked_sub(1);
        let (a, b) = tokio::join!(
            one.write("lease", expected, b"one".to_vec()),
            other.write("lease", expected, b"other".to_vec()),
        );
        assert_eq!(u32::from(a.is_ok()) + u32::from(b.is_ok()), 1, "{a:?}, {b:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_told_and_nothing_changes() {
    let dir = tempfile::tempdir().unwrap();
    let registers = SqliteRegisters::open(dir.path()).unwrap();
    let version = registers.write("lease", None, b"one".to_vec()).await.unwrap();
    let read_only = |on: &'static str| {
        registers.run("testing", move |connection| connection.pragma_update(None, "query_only", on))
    };
    read_only("ON").await.unwrap();
    let refused = registers.write("lease", Some(version), b"two".to_vec()).await;
    assert!(matches!(refused, Err(RegisterError::Unavailable { .. })), "{refused:?}");
    read_only("OFF").await.unwrap();
    assert_eq!(registers.read("lease").await.unwrap().unwrap().value, b"one");
    registers.write("lease", Some(version), b"two".to_vec()).await.unwrap();
}
