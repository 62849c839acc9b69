use annals_domain::Position;
use annals_ports::contract::item;
use annals_ports::{EventLog, LogError};
use annals_store_sqlite::*;
#[tokio::test]
async fn full_and_back() {
    let Ok(dir) = std::env::var("TMPFS_DIR") else { return };
    let dir = std::path::PathBuf::from(dir);
    let filler = dir.join("filler");
    std::fs::write(&filler, vec![1u8; 2 << 20]).unwrap();
    let log = SqliteEventLog::open(&dir, EventLogSettings { checkpoint_pages_idle: 100, ..Default::default() }).unwrap();
    let payload = "x".repeat(20_000);
    let mut acked = 0u64;
    let mut fulls = 0;
    let mut id = 0u128;
    while fulls < 20 {
        id += 1;
        match log.append(vec![item("acme", "s", id, &payload)]).await {
            Ok(_) => acked += 1,
            Err(LogError::Full) => fulls += 1,
            Err(e) => panic!("{e:?}"),
        }
    }
    assert_eq!(log.read_all(Position::START, 10000).await.unwrap().len() as u64, acked);
    println!("full after {acked}");
    std::fs::remove_file(&filler).unwrap();
    for _ in 0..20 {
        id += 1;
        log.append(vec![item("acme", "s", id, &payload)]).await.unwrap();
        acked += 1;
    }
    // full again, then closed and opened while full
    loop { id += 1; match log.append(vec![item("acme", "s", id, &payload)]).await { Ok(_) => acked += 1, Err(LogError::Full) => break, Err(e) => panic!("{e:?}") } }
    std::fs::write(&filler, vec![1u8; 2 << 20]).unwrap_err();
    log.close().await; drop(log);
    let log = SqliteEventLog::open(&dir, EventLogSettings::default());
    println!("reopen while full: {:?}", log.as_ref().map(|_| ()));
    if let Ok(log) = log {
        println!("read {}", log.read_all(Position::START, 10000).await.map(|x| x.len()).unwrap());
        assert_eq!(log.head().await.unwrap().0, acked);
        println!("append: {:?}", log.append(vec![item("acme", "s", 999999, &payload)]).await.map(|_| ()));
        std::fs::remove_file(&filler).unwrap();
        println!("append: {:?}", log.append(vec![item("acme", "s", 999999, &payload)]).await.map(|_| ()));
    }
    assert!(verify(&dir, |_| {}).unwrap().is_whole());
}
