use annals_ports::contract;

use super::*;

#[tokio::test]
async fn the_quarantine_keeps_its_contract() {
    let dir = tempfile::tempdir().unwrap();
    contract::quarantine::run(Arc::new(SqliteQuarantine::open(dir.path()).unwrap())).await;
}

#[tokio::test]
async fn a_reopened_quarantine_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    contract::quarantine::reopening_keeps_everything(async || {
        Arc::new(SqliteQuarantine::open(dir.path()).unwrap()) as Arc<dyn QuarantineStore>
    })
    .await;
}
