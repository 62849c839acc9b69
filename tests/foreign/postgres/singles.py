"""Recording single events in PostgreSQL, each in a transaction of its own, by `pgbench`.

The rows come out of a table of the server, so it does not even have to read them from the wire.
"""

import math
import os
import shutil
import tempfile
from pathlib import Path

CLIENTS = 64
ROWS = 20_000

SCRIPT = f"""\\set n random(1, {ROWS})
insert into events select tenant, gen_random_uuid(), now(), occurred_at, type, operation, severity,
  outcome, actor_id, subject_id, document, words from samples where n = :n;
"""


def prepare(connection):
    """Rows to be inserted again and again, under new ids."""
    connection.execute("drop table if exists samples")
    connection.execute(f"create table samples as select row_number() over () as n, recent.* from "
                       f"(select * from events order by recorded_at desc limit {ROWS}) as recent")
    connection.execute("create unique index on samples (n)")
    connection.execute("vacuum (analyze) samples")


def run(cluster, seconds):
    """Transactions a second, and their times."""
    place = Path(tempfile.mkdtemp(prefix="annals-pgbench-"))
    try:
        os.chmod(place, 0o777)
        script = place / "insert.sql"
        script.write_text(SCRIPT)
        script.chmod(0o644)
        before = cluster.processor_seconds()
        cluster.run("pgbench", "-h", cluster.socket, "-U", "annals", "-n", "-M", "prepared",
                    "-c", CLIENTS, "-j", 2, "-T", max(1, round(seconds)), "-f", script,
                    "-l", f"--log-prefix={place}/times", "postgres")
        spent = cluster.processor_seconds() - before
        micros = sorted(int(line.split()[2]) for log in place.glob("times.*")
                        for line in log.read_text().splitlines())
        at = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99, "p999_ms": 0.999, "max_ms": 1.0}
        times = {name: micros[max(math.ceil(share * len(micros)) - 1, 0)] / 1000
                 for name, share in at.items()}
        return {"connections": CLIENTS, "per_second": round(len(micros) / max(1, round(seconds))),
                "server_cpu_us_per_event": round(spent * 1e6 / len(micros)),
                "count": len(micros), **times}
    finally:
        shutil.rmtree(place, ignore_errors=True)
