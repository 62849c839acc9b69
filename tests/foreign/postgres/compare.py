"""Asks Annals and PostgreSQL 15 the same questions about the same events, in turn, and compares.

    annals bench --data DIR prepare --events 1000000
    python compare.py --annals target/release/annals --data DIR --postgres PGDIR --out result.json

The cluster is made and filled in PGDIR the first time, and used again later. Both are asked by one
client each on this machine: Annals over loopback TCP, PostgreSQL over a local socket with prepared
statements. Annals decrypts what it answers and records each question durably; PostgreSQL does
neither.
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import psycopg

import annals
import loading
import questions
import singles
from cluster import Cluster

# Questions of each class that are asked before times are taken.
WARM = 10
LOADED = "loaded.json"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annals", required=True, help="the program")
    parser.add_argument("--data", required=True, help="directory of `annals bench prepare`")
    parser.add_argument("--postgres", required=True, help="directory of the cluster; it is kept")
    parser.add_argument("--user", default="postgres", help="who runs the server, when we are root")
    parser.add_argument("--shared-buffers", default="4GB")
    parser.add_argument("--months", type=int, default=1, help="months of a partition")
    parser.add_argument("--queries", type=int, default=300, help="questions of each class")
    parser.add_argument("--seconds", type=float, default=60, help="at most, for each class")
    parser.add_argument("--singles", type=float, default=10,
                        help="seconds of recording single events in PostgreSQL; 0: none")
    parser.add_argument("--out", help="file for the result as JSON")
    return parser.parse_args()


def main():
    asked = arguments()
    filled = json.loads((Path(asked.data) / "filled.json").read_text())
    if filled["tenants"] != 1:
        raise SystemExit("the directory must be filled for one tenant")
    with annals.Annals(asked.annals, asked.data) as service:
        client = service.client()
        annals.until_current(client)
        with Cluster(asked.postgres, asked.shared_buffers, asked.user) as cluster:
            with psycopg.connect(cluster.address) as connection:
                loaded = load_once(asked, cluster, connection, client, filled)
                connection.autocommit = True
                found = compare(client, connection, questions.classes(service, client, filled), asked)
                size = loading.size(connection)
                if asked.singles:
                    singles.prepare(connection)
            alone = singles.run(cluster, asked.singles) if asked.singles else None
    result = {
        "bench": "comparison with PostgreSQL 15",
        "events": filled["events"],
        "postgres_load": loaded,
        "postgres_bytes_per_event": {k: round(v / filled["events"]) for k, v in size.items()},
        "postgres_single_inserts": alone,
        "classes": found,
    }
    text = json.dumps(result, indent=2)
    if asked.out:
        Path(asked.out).write_text(text + "\n")
    print(text)
    print(markdown(found), file=sys.stderr)


def load_once(asked, cluster, connection, client, filled):
    told = Path(asked.postgres) / LOADED
    if told.exists():
        loaded = json.loads(told.read_text())
        if loaded["of"] != filled:
            raise SystemExit(f"`{asked.postgres}` holds other events; name another directory")
        return loaded["load"]
    before = cluster.processor_seconds()
    load = loading.load(connection, asked.annals, filled, annals.types(client), asked.months,
                        lambda text: print(f"compare: {text}", file=sys.stderr))
    spent = cluster.processor_seconds() - before
    load["server_cpu_us_per_event"] = round(spent * 1e6 / filled["events"], 1)
    told.write_text(json.dumps({"of": filled, "load": load}))
    return load


def compare(client, connection, classes, asked):
    """Times of both by class, in milliseconds, and whether they found as much."""
    found = {}
    for name, all_of_class in classes.items():
        ours, theirs, same, compared = [], [], 0, 0
        cursor = connection.cursor()
        began = time.monotonic()
        for number in range(-WARM, asked.queries):
            question = all_of_class[number % len(all_of_class)]
            start = time.perf_counter()
            body = client.get(question.path, question.token)
            between = time.perf_counter()
            rows = cursor.execute(question.statement, question.values, prepare=True).fetchall()
            end = time.perf_counter()
            # A class that takes long is asked less, but not without being warm.
            late = time.monotonic() - began > asked.seconds
            if number < 0 and not late:
                continue
            ours.append((between - start) * 1000)
            theirs.append((end - between) * 1000)
            compared += 1
            same += question.found(body) == question.rows(rows)
            if late and len(ours) >= 3:
                break
        found[name] = {
            "annals": times(ours),
            "postgres": times(theirs),
            "p50_ratio": round(percentile(theirs, 0.5) / percentile(ours, 0.5), 2),
            "p99_ratio": round(percentile(theirs, 0.99) / percentile(ours, 0.99), 2),
            "same_count": round(same / compared, 3),
        }
        print(f"compare: {name}: {found[name]['p50_ratio']}", file=sys.stderr)
    return found


def times(all_times):
    at = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p999_ms": 0.999, "max_ms": 1.0}
    summary = {name: round(percentile(all_times, share), 3) for name, share in at.items()}
    return {"count": len(all_times), **summary}


def percentile(all_times, share):
    """The smallest time that so great a share does not exceed, as `annals bench` counts."""
    return sorted(all_times)[max(math.ceil(share * len(all_times)) - 1, 0)]


def markdown(found):
    lines = ["| class | Annals p50 / p99 ms | PostgreSQL p50 / p99 ms | ratio p50 / p99 | same count |",
             "|---|---|---|---|---|"]
    for name, it in found.items():
        ours, theirs = it["annals"], it["postgres"]
        lines.append(f"| {name} | {ours['p50_ms']:.2f} / {ours['p99_ms']:.2f} "
                     f"| {theirs['p50_ms']:.2f} / {theirs['p99_ms']:.2f} "
                     f"| {it['p50_ratio']} / {it['p99_ratio']} | {it['same_count']:.0%} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
