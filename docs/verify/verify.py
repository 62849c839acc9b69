#!/usr/bin/env python3
"""verify.py DIRECTORY VKEY-OR-ITS-FILE [FILE.tlog-proof [FILE-OF-THE-HEADER-OR-ENTRY]]
Verifies a log in the C2SP tlog-tiles layout. A proof is about the last file, or else its `extra` line.
Exit code 0: everything agrees. 2: something differs; each difference is named with its file."""
import base64, hashlib, os, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
def sha(data): return hashlib.sha256(data).digest()
def wrong(path, what):
    WRONG.append(path); len(WRONG) > 100 or print(f"{path}: {what}")
def demand(condition, what):
    if not condition: raise ValueError(what)
def b64(text):  # another text for the same bytes is refused
    data = base64.b64decode(text, validate=True)
    demand(base64.b64encode(data).decode() == text, "base64 is not canonical")
    return data
def number(text):
    demand(text in map(str, [int(text if text.isdecimal() else 0)]) and len(text) < 20, f"{text!r} is no number")
    return int(text)
def root_of(row):  # RFC 6962, 2.1; a hash without a partner is carried up
    while len(row) > 1: row = [sha(b"\1" + a + b) for a, b in zip(row[::2], row[1::2])] + row[len(row) & ~1:]
    return row[0]
def path_of(kind, index, width):
    groups = [str(index // 1000 ** n % 1000).zfill(3) for n in range((len(str(index)) - 1) // 3, -1, -1)]
    return f"tile/{kind}/" + "/".join(["x" + g for g in groups[:-1]] + groups[-1:]) + f".p/{width}" * (width < 256)
def open_checkpoint(text, vkey):  # C2SP signed-note, tlog-checkpoint
    name, key_id, key = vkey.split("+", 2)
    demand(b64(key)[0] == 1 and sha(name.encode() + b"\n" + b64(key))[:4].hex() == key_id, "the vkey is wrong")
    body, _, signatures = text.rpartition("\n\n")
    lines = [line.split(" ") for line in signatures.split("\n")[:-1]]
    demand(signatures.endswith("\n") and all(len(l) == 3 and l[0] == "\u2014" for l in lines), "not a signed note")
    ours = [b64(line[2])[4:] for line in lines if line[1] == name and b64(line[2])[:4].hex() == key_id]
    demand(len(ours) == 1, "not signed once by the log's key")
    Ed25519PublicKey.from_public_bytes(b64(key)[1:]).verify(ours[0], body.encode() + b"\n")
    origin, size, root = body.split("\n")
    demand(origin == name, f"is of the log {origin!r}")
    return number(size), b64(root)
def load(directory, kind, index, width):  # the hashes that a tile holds, or those of a bundle's entries
    path, row, at = path_of(kind, index, width), [], 0
    try: data = open(os.path.join(directory, path), "rb").read()
    except (FileNotFoundError, IsADirectoryError): wrong(path, "is missing"); return path, None
    while kind == "entries" and at + 2 <= len(data) and len(row) < width:
        start, at = at + 2, at + 2 + int.from_bytes(data[at:at + 2], "big")
        row.append(sha(b"\0" + data[start:at]))
    if kind != "entries": row, at = [data[i:i + 32] for i in range(0, len(data), 32)], 32 * width
    if (len(row), at) != (width, len(data)): wrong(path, "has a wrong length")
    return path, row[:width]
def verify_tree(directory, size, root):  # entries -> level 0 -> each level above -> root
    below, edge, level, files, found = [], [], 0, {"checkpoint"}, None
    while (count := size >> 8 * level) > 0:
        above = []
        for index in range(-(-count // 256)):
            width = min(256, count - index * 256)
            path, row = load(directory, level, index, width)
            source, known = "the tiles of the level below", below[index * 256:index * 256 + width]
            if level == 0: source, known = load(directory, "entries", index, width)
            files |= {path, source}
            bad = [place for place, (a, b) in enumerate(zip(row or [], known or [])) if a != b]
            if bad: wrong(path, f"hash {bad[0]} (number {index * 256 + bad[0]}) differs from {source}")
            row = row or known or [b""]
            (above if width == 256 else edge).append(root_of(row) if width == 256 else row)
        below, level = above, level + 1
    for row in edge:  # the complete subtrees of the right edge, the smallest first
        while row:
            subtree, row = root_of(row[-(len(row) & -len(row)):]), row[:len(row) & (len(row) - 1)]
            found = sha(b"\1" + subtree + found) if found else subtree
    if (found or sha(b"")) != root: wrong("checkpoint", "signs another root than that of the tiles")
    paths = [os.path.join(place, name) for place, _, names in os.walk(directory) for name in names]
    for path in {os.path.relpath(path, directory) for path in paths} - files:
        if not is_earlier(directory, path, size): wrong(path, "is no file of this log")
def is_earlier(directory, path, size):  # a partial tile of an earlier size must begin what grew from it
    try: (_, kind, *groups), width = path.partition(".p/")[0].split("/"), number(path.partition(".p/")[2])
    except ValueError: return False
    index, level = "".join(groups).replace("x", ""), "0" if kind == "entries" else kind
    if not (index.isdecimal() and level.isdecimal() and path_of(kind, int(index), width) == path): return False
    grown = min(256, (size >> 8 * int(level)) - 256 * int(index))
    part, whole = (load(directory, kind, int(index), w)[1] if 0 < width < grown else None for w in (width, grown))
    return part is not None and part == (whole or [])[:width]
def verify_proof(vkey, path, about=None):  # C2SP tlog-proof@v1; RFC 9162, 2.1.3.2
    head, _, checkpoint = open(path, encoding="utf-8", newline="").read().partition("\n\n")
    first, *lines = head.split("\n")
    extra = b64(lines.pop(0)[6:]) if lines[0].startswith("extra ") else None
    demand(first == "c2sp.org/tlog-proof@v1" and lines[0].startswith("index "), "is no proof")
    about = open(about, "rb").read() if about else extra or demand(extra, "has no extra line; name the header's file")
    value = sha(b"\0" + (about if len(about) == 33 and about[0] == 1 else b"\1" + sha(about)))
    (size, root), place = open_checkpoint(checkpoint, vkey), number(lines[0][6:])
    last, value = size - 1, value if place < size else b"beyond the log"
    for beside in map(b64, lines[1:]):
        demand(last > 0, "has too many hashes")
        value = sha(b"\1" + beside + value) if place % 2 or place == last else sha(b"\1" + value + beside)
        while place == last and place % 2 == 0: place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    demand(last == 0 and value == root, "does not lead to the root: the entry is not there")
    print(f"{path}: the entry is number {lines[0][6:]} of {size}")
WRONG, (directory, vkey, *proof) = [], sys.argv[1:]
vkey = open(vkey).read().strip() if os.path.exists(vkey) else vkey
try:
    verify_tree(directory, *open_checkpoint(open(f"{directory}/checkpoint", encoding="utf-8", newline="").read(), vkey))
    if proof: verify_proof(vkey, *proof)
except Exception as error: wrong((proof or ["checkpoint"])[0], repr(error))
sys.exit(2 if WRONG else print(f"{directory}: every file agrees with the signed checkpoint"))
