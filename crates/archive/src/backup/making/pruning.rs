//! Keeps what lies in a repository as it is to be: without the keys of the erased, and without what no rule
//! keeps.

use std::collections::BTreeSet;

use annals_record::RootKey;

use super::MakeError;
use crate::backup::keeping::{KeepRules, kept};
use crate::backup::keys::ErasedKey;
use crate::backup::locking::Lock;
use crate::backup::manifest::Snapshot;
use crate::backup::repository::{KEYS, PIECES, REMOVALS, Repository, SNAPSHOTS};

/// Takes the keys of the erased out of the snapshots before, unless that was done.
pub(super) async fn cleanse(
    repository: &Repository,
    older: &[Snapshot],
    erased: &[ErasedKey],
    root: &RootKey,
) -> Result<usize, MakeError> {
    let done = repository.erased().await?;
    if erased.iter().all(|key| done.contains(key)) {
        return Ok(0);
    }
    let mut cleansed = 0;
    for snapshot in older {
        let mut keys = repository.keys(snapshot).await?;
        let taken = keys.cleanse(erased, root);
        if taken > 0 {
            repository.put_keys(&snapshot.keys, &keys).await?;
        }
        cleansed += taken;
    }
    repository.put_erased(erased).await?;
    Ok(cleansed)
}

/// Deletes the snapshots that no rule keeps, and after them what no snapshot names.
pub(super) async fn prune(
    repository: &Repository,
    mut snapshots: Vec<Snapshot>,
    newest: &Snapshot,
    rules: &KeepRules,
    lock: &Lock,
) -> Result<usize, MakeError> {
    lock.confirm().await?;
    snapshots.push(newest.clone());
    let times: Vec<_> =
        snapshots.iter().map(|snapshot| (snapshot.name.clone(), snapshot.made_at)).collect();
    let mut kept = kept(&times, rules);
    // Whatever clocks say: this one was made just now.
    kept.insert(newest.name.clone());
    let mut deleted = 0;
    for snapshot in snapshots.iter().filter(|snapshot| !kept.contains(&snapshot.name)) {
        repository.place.delete(&format!("{SNAPSHOTS}/{}.json", snapshot.name)).await?;
        deleted += 1;
    }
    let mut needed = BTreeSet::new();
    for snapshot in snapshots.iter().filter(|snapshot| kept.contains(&snapshot.name)) {
        needed.extend([snapshot.keys.as_str(), &snapshot.removals.name]);
        needed.extend(snapshot.pieces.iter().map(|piece| piece.name.as_str()));
    }
    for folder in [KEYS, REMOVALS, PIECES] {
        for object in repository.place.list(folder).await? {
            if !needed.contains(object.name.as_str()) {
                repository.place.delete(&object.name).await?;
            }
        }
    }
    Ok(deleted)
}
