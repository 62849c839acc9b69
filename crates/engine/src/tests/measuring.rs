use super::machine::*;
use crate::*;
use annals_domain::filter::Count;
use annals_domain::{Position, Recorded};
use annals_ports::{
    EventLog, Hit, InboxStore, ProfileStore, ReadModelError, SearchError, SearchIndex,
    SearchRequest,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::Instant;

#[derive(Default)]
struct Nothing(AtomicU64);
impl SearchIndex for Nothing {
    fn position(&self) -> Position {
        Position(self.0.load(Ordering::Relaxed))
    }
    fn add(&self, e: &[Recorded]) -> Result<(), SearchError> {
        if let Some(l) = e.last() {
            self.0.store(l.position.0, Ordering::Relaxed);
        }
        Ok(())
    }
    fn commit(&self) -> Result<Position, SearchError> {
        Ok(self.position())
    }
    fn search(&self, _: &SearchRequest<'_>) -> Result<Vec<Hit>, SearchError> {
        Ok(vec![])
    }
    fn count(&self, _: &annals_domain::Filter, _: Position, _: u64) -> Result<Count, SearchError> {
        unimplemented!()
    }
    fn clear(&self) -> Result<(), SearchError> {
        Ok(())
    }
}
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
#[test]
fn measure() {
    let rt =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    rt.block_on(async {
        const N: u64 = 200_000;
        for batch in [500u64, 1] {
        let n = if batch == 1 { N / 4 } else { N };
        let machine = Machine::default();
        let ports = Ports { log: Arc::new(machine.log.memory.clone()), keys: machine.keys.clone(), index: Arc::new(Nothing::default()), profiles: machine.profiles.clone(), inbox: machine.inbox.clone() };
        let mut s = settings(); s.projections.index_commit_ms=1000; s.projections.profiles_commit_ms=500; s.projections.inbox_commit_ms=100; s.projections.batch_events_max=2048; s.recorder.shards=2;
        let master = annals_record::MasterKey::from_bytes([9; 32]);
        let system = Arc::new(System::start(ports, master, Arc::new(Default::default()), s).await.unwrap());
        let all: Vec<_> = (0..n/batch).map(|b| events(b*batch, batch)).collect();
        // sealing alone
        let keys = system.recorder.keys.clone();
        let sealed_input: Vec<_> = all.iter().take(all.len()/4).cloned().collect();
        let c0 = cpu(); let mut count=0u64; let mut recs=vec![];
        for b in sealed_input { count += b.len() as u64; let k = keys.keys_for(&tenant(), b.iter()).await.unwrap(); for e in b { recs.push(crate::sealing::seal_event(admitted(e), &k).unwrap().record); } }
        let seal = (cpu()-c0)/count as f64;
        // store alone
        let log2 = annals_ports::memory::MemoryEventLog::new();
        let c0=cpu(); let m = recs.len();
        let mut it = recs.into_iter();
        while it.len()>0 { let items: Vec<_> = it.by_ref().take(batch as usize).map(|r| annals_ports::AppendItem{stream:r.stream.clone(),expected:annals_ports::Expected::Any,records:vec![r]}).collect(); let _ = log2.append(items).await.unwrap(); }
        let mut f = log2.follow(Position::START); let mut got=0; while got<m { got += f.next(1024).await.unwrap().len(); }
        let store=(cpu()-c0)/m as f64;
        let c0 = cpu(); let t0=Instant::now();
        let mut set = tokio::task::JoinSet::new();
        let q: Arc<std::sync::Mutex<Vec<_>>> = Arc::new(std::sync::Mutex::new(all));
        for _ in 0..(if batch==1 {64} else {4}) { let (system,q)=(system.clone(),q.clone()); set.spawn(async move { loop { let Some(b)=q.lock().unwrap().pop() else {break}; record(&system,b).await; } }); }
        while set.join_next().await.is_some() {}
        let head = Position(n);
        wait_until_durable(&system, head).await;
        let all_cpu=(cpu()-c0)/n as f64;
        eprintln!("batch {batch}: {:.2} us/event total CPU, sealing (with digest) {:.2}, store {:.2}, rest {:.2}; {:.0} ev/s", all_cpu*1e6, seal*1e6, store*1e6, (all_cpu-seal-store)*1e6, n as f64/t0.elapsed().as_secs_f64());
        }
    });
}
