//! Bundles for the tests, right ones and forged ones.

use std::io::Cursor;

use annals_tlog::{Note, SigningKey};
use serde_json::{Value, json};

use crate::demo::{DemoLog, ORIGIN, key, keys};
use crate::manifest::{FileRow, signed_text};
use crate::names::{EVENTS_FILE, MANIFEST_FILE, SIGNATURE_FILE, bundle_key_name};
use crate::zip::{Archive, ZipWriter};
use crate::{Problem, Report, Trust, verify};

/// The bundle of the demonstration's log of so many records.
pub(crate) fn bundle_of(records: u64) -> Vec<u8> {
    written(|out| DemoLog::of(records).write(out).unwrap())
}

/// What is written to memory.
pub(crate) fn written<T>(write: impl FnOnce(&mut Cursor<Vec<u8>>) -> T) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    write(&mut bytes);
    bytes.into_inner()
}

/// The keys of the demonstration's log, as somebody holds them who got them elsewhere.
pub(crate) fn trusted() -> Trust {
    Trust::keys(keys().unwrap().iter().map(|key| key.verifying_key().clone()).collect())
}

pub(crate) fn bundle_key() -> SigningKey {
    key(&bundle_key_name(ORIGIN)).unwrap()
}

pub(crate) fn checked(bundle: &[u8], trust: &Trust) -> Report {
    verify(Cursor::new(bundle), trust).unwrap()
}

/// The problems of a bundle that must have some.
pub(crate) fn problems(bundle: &[u8], trust: &Trust) -> Vec<Problem> {
    let report = checked(bundle, trust);
    assert!(!report.is_right() && report.streams.is_empty(), "{report}");
    report.findings.kept().iter().map(|finding| finding.problem.clone()).collect()
}

/// The files of a bundle, to be changed by somebody who knows the format.
#[derive(Clone)]
pub(crate) struct Forgery {
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Forgery {
    pub(crate) fn of(bundle: &[u8]) -> Self {
        let mut archive = Archive::open(Cursor::new(bundle)).ok().unwrap();
        let files = archive.files().to_vec();
        let read =
            files.iter().map(|file| (file.name.clone(), archive.small(file).ok().unwrap().0));
        Self { files: read.collect() }
    }

    pub(crate) fn file(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.files.iter_mut().find(|(held, _)| held == name).unwrap().1
    }

    pub(crate) fn text(&mut self, name: &str) -> String {
        String::from_utf8(self.file(name).clone()).unwrap()
    }

    /// Replaces a text in a file, once.
    pub(crate) fn replace(&mut self, name: &str, from: &str, to: &str) {
        let text = self.text(name);
        assert!(text.contains(from), "{name} has no {from}");
        *self.file(name) = text.replacen(from, to, 1).into_bytes();
    }

    /// The lines of a file as JSON.
    pub(crate) fn lines(&mut self, name: &str) -> Vec<Value> {
        self.text(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Changes the lines of the file of events, each as its text.
    pub(crate) fn change_events(&mut self, change: impl FnOnce(&mut Vec<String>)) {
        let mut lines = self.text(EVENTS_FILE).lines().map(str::to_owned).collect();
        change(&mut lines);
        *self.file(EVENTS_FILE) =
            lines.iter().map(|line| format!("{line}\n")).collect::<String>().into();
    }

    /// The archive, with nothing but checksums made new.
    pub(crate) fn packed(&self) -> Vec<u8> {
        written(|out| {
            let mut zip = ZipWriter::new(out).unwrap();
            for (name, content) in &self.files {
                zip.file(name, content).unwrap();
            }
            zip.finish().unwrap();
        })
    }

    /// The archive with a manifest that is about its files, signed by this key.
    pub(crate) fn signed_by(mut self, key: &SigningKey) -> Vec<u8> {
        let mut manifest: Value = serde_json::from_str(&self.text(MANIFEST_FILE)).unwrap();
        manifest["files"] = self.file_rows();
        manifest["counts"] = counts_of(&self.lines(EVENTS_FILE));
        let manifest = crate::canonical::to_canonical(&manifest).unwrap();
        self.sign(manifest, key)
    }

    /// The archive with this manifest, signed by this key.
    pub(crate) fn sign(mut self, manifest: Vec<u8>, key: &SigningKey) -> Vec<u8> {
        let origin = key.verifying_key().name().strip_suffix("/evidence").unwrap();
        let text = signed_text(origin, &manifest);
        let note = Note::new(text.clone(), vec![key.sign(&text).unwrap()]).unwrap();
        *self.file(MANIFEST_FILE) = manifest;
        *self.file(SIGNATURE_FILE) = note.to_string().into_bytes();
        self.packed()
    }

    fn file_rows(&self) -> Value {
        let signed = self.files.iter().filter(|(name, _)| !name.starts_with("manifest."));
        let rows = signed.map(|(name, content)| {
            let mut meter = crate::zip::Meter::default();
            meter.add(content);
            FileRow::of(name, &meter.end())
        });
        serde_json::to_value(rows.collect::<Vec<_>>()).unwrap()
    }
}

fn counts_of(events: &[Value]) -> Value {
    let mut streams: Vec<Value> = Vec::new();
    for event in events {
        let known = streams.iter_mut().find(|row| row["stream"] == event["stream"]);
        if let Some(row) = known {
            row["events"] = json!(row["events"].as_u64().unwrap() + 1);
            row["last_revision"] = event["revision"].clone();
        } else {
            let (stream, revision) = (&event["stream"], &event["revision"]);
            streams.push(json!({"events": 1, "first_revision": revision, "last_revision": revision, "stream": stream}));
        }
    }
    streams.sort_by_key(|row| row["stream"].as_str().unwrap().to_owned());
    let sum = |count: &dyn Fn(&Value) -> usize| events.iter().map(count).sum::<usize>();
    json!({
        "events": events.len(),
        "parts_shown": sum(&|event| event["parts"].as_object().unwrap().len()),
        "parts_withheld": sum(&|event| event["withheld"].as_array().unwrap().len()),
        "streams": streams,
    })
}
