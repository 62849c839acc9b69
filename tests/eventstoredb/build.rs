//! Makes the server's side of the protocol from `proto/`, in pure Rust: no protoc is needed.

use std::error::Error;

const FILES: [&str; 5] =
    ["shared.proto", "server_features.proto", "gossip.proto", "streams.proto", "operations.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::Compiler::new(["proto"])?
        .include_source_info(false)
        .include_imports(true)
        .open_files(FILES)?
        .file_descriptor_set();
    tonic_build::configure()
        .build_client(false)
        .build_server(true)
        .bytes(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
