//! What a starting machine is put together from: its projections, and what delivers.

use std::sync::Arc;
use std::time::Duration;

use annals_domain::Position;
use annals_domain::catalogue::Catalogue;

use super::{Ports, Settings, StartError, TileParts};
use crate::access::{self, AccessKeeper};
use crate::delivery::{DelivererParts, DeliveryStatus, PostingParts};
use crate::projection::{Progress, Projection, with_causes};
use crate::projections::{INDEX, Indexer, ModelsTurn, Notifier, Profiler};
use crate::roles::Role;
use crate::root::Projected;
use crate::tiles::TileKeeper;

/// What delivers on this node from its outbox.
pub(super) fn delivery(
    ports: &Ports,
    settings: &Settings,
    catalogue: &Arc<Catalogue>,
    start: Position,
    posting: PostingParts,
) -> DelivererParts {
    DelivererParts {
        node: settings.node.as_str().into(),
        registers: Arc::clone(&ports.registers),
        catalogue: Arc::clone(catalogue),
        settings: settings.delivery.clone(),
        posting,
        recorder: None,
        log: Arc::clone(&ports.log),
        status: DeliveryStatus::new(true),
        start,
    }
}

/// The projections of this node, each with how far it has come.
pub(super) async fn projections(
    ports: &Ports,
    settings: &Settings,
    notifier: Option<Arc<Notifier>>,
    models: &ModelsTurn,
    access: &Arc<AccessKeeper>,
    head: Position,
) -> Result<Vec<Projected>, StartError> {
    let pace = &settings.projections;
    let indexer = Indexer { name: INDEX, index: Arc::clone(&ports.index) };
    let profiler = Profiler::new(Arc::clone(&ports.profiles), Arc::clone(models));
    let (access, ms) = (Arc::clone(access), Duration::from_millis);
    let mut all: Vec<(Arc<dyn Projection>, Duration)> = vec![(access, access::COMMIT_INTERVAL)];
    if settings.roles.has(Role::Project) {
        all.push((Arc::new(indexer), ms(pace.index_commit_ms)));
        all.push((Arc::new(profiler), ms(pace.profiles_commit_ms)));
    }
    if let Some(notifier) = notifier {
        all.push((notifier, ms(pace.inbox_commit_ms)));
    }
    if let Some(TileParts { store, signer, mark, .. }) = ports.tiles.clone() {
        let keeper = TileKeeper::new(store, signer, mark);
        all.push((Arc::new(keeper), ms(pace.tiles_commit_ms)));
    }
    let mut projected = Vec::new();
    for (projection, commit_interval) in all {
        let name = projection.name();
        let asked = Arc::clone(&projection);
        let position =
            tokio::task::spawn_blocking(move || asked.rewind().map_err(|e| with_causes(&*e)));
        let applied = position
            .await
            .unwrap_or_else(|panic| Err(panic.to_string()))
            .map_err(|cause| StartError::Projection { projection: name, cause })?;
        if applied > head {
            return Err(StartError::Ahead { projection: name, applied, head });
        }
        projected.push(Projected {
            projection,
            progress: Progress::new(name, applied),
            commit_interval,
        });
    }
    Ok(projected)
}
