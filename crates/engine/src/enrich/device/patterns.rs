//! Reads `regexes.yaml` of the uap-core project.
//!
//! That file uses a small part of YAML: three lists of flat maps whose values are single-quoted.
//! Reading just that needs no YAML library, and anything else is refused with its line.

use std::borrow::Cow;

use ua_parser::{Regexes, device, os, user_agent};

const SHIPPED: &str = include_str!("../../../data/uap-core/regexes.yaml");

/// What a line of the file is not.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line} of the user agent patterns {problem}")]
pub(super) struct PatternError {
    line: usize,
    problem: &'static str,
}

/// The patterns that ship with Annals.
pub(super) fn shipped() -> Result<Regexes<'static>, PatternError> {
    read(SHIPPED)
}

/// One map of a list: keys and values, in order.
#[derive(Default)]
struct Entry<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> Entry<'a> {
    fn take(&mut self, key: &str) -> Option<Cow<'a, str>> {
        let place = self.0.iter().position(|(name, _)| *name == key)?;
        Some(self.0.swap_remove(place).1)
    }
}

#[derive(Clone, Copy)]
enum List {
    Browsers,
    Systems,
    Devices,
}

fn read(text: &str) -> Result<Regexes<'_>, PatternError> {
    let mut lists: [Vec<Entry<'_>>; 3] = Default::default();
    let mut list: Option<List> = None;
    for (i, line) in text.lines().enumerate() {
        let wrong = |problem| PatternError { line: i + 1, problem };
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            list = Some(list_named(content).ok_or_else(|| wrong("names no known list"))?);
            continue;
        }
        let entries = &mut lists[list.ok_or_else(|| wrong("stands outside of a list"))? as usize];
        let pair = match content.strip_prefix("- ") {
            Some(first) => {
                entries.push(Entry::default());
                first
            }
            None => content,
        };
        let entry = entries.last_mut().ok_or_else(|| wrong("does not begin an entry"))?;
        let (key, value) = pair.split_once(':').ok_or_else(|| wrong("is no key with a value"))?;
        if let Some(value) = unquoted(value.trim()).map_err(wrong)? {
            entry.0.push((key.trim_end(), value));
        }
    }
    let [browsers, systems, devices] = lists;
    Ok(Regexes {
        user_agent_parsers: browsers.into_iter().map(browser).collect(),
        os_parsers: systems.into_iter().map(system).collect(),
        device_parsers: devices.into_iter().map(model).collect(),
    })
}

fn list_named(line: &str) -> Option<List> {
    match line {
        "user_agent_parsers:" => Some(List::Browsers),
        "os_parsers:" => Some(List::Systems),
        "device_parsers:" => Some(List::Devices),
        _ => None,
    }
}

/// The text between single quotes, in which two quotes stand for one; nothing for `null`.
fn unquoted(value: &str) -> Result<Option<Cow<'_, str>>, &'static str> {
    if value == "null" {
        return Ok(None);
    }
    let rest = value.strip_prefix('\'').ok_or("has a value without single quotes")?;
    let end = closing_quote(rest).ok_or("has a value whose quote is not closed")?;
    let after = rest[end + 1..].trim_start();
    if !after.is_empty() && !after.starts_with('#') {
        return Err("goes on behind its value");
    }
    let text = &rest[..end];
    Ok(Some(match text.contains("''") {
        true => text.replace("''", "'").into(),
        false => text.into(),
    }))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let quote = from + text[from..].find('\'')?;
        if !text[quote + 1..].starts_with('\'') {
            return Some(quote);
        }
        from = quote + 2;
    }
}

// Versions are not asked for, so their replacements are left out.

fn browser(mut entry: Entry<'_>) -> user_agent::Parser<'_> {
    user_agent::Parser {
        regex: entry.take("regex").unwrap_or_default(),
        family_replacement: entry.take("family_replacement"),
        ..user_agent::Parser::default()
    }
}

fn system(mut entry: Entry<'_>) -> os::Parser<'_> {
    os::Parser {
        regex: entry.take("regex").unwrap_or_default(),
        os_replacement: entry.take("os_replacement"),
        ..os::Parser::default()
    }
}

fn model(mut entry: Entry<'_>) -> device::Parser<'_> {
    device::Parser {
        regex: entry.take("regex").unwrap_or_default(),
        regex_flag: entry.take("regex_flag").map(|_| device::Flag::IgnoreCase),
        device_replacement: entry.take("device_replacement"),
        brand_replacement: entry.take("brand_replacement"),
        model_replacement: entry.take("model_replacement"),
    }
}

#[cfg(test)]
mod tests;
