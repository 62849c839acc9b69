//! The page that verifies evidence in a browser: one file with all it needs.

mod browser;
mod module;

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::cargo::{metadata, root};
use crate::say;

pub(crate) use browser::test;

const SOURCES: &str = "crates/verify-wasm/page";
const PAGE: &str = "verify.html";

/// Builds the module, writes the page with it, and tells where.
pub(crate) fn write() -> Result<PathBuf, String> {
    let module = module::build()?;
    let source = |name: &str| {
        let path = root().join(SOURCES).join(name);
        std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    };
    let (html, css, js) = (source("verify.html")?, source("verify.css")?, source("verify.js")?);
    let page = assemble(&html, &css, &js, &module)?;
    let path = built_to(PAGE)?;
    let shown = path.display();
    std::fs::write(&path, &page).map_err(|error| format!("cannot write `{shown}`: {error}"))?;
    say(&format!("module: {} bytes, SHA-256 {}", module.len(), hexadecimal(&module)));
    say(&format!("wrote {shown}: {} bytes, SHA-256 {}", page.len(), hexadecimal(page.as_bytes())));
    Ok(path)
}

/// Where a thing of this name is built to: beside what cargo builds.
fn built_to(name: &str) -> Result<PathBuf, String> {
    let metadata = metadata()?;
    let target = metadata["target_directory"].as_str().ok_or("cargo names no target directory")?;
    Ok(Path::new(target).join(name))
}

/// Puts style, script and module into the page. The policy of the page names style and script by
/// their hashes, so a browser runs nothing else; the hash of the script covers the module in it.
fn assemble(html: &str, css: &str, js: &str, module: &[u8]) -> Result<String, String> {
    let script = filled(js, "wasm", &STANDARD.encode(module))?;
    let page = filled(html, "style-hash", &source_hash(css))?;
    let page = filled(&page, "script-hash", &source_hash(&script))?;
    let page = filled(&page, "style", css)?;
    filled(&page, "script", &script)
}

/// Writes a value where `{{name}}` stands, which must be in one place.
fn filled(template: &str, name: &str, value: &str) -> Result<String, String> {
    let place = format!("{{{{{name}}}}}");
    match template.matches(&place).count() {
        1 => Ok(template.replacen(&place, value, 1)),
        count => {
            Err(format!("`{place}` stands {count} times in a file of {SOURCES}; once is right"))
        }
    }
}

/// How a content security policy names an inline style or script.
fn source_hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn hexadecimal(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
