//! An event that a projection cannot take in, by a fault planted in the file of the inboxes.

use std::path::Path;

use annals_kms::LocalKey;
use annals_ports::{KeyStore, MasterKeys};
use annals_record::sealed_file::FileKey;
use annals_record::{MasterKey, RootForm};
use annals_store_sqlite::SqliteKeyStore;
use annals_tests::{Setup, TestService, samples};
use data_encoding::HEXLOWER;
use rusqlite::Connection;

use super::{becomes, looks, operator, told, watchful};
use crate::ANNALS;

const PLANT: &str = "CREATE TRIGGER planted BEFORE INSERT ON messages
    WHEN NEW.kind = 'user.password.changed' BEGIN SELECT RAISE (ABORT, 'planted'); END;";
const PULL: &str = "DROP TRIGGER planted;";

#[tokio::test]
async fn a_parked_event_is_told_until_a_rebuild_has_taken_it_in() {
    let setup = watchful(Setup::default());
    let mut service = TestService::start_as(ANNALS, setup).await;
    let writer = service.caller("shop", "acme", "writer").await;
    let ops = operator(&service).await;
    writer.record(&samples::password_change("ann")).await.expect(201);
    service.stop().await;
    change_inboxes(&service.data_dir(), PLANT).await;
    service.restart().await;
    writer.record(&samples::password_change("bob")).await.expect(201);
    // What comes behind it passes, so it is this event's fault.
    writer.record(&samples::role_granted("ann")).await.expect(201);
    let poison = becomes(&ops, "poison_events", true).await;
    assert_eq!(poison["reading"], 1.0);
    told(&ops, "poison_events", 1).await;
    assert!(service.operations_log().contains("parked a poison event"));
    // A restart takes nothing in, and so it clears nothing.
    service.stop().await;
    change_inboxes(&service.data_dir(), PULL).await;
    service.restart().await;
    looks(&ops, 3).await;
    assert!(becomes(&ops, "poison_events", true).await["reading"].is_null());
    told(&ops, "poison_events", 1).await;
    // A rebuild does.
    service.stop().await;
    service.run(&["rebuild"]).await.expect(0);
    service.restart().await;
    becomes(&ops, "poison_events", false).await;
    told(&ops, "poison_events", 2).await;
}

/// Does something to the file of the inboxes, as one who has the master key can.
async fn change_inboxes(data_dir: &Path, statement: &str) {
    let text = std::fs::read_to_string(data_dir.join("master.key")).unwrap();
    let bytes = HEXLOWER.decode(text.trim().as_bytes()).unwrap();
    let master = LocalKey::of_file(MasterKey::from_bytes(bytes.try_into().unwrap()));
    let stored = SqliteKeyStore::open(data_dir).unwrap().root_key().await.unwrap().unwrap();
    let form = RootForm::read(&stored).unwrap();
    let root = master.unwrap(&form.context(), &form.sealed).await.unwrap();
    let key = FileKey::from_bytes(*root.derive("files of inbox"));
    let hex = HEXLOWER.encode(key.expose()) + &HEXLOWER.encode(&key.id());
    let connection = Connection::open(data_dir.join("inbox.db")).unwrap();
    let opened = format!(
        "PRAGMA key = \"x'{hex}'\"; PRAGMA cipher_compatibility = 4; PRAGMA cipher_page_size = 4096;
         PRAGMA cipher_hmac_algorithm = HMAC_SHA256;"
    );
    connection.execute_batch(&opened).unwrap();
    connection.execute_batch(statement).unwrap();
}
