"""The service on a directory that `annals bench prepare` filled, and a small client for it."""

import json
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

TENANT = "bench"
PATIENCE = 300


class Annals:
    """Starts the service, and stops it at the end; the data stays."""

    def __init__(self, program, directory):
        self.program = str(Path(program).resolve())
        self.data = Path(directory) / "data"

    def __enter__(self):
        place = tempfile.TemporaryDirectory(prefix="annals-compare-")
        port_file = Path(place.name) / "port"
        self.process = subprocess.Popen(
            [self.program, "serve", "--listen", "127.0.0.1:0", "--data-dir", self.data,
             "--port-file", port_file], env={**os.environ, "ANNALS_LOG__LEVEL": "error"},
            stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not port_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the service did not begin to listen")
            time.sleep(0.01)
        self.address = ("127.0.0.1", int(port_file.read_text()))
        place.cleanup()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE)

    def client(self):
        return Client(self.address, self.token("bench", "admin"))

    def token(self, who, role):
        return subprocess.run(
            [self.program, "token", "--sub", who, "--tenant", TENANT, "--role", role,
             "--ttl", "24h", "--data-dir", self.data], check=True, text=True,
            stdout=subprocess.PIPE).stdout.strip()


# Seconds after which a connection is made anew before it is used.
IDLE = 5


class Client:
    """One kept connection. It does as little as the driver of PostgreSQL does, so that what is
    compared are the servers."""

    def __init__(self, address, token):
        self.address = address
        self.connect()
        self.head = head(token)
        self.buffer = bytearray(1 << 20)

    def get(self, path, token=None):
        """The body of an answer, as bytes; to somebody else with their token."""
        return self.exchange(f"GET {path}{head(token) if token else self.head}\r\n".encode())

    def get_json(self, path):
        return json.loads(self.get(path))

    def graphql(self, query):
        body = json.dumps({"query": query})
        head = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        answer = json.loads(self.exchange(f"POST /graphql{self.head}{head}\r\n{body}".encode()))
        if answer.get("errors"):
            raise SystemExit(f"GraphQL answered with {answer['errors']}")
        return answer["data"]

    def connect(self):
        self.socket = socket.create_connection(self.address, timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.used = time.monotonic()

    def exchange(self, request):
        # The service closes connections that nobody uses, as while PostgreSQL is loaded.
        if time.monotonic() - self.used > IDLE:
            self.socket.close()
            self.connect()
        self.socket.sendall(request)
        self.used = time.monotonic()
        filled, view = 0, memoryview(self.buffer)
        end = -1
        while end < 0:
            filled += self.receive(view[filled:])
            end = self.buffer.find(b"\r\n\r\n", 0, filled)
        head = bytes(view[:end]).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        whole = end + 4 + length
        if whole > len(self.buffer):
            del view
            self.buffer.extend(bytes(whole - len(self.buffer)))
            view = memoryview(self.buffer)
        while filled < whole:
            filled += self.receive(view[filled:whole])
        body = bytes(view[end + 4:whole])
        if not head.startswith(b"http/1.1 200"):
            raise SystemExit(f"{request[:200]!r} was answered with {head[:20]!r}: {body[:400]!r}")
        return body

    def receive(self, room):
        got = self.socket.recv_into(room)
        if got == 0:
            raise SystemExit("the service closed the connection")
        return got


def head(token):
    return f" HTTP/1.1\r\nhost: annals\r\nauthorization: Bearer {token}\r\n"


def until_current(client):
    """Waits until search and profiles have reached the end of the log."""
    deadline = time.monotonic() + PATIENCE
    while any(client.get_json("/readyz")["lag"].values()):
        if time.monotonic() > deadline:
            raise SystemExit("search and profiles did not catch up")
        time.sleep(0.05)


def types(client):
    """What the catalogue says of each type: operation and severity."""
    found = client.graphql("{ eventTypes { name operation severity } }")["eventTypes"]
    return {one["name"]: (one["operation"].lower(), one["severity"].lower()) for one in found}


def path(**parameters):
    """A path of the list of events."""
    pairs = "&".join(f"{name}={quote(str(value), safe=':')}" for name, value in parameters.items())
    return f"/api/v1/logs?{pairs}"
