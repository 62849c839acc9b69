//! Rounds with witnesses of which each does what a test wants.

use std::sync::{Mutex, PoisonError};

use annals_ports::{PublishError, WitnessAnswer, WitnessClient};
use annals_tlog::witness::{Answer, WatchedLog, decide};
use annals_tlog::{SignedCheckpoint, SigningKey, TreeHead};
use async_trait::async_trait;

use super::super::publishing::WitnessSettings;
use super::super::tests::{Kept, take};
use super::*;

/// What a witness does.
#[derive(Clone)]
enum Manner {
    /// As the specification says.
    Honest,
    Hangs,
    Down,
    Says(u16, String),
    /// Honest, but the lines are of another key.
    WrongKey,
    /// Cosigns another checkpoint than it was asked to.
    WrongCheckpoint,
}

struct Double {
    key: SigningKey,
    state: Mutex<(Manner, Option<TreeHead>, Vec<u64>)>,
    log: VerifyingKey,
}

impl Double {
    fn set(&self, manner: Manner) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = manner;
    }

    fn saw(&self, latest: Option<TreeHead>) {
        self.state.lock().unwrap().1 = latest;
    }

    /// From which sizes it was asked.
    fn asked(&self) -> Vec<u64> {
        self.state.lock().unwrap().2.clone()
    }
}

#[async_trait]
impl WitnessClient for Double {
    async fn add_checkpoint(&self, request: String) -> Result<WitnessAnswer, PublishError> {
        let request = AddCheckpoint::parse(request.as_bytes()).unwrap();
        let manner = {
            let mut state = self.state.lock().unwrap();
            state.2.push(request.old_size);
            state.0.clone()
        };
        let text = request.checkpoint.text().to_owned();
        let other = SigningKey::from_seed("witness.test/0", Algorithm::Cosignature, &[99; 32]);
        let body = match manner {
            Manner::Hangs => return std::future::pending().await,
            Manner::Down => {
                let source = "connection refused".into();
                return Err(PublishError { doing: "reach the witness", source });
            }
            Manner::Says(status, body) => return Ok(WitnessAnswer { status, body }),
            Manner::WrongKey => other.unwrap().cosign(&text, 9).unwrap(),
            Manner::WrongCheckpoint => self.key.cosign(&format!("{text}more\n"), 9).unwrap(),
            Manner::Honest => {
                let mut state = self.state.lock().unwrap();
                let keys = vec![self.log.clone()];
                let log = WatchedLog { origin: self.log.name().to_owned(), keys, latest: state.1 };
                let answer = decide(Some(&log), &request, &self.key, 7).unwrap();
                if let Answer::Cosigned { latest, .. } = &answer {
                    state.1 = Some(*latest);
                }
                return Ok(WitnessAnswer { status: answer.status(), body: answer.body() });
            }
        };
        Ok(WitnessAnswer { status: 200, body: format!("{body}\n") })
    }
}

/// A log of 300 leaves with witnesses.
struct Watched {
    kept: Kept,
    doubles: Vec<Arc<Double>>,
    witnessing: Witnessing,
    standings: Vec<Standing>,
}

fn watched(manners: &[Manner], quorum: usize) -> Watched {
    let kept = Kept::new();
    take(&kept.keeper(), 1..301, 2026);
    let log = kept.newest().key;
    let double = |(number, manner): (usize, &Manner)| {
        let (name, seed) = (format!("witness.test/{number}"), [number as u8 + 1; 32]);
        let key = SigningKey::from_seed(&name, Algorithm::Cosignature, &seed).unwrap();
        let state = Mutex::new((manner.clone(), None, Vec::new()));
        Arc::new(Double { key, state, log: log.clone() })
    };
    let doubles: Vec<Arc<Double>> = manners.iter().enumerate().map(double).collect();
    let witness = |double: &Arc<Double>| Witness {
        key: double.key.verifying_key().clone(),
        client: double.clone(),
    };
    let publishing = Publishing {
        witnesses: doubles.iter().map(witness).collect(),
        witnessing: WitnessSettings { interval_seconds: 10, timeout_seconds: 5, quorum },
        ..Publishing::default()
    };
    let (store, tiles, stopping) = (kept.trees.clone(), kept.tiles(), CancellationToken::new());
    let witnessing = Witnessing { store, tiles, publishing, stopping };
    let mut standings = Vec::new();
    standings.resize_with(manners.len(), Standing::default);
    Watched { kept, doubles, witnessing, standings }
}

impl Watched {
    async fn round(&mut self) {
        self.witnessing.round(&mut self.standings).await.unwrap();
    }

    /// Who of the witnesses is under the newest checkpoint.
    fn under_newest(&self) -> Vec<usize> {
        self.under(&self.kept.newest().checkpoint)
    }

    fn under(&self, note: &str) -> Vec<usize> {
        let signed = SignedCheckpoint::open(note.as_bytes(), &self.kept.newest().key).unwrap();
        let keys: Vec<VerifyingKey> =
            self.doubles.iter().map(|double| double.key.verifying_key().clone()).collect();
        let found = cosignature::cosignatures(&signed.note, &keys).unwrap();
        let number = |key: &VerifyingKey| keys.iter().position(|other| other == key).unwrap();
        found.iter().map(|cosigned| number(cosigned.witness)).collect()
    }

    /// Size of the newest cosigned checkpoint.
    fn cosigned_size(&self) -> Option<u64> {
        let note = self.witnessing.tiles.cosigned("2026").unwrap()?;
        note.lines().nth(1).unwrap().parse().ok()
    }
}

#[tokio::test(start_paused = true)]
async fn witnesses_cosign_what_is_newest_and_are_asked_from_what_they_know() {
    let mut watched = watched(&[Manner::Honest, Manner::Honest], 0);
    watched.round().await;
    assert_eq!((watched.under_newest(), watched.cosigned_size()), (vec![0, 1], Some(300)));
    // Nothing is new: nobody is asked.
    watched.round().await;
    assert_eq!(watched.doubles[0].asked(), [0]);
    take(&watched.kept.keeper(), 301..901, 2026);
    assert_eq!(watched.under_newest(), Vec::<usize>::new());
    assert_eq!(watched.cosigned_size(), Some(300));
    watched.round().await;
    assert_eq!((watched.under_newest(), watched.cosigned_size()), (vec![0, 1], Some(900)));
    assert_eq!(watched.doubles[0].asked(), [0, 300]);
    // After a restart nothing is known of them; they say what they know.
    take(&watched.kept.keeper(), 901..911, 2026);
    watched.standings.iter_mut().for_each(|standing| *standing = Standing::default());
    watched.round().await;
    assert_eq!(watched.doubles[1].asked(), [0, 300, 0, 900]);
    assert_eq!(watched.cosigned_size(), Some(910));
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_or_is_down_keeps_nothing_from_the_others_and_is_asked_less_and_less() {
    let mut watched = watched(&[Manner::Hangs, Manner::Honest, Manner::Down], 1);
    let began = Instant::now();
    watched.round().await;
    assert_eq!(began.elapsed(), Duration::from_secs(5));
    assert_eq!((watched.under_newest(), watched.cosigned_size()), (vec![1], Some(300)));
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        watched.round().await;
    }
    for failing in [0, 2] {
        let asked = watched.doubles[failing].asked().len();
        assert!((5..=10).contains(&asked), "asked {asked} times in 1000 s");
    }
    // They come back.
    watched.doubles.iter().for_each(|double| double.set(Manner::Honest));
    tokio::time::sleep(Duration::from_secs(300)).await;
    watched.round().await;
    assert_eq!(watched.under_newest(), [1, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_quorum_makes_the_cosigned_checkpoint_and_all_do_unless_it_is_said() {
    let manners = [Manner::Honest, Manner::Honest, Manner::Down];
    for (quorum, size) in [(0, None), (1, Some(300)), (2, Some(300)), (3, None)] {
        let mut watched = watched(&manners, quorum);
        watched.round().await;
        assert_eq!(watched.cosigned_size(), size, "quorum {quorum}");
        assert_eq!(watched.under_newest(), [0, 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_cosignature_of_this_checkpoint_by_this_key_changes_nothing() {
    let says = |status, body: &str| Manner::Says(status, body.to_owned());
    let mut watched = watched(
        &[
            Manner::WrongKey,
            Manner::WrongCheckpoint,
            says(200, ""),
            says(200, "nonsense\n"),
            says(409, "300000\n"),
            says(409, "x\n"),
            says(422, "no\n"),
            says(500, ""),
        ],
        1,
    );
    let before = watched.kept.newest().checkpoint;
    watched.round().await;
    assert_eq!(watched.kept.newest().checkpoint, before);
    assert_eq!(watched.cosigned_size(), None);
    // One that always names another size is not asked for ever.
    let mut watched = self::watched(&[says(409, "7\n")], 1);
    watched.round().await;
    assert_eq!(watched.doubles[0].asked(), [0, 7]);
}

#[tokio::test(start_paused = true)]
async fn a_witness_that_saw_another_tree_is_left_alone_for_an_hour() {
    for size in [200, 300] {
        let mut watched = watched(&[Manner::Honest, Manner::Honest], 1);
        watched.doubles[0].saw(Some(TreeHead { size, root: Hash([7; 32]) }));
        watched.round().await;
        assert_eq!(watched.doubles[0].asked(), [0, size]);
        assert_eq!(watched.under_newest(), [1]);
        tokio::time::sleep(Duration::from_secs(3_590)).await;
        watched.round().await;
        assert_eq!(watched.doubles[0].asked(), [0, size]);
        // The witness was mended.
        watched.doubles[0].saw(None);
        tokio::time::sleep(Duration::from_secs(20)).await;
        watched.round().await;
        assert_eq!(watched.under_newest(), [1, 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn as_many_witnesses_as_are_allowed_fit_under_one_checkpoint() {
    let manners = vec![Manner::Honest; super::super::publishing::WITNESSES_MAX];
    let mut watched = watched(&manners, 0);
    watched.round().await;
    assert_eq!(watched.under_newest().len(), manners.len());
    assert_eq!(watched.cosigned_size(), Some(300));
    let mut one_more = self::watched(&[manners, vec![Manner::Honest]].concat(), 0);
    assert!(one_more.witnessing.round(&mut one_more.standings).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_last_checkpoint_of_an_older_year_is_cosigned_too() {
    let mut watched = watched(&[Manner::Honest], 0);
    // The double watches one name alone: of the new year it knows nothing.
    take(&watched.kept.keeper(), 301..311, 2027);
    watched.round().await;
    assert_eq!(watched.cosigned_size(), Some(300));
    assert_eq!(watched.witnessing.tiles.cosigned("2027").unwrap(), None);
}
