//! Files that are generated from the program and committed, so that others can read and review them.

use std::path::Path;
use std::process::Command;

use crate::cargo::{build_annals, output_of, root};
use crate::say;

/// A generated file, and what the program must be asked to print it.
struct Contract {
    path: &'static str,
    arguments: &'static [&'static str],
}

const CONTRACTS: &[Contract] = &[
    Contract { path: "graphql/schema.graphql", arguments: &["schema", "graphql"] },
    Contract { path: "docs/openapi.json", arguments: &["schema", "openapi"] },
    Contract { path: "docs/annals.postman_collection.json", arguments: &["schema", "postman"] },
    Contract { path: "docs/events.md", arguments: &["schema", "events"] },
    Contract { path: "docs/metrics.md", arguments: &["schema", "metrics"] },
];

/// Writes every contract anew.
pub(crate) fn regenerate() -> Result<(), String> {
    let annals = build_annals()?;
    for contract in CONTRACTS {
        let path = root().join(contract.path);
        std::fs::write(&path, generated(&annals, contract)?)
            .map_err(|error| format!("cannot write `{}`: {error}", contract.path))?;
        say(&format!("wrote {}", contract.path));
    }
    Ok(())
}

/// Says which contracts are not what the program would write now.
pub(crate) fn compare() -> Result<(), String> {
    let annals = build_annals()?;
    let mut stale = Vec::new();
    for contract in CONTRACTS {
        let committed = std::fs::read_to_string(root().join(contract.path)).unwrap_or_default();
        if committed != generated(&annals, contract)? {
            stale.push(contract.path);
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("out of date: {}; run `cargo xtask contracts` and commit", stale.join(", ")))
}

fn generated(annals: &Path, contract: &Contract) -> Result<String, String> {
    output_of(Command::new(annals).args(contract.arguments).current_dir(root()))
}
