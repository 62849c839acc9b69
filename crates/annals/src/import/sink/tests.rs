use serde_json::{Value, json};

use super::*;

fn outgoing(event: Value) -> Outgoing {
    Outgoing {
        line: 1,
        input: "".into(),
        json: event.to_string().into_bytes(),
        id_from_content: true,
    }
}

#[tokio::test]
async fn a_dry_run_finds_what_the_server_would_refuse() {
    let now = "2026-11-21T00:00:00Z".parse().unwrap();
    let batch = [
        outgoing(json!({"type": "user.login"})),
        outgoing(json!({"type": "user.login", "occurred_at": "2027-01-01T00:00:00Z"})),
        outgoing(json!({"type": "user.login", "subject": {}, "client": {"ip": "no"}})),
        outgoing(json!({"type": "user.login", "metadata": {"x": "y".repeat(300_000)}})),
    ];
    let fates = DryRun::at(now).send(&batch).await.unwrap();
    assert_eq!(fates[0], Fate::Recorded);
    let reason = |fate: &Fate| match fate {
        Fate::Refused(reason) => reason.clone(),
        fate => panic!("{fate:?}"),
    };
    assert!(reason(&fates[1]).contains("`occurred_at`: lies"), "{}", reason(&fates[1]));
    assert!(reason(&fates[2]).contains("`client.ip`"), "{}", reason(&fates[2]));
    assert!(reason(&fates[3]).contains("at most 262144"), "{}", reason(&fates[3]));
}
