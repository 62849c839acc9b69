use std::io::BufReader;

use annals_domain::limits::Limits;

use super::*;
use crate::import::Format;

/// Refuses events whose text holds `bad`, and knows those that hold `old`.
#[derive(Default)]
struct Recording {
    batches: Vec<usize>,
}

impl Sink for &mut Recording {
    async fn send(&mut self, batch: &[Outgoing]) -> anyhow::Result<Vec<Fate>> {
        self.batches.push(batch.len());
        let fate = |event: &Outgoing| match &*event.input {
            input if input.contains("bad") => Fate::Refused("was refused with 400".into()),
            input if input.contains("old") => Fate::Duplicate,
            _ => Fate::Recorded,
        };
        Ok(batch.iter().map(fate).collect())
    }
}

struct Broken;

impl Sink for Broken {
    async fn send(&mut self, _: &[Outgoing]) -> anyhow::Result<Vec<Fate>> {
        anyhow::bail!("the server is gone")
    }
}

fn batches(log: String) -> Batches<BufReader<std::io::Cursor<String>>> {
    let reader = BufReader::new(std::io::Cursor::new(log));
    Batches::open(reader, Format::GitHub, Limits::shipped().event).unwrap()
}

fn log_of(lines: usize) -> String {
    (0..lines).map(|i| format!("{{\"action\":\"repo.create\",\"number\":{i}}}\n")).collect()
}

#[tokio::test]
async fn every_line_is_counted_once_and_refused_ones_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rejects");
    let log = "{\"action\":\"a\"}\n\nnonsense\n{\"action\":\"bad\"}\n{\"action\":\"old\"}\n";
    let mut sink = Recording::default();
    let importer = Importer::new(&mut sink, RejectsFile::at(path.clone()), ProgressBar::hidden());
    let summary = importer.import(batches(log.to_owned())).await.unwrap();
    assert_eq!(
        summary,
        Summary {
            lines: 4,
            recorded: 1,
            duplicates: 1,
            rejected: 2,
            rejects_file: Some(path.clone()),
            dry_run: false
        }
    );
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "{\"line\":3,\"reason\":\"is not JSON: each line must be one object\",\
         \"input\":\"nonsense\"}\n\
         {\"line\":4,\"reason\":\"was refused with 400\",\"input\":\"{\\\"action\\\":\\\"bad\\\"}\"}\n"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn batches_hold_at_most_500_events_and_no_file_is_made_for_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("rejects");
    let mut sink = Recording::default();
    let importer = Importer::new(&mut sink, RejectsFile::at(path.clone()), ProgressBar::hidden());
    let summary = importer.import(batches(log_of(1_201))).await.unwrap();
    assert_eq!((summary.recorded, summary.rejects_file), (1_201, None));
    assert_eq!(sink.batches, [500, 500, 201]);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_sink_that_gives_up_ends_the_import_with_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let rejects = RejectsFile::at(directory.path().join("rejects"));
    let importer = Importer::new(Broken, rejects, ProgressBar::hidden());
    let error = importer.import(batches(log_of(5_000))).await.unwrap_err();
    assert_eq!(format!("{error:#}"), "importing, with 0 lines done: the server is gone");
}
