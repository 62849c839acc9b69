//! Exports, direct and as jobs: whole, in order, bounded, gone on with, and only while allowed.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use annals_domain::catalogue::Catalogue;
use annals_domain::filter::{Filter, Scope};
use annals_domain::{Position, Recorded, TenantId};
use annals_export::{Format, Manifest, Measured, Row, hex};
use annals_ports::memory::MemoryTrees;
use annals_record::RootKey;
use annals_record::sealed_file::FileKey;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::machine::{
    Machine, PATIENCE, event_of, events, everything_of, record_all, settings, start, tenant,
    wait_until_durable,
};
use super::nodes::wait_until;
use crate::export::source::{Source, Way};
use crate::matching::Wanted;
use crate::tiles::{AuditSettings, FileMark, KeptHeads, LogSigner, Publishing};
use crate::{
    ExportDesk, ExportError, ExportJob, ExportOrder, ExportParts, ExportRefused, ExportSettings,
    ExportStatus, ExportView, Exports, Form, Ports, Requester, System, TileParts,
};

/// A desk that can turn people away and make them wait.
#[derive(Default)]
struct Desk {
    closed: AtomicBool,
    view: Arc<View>,
}

#[derive(Default)]
struct View {
    shown: AtomicUsize,
    /// Nothing is shown beyond so many, until there is no such number.
    stop_at: AtomicUsize,
}

impl Desk {
    fn stopping_at(shown: usize) -> Arc<Self> {
        let desk = Self::default();
        desk.view.stop_at.store(shown, Ordering::SeqCst);
        Arc::new(desk)
    }
}

impl ExportDesk for Desk {
    fn view(&self, _: &Requester) -> Option<Arc<dyn ExportView>> {
        let view: Arc<dyn ExportView> = self.view.clone();
        (!self.closed.load(Ordering::SeqCst)).then_some(view)
    }

    fn position(&self, position: Position) -> String {
        position.to_string()
    }
}

impl ExportView for View {
    fn show(
        &self,
        recorded: &Recorded,
        each: &mut dyn FnMut(&Row<'_>) -> serde_json::Result<()>,
    ) -> serde_json::Result<()> {
        let shown = self.shown.fetch_add(1, Ordering::SeqCst);
        while matches!(self.stop_at.load(Ordering::SeqCst), max if max > 0 && shown >= max) {
            std::thread::yield_now();
        }
        let event = &*recorded.event;
        each(&Row {
            event,
            sentence: "",
            stream: recorded.stream.as_str(),
            revision: recorded.revision.0,
            position: &recorded.position.to_string(),
            erased: &recorded.erased,
            json: &|out| serde_json::to_writer(out, event),
        })
    }
}

fn limits() -> ExportSettings {
    ExportSettings {
        expires_seconds: 3600,
        running_max: 2,
        running_per_tenant_max: 1,
        waiting_per_tenant_max: 3,
        kept_per_tenant_max: 10,
        direct_max: 2,
        direct_per_tenant_max: 1,
        direct_seconds_max: 60,
        bytes_max: 1 << 30,
        free_bytes_min: 0,
    }
}

fn parts(home: &TempDir, settings: ExportSettings) -> ExportParts {
    let key = FileKey::from_bytes([6; 32]);
    ExportParts { dir: home.path().join("exports"), settings, key }
}

async fn system(machine: &Machine, home: &TempDir, limits: ExportSettings) -> (System, Exports) {
    let parts = parts(home, limits);
    let ports = Ports { exports: Some(parts), ..machine.ports() };
    let system = start(ports, Catalogue::default(), settings()).await;
    let exports = system.exports.clone().unwrap();
    (system, exports)
}

fn kim() -> Requester {
    Requester { tenant: tenant(), id: "kim".into(), rights: Value::Null }
}

async fn order(exports: &Exports, format: Format, filter: Filter) -> ExportOrder {
    ExportOrder {
        requester: kim(),
        scope: everything_of("acme"),
        filter,
        form: format.into(),
        until: exports.snapshot().await.unwrap(),
    }
}

/// Waits until the job is in such a state.
async fn until(
    exports: &Exports,
    job: &ExportJob,
    holds: impl Fn(&ExportJob) -> bool,
) -> ExportJob {
    let mut watch = exports.watch(&job.requester, job.id).expect("the job is known");
    let reached = watch.wait_for(|job| holds(job));
    tokio::time::timeout(PATIENCE, reached).await.expect("it gets there").unwrap().clone()
}

async fn ended(exports: &Exports, job: &ExportJob) -> ExportJob {
    until(exports, job, |job| !job.status.is_active()).await
}

fn file(exports: &Exports, job: &ExportJob) -> Vec<u8> {
    let file = exports.file(&job.requester, job.id).expect("there is a file");
    let mut bytes = Vec::new();
    file.open().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn ids(events: &[Value]) -> Vec<u64> {
    let id = |event: &Value| event["id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    events.iter().map(|event| id(event).as_u128() as u64).collect()
}

async fn direct(exports: &Exports, order: ExportOrder) -> (Vec<u8>, crate::ExportFacts) {
    let mut export = exports.direct(order).await.unwrap().unwrap();
    let mut all = Vec::new();
    while let Some(bytes) = export.next().await.unwrap() {
        all.extend_from_slice(&bytes);
    }
    let facts = export.facts().unwrap().clone();
    (all, facts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_events_under_the_same_checkpoint_are_the_same_bundle_byte_for_byte() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let parts = parts(&home, limits());
    let tiles = TileParts {
        store: Arc::new(MemoryTrees::default()),
        signer: LogSigner::new("log.test/annals", RootKey::from_bytes([7; 32])).unwrap(),
        mark: Arc::new(FileMark::new(home.path().join("tiles.mark"))),
        audit: AuditSettings { interval_seconds: 0, records_per_second: 1 },
        ends: Arc::new(machine.log.memory.clone()),
        heads: Arc::new(KeptHeads::new(home.path().join("heads"))),
        publishing: Publishing::default(),
    };
    let ports = Ports { exports: Some(parts), tiles: Some(tiles), ..machine.ports() };
    let system = start(ports, Catalogue::default(), settings()).await;
    let exports = system.exports.clone().unwrap();
    exports.open_desk(Arc::new(Desk::default()));
    record_all(&system, events(0, 300)).await;
    wait_until_durable(&system, Position(300)).await;
    // A bundle that is made before the first commitment proves nothing of how streams end.
    let tiles = system.tiles.clone().unwrap();
    let committed = async || tiles.newest_commitment().unwrap().is_some();
    wait_until("there is a commitment", committed).await;
    let mut bundles = Vec::new();
    for _ in 0..2 {
        let order =
            ExportOrder { form: Form::Bundle, ..order(&exports, Format::Json, Filter::All).await };
        let job = ended(&exports, &exports.request(order).await.unwrap()).await;
        assert_eq!((job.status, job.events), (ExportStatus::Done, 300), "{:?}", job.reason);
        bundles.push(file(&exports, &job));
    }
    let trust = annals_evidence::Trust::keys_in_bundle();
    let report = annals_evidence::verify(std::io::Cursor::new(&bundles[0]), &trust).unwrap();
    assert!(report.is_right(), "{report}");
    assert!(bundles[0] == bundles[1]);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_writes_what_matched_when_it_was_asked_for_oldest_first() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let (system, exports) = system(&machine, &home, limits()).await;
    record_all(&system, events(0, 3000)).await;
    record_all(&system, vec![event_of("globex", 9000, "spy", "canary")]).await;
    let ordered = order(&exports, Format::Ndjson, Filter::equals("actor.id", "p3")).await;
    record_all(&system, events(3000, 100)).await;
    exports.open_desk(Arc::new(Desk::default()));
    let job = exports.request(ordered).await.unwrap();
    let done = ended(&exports, &job).await;
    assert_eq!((done.status, done.events, done.percent), (ExportStatus::Done, 300, 100));
    let bytes = file(&exports, &done);
    let expected: Vec<u64> = (0..3000).filter(|n| n % 10 == 3).collect();
    assert_eq!(ids(&lines(&bytes)), expected);
    let manifest = exports.manifest(&kim(), job.id).await.unwrap();
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    let mut measured = Measured::new(std::io::sink());
    measured.take_in(bytes.as_slice()).unwrap();
    assert_eq!(manifest.sha256, hex(&measured.sha256()));
    assert_eq!((manifest.events, manifest.bytes), (300, bytes.len() as u64));
    assert_eq!((&*manifest.query, &*manifest.scope), ("actor.id:p3", "tenant:acme"));
    assert_eq!(manifest.until_position, job.until.to_string());
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_is_the_same_as_the_file_in_every_form() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let (system, exports) = system(&machine, &home, limits()).await;
    exports.open_desk(Arc::new(Desk::default()));
    record_all(&system, events(0, 1500)).await;
    for format in Format::ALL {
        let ordered = order(&exports, *format, Filter::All).await;
        let (answer, facts) = direct(&exports, ordered.clone()).await;
        let job = exports.request(ordered).await.unwrap();
        let done = ended(&exports, &job).await;
        assert_eq!(file(&exports, &done), answer, "{format:?}");
        assert_eq!((facts.events, facts.bytes), (1500, answer.len() as u64));
        assert_eq!(Some(facts.sha256), done.sha256);
    }
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_and_index_give_the_same_events_for_any_filter_and_any_part_of_the_log() {
    let machine = Machine::default();
    let system = machine.start().await;
    let mut last = Position::START;
    for n in 0..40 {
        let tenants = ["acme", "globex"];
        let one = event_of(tenants[n % 2], n as u64, &format!("p{}", n % 7), "signed in");
        last = record_all(&system, vec![one]).await;
    }
    wait_until_durable(&system, last).await;
    let filters = [
        Filter::All,
        Filter::equals("actor.id", "p3"),
        Filter::Not(Box::new(Filter::equals("actor.id", "p3"))),
        Filter::equals("actor.id", "nobody"),
    ];
    let scopes = [everything_of("acme"), Scope::person(tenant(), "p2"), everything_of("initech")];
    for filter in &filters {
        for scope in &scopes {
            for (after, until) in [(0, last.0), (5, 31), (17, 17), (38, 1000)] {
                let wanted = Arc::new(Wanted::new(scope, filter.clone()));
                let mut found = Vec::new();
                for way in [Way::Log, Way::Index { total: 0 }] {
                    let queries = system.queries.clone();
                    let range = (Position(after), Position(until));
                    let mut source =
                        Source::by(way, queries, Arc::clone(&wanted), range.0, range.1);
                    let mut positions = BTreeSet::new();
                    while let Some(stretch) = source.next().await.unwrap() {
                        let opened = system.queries.opener.open_all(stretch.entries).await.unwrap();
                        let held = opened.iter().filter(|one| wanted.holds(&one.event));
                        positions.extend(held.map(|one| one.position));
                    }
                    found.push(positions);
                }
                assert_eq!(found[0], found[1], "{filter:?} {scope:?} {after} {until}");
            }
        }
    }
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_broken_off_goes_on_where_it_was_kept() {
    for format in Format::ALL {
        let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
        let (first, exports) = system(&machine, &home, limits()).await;
        record_all(&first, events(0, 4000)).await;
        let desk = Desk::stopping_at(2000);
        exports.open_desk(desk.clone());
        let job = exports.request(order(&exports, *format, Filter::All).await).await.unwrap();
        until(&exports, &job, |job| job.events > 0).await;
        let stopping = tokio::spawn(first.stop());
        let office = Arc::clone(&exports.0);
        office.stopping.cancelled().await;
        // What is being laid out at this moment is let go on, so that it can end.
        desk.view.stop_at.store(0, Ordering::SeqCst);
        stopping.await.unwrap();
        let shown = desk.view.shown.load(Ordering::SeqCst);
        assert!(shown < 4000, "it was broken off");

        let (second, exports) = system(&machine, &home, limits()).await;
        let found = exports.find(&kim(), job.id).expect("it is still known");
        assert!(found.status.is_active(), "{found:?}");
        record_all(&second, events(4000, 50)).await;
        let desk = Arc::new(Desk::default());
        exports.open_desk(desk.clone());
        let done = ended(&exports, &job).await;
        assert_eq!((done.status, done.events), (ExportStatus::Done, 4000), "{format:?}");
        let again = desk.view.shown.load(Ordering::SeqCst);
        assert_eq!(again < 4000, format.can_go_on(), "{format:?} showed {again} again");
        let whole = order(&exports, *format, Filter::All).await;
        let (whole, _) = direct(&exports, ExportOrder { until: job.until, ..whole }).await;
        assert_eq!(file(&exports, &done), whole, "{format:?}");
        second.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_no_longer_export_gets_nothing_more() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let (system, exports) = system(&machine, &home, limits()).await;
    record_all(&system, events(0, 4000)).await;
    let desk = Desk::stopping_at(2000);
    exports.open_desk(desk.clone());
    let ordered = order(&exports, Format::Ndjson, Filter::All).await;
    let mut answer = exports.direct(ordered.clone()).await.unwrap().unwrap();
    assert!(answer.next().await.unwrap().is_some());
    desk.closed.store(true, Ordering::SeqCst);
    assert!(matches!(exports.request(ordered.clone()).await, Err(ExportRefused::NotAllowed)));
    desk.view.stop_at.store(0, Ordering::SeqCst);
    assert!(matches!(answer.next().await, Err(ExportError::NotAllowed)));
    drop(answer);

    desk.closed.store(false, Ordering::SeqCst);
    desk.view.stop_at.store(desk.view.shown.load(Ordering::SeqCst) + 500, Ordering::SeqCst);
    let job = exports.request(ordered).await.unwrap();
    until(&exports, &job, |job| job.status == ExportStatus::Running).await;
    desk.closed.store(true, Ordering::SeqCst);
    desk.view.stop_at.store(0, Ordering::SeqCst);
    let over = ended(&exports, &job).await;
    assert_eq!(over.status, ExportStatus::Cancelled);
    assert!(exports.file(&kim(), job.id).is_none());
    assert!(!has_file(home.path()), "nothing is left of it");
    system.stop().await;
}

fn has_file(home: &Path) -> bool {
    let jobs = std::fs::read_dir(home.join("exports")).unwrap();
    let mut files = jobs.flat_map(|job| std::fs::read_dir(job.unwrap().path()).unwrap());
    files.any(|file| file.unwrap().file_name() == "events")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_cancelled_while_they_wait_and_while_they_are_written() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let (system, exports) = system(&machine, &home, limits()).await;
    record_all(&system, events(0, 4000)).await;
    let desk = Desk::stopping_at(500);
    exports.open_desk(desk.clone());
    let ordered = order(&exports, Format::Csv, Filter::All).await;
    let running = exports.request(ordered.clone()).await.unwrap();
    until(&exports, &running, |job| job.status == ExportStatus::Running).await;
    let waiting = exports.request(ordered.clone()).await.unwrap();
    let third = exports.request(ordered.clone()).await.unwrap();
    let refused = exports.request(ordered.clone()).await;
    assert!(matches!(refused, Err(ExportRefused::TooManyWaiting { max: 3 })));
    let stranger = Requester { id: "eve".into(), ..kim() };
    assert!(exports.cancel(&stranger, waiting.id).await.is_none());
    assert_eq!(exports.cancel(&kim(), waiting.id).await.unwrap().status, ExportStatus::Cancelled);
    let cancelled = exports.cancel(&kim(), running.id).await.unwrap();
    assert_eq!(cancelled.status, ExportStatus::Cancelled);
    desk.view.stop_at.store(0, Ordering::SeqCst);
    let done = ended(&exports, &third).await;
    assert_eq!(done.status, ExportStatus::Done, "the place was given on: {done:?}");
    // Newest first, and only one's own.
    let listed: Vec<_> = exports.list(&kim()).iter().map(|job| job.id).collect();
    assert_eq!(listed, [third.id, waiting.id, running.id]);
    assert!(exports.list(&stranger).is_empty());
    // An ended job is forgotten with its file.
    exports.cancel(&kim(), third.id).await.unwrap();
    assert!(exports.find(&kim(), third.id).is_none());
    assert!(!has_file(home.path()));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_whose_time_is_over_is_removed_and_shown_as_expired() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let (system, exports) = system(&machine, &home, limits()).await;
    record_all(&system, events(0, 10)).await;
    exports.open_desk(Arc::new(Desk::default()));
    let ordered = order(&exports, Format::Json, Filter::All).await;
    let job = exports.request(ordered).await.unwrap();
    let done = ended(&exports, &job).await;
    let end = done.expires_at.unwrap();
    exports.0.sweep(end - Duration::from_secs(1)).await;
    assert!(exports.file(&kim(), job.id).is_some());
    exports.0.sweep(end).await;
    assert_eq!(exports.find(&kim(), job.id).unwrap().status, ExportStatus::Expired);
    assert!(exports.file(&kim(), job.id).is_none());
    assert!(exports.manifest(&kim(), job.id).await.is_none());
    assert!(!has_file(home.path()));
    exports.0.sweep(end + Duration::from_secs(7 * 3600)).await;
    assert!(exports.find(&kim(), job.id).is_none(), "it is forgotten");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_leaves_nothing_of_a_tenant_and_all_of_others() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let (system, exports) = system(&machine, &home, limits()).await;
    record_all(&system, events(0, 4000)).await;
    let desk = Arc::new(Desk::default());
    exports.open_desk(desk.clone());
    let ordered = order(&exports, Format::Ndjson, Filter::All).await;
    let other = Requester { tenant: TenantId::new("other").unwrap(), ..kim() };
    let of_other = ExportOrder { requester: other.clone(), ..ordered.clone() };
    let kept = ended(&exports, &exports.request(of_other).await.unwrap()).await;
    let done = ended(&exports, &exports.request(ordered.clone()).await.unwrap()).await;
    assert_eq!((done.status, kept.status), (ExportStatus::Done, ExportStatus::Done));
    desk.view.stop_at.store(desk.view.shown.load(Ordering::SeqCst) + 500, Ordering::SeqCst);
    let running = exports.request(ordered.clone()).await.unwrap();
    until(&exports, &running, |job| job.status == ExportStatus::Running).await;
    exports.request(ordered.clone()).await.unwrap();
    assert_eq!(exports.sweep(&tenant()).await.unwrap(), 3);
    desk.view.stop_at.store(0, Ordering::SeqCst);
    assert!(exports.list(&kim()).is_empty());
    assert_eq!(exports.list(&other).len(), 1);
    let left: Vec<_> = std::fs::read_dir(home.path().join("exports"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(left, [kept.id.to_string()]);
    assert_eq!(exports.sweep(&tenant()).await.unwrap(), 0);
    let again = ended(&exports, &exports.request(ordered).await.unwrap()).await;
    assert_eq!(again.status, ExportStatus::Done, "exports go on afterwards");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_take_no_more_room_than_they_may() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let small = ExportSettings { bytes_max: 100_000, ..limits() };
    let (first, exports) = system(&machine, &home, small).await;
    record_all(&first, events(0, 4000)).await;
    exports.open_desk(Arc::new(Desk::default()));
    let ordered = order(&exports, Format::Ndjson, Filter::All).await;
    let job = exports.request(ordered).await.unwrap();
    let failed = ended(&exports, &job).await;
    assert_eq!(failed.status, ExportStatus::Failed);
    assert!(failed.reason.unwrap().contains("room"));
    assert!(!has_file(home.path()));
    first.stop().await;

    // Nothing is begun that would take the last of the disk from those who record.
    let floor = ExportSettings { free_bytes_min: u64::MAX, ..limits() };
    let (second, exports) = system(&machine, &home, floor).await;
    exports.open_desk(Arc::new(Desk::default()));
    let ordered = order(&exports, Format::Ndjson, Filter::All).await;
    assert!(matches!(exports.request(ordered).await, Err(ExportRefused::NoRoom)));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_few_at_once_and_a_slow_reader_holds_the_work_up() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let (system, exports) = system(&machine, &home, limits()).await;
    record_all(&system, events(0, 20_000)).await;
    let desk = Arc::new(Desk::default());
    exports.open_desk(desk.clone());
    let ordered = order(&exports, Format::Ndjson, Filter::All).await;
    let mut answer = exports.direct(ordered.clone()).await.unwrap().unwrap();
    assert!(matches!(exports.direct(ordered.clone()).await, Err(ExportRefused::Busy)));
    assert!(answer.next().await.unwrap().is_some());
    // Nobody asks for more: what is under way ends, and nothing else begins.
    tokio::time::timeout(PATIENCE, settled(&desk.view.shown)).await.unwrap();
    let shown = desk.view.shown.load(Ordering::SeqCst);
    assert!(shown <= 8 * 1024, "{shown} events were laid out for nobody");
    drop(answer);
    let (all, _) = direct(&exports, ordered).await;
    assert_eq!(lines(&all).len(), 20_000);
    system.stop().await;
}

/// Waits until a number has stayed the same for many looks.
async fn settled(number: &AtomicUsize) {
    let (mut last, mut same) = (0, 0);
    while same < 200 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let now = number.load(Ordering::SeqCst);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_takes_no_longer_than_it_may() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let short = ExportSettings { direct_seconds_max: 0, ..limits() };
    let (system, exports) = system(&machine, &home, short).await;
    exports.open_desk(Arc::new(Desk::default()));
    let ordered = order(&exports, Format::Ndjson, Filter::All).await;
    let mut answer = exports.direct(ordered).await.unwrap().unwrap();
    assert!(matches!(answer.next().await, Err(ExportError::TooLong { seconds: 0 })));
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_record_does_not_end_an_export() {
    let (machine, home) = (Machine::default(), tempfile::tempdir().unwrap());
    let (system, exports) = system(&machine, &home, limits()).await;
    let last = record_all(&system, events(0, 100)).await;
    machine.log.corrupt.lock().unwrap().insert(Position(last.0 - 50));
    exports.open_desk(Arc::new(Desk::default()));
    let (all, facts) = direct(&exports, order(&exports, Format::Ndjson, Filter::All).await).await;
    assert_eq!((facts.events, lines(&all).len()), (99, 99));
    assert_eq!(json!(ids(&lines(&all))[0]), 0);
    system.stop().await;
}
