"""Loads the events that Annals was filled with: the same ones, made by `annals generate`."""

import json
import re
import subprocess
import time
import unicodedata
from datetime import datetime, timezone
from pathlib import Path

SCHEMA = Path(__file__).with_name("schema.sql")
TENANT = "bench"
# Rows of one COPY and transaction.
BATCH = 20_000

WORD = re.compile(r"[^\W_]+")
# What COPY reads as something else.
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def words_of(event):
    """The words of the texts that Annals searches, in the form in which a tsvector is written."""
    tokens = []
    for text in texts_of(event):
        plain = text.lower()
        if not plain.isascii():
            plain = unicodedata.normalize("NFD", plain)
            plain = "".join(c for c in plain if not unicodedata.combining(c))
        tokens.extend(WORD.findall(plain))
    # Positions in a tsvector end at 16383.
    return " ".join(f"{token}:{at}" for at, token in enumerate(tokens[:16000], 1))


def texts_of(event):
    """See "Searched texts" in docs/query-language.md."""
    yield event["type"]
    for name in ("description",):
        if name in event:
            yield event[name]
    for who in ("actor", "subject"):
        person = event.get(who) or {}
        yield from (person[key] for key in ("id", "name", "email") if key in person)
    for target in event.get("targets", ()):
        yield from (target[key] for key in ("type", "id", "name") if key in target)
    outcome = event.get("outcome")
    if isinstance(outcome, dict):
        yield from (outcome[key] for key in ("code", "reason") if key in outcome)
    yield event.get("client", {}).get("user_agent", "")
    justification = event.get("justification", {})
    yield from (justification[key] for key in ("reason", "ticket") if key in justification)
    yield from event.get("labels", {}).values()
    for change in event.get("changes", ()):
        yield change["path"]
        for side in ("from", "to"):
            yield from strings_in(change.get(side))
    yield from strings_in(event.get("metadata"))


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)


def row_of(line, types):
    """A line of COPY in its text form."""
    event = json.loads(line)
    operation, severity = types[event["type"]]
    outcome = event.get("outcome", "success")
    if isinstance(outcome, dict):
        outcome = outcome["status"]
    actor = event.get("actor", {}).get("id")
    # Who acts on themselves is their own subject, as in Annals.
    subject = event.get("subject", {}).get("id") or actor
    at = event["occurred_at"]
    fields = (TENANT, event["id"], at, at, event["type"], operation, severity, outcome,
              actor or "\\N", subject or "\\N", line.rstrip("\n").translate(ESCAPES),
              words_of(event))
    return "\t".join(fields) + "\n"


def months(since, until, step):
    """The first day of every so manieth month from one time to behind another."""
    month, last = since.year * 12 + since.month - 1, until.year * 12 + until.month - 1
    while True:
        yield f"{month // 12}-{month % 12 + 1:02}-01"
        if month > last:
            return
        month += step


def load(connection, program, filled, types, months_each, told):
    """Makes the tables and fills them; returns how fast that went."""
    now = datetime.now(timezone.utc)
    since = datetime.fromisoformat(filled["from"])
    connection.execute("set synchronous_commit = on")
    connection.execute("drop table if exists events")
    connection.execute(SCHEMA.read_text(encoding="utf-8"))
    firsts = list(months(since, now, months_each))
    for begin, end in zip(firsts, firsts[1:]):
        name = "events_" + begin[:7].replace("-", "_")
        connection.execute(f"create table {name} partition of events "
                           f"for values from ('{begin}') to ('{end}')")
    connection.commit()
    command = [program, "generate", "--count", filled["events"], "--seed", filled["seed"],
               "--persons", filled["persons"], "--from", filled["from"], "--to", filled["to"]]
    began = time.monotonic()
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True,
                          encoding="utf-8") as source:
        done = 0
        while True:
            rows = [row_of(line, types) for _, line in zip(range(BATCH), source.stdout)]
            if not rows:
                break
            with connection.cursor() as cursor, cursor.copy("copy events from stdin") as copy:
                copy.write("".join(rows))
            connection.commit()
            done += len(rows)
            if done % (50 * BATCH) == 0:
                told(f"{done} events, {done / (time.monotonic() - began):.0f}/s")
    if done != filled["events"]:
        raise SystemExit(f"`annals generate` made {done} events instead of {filled['events']}")
    loaded = time.monotonic() - began
    told("vacuum and analyze")
    connection.autocommit = True
    connection.execute("vacuum (analyze) events")
    connection.execute("checkpoint")
    connection.autocommit = False
    return {"events": done, "partitions": len(firsts) - 1, "seconds": loaded, "events_per_second": round(done / loaded),
            "vacuum_seconds": time.monotonic() - began - loaded}


def size(connection):
    """Bytes of tables and of indexes."""
    return dict(zip(("tables", "indexes", "total"), connection.execute(
        "select sum(pg_table_size(relid))::bigint, sum(pg_indexes_size(relid))::bigint, "
        "sum(pg_total_relation_size(relid))::bigint from pg_partition_tree('events') "
        "where isleaf").fetchone()))
