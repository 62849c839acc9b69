"""Writes a golden data directory with a given `annals` binary: python3 write.py BINARY NAME [OLDER]

With OLDER it also writes one in the first version of the files, as it was before anything was removed.

Everything is in the standard library. What is written is a real data directory of a real service: events of
all shapes in several tenants, some removed by retention, one person erased. Beside it lies `expected.json`,
what the service itself answered. The master key is a test key and protects nothing.
"""

import base64, json, os, shutil, sqlite3, subprocess, sys, tempfile, time, urllib.error, urllib.request

BINARY, NAME = os.path.abspath(sys.argv[1]), sys.argv[2]
HERE = os.path.dirname(os.path.abspath(__file__))
TARGET = os.path.join(HERE, NAME)
KEPT = ["events.db", "keys.db", "tiles.db", "tiles.mark", "registers.db", "quarantine.db"]
SCHEMAS = os.path.join(HERE, "../../crates/store-sqlite/src/schema")
SOURCE = "https://golden.example"
KEY = os.path.join(HERE, "master.key")


def person(name):
    return {"type": "user", "id": "p-" + name, "name": name.title(), "email": name + "@example.org"}


def events():
    """Events of all shapes; each has an id of its own, so that they are found again."""
    yield "acme", {"type": "user.signed_in", "actor": person("ann"), "client": {"ip": "192.0.2.7"},
                   "session": {"id": "s-1", "auth_method": "password", "mfa": True}}
    yield "acme", {"type": "user.profile.updated", "actor": person("bob"), "subject": {"id": "p-ann", "name": "Ann"},
                   "changes": [{"path": "/address", "op": "replace", "before": "Old Road 1", "after": "New Road 2"}],
                   "justification": {"reason": "she asked for it", "ticket": "T-1"}}
    yield "acme", {"type": "user.signed_in", "actor": person("eve"), "description": "of a person who is erased"}
    yield "acme", {"type": "record.seen", "actor": person("bob"), "subject": {"id": "p-eve", "name": "Eve"},
                   "metadata": {"deep": {"list": [1, 2.5, None, True]}, "text": "na\u00efve \u6771\u4eac"}}
    yield "acme", {"type": "backup.ran", "actor": {"type": "service", "id": "backup-7"}, "labels": {"team": "blue"}}
    yield "acme", {"type": "letter.drafted", "actor": {"type": "agent", "id": "model-1", "name": "Assistant"},
                   "on_behalf_of": [person("ann"), person("bob")], "outcome": {"status": "partial", "code": "E1",
                   "reason": "half of it"}, "targets": [{"type": "letter", "id": "l-1", "name": "To Cem", "owner": "p-cem"}]}
    yield "acme", {"type": "page.seen", "actor": {"type": "anonymous"}, "occurred_at": "2019-02-28T23:59:59.123456789-03:30",
                   "producer": {"id": "web-1", "seq": 7}, "request": {"id": "r-1", "correlation_id": "c-1"}}
    yield "globex", {"type": "user.signed_in", "actor": person("ann"), "environment": "staging", "app_version": "1.2"}
    yield "globex", {"type": "invoice.paid", "actor": person("dan"), "severity": "critical",
                     "targets": [{"type": "invoice", "id": "i-1"}, {"type": "account", "id": "a-1"}]}


class Service:
    def __init__(self, home, **settings):
        self.home = home
        port = os.path.join(home, "port")
        if os.path.exists(port):
            os.remove(port)
        env = dict(os.environ, ANNALS_MASTER_KEY_FILE=os.path.join(home, "key"), **settings)
        command = [BINARY, "serve", "--data-dir", os.path.join(home, "data"), "--listen", "127.0.0.1:0", "--port-file", port]
        self.process = subprocess.Popen(command, env=env, stderr=open(os.path.join(home, "log"), "a"), stdout=subprocess.DEVNULL)
        for _ in range(300):
            if os.path.exists(port) and open(port).read().strip():
                break
            time.sleep(0.1)
        self.url = "http://127.0.0.1:" + open(port).read().strip()

    def ask(self, method, path, tenant, role, body=None):
        token = subprocess.check_output([BINARY, "token", "--data-dir", os.path.join(self.home, "data"), "--sub", "golden",
                                         "--tenant", tenant, "--role", role],
                                        env=dict(os.environ, ANNALS_MASTER_KEY_FILE=os.path.join(self.home, "key"))).decode().strip()
        request = urllib.request.Request(self.url + path, method=method, data=body and json.dumps(body).encode(), headers={
            "authorization": "Bearer " + token, "content-type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def identified(number, event):
    return {"id": "00000000-0000-7000-8000-%012d" % number, "source": SOURCE, **event}


def erase(data, stream):
    """Destroys the key of the person whose stream that is, as the key store does."""
    pseudonym = base64.b32decode(stream.split(".", 1)[1].upper())
    with sqlite3.connect(os.path.join(data, "keys.db")) as keys:
        (slot,) = keys.execute("SELECT slot FROM person_keys WHERE tenant = 'acme' AND id = ?", [pseudonym]).fetchone()
        keys.execute("UPDATE wrapped_keys SET wrapped = zeroblob(length(wrapped)) WHERE slot = ?", [slot])
        keys.execute("UPDATE person_keys SET slot = NULL, destroyed = destroyed + 1 WHERE tenant = 'acme' AND id = ?", [pseudonym])


def first_version(source, target, letters, page_size, schema, tables):
    """Makes a file as the first version of Annals made it, with the rows of a newer one."""
    with sqlite3.connect(target) as file:
        file.execute("PRAGMA page_size = %d" % page_size)
        file.executescript(open(os.path.join(SCHEMAS, schema)).read())
        file.execute("PRAGMA application_id = %d" % int.from_bytes(letters, "big"))
        file.execute("PRAGMA user_version = 1")
        file.execute("ATTACH ? AS newer", [source])
        for table, columns in tables:
            file.execute("INSERT INTO %s (%s) SELECT %s FROM newer.%s" % (table, columns, columns, table))


def older(data, target):
    os.makedirs(target, exist_ok=True)
    for name in ["keys.db", "tiles.mark"]:
        shutil.copy(os.path.join(data, name), os.path.join(target, name))
    first_version(os.path.join(data, "events.db"), os.path.join(target, "events.db"), b"ANLE", 8192, "events.sql",
                  [("streams", "id, name"), ("tenants", "id, name"),
                   ("events", "position, stream, revision, tenant, id, fingerprint, record")])
    first_version(os.path.join(data, "tiles.db"), os.path.join(target, "tiles.db"), b"ANLT", 16384, "trees.sql",
                  [("shards", "number, name, size, root, position, note"),
                   ("leaves", "shard, number, first_position, positions, digests"),
                   ("hashes", "shard, level, number, hashes")])


def checkpointed(data):
    for name in KEPT:
        if not name.endswith(".db"):
            continue
        with sqlite3.connect(os.path.join(data, name)) as file:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def answers(service):
    """How the service shows each event."""
    expected = {}
    for tenant in ["acme", "globex"]:
        page = service.ask("GET", "/api/v1/logs?order=oldest&limit=100", tenant, "admin")
        expected.update({event["id"]: event for event in page["events"] if event["source"] == SOURCE})
    return expected


def write(target, expected):
    with open(os.path.join(target, "expected.json"), "w") as out:
        json.dump(expected, out, indent=1, sort_keys=True, ensure_ascii=False)
        out.write("\n")


def main():
    home = tempfile.mkdtemp()
    data = os.path.join(home, "data")
    shutil.copy(KEY, os.path.join(home, "key"))
    os.chmod(os.path.join(home, "key"), 0o600)
    service = Service(home)
    for number in range(3):
        seen = identified(900 + number, {"type": "user.signed_in", "actor": person("ann")})
        service.ask("POST", "/api/v1/logs", "old", "admin", seen)
    streams = {}
    for number, (tenant, event) in enumerate(events()):
        receipt = service.ask("POST", "/api/v1/logs", tenant, "admin", identified(number, event))
        streams[number] = receipt["stream"]
    whole = answers(service)
    time.sleep(3)
    service.stop()
    checkpointed(data)
    if len(sys.argv) > 3:
        target = os.path.join(HERE, sys.argv[3])
        older(data, target)
        write(target, whole)
    erase(data, streams[2])
    service = Service(home, ANNALS_RETENTION__STANDARD="PT1S", ANNALS_LIFECYCLE__INTERVAL_SECONDS="0")
    service.ask("DELETE", "/api/v1/logs/cleanup?dry_run=false", "old", "admin")
    time.sleep(2)
    service.stop()
    service = Service(home)
    expected = answers(service)
    time.sleep(3)
    service.stop()
    checkpointed(data)
    os.makedirs(TARGET, exist_ok=True)
    for name in KEPT:
        shutil.copy(os.path.join(data, name), os.path.join(TARGET, name))
    write(TARGET, expected)
    shutil.rmtree(home)


main()
