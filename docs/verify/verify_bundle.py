#!/usr/bin/env python3
"""verify_bundle.py BUNDLE.zip [KEYS]    Verifies an evidence bundle (annals-evidence/v1) without any code of Annals.
KEYS has one public key a line; without it the keys in the bundle are used, which shows only that it agrees with itself.
Cosignatures of witnesses are not checked. Exit code 0: everything agrees. 2: the first difference is named."""
import base64, hashlib, io, json, re, sys, zipfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
def sha(data): return hashlib.sha256(data).digest()
def demand(condition, what):
    if not condition: raise ValueError(what)
def b64(text):  # another text for the same bytes is refused
    return demand(base64.b64encode(data := base64.b64decode(text, validate=True)).decode() == text, "base64") or data
def number(text): return int(text) if re.fullmatch(r"0|[1-9][0-9]{0,15}", text) else demand(False, "not a number")
def parse(data):  # another text for the same JSON is refused, so also a name that is there twice
    again = json.dumps(value := json.loads(data), ensure_ascii=False, separators=(",", ":")).encode()
    return demand(again == data, "the JSON is not canonical") or value
def unpack(data):  # names, order and contents determine every byte of the archive, so it can be made again
    read, again = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    files = {name: read.read(name) for name in read.namelist()}
    with zipfile.ZipFile(again, "w") as archive:
        for name, content in files.items():
            row = zipfile.ZipInfo(name)
            row.create_version, row.extract_version, row.create_system, row.external_attr = 10, 10, 3, 0o100644 << 16
            archive.writestr(row, content)
    return demand(again.getvalue() == data, "the archive is not canonical") or files
def lines(name, **fields):  # the values of each line, which has these fields in the one form that it may have
    for place, row in enumerate(FILES[name].removesuffix(b"\n").split(b"\n") if FILES[name] else [], 1):
        WHERE[0], value = f"{name}, line {place}", parse(row)
        demand([(field, type(value[field])) for field in value] == [*fields.items()], "the line has other fields")
        yield value.values()
def load_key(vkey):
    name, key_id, key = vkey.split("+", 2)
    demand(b64(key)[0] == 1 and sha(name.encode() + b"\n" + b64(key))[:4].hex() == key_id, f"{vkey!r} is no key")
    return (name, key_id), Ed25519PublicKey.from_public_bytes(b64(key)[1:])
def open_note(text, name, first=None):  # C2SP signed-note; gives the lines that are signed, and the count of signatures
    body, _, signatures = text.rpartition("\n\n")
    rows = [row.split(" ") for row in signatures.split("\n")[:-1]]
    demand(signatures.endswith("\n") and all(len(row) == 3 and row[0] == "\u2014" for row in rows), "not a signed note")
    ours = [(KEYS.get((row[1], b64(row[2])[:4].hex())), b64(row[2])[4:]) for row in rows if row[1] == name]
    demand(any(key for key, _ in ours) and body.split("\n")[0] == (first or name), f"not signed by {name!r}")
    for key, signature in ours: key and key.verify(signature, body.encode() + b"\n")
    return body.split("\n"), len(rows)
def check_proof(text, entry):  # C2SP tlog-proof@v1; RFC 9162, 2.1.3.2; gives the index and the checkpoint
    head, _, note = text.partition("\n\n")
    (first, index, *hashes), (_, size, root, *_) = head.split("\n"), note.split("\n")
    place, last, value = number(index.removeprefix("index ")), number(size) - 1, sha(b"\0" + entry)
    demand((first, index) == ("c2sp.org/tlog-proof@v1", f"index {place}") and place <= last, "is no proof")
    for beside in map(b64, hashes):
        demand(last > 0, "the proof has too many hashes")
        value = sha(b"\1" + beside + value) if place % 2 or place == last else sha(b"\1" + value + beside)
        while place == last and place % 2 == 0: place, last = place // 2, last // 2
        place, last = place // 2, last // 2
    demand(last == 0 and value == b64(root), "the proof does not lead to the root")
    return int(index[6:]), note
def check_event(shard, index, stream, revision, header, parts, withheld, proof):
    entry, record, rows = b"\1" + sha(b64(header)), parse(b64(header)), ROWS.setdefault(stream, [])
    demand(record["v"] == 1 and record["stream"] == stream, "the header is of another stream or version")
    for name, part in parts.items():
        digest = base64.urlsafe_b64encode(sha(b64(part["salt"]) + name.encode() + part["json"].encode())).decode()
        right = [*part] == ["salt", "json"] and len(b64(part["salt"])) == 16 and record["parts"][name] + "=" == digest
        demand(right, f"the part {name!r} is not what the header vouches for")
    demand((withheld, [*parts]) == (sorted(record["parts"].keys() - parts), sorted(parts)), "other parts are withheld")
    demand(check_proof(proof, entry) == (index, FILES[f"checkpoints/{shard}"].decode()), "the proof is another's")
    demand(not rows or rows[-1][0] < revision, "the revisions of the stream do not rise")
    rows.append((revision, shard, index, entry))
    return (shard, index), len(parts), len(withheld)
def check_head(stream, last, entry, proof):  # is nothing left out up to where the stream ended?
    note = check_proof(proof, stream.encode() + last.to_bytes(8, "big") + b64(entry))[1]
    (name, _, _, shard, size), _ = open_note(note, ORIGIN + "/heads", note.partition("\n")[0])
    right = re.fullmatch(r"(.*)/heads/\d{4}-\d\d-\d\d shard \S+ size \d+", f"{name} {shard} {size}")
    demand(right and right[1] == ORIGIN, "the checkpoint is no commitment to the ends of streams of this log")
    rows, end = ROWS[stream], (shard[6:], number(size[5:]))
    demand([row[0] for row in rows] == [*range(rows[0][0], rows[0][0] + len(rows))], "revisions are missing")
    demand([row[3] for row in rows if row[0] == last] == [b64(entry)], "the stream does not end as committed to")
    demand(all((row[0] <= last) == (row[1:3] < end) for row in rows), "the stream does not end where committed to")
    print(f"{stream}: complete from revision {rows[0][0]} to {last} through {name[-10:]}; {rows[0][0]} not shown")
WHERE, ROWS, FORMAT = ["the bundle"], {}, "annals-evidence/v1"
try:
    FILES = unpack(open(sys.argv[1], "rb").read())
    shards = sorted(name[12:] for name in FILES if name.startswith("checkpoints/"))
    listed = ["events.ndjson", "heads.ndjson", *map("checkpoints/{}".format, shards), "log.policy", "VERIFY.txt"]
    demand(list(FILES) == [*listed, "manifest.json", "manifest.sig"], "the files are not those of a bundle")
    KEYS = open(sys.argv[2]).read() if sys.argv[2:] else FILES["log.policy"].decode()
    KEYS = dict(map(load_key, re.findall(r"^(?:log )?([^ #\n]+\+[0-9a-f]{8}\+\S+)", KEYS, re.M)))
    WHERE[0], manifest = "manifest.sig", parse(FILES["manifest.json"])
    (_, ORIGIN, digest), count = open_note(FILES["manifest.sig"].decode(), manifest["origin"] + "/evidence", FORMAT)
    demand((b64(digest), count) == (sha(FILES["manifest.json"]), 1), "it is about another manifest")
    notes = [open_note(FILES[f"checkpoints/{shard}"].decode(), f"{ORIGIN}/{shard}")[0] for shard in shards]
    events = [check_event(*line) for line in lines("events.ndjson", shard=str, index=int, stream=str, revision=int,
                                                   header=str, parts=dict, withheld=list, proof=str)]
    demand(events == sorted(events) and len(events) == len({place for place, _, _ in events}), "the order is wrong")
    for line in lines("heads.ndjson", stream=str, last_revision=int, entry=str, proof=str): check_head(*line)
    rows, shown, withheld = sorted(ROWS.items()), *(sum(event[kind] for event in events) for kind in (1, 2))
    rows = [dict(events=len(r), first_revision=r[0][0], last_revision=r[-1][0], stream=name) for name, r in rows]
    held = dict(counts=dict(events=len(events), parts_shown=shown, parts_withheld=withheld, streams=rows),
                files=[dict(bytes=len(FILES[name]), name=name, sha256=sha(FILES[name]).hex()) for name in listed],
                format=FORMAT, origin=ORIGIN, scope=manifest["scope"],
                shards=[dict(name=shard, root=note[2], size=number(note[1])) for shard, note in zip(shards, notes)])
    demand(held == manifest and len({r[3] for rows in ROWS.values() for r in rows}) == len(events), "wrong manifest")
    print(len(events), "events agree with the log", ORIGIN, "" if sys.argv[2:] else "(the keys came with the bundle)")
except Exception as error: sys.exit(print(f"{WHERE[0]}: {error!r}") or 2)
