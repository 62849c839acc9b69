//! What was learned, and how much of it is kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use annals_domain::Position;
use annals_domain::detection::{Detector, SavedRule};
use annals_ports::{DetectionStore, ReadModelError, SavedDetection};
use tracing::warn;

use super::{DetectionError, DetectionParts};

/// How far detection has come, and what of that is not kept yet.
pub(super) struct Learned {
    store: Arc<dyn DetectionStore>,
    position: Position,
    kept: Position,
    silent_until: Position,
    /// States that could not be kept when they were to be.
    waiting: BTreeMap<String, Vec<u8>>,
}

impl Learned {
    /// Goes on from what was kept. The first time it is kept at once up to where nothing is raised:
    /// after a crash that must be known.
    pub(super) async fn load(
        parts: &DetectionParts,
        begin: Position,
    ) -> Result<(Self, Detector), DetectionError> {
        let (store, rules) = (Arc::clone(&parts.store), parts.rules.to_vec());
        let loading = tokio::task::spawn_blocking(move || {
            let saved = match store.load()? {
                Some(saved) => saved,
                None => {
                    let (position, rules) = (Position::START, Vec::new());
                    let fresh = SavedDetection { position, silent_until: begin, rules };
                    store.save(&fresh)?;
                    fresh
                }
            };
            let mut learned = Self {
                store,
                position: saved.position,
                kept: saved.position,
                silent_until: saved.silent_until,
                waiting: BTreeMap::new(),
            };
            let is_gone = |saved: &&SavedRule| rules.iter().all(|rule| rule.id != saved.rule);
            let gone = saved.rules.iter().filter(is_gone);
            learned.waiting = gone.map(|saved| (saved.rule.clone(), Vec::new())).collect();
            let detector =
                Detector::restored(rules.clone(), &saved.rules).unwrap_or_else(|error| {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "detection begins anew from here");
                    Detector::new(rules)
                });
            Ok::<_, ReadModelError>((learned, detector))
        });
        let loaded = loading.await.map_err(|_| DetectionError::Panic(begin))?;
        Ok(loaded?)
    }

    /// Everything up to here was taken in, and what it made suspicious is recorded.
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Nothing is raised up to here.
    pub(super) fn silent_until(&self) -> Position {
        self.silent_until
    }

    pub(super) fn advance(&mut self, position: Position) {
        self.position = position;
    }

    /// Whether there is something to be kept.
    pub(super) fn is_ahead(&self) -> bool {
        self.position > self.kept
    }

    /// Keeps what was learned. A store that fails is told of and tried again the next time.
    pub(super) async fn keep(
        &mut self,
        mut detector: Box<Detector>,
    ) -> Result<Box<Detector>, DetectionError> {
        let (store, mut waiting) = (Arc::clone(&self.store), std::mem::take(&mut self.waiting));
        let (position, silent_until) = (self.position, self.silent_until);
        let keeping = tokio::task::spawn_blocking(move || {
            let fresh = detector.save();
            match fresh {
                Ok(fresh) => waiting.extend(fresh.into_iter().map(|one| (one.rule, one.state))),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "what detection has learned cannot be written");
                    return (detector, waiting, false);
                }
            }
            let rule = |(rule, state): (&String, &Vec<u8>)| SavedRule {
                rule: rule.clone(),
                state: state.clone(),
            };
            let rules = waiting.iter().map(rule).collect();
            match store.save(&SavedDetection { position, silent_until, rules }) {
                Ok(()) => (detector, BTreeMap::new(), true),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, "what detection has learned could not be kept; trying again");
                    (detector, waiting, false)
                }
            }
        });
        let kept = keeping.await.map_err(|_| DetectionError::Panic(position))?;
        let (detector, waiting, is_kept) = kept;
        self.waiting = waiting;
        if is_kept {
            self.kept = position;
        }
        Ok(detector)
    }
}
