use std::convert::Infallible;
use std::path::Path;

use annals_tlog::{
    Algorithm, Checkpoint, Hash, Note, TileReader, consistency_proof, leaf_hash, root_of,
};

use super::*;

pub(in super::super) const ORIGIN: &str = "log.test/annals/2026";

/// A log of fewer leaves than fill a tile, and another that leaves it at the fifth.
pub(in super::super) struct Log {
    pub(in super::super) key: SigningKey,
    forks: bool,
}

impl Log {
    pub(in super::super) fn honest() -> Self {
        let key = SigningKey::from_seed(ORIGIN, Algorithm::Note, &[1; 32]).unwrap();
        Self { key, forks: false }
    }

    pub(in super::super) fn fork() -> Self {
        Self { forks: true, ..Self::honest() }
    }

    fn leaves(&self, size: u64) -> Vec<Hash> {
        let leaf =
            |n: u64| if self.forks && n == 5 { leaf_hash(b"fork") } else { leaf_hash(&[n as u8]) };
        (0..size).map(leaf).collect()
    }

    /// The body that asks for a cosignature.
    pub(in super::super) fn request(&self, old: u64, size: u64) -> String {
        let root = root_of(&self.leaves(size));
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root };
        let signed = checkpoint.sign(&[&self.key]).unwrap().note;
        let proof = match old {
            0 => Vec::new(),
            old => consistency_proof(old, size, &Leaves(self.leaves(size))).unwrap(),
        };
        AddCheckpoint { old_size: old, proof, checkpoint: signed }.to_string()
    }

    pub(in super::super) fn keys(&self) -> BTreeMap<String, Vec<VerifyingKey>> {
        BTreeMap::from([(ORIGIN.to_owned(), vec![self.key.verifying_key().clone()])])
    }
}

struct Leaves(Vec<Hash>);

impl TileReader for Leaves {
    type Error = Infallible;

    fn tile(&self, _: u8, _: u64, width: u16) -> Result<Vec<u8>, Infallible> {
        Ok(self.0.iter().take(width.into()).flat_map(|hash| hash.0).collect())
    }
}

pub(in super::super) fn desk(dir: &Path) -> Desk {
    let files = Files::open(&dir.join("state"), &dir.join("key"), Some("witness.test")).unwrap();
    Desk::open(files, Log::honest().keys()).unwrap()
}

fn status(desk: &Desk, request: &str) -> u16 {
    desk.answer(request.as_bytes(), 99).unwrap().status()
}

fn written(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("state")).unwrap()
}

#[test]
fn growth_is_cosigned_and_on_disk_and_a_fork_is_neither_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (honest, fork) = (Log::honest(), Log::fork());
    let desk = self::desk(dir.path());
    for (old, size) in [(0, 3), (3, 3), (3, 9)] {
        let answer = desk.answer(honest.request(old, size).as_bytes(), 99).unwrap();
        let Answer::Cosigned { cosignature, .. } = answer else { panic!("{answer:?}") };
        let request = AddCheckpoint::parse(honest.request(old, size).as_bytes()).unwrap();
        assert!(desk.key().verifying_key().verifies(request.checkpoint.text(), &cosignature));
        assert!(written(dir.path()).starts_with(&format!("{ORIGIN} {size} ")));
    }
    let before = written(dir.path());
    let refused = |desk: &Desk| {
        for (request, expected) in [
            (fork.request(9, 9), 409),
            (fork.request(9, 12), 422),
            (fork.request(0, 12), 409),
            (honest.request(0, 3), 409),
            (honest.request(3, 3), 409),
        ] {
            assert_eq!(status(desk, &request), expected);
        }
        assert!(matches!(desk.answer(b"nonsense", 99), Err(DeskError::Request(_))));
        assert_eq!(written(dir.path()), before);
    };
    refused(&desk);
    drop(desk);
    let desk = self::desk(dir.path());
    refused(&desk);
    assert_eq!(status(&desk, &honest.request(9, 12)), 200);
}

#[test]
fn nothing_is_cosigned_that_cannot_be_written_down() {
    let dir = tempfile::tempdir().unwrap();
    let desk = self::desk(dir.path());
    assert_eq!(status(&desk, &Log::honest().request(0, 9)), 200);
    // The file that is written first cannot be one.
    std::fs::create_dir(dir.path().join("state.next")).unwrap();
    let growth = Log::honest().request(9, 12);
    assert!(matches!(desk.answer(growth.as_bytes(), 99), Err(DeskError::State(_))));
    std::fs::remove_dir(dir.path().join("state.next")).unwrap();
    assert_eq!(status(&desk, &growth), 200);
}

#[test]
fn a_state_that_is_lost_while_the_witness_runs_does_not_make_it_forget() {
    let dir = tempfile::tempdir().unwrap();
    let desk = self::desk(dir.path());
    assert_eq!(status(&desk, &Log::honest().request(0, 9)), 200);
    std::fs::remove_file(dir.path().join("state")).unwrap();
    assert_eq!(status(&desk, &Log::fork().request(0, 12)), 409);
    let growth = Log::honest().request(9, 12);
    assert!(matches!(desk.answer(growth.as_bytes(), 99), Err(DeskError::Changed(_))));
}

#[test]
fn of_requests_that_come_together_one_line_of_trees_is_cosigned() {
    let dir = tempfile::tempdir().unwrap();
    let desk = self::desk(dir.path());
    assert_eq!(status(&desk, &Log::honest().request(0, 3)), 200);
    let cosigned = std::thread::scope(|scope| {
        let ask = |log: Log| {
            let desk = &desk;
            scope.spawn(move || {
                (7..50).filter(|size| status(desk, &log.request(3, *size)) == 200).count()
            })
        };
        let asking: Vec<_> =
            (0..4).map(|n| ask(if n % 2 == 0 { Log::honest() } else { Log::fork() })).collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).sum::<usize>()
    });
    assert_eq!(cosigned, 1);
}

#[test]
fn a_note_of_no_watched_log_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let desk = self::desk(dir.path());
    let other = Log::honest().request(0, 3).replace(ORIGIN, "log.test/annals/2027");
    assert_eq!(status(&desk, &other), 404);
    let mut request = AddCheckpoint::parse(Log::honest().request(0, 3).as_bytes()).unwrap();
    let text = request.checkpoint.text().to_owned();
    let stranger = SigningKey::from_seed(ORIGIN, Algorithm::Note, &[2; 32]).unwrap();
    request.checkpoint = Note::new(text.clone(), vec![stranger.sign(&text).unwrap()]).unwrap();
    assert_eq!(status(&desk, &request.to_string()), 403);
}
