//! Whatever is changed in the folder, it is found, and never shown.

use annals_ports::archive::ArchiveReader;

use super::*;

/// Bytes that are changed in each object.
const PLACES: usize = 60;

#[tokio::test]
async fn a_flipped_byte_in_any_object_is_found() {
    let world = World::new().await;
    let (dir, place) = archived(&world).await;
    let all = names(&place).await;
    assert_eq!(all.len(), 14, "four months of three objects, and two marks");
    for name in all {
        let path = dir.path().join(&name);
        let whole = std::fs::read(&path).unwrap();
        let step = whole.len().div_ceil(PLACES);
        for offset in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
            let mut changed = whole.clone();
            changed[offset] ^= 1;
            std::fs::write(&path, changed).unwrap();
            assert!(!check(&place).await.is_whole(), "byte {offset} of {name}");
        }
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert!(!check(&place).await.is_whole(), "{name} cut off");
        std::fs::write(&path, whole).unwrap();
    }
    assert!(check(&place).await.is_whole());
}

#[tokio::test]
async fn a_missing_object_is_found() {
    let world = World::new().await;
    let (dir, place) = archived(&world).await;
    for name in names(&place).await {
        // That the newest month was cut off altogether shows only to who knows that it was there.
        if name.ends_with("_months/2026-01.json") {
            continue;
        }
        let path = dir.path().join(&name);
        let whole = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(!check(&place).await.is_whole(), "{name}");
        std::fs::write(&path, whole).unwrap();
    }
}

#[tokio::test]
async fn what_was_changed_is_an_error_to_who_reads() {
    let world = World::new().await;
    let (dir, place) = archived(&world).await;
    let tenant = &world.tenants()[0];
    let names = names(&place).await;
    let records = format!("{tenant}/2025-12/records");
    let name = names.iter().find(|name| name.contains(&records)).unwrap();
    let path = dir.path().join(name);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let archive = Archive::new(place, LOG, archive_key());
    let error = archive.piece(tenant, month("2025-12"), 0).await.unwrap_err();
    assert!(error.to_string().contains("SHA-256"), "{error}");
    assert!(archive.piece(tenant, month("2026-01"), 0).await.is_ok());
}

#[tokio::test]
async fn the_records_of_another_tenant_or_month_put_in_place_are_found() {
    let world = World::new().await;
    let (dir, place) = archived(&world).await;
    let tenants = world.tenants();
    let folder = |tenant: &TenantId, month: &str| {
        dir.path().join(format!("archive/log.test--annals/{tenant}/{month}"))
    };
    let swapped = [
        (folder(&tenants[0], "2025-12"), folder(&tenants[1], "2025-12")),
        (folder(&tenants[0], "2025-12"), folder(&tenants[0], "2026-01")),
    ];
    for (one, other) in swapped {
        let aside = dir.path().join("aside");
        let swap = || {
            std::fs::rename(&one, &aside).unwrap();
            std::fs::rename(&other, &one).unwrap();
            std::fs::rename(&aside, &other).unwrap();
        };
        swap();
        assert!(!check(&place).await.is_whole());
        let archive = Archive::new(place.clone(), LOG, archive_key());
        assert!(archive.months(&tenants[0]).await.is_err());
        swap();
    }
    assert!(check(&place).await.is_whole());
}

#[tokio::test]
async fn without_the_key_of_the_tree_nothing_is_called_proven() {
    let world = World::new().await;
    let (_dir, place) = archived(&world).await;
    let only = Keys::new(vec![archive_key().verifying_key().clone()]).unwrap();
    let report = verify(&place, &only, &Asked::default(), |_, _| {}).await.unwrap();
    assert_eq!((report.proven, report.is_whole()), (0, false));
    assert!(Keys::new(public_keys()[1..].to_vec()).is_none(), "the key of the archive is needed");
}
