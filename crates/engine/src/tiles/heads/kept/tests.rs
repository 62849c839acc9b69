use jiff::civil::date;

use super::*;

#[test]
fn commitments_are_kept_over_a_restart_and_the_newest_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("heads");
    let kept = KeptHeads::new(directory.clone());
    assert_eq!(kept.newest().unwrap(), None);
    let days = [date(2026, 9, 30), date(2026, 10, 1), date(2025, 12, 31)];
    for day in days {
        kept.keep(day, &format!("of {day}")).unwrap();
    }
    let reopened = KeptHeads::new(directory);
    assert_eq!(reopened.newest().unwrap(), Some((days[1], "of 2026-10-01".to_owned())));
    assert_eq!(reopened.of(days[2]).unwrap().as_deref(), Some("of 2025-12-31"));
    assert_eq!(reopened.of(date(2026, 1, 1)).unwrap(), None);
}

#[test]
fn what_cannot_be_a_commitment_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let kept = KeptHeads::new(dir.path().to_owned());
    fs::write(dir.path().join("next"), "half").unwrap();
    fs::write(dir.path().join("2026-13-01"), "no day").unwrap();
    assert_eq!(kept.newest().unwrap(), None);
    let day = date(2026, 1, 1);
    fs::write(dir.path().join("2026-01-01"), "x".repeat(BYTES_MAX as usize)).unwrap();
    assert!(kept.of(day).is_ok());
    fs::write(dir.path().join("2026-01-01"), "x".repeat(BYTES_MAX as usize + 1)).unwrap();
    let told = kept.of(day).unwrap_err().to_string();
    assert!(told.contains("reading"), "{told}");
}
