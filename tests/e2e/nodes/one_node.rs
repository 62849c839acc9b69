//! One node on a server does what a service with an embedded log does: the same tests, another store.

use annals_tests::{PATIENCE, Secrets, samples};

use super::{node, server};
use crate::{idempotency, newcomer, rebuilding, text};

#[tokio::test]
async fn a_newcomer_meets_the_same_service_as_on_an_embedded_log() {
    let server = server();
    newcomer::walk_the_path(node(&server.url(), &Secrets::make()).await).await;
}

#[tokio::test]
async fn an_event_sent_again_gets_its_old_receipt_and_other_content_is_a_conflict() {
    let (one, other) = (server(), server());
    let secrets = Secrets::make();
    idempotency::send_again_and_again(node(&one.url(), &secrets).await).await;
    idempotency::send_other_content(node(&other.url(), &secrets).await).await;
}

#[tokio::test]
async fn the_copy_of_the_log_and_all_that_follows_from_it_can_be_made_anew() {
    let server = server();
    let url = server.url();
    let service = node(&url, &Secrets::make()).await;
    rebuilding::delete_and_rebuild(service, &["rebuild", "all", "--store", &url]).await;
}

#[tokio::test]
async fn the_same_id_is_a_conflict_on_another_node_too_also_after_that_one_has_begun_anew() {
    let server = server();
    let secrets = Secrets::make();
    let first = node(&server.url(), &secrets).await;
    let event = samples::login("ann");
    let writer = first.caller("shop", "acme", "writer").await;
    let receipt = writer.record(&event).await.expect(201);
    // It copies the log while it is asked already.
    let second = node(&server.url(), &secrets).await;
    let writer = second.caller("shop", "acme", "writer").await;
    assert_eq!(writer.record(&event).await.expect(200), receipt);
    let mut other = samples::failed_login("ben");
    other["id"] = event["id"].clone();
    assert_eq!(writer.record(&other).await.expect(409)["code"], "IDEMPOTENCY_CONFLICT");
    let auditor = first.caller("audit", "acme", "auditor").await;
    auditor.wait_until_visible(&text(&receipt["position"]), PATIENCE).await;
    assert_eq!(auditor.count("").await, 1);
}
