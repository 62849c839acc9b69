use std::sync::Mutex;

use annals_ports::PublishError;
use async_trait::async_trait;

use super::super::tests::{Kept, take};
use super::*;

/// Notes what it is given, and fails as often as it is told.
#[derive(Default)]
struct Noting(Mutex<(u32, Vec<(String, u64)>)>);

#[async_trait]
impl CheckpointSink for Noting {
    fn name(&self) -> &str {
        "noting"
    }

    async fn put(&self, checkpoint: &OutgoingCheckpoint) -> Result<(), PublishError> {
        let mut state = self.0.lock().unwrap();
        if state.0 > 0 {
            state.0 -= 1;
            return Err(PublishError { doing: "write it down", source: "no ink".into() });
        }
        assert_eq!(checkpoint.origin, format!("log.test/annals/{}", checkpoint.shard));
        assert_eq!(checkpoint.note.lines().nth(1), Some(&*checkpoint.size.to_string()));
        state.1.push((checkpoint.shard.clone(), checkpoint.size));
        Ok(())
    }
}

#[tokio::test]
async fn a_sink_gets_the_newest_checkpoint_once_and_after_failures_the_newest_of_then() {
    let (kept, sink) = (Kept::new(), Arc::new(Noting::default()));
    let (interval, stopping) = (Duration::from_secs(60), CancellationToken::new());
    let sender = Sender { tiles: kept.tiles(), sink: sink.clone(), interval, stopping };
    let mut sent = BTreeMap::new();
    let keeper = kept.keeper();
    sender.send(&mut sent).await.unwrap();
    for end in [11, 21] {
        take(&keeper, end - 10..end, 2026);
        sender.send(&mut sent).await.unwrap();
        sender.send(&mut sent).await.unwrap();
    }
    sink.0.lock().unwrap().0 = 1;
    take(&keeper, 21..31, 2026);
    assert!(sender.send(&mut sent).await.is_err());
    take(&keeper, 31..41, 2026);
    take(&keeper, 41..51, 2027);
    sender.send(&mut sent).await.unwrap();
    let got = sink.0.lock().unwrap().1.clone();
    let year = |year: &str, size| (year.to_owned(), size);
    assert_eq!(got, [year("2026", 10), year("2026", 20), year("2027", 11), year("2026", 40)]);
}

#[test]
fn pauses_after_failures_double_up_to_the_longest() {
    let interval = Duration::from_secs(60);
    let pauses = [0, 1, 2, 3, 6, 7, 8, 100].map(|failures| pause(interval, failures).as_secs());
    assert_eq!(pauses, [60, 5, 10, 20, 160, 300, 300, 300]);
}
