use super::*;

fn begin(operations: &mut Operations, id: &str) -> (u64, tokio::task::JoinHandle<()>) {
    let task = tokio::spawn(std::future::pending());
    let mut told = 0;
    operations.begin(id.into(), |serial| {
        told = serial;
        task.abort_handle()
    });
    (told, task)
}

fn complete(serial: u64) -> Outgoing {
    Outgoing { serial, message: ServerMessage::Complete { id: "1".into() } }
}

#[tokio::test]
async fn what_an_ended_operation_left_behind_does_not_touch_the_next_one_of_its_id() {
    let mut operations = Operations::default();
    let (first, _) = begin(&mut operations, "1");
    operations.complete("1");
    let (second, _) = begin(&mut operations, "1");
    assert!(operations.still_asked_for(complete(first)).is_none());
    assert!(operations.contains("1"));
    assert!(operations.still_asked_for(complete(second)).is_some());
    assert!(operations.still_asked_for(complete(second)).is_none());
    assert_eq!(operations.len(), 0);
}

#[tokio::test]
async fn operations_end_with_the_client_or_with_the_socket() {
    let mut operations = Operations::default();
    let (_, first) = begin(&mut operations, "1");
    let (_, second) = begin(&mut operations, "2");
    operations.complete("1");
    operations.complete("never begun");
    assert!(first.await.unwrap_err().is_cancelled());
    drop(operations);
    assert!(second.await.unwrap_err().is_cancelled());
}
