//! The texts of templates, by language and file name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use super::TemplateError;
use super::locale::{chain, normal};
use super::shipped::LANGUAGES;

/// The parts of each template, by the ends of their files' names.
pub(super) const PARTS: [&str; 3] = ["subject", "txt", "html"];
/// What templates extend; it words nothing alone.
pub(super) const LAYOUT: &str = "layout";
/// How many files a directory may hold.
const FILES_MAX: usize = 1000;
/// How long one may be, bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Every text under `<language>/<name>.<part>`.
#[derive(Debug, Clone)]
pub(super) struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Those that ship with Annals.
    pub(super) fn shipped() -> Self {
        let all = LANGUAGES.iter().flatten();
        Self(
            all.map(|(locale, name, text)| (format!("{locale}/{name}"), (*text).to_owned()))
                .collect(),
        )
    }

    /// Lays a directory over them: `<dir>/<language>/<name>.<part>`.
    pub(super) fn with_directory(mut self, dir: &Path) -> Result<Self, TemplateError> {
        let mut files = 0;
        for folder in entries(dir)? {
            let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let locale = normal(name).filter(|_| folder.is_dir());
            let locale =
                locale.ok_or_else(|| no_template(&folder, "folders are named by languages"))?;
            for file in entries(&folder)? {
                files += 1;
                if files > FILES_MAX {
                    return Err(no_template(&file, "there are more than 1000"));
                }
                let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if !is_part(name) {
                    return Err(no_template(&file, "files end in .subject, .txt or .html"));
                }
                self.0.insert(format!("{locale}/{name}"), read(&file)?);
            }
        }
        Ok(self)
    }

    /// Of the parts of a template, one.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What `name` extends or includes in this language: that of the nearest language that has it.
    pub(super) fn nearest(&self, locale: &str, name: &str, default: &str) -> Option<&str> {
        let locales = chain(locale, default);
        locales.iter().find_map(|locale| self.get(&format!("{locale}/{name}")))
    }

    /// All templates, as language and name.
    pub(super) fn templates(&self) -> BTreeSet<(String, String)> {
        let names = self.0.keys().filter_map(|key| {
            let (locale, file) = key.split_once('/')?;
            Some((locale.to_owned(), file.rsplit_once('.')?.0.to_owned()))
        });
        names.filter(|(_, name)| name != LAYOUT).collect()
    }
}

fn is_part(name: &str) -> bool {
    let plain = |stem: &str| {
        !stem.is_empty()
            && stem
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.rsplit_once('.').is_some_and(|(stem, part)| plain(stem) && PARTS.contains(&part))
}

/// What lies there, sorted; hidden files are passed over.
fn entries(dir: &Path) -> Result<Vec<std::path::PathBuf>, TemplateError> {
    let told = |source| TemplateError::Read { path: dir.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(told)?.take(FILES_MAX + 1) {
        let entry = entry.map_err(told)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, TemplateError> {
    let told = |source| TemplateError::Read { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(told)?;
    let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(told)?;
    match read as u64 > FILE_BYTES_MAX {
        true => Err(no_template(path, "it has more than 64 KiB")),
        false => Ok(text),
    }
}

fn no_template(path: &Path, reason: &'static str) -> TemplateError {
    TemplateError::NoTemplate { path: path.to_owned(), reason }
}
