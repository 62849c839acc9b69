//! Writes the files of a log of N entries made from a seed: something for verifiers to run on.
//!
//! `make_log <directory> <entries> [seed] [index of an entry to write a proof file of]`

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use annals_tlog::bundle::encode_bundle;
use annals_tlog::{
    Algorithm, Checkpoint, Entry, Hash, NewTile, ProofFile, SigningKey, TileId, TileReader, Tree,
    inclusion_proof, tile::TILE_WIDTH,
};

const ORIGIN: &str = "audit.example/log/2026";
/// As many as the sealer takes at once, in full tiles.
const BATCH: u64 = 80 * TILE_WIDTH as u64;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, size, rest @ ..] = arguments.as_slice() else {
        return Err("usage: make_log <directory> <entries> [seed] [index to prove]".into());
    };
    let directory = Path::new(directory);
    let size: u64 = size.parse()?;
    let seed: u64 = rest.first().map_or(Ok(0), |seed| seed.parse())?;
    let entry = |n: u64| Entry::of_header(format!("{seed} {n}").as_bytes());

    let mut tree = Tree::new();
    let mut in_tree = Duration::ZERO;
    while tree.size() < size {
        let until = size.min(tree.size() + BATCH);
        let entries: Vec<Entry> = (tree.size()..until).map(entry).collect();
        for (index, bundle) in (tree.size() / 256..).zip(entries.chunks(256)) {
            let id = TileId::entries(index, u16::try_from(bundle.len())?);
            write(&directory.join(id.path()), &encode_bundle(bundle)?)?;
        }
        let started = Instant::now();
        let leaves: Vec<Hash> = entries.iter().map(Entry::leaf_hash).collect();
        let tiles = tree.append(&leaves)?;
        let _root = tree.root();
        in_tree += started.elapsed();
        write_tiles(directory, tiles.into_iter().filter(|tile| tile.id.is_full()))?;
    }
    // Partial tiles of sizes that are never published need not be written, those of the last must.
    write_tiles(directory, tree.partial_tiles())?;

    let mut key_seed = [0; 32];
    key_seed[..8].copy_from_slice(&seed.to_be_bytes());
    let key = SigningKey::from_seed(ORIGIN, Algorithm::Note, &key_seed)?;
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root: tree.root() };
    let signed = checkpoint.sign(&[&key])?;
    write(&directory.join("checkpoint"), signed.note.to_string().as_bytes())?;
    write(&directory.with_extension("vkey"), format!("{}\n", key.verifying_key()).as_bytes())?;
    if let Some(index) = rest.get(1) {
        let index: u64 = index.parse()?;
        let proof = inclusion_proof(index, size, &Files(directory.to_owned()))?;
        let extra = Some(entry(index).as_bytes().to_vec());
        let file = ProofFile { extra, index, proof, checkpoint: signed.note };
        write(&directory.with_extension("tlog-proof"), file.to_string().as_bytes())?;
    }
    let each = in_tree.as_nanos() / u128::from(size.max(1));
    show(&format!("{size} leaves, {each} ns a leaf in the tree, root {}", tree.root()));
    Ok(())
}

struct Files(PathBuf);

impl TileReader for Files {
    type Error = std::io::Error;

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, Self::Error> {
        fs::read(self.0.join(TileId::hashes(level, index, width).path()))
    }
}

fn write_tiles(directory: &Path, tiles: impl IntoIterator<Item = NewTile>) -> std::io::Result<()> {
    tiles.into_iter().try_for_each(|tile| write(&directory.join(tile.id.path()), &tile.bytes))
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, bytes)
}

#[expect(clippy::print_stdout, reason = "an example tells its result on the terminal")]
fn show(line: &str) {
    println!("{line}");
}
