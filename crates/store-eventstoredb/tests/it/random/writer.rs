//! Writers that use few streams and the same ids again and again.

use std::sync::Arc;

use annals_domain::Revision;
use annals_ports::contract::record;
use annals_ports::{AppendError, AppendItem, Appended, EventLog, Expected};
use tokio::sync::watch;

use super::{Random, World};

const STREAMS: u64 = 4;
/// Ids that several writers use; each writer has others of its own.
const SHARED_IDS: u64 = 300;
const ITEMS_MAX: u64 = 6;
const RECORDS_MAX: u64 = 3;
/// How often an item without a definite answer is sent again.
const AGAIN_MAX: usize = 4;

/// What was asked, and what was said.
pub(super) struct Said {
    pub(super) item: AppendItem,
    pub(super) answer: Result<Vec<Appended>, AppendError>,
}

/// Appends until it is told to stop; tells all definite answers.
pub(super) async fn write(
    world: Arc<World>,
    number: usize,
    mut random: Random,
    stopped: watch::Receiver<bool>,
) -> Vec<Said> {
    let slot = &world.nodes[number % world.nodes.len()];
    let mut said = Vec::new();
    let mut own = 0;
    let mut end = 0;
    while !*stopped.borrow() {
        let mut waiting: Vec<AppendItem> = (0..1 + random.below(ITEMS_MAX))
            .map(|_| item(&world.tenant, number, &mut own, end, &mut random))
            .collect();
        for _ in 0..AGAIN_MAX {
            // A caller may give up: nothing must be wrong for others then.
            let gives_up = random.percent(2);
            let log = slot.log.read().await;
            let Some(answers) = ask(&**log, &waiting, gives_up).await else { continue };
            let mut again = Vec::new();
            for (item, answer) in waiting.into_iter().zip(answers) {
                if matches!(answer, Err(AppendError::Unknown { .. })) {
                    again.push(item);
                    continue;
                }
                if let Ok(places) = &answer {
                    end = places.last().map_or(end, |place| place.revision.0);
                }
                said.push(Said { item, answer });
            }
            waiting = again;
            if waiting.is_empty() || *stopped.borrow() {
                break;
            }
        }
    }
    said
}

async fn ask(
    log: &dyn EventLog,
    items: &[AppendItem],
    gives_up: bool,
) -> Option<Vec<Result<Vec<Appended>, AppendError>>> {
    let asking = log.append(items.to_vec());
    if gives_up {
        let a_moment = std::time::Duration::from_millis(3);
        return tokio::time::timeout(a_moment, asking).await.ok()?.ok();
    }
    asking.await.ok()
}

/// An id belongs to one stream: nodes cannot know of each other's appends to different streams.
fn item(tenant: &str, writer: usize, own: &mut u64, end: u64, random: &mut Random) -> AppendItem {
    let stream = random.below(STREAMS);
    let records = (0..1 + random.below(RECORDS_MAX)).map(|_| {
        let id = match random.percent(30) {
            true => u128::from(stream * SHARED_IDS + random.below(SHARED_IDS)),
            false => {
                *own += 1;
                (writer as u128 + 1) << 32 | u128::from(*own)
            }
        };
        let content = if random.percent(10) { random.below(3) } else { 0 };
        record(tenant, &format!("s{stream}"), id, &format!("content {content} of {id}"))
    });
    let records: Vec<_> = records.collect();
    let expected = match random.below(20) {
        0 => Expected::Empty,
        1..4 => Expected::Last(Revision(end + random.below(3))),
        _ => Expected::Any,
    };
    AppendItem { stream: records[0].stream.clone(), expected, records }
}
