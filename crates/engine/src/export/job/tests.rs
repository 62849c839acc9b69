use annals_export::Format;

use super::*;

fn job(status: ExportStatus) -> ExportJob {
    ExportJob {
        v: 1,
        id: ExportId::random(),
        requester: Requester {
            tenant: TenantId::new("acme").unwrap(),
            id: "kim".into(),
            rights: serde_json::json!({ "roles": ["auditor"] }),
        },
        form: Format::Ndjson.into(),
        scope: "tenant:acme".into(),
        query: String::new(),
        until: Position(9),
        status,
        reason: None,
        requested_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        finished_at: None,
        expires_at: None,
        position: Position(4),
        events: 3,
        bytes: 1000,
        percent: 40,
        sha256: None,
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_file_is_there_until_its_time_is_over_and_known_for_a_while_longer() {
    let done = job(ExportStatus::Running).ended(ExportStatus::Done, None, second(100), HOUR);
    assert_eq!((done.percent, done.bytes), (100, 1000));
    assert_eq!(done.expires_at, Some(second(3700)));
    assert_eq!(done.at(second(3699)).status, ExportStatus::Done);
    assert_eq!(done.at(second(3700)).status, ExportStatus::Expired);
    assert!(!done.is_forgotten(second(100 + 7 * 3600 - 1), HOUR));
    assert!(done.is_forgotten(second(100 + 7 * 3600), HOUR));
    assert!(!job(ExportStatus::Running).is_forgotten(Timestamp::MAX, HOUR));
}

#[test]
fn what_failed_takes_no_room_and_says_why() {
    let failed = job(ExportStatus::Running).ended(
        ExportStatus::Failed,
        Some("no room".into()),
        second(5),
        HOUR,
    );
    assert_eq!((failed.bytes, failed.expires_at), (0, None));
    assert_eq!(failed.reason.as_deref(), Some("no room"));
}

#[test]
fn a_job_is_read_back_as_it_was_and_an_unknown_field_is_refused() {
    let job = job(ExportStatus::Queued);
    let mut json = serde_json::to_value(&job).unwrap();
    assert_eq!(serde_json::from_value::<ExportJob>(json.clone()).unwrap(), job);
    json["surprise"] = true.into();
    assert!(serde_json::from_value::<ExportJob>(json).is_err());
}

#[test]
fn the_same_person_in_another_tenant_is_somebody_else() {
    let kim = job(ExportStatus::Queued).requester;
    let elsewhere = Requester { tenant: TenantId::new("globex").unwrap(), ..kim.clone() };
    let promoted = Requester { rights: serde_json::Value::Null, ..kim.clone() };
    assert!(!kim.is_same(&elsewhere));
    assert!(kim.is_same(&promoted));
    assert_eq!(kim.id.parse::<ExportId>().ok(), None);
}
