//! Building the verifier as a WebAssembly module.
//!
//! Rust's standard library for WebAssembly comes with rustup's target of that name. Where rustup can
//! fetch none, Debian has no such target either, but a second compiler with the source of its standard
//! library (packages `rustc-web` and `rust-web-src`): the library is built along then.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::built_to;
use crate::cargo::{cargo, output_of, run};

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGE: &str = "annals-verify-wasm";
/// Names the compiler that has its library as source, if it is not where Debian has it.
const COMPILER_VARIABLE: &str = "ANNALS_WASM_RUSTC";
const DEBIAN_COMPILER: &str = "/usr/bin/rustc";

/// Builds the module and returns its bytes.
pub(crate) fn build() -> Result<Vec<u8>, String> {
    let build_directory = built_to("browser")?;
    let mut build = cargo(&["build", "--locked", "--profile=browser", "--package", PACKAGE]);
    build.args(["--target", TARGET]).arg("--target-dir").arg(&build_directory);
    let own = PathBuf::from("rustc");
    if !library_of(&own, Some(TARGET))?.join("lib").is_dir() {
        build_library_along(&mut build, &own)?;
    }
    run(&mut build)?;
    let name = format!("{}.wasm", PACKAGE.replace('-', "_"));
    let path = build_directory.join(TARGET).join("browser").join(name);
    std::fs::read(&path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

/// Has cargo build the standard library from the source that lies beside another compiler.
fn build_library_along(build: &mut Command, own: &Path) -> Result<(), String> {
    let other = std::env::var_os(COMPILER_VARIABLE)
        .map_or_else(|| PathBuf::from(DEBIAN_COMPILER), PathBuf::from);
    let source = library_of(&other, None).map(|library| library.join("src/rust/library"));
    if !source.is_ok_and(|source| source.join("Cargo.lock").is_file()) {
        return Err(format!(
            "Rust has no target {TARGET} here. Run `rustup target add {TARGET}`; or on Debian \
             `apt-get install rustc-web rust-web-src`; or name in {COMPILER_VARIABLE} a compiler \
             that has the source of its standard library"
        ));
    }
    // The linker is rustup's own; Debian's package has none for WebAssembly.
    let host = output_of(Command::new(own).args(["--print", "host-tuple"]))?;
    let linker = library_of(own, Some(host.trim()))?.join("bin").join("rust-lld");
    build
        .args(["-Z", "build-std=std,panic_abort"])
        .env("RUSTC", other)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
        // Panics have nobody to speak to in a browser; without this they name paths of the machine.
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-Z location-detail=none");
    Ok(())
}

/// Where a compiler keeps its libraries, or those for one target.
fn library_of(compiler: &Path, target: Option<&str>) -> Result<PathBuf, String> {
    let sysroot = output_of(Command::new(compiler).args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib");
    Ok(target.map_or_else(|| library.clone(), |target| library.join(target)))
}
