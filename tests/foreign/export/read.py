"""Reads exports with tools that others wrote and tells what it found, as one line of JSON.

    python read.py EVENTS.ndjson EVENTS.csv EVENTS.parquet
"""

import csv
import json
import sys
from datetime import datetime, timedelta, timezone

import duckdb

ndjson, table, columns = sys.argv[1:]

with open(ndjson, encoding="utf-8") as lines:
    events = [json.loads(line) for line in lines]

with open(table, encoding="utf-8", newline="") as text:
    rows = list(csv.DictReader(text, strict=True))

# Microseconds since 1970, so that no time zones are needed to read them.
found = duckdb.sql(
    "select * replace (epoch_us(occurred_at) as occurred_at, epoch_us(received_at) as received_at) "
    f"from '{columns}'"
)
names = found.columns
records = [dict(zip(names, record)) for record in found.fetchall()]

problems = []


def same(what, left, right):
    if left != right:
        problems.append(f"{what}: {left!r} is not {right!r}")


same("rows of CSV", len(rows), len(events))
same("rows of Parquet", len(records), len(events))
same("columns", list(rows[0]) + ["json"] if rows else names, names)

for event, row, record in zip(events, rows, records):
    same("id in CSV", row["id"], event["id"])
    same("id in Parquet", record["id"], event["id"])
    same("whole event", json.loads(record["json"]), event)
    same("name", record["actor_name"], event["actor"].get("name"))
    for name in ("occurred_at", "received_at"):
        since = datetime.fromisoformat(event[name]) - datetime(1970, 1, 1, tzinfo=timezone.utc)
        same(name, record[name], since // timedelta(microseconds=1))
    same("revision", record["revision"], event["revision"])
    same("metadata", json.loads(record["metadata"] or "{}"), event.get("metadata", {}))
    for name, cell in row.items():
        first = cell.lstrip(" \t\r\n\"\u00a0\ufeff")[:1]
        if first in set("=+-@＝＋－＠"):
            problems.append(f"{name} would be run as a formula: {cell!r}")
        if any(ord(character) < 32 for character in cell):
            problems.append(f"{name} holds a control character: {cell!r}")

types = duckdb.sql(f"select type, count(*) from '{columns}' group by type order by type").fetchall()
print(json.dumps({"events": len(events), "types": dict(types), "problems": problems[:10]}))
