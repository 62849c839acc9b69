//! What somebody else did to the streams of records is found.

use annals_domain::StreamName;
use annals_eventstoredb_double::{Expected, NewEvent, Server};
use annals_store_eventstoredb::{Finding, FindingKind};
use tokio::sync::mpsc::Receiver;

use super::support::{Acked, Load, Node, PATIENCE, server};

async fn next(findings: &mut Receiver<Finding>) -> Finding {
    let finding = tokio::time::timeout(PATIENCE, findings.recv()).await;
    finding.expect("it is found").expect("the log is open")
}

async fn filled() -> (Server, Node, Receiver<Finding>, StreamName) {
    let server = server();
    let node = Node::on(&server.url()).await;
    let findings = node.log.findings().await.unwrap();
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 20, &mut acked).await;
    let stream = acked.0[0].0.stream.clone();
    (server, node, findings, stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_stream_is_found() {
    let (server, _node, mut findings, stream) = filled().await;
    server.store().tombstone(stream.as_str()).await.unwrap();
    let finding = next(&mut findings).await;
    assert_eq!(
        (finding.kind, finding.stream.as_str()),
        (FindingKind::StreamDeleted, stream.as_str())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_stream_is_found() {
    let (server, _node, mut findings, stream) = filled().await;
    server.store().set_metadata(stream.as_str(), r#"{"$tb":1}"#).await.unwrap();
    let finding = next(&mut findings).await;
    assert_eq!(
        (finding.kind, finding.stream.as_str()),
        (FindingKind::MetadataChanged, stream.as_str())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_record_is_found_and_does_not_stop_the_stream() {
    let (server, node, mut findings, stream) = filled().await;
    let event = NewEvent::json("user.login", r#"{"forged":true}"#);
    server.store().append(stream.as_str(), Expected::Any, vec![event]).await.unwrap();
    let finding = next(&mut findings).await;
    assert_eq!(
        (finding.kind, finding.stream.as_str()),
        (FindingKind::ForeignEvent, stream.as_str())
    );
    let (mut load, mut acked) = (Load::new(), Acked::default());
    load.send(&*node.log, 20, &mut acked).await;
    super::support::nothing_is_lost_or_doubled(&node, &load, &acked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wider_rights_are_found_and_narrow_ones_are_not() {
    let (server, _node, mut findings, stream) = filled().await;
    let settings = |writers: &str| {
        let acl = format!(
            r#"{{"$r":"$all","$w":{writers},"$d":["$admins"],"$mr":"$all","$mw":["$admins"]}}"#
        );
        vec![NewEvent::json("update-default-acl", format!(r#"{{"$userStreamAcl":{acl}}}"#))]
    };
    server.store().append("$settings", Expected::Any, settings(r#"["annals"]"#)).await.unwrap();
    server.store().append("$settings", Expected::Any, settings(r#""$all""#)).await.unwrap();
    let finding = next(&mut findings).await;
    assert_eq!(finding.kind, FindingKind::RightsChanged);
    server.store().tombstone(stream.as_str()).await.unwrap();
    assert_eq!(
        next(&mut findings).await.kind,
        FindingKind::StreamDeleted,
        "there was one of rights"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ordinary_work_finds_nothing() {
    let (server, node, mut findings, stream) = filled().await;
    let keys = node.log.keys();
    let keys: std::sync::Arc<dyn annals_ports::KeyStore> = std::sync::Arc::new(keys);
    annals_ports::contract::key_store::run(keys).await;
    // The first finding is the one that is made here.
    server.store().tombstone(stream.as_str()).await.unwrap();
    assert_eq!(next(&mut findings).await.kind, FindingKind::StreamDeleted);
}
