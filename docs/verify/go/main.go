// Verifies a log directory with Go's own packages for the checksum database, golang.org/x/mod/sumdb:
// the signature of the checkpoint, 200 proofs of inclusion and 20 of consistency.
//
//	apt-get install golang-go golang-golang-x-mod-dev
//	GO111MODULE=off GOPATH=/usr/share/gocode go run main.go DIRECTORY VKEY
//
// Exit code 0: every proof holds. 2: one does not.
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// files serves tiles under the paths of C2SP, which leave out the height that sumdb writes.
type files string

func (f files) Height() int { return 8 }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

// entry reads one entry out of its bundle.
func (f files) entry(index, size int64) ([]byte, error) {
	tile := tlog.Tile{H: 8, L: 0, N: index / 256, W: int(min(256, size-index/256*256))}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	bundle, err := os.ReadFile(filepath.Join(string(f), path))
	if err != nil {
		return nil, err
	}
	for place := int64(0); ; place++ {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return nil, fmt.Errorf("%s ends before entry %d", path, index)
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		if place == index%256 {
			return bundle[2:end], nil
		}
		bundle = bundle[end:]
	}
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: main DIRECTORY VKEY")
		os.Exit(64)
	}
	if err := verify(files(os.Args[1]), os.Args[2]); err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}

func verify(log files, vkey string) error {
	size, root, err := openCheckpoint(log, vkey)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	random := rand.New(rand.NewSource(1))
	hashes := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, log)
	for i := 0; i < 200 && size > 0; i++ {
		index := random.Int63n(size)
		entry, err := log.entry(index, size)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(size, index, hashes)
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		if err := tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	for i := 0; i < 20 && size > 0; i++ {
		old := 1 + random.Int63n(size)
		oldRoot, err := tlog.TreeHash(old, hashes)
		if err != nil {
			return fmt.Errorf("size %d: %w", old, err)
		}
		proof, err := tlog.ProveTree(size, old, hashes)
		if err != nil {
			return fmt.Errorf("size %d: %w", old, err)
		}
		if err := tlog.CheckTree(proof, size, root, old, oldRoot); err != nil {
			return fmt.Errorf("size %d: %w", old, err)
		}
	}
	fmt.Printf("%d entries: 200 proofs of inclusion, 20 of consistency hold\n", size)
	return nil
}

func openCheckpoint(log files, vkey string) (size int64, root tlog.Hash, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return 0, root, err
	}
	bytes, err := os.ReadFile(filepath.Join(string(log), "checkpoint"))
	if err != nil {
		return 0, root, err
	}
	opened, err := note.Open(bytes, note.VerifierList(verifier))
	if err != nil {
		return 0, root, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return 0, root, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	if size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return 0, root, err
	}
	root, err = tlog.ParseHash(lines[2])
	return size, root, err
}
