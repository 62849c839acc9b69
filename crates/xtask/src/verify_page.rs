//! The page that verifies evidence in a browser: one file with all it needs.

mod module;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::cargo::root;
use crate::say;

const SOURCES: &str = "crates/verify-wasm/page";
const PAGE: &str = "target/verify.html";

/// Builds the module and writes the page with it.
pub(crate) fn write() -> Result<(), String> {
    let module = module::build()?;
    let source = |name: &str| {
        let path = root().join(SOURCES).join(name);
        std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    };
    let (html, css, js) = (source("verify.html")?, source("verify.css")?, source("verify.js")?);
    let page = assemble(&html, &css, &js, &module)?;
    let path = root().join(PAGE);
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(&path, &page))
        .map_err(|error| format!("cannot write `{PAGE}`: {error}"))?;
    say(&format!("module: {} bytes, SHA-256 {}", module.len(), hexadecimal(&module)));
    say(&format!("wrote {PAGE}: {} bytes, SHA-256 {}", page.len(), hexadecimal(page.as_bytes())));
    Ok(())
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
