"""A PostgreSQL cluster of its own, reached by a local socket only."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

# Where Debian's package has the programs of the server.
PROGRAMS = Path("/usr/lib/postgresql/15/bin")

SETTINGS = {
    # As durable as Annals is: a commit is on disk before it is answered.
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_compression": "lz4",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "100",
    "max_connections": "100",
    # Compiling plans costs more than it brings for questions of milliseconds.
    "jit": "off",
    # A statement that is prepared is planned for its parameters as often as that is better.
    "plan_cache_mode": "auto",
    "listen_addresses": "",
    "logging_collector": "off",
}


class Cluster:
    """Makes a cluster in a directory, or starts the one that is there; stops it at the end."""

    def __init__(self, directory, shared_buffers, user):
        self.directory = Path(directory).resolve()
        self.data = self.directory / "data"
        # The path of a socket may have 107 bytes; directories of tests are longer.
        self.socket = Path("/tmp") / f"annals-pg-{os.getpid()}"
        self.settings = {
            **SETTINGS,
            "shared_buffers": shared_buffers,
            "effective_cache_size": "8GB",
            "unix_socket_directories": str(self.socket),
        }
        self.user = user

    def __enter__(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket.mkdir(mode=0o700)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self.user)
            for path in (self.directory, self.socket):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        if not (self.data / "PG_VERSION").exists():
            self.run("initdb", "-D", self.data, "-U", "annals", "-A", "trust", "-E", "UTF8",
                     "--locale=C.UTF-8", "--data-checksums")
        options = " ".join(f"-c {name}='{value}'" for name, value in self.settings.items())
        self.run("pg_ctl", "start", "-w", "-t", "120", "-D", self.data, "-o", options,
                 "-l", self.directory / "server.log")
        return self

    def __exit__(self, *_):
        try:
            self.run("pg_ctl", "stop", "-m", "fast", "-w", "-t", "300", "-D", self.data)
        finally:
            shutil.rmtree(self.socket, ignore_errors=True)

    def run(self, program, *arguments):
        """Runs a program of the server, as a user who may: the server refuses root."""
        command = [str(PROGRAMS / program), *map(str, arguments)]
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self.user)
            command = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}",
                       "--clear-groups", "--", *command]
        done = subprocess.run(command, cwd=self.socket, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise SystemExit(f"{program} failed: {done.stderr}{done.stdout}")
        return done.stdout

    @property
    def address(self):
        return f"host={self.socket} user=annals dbname=postgres"

    def processor_seconds(self):
        """Processor time of all the server's processes, of those that have ended too."""
        main = int((self.data / "postmaster.pid").read_text().split()[0])
        total = 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if int(entry.name) == main:
                    # The last two are of its children that ended.
                    total += sum(map(int, fields[11:15]))
                elif int(fields[1]) == main:
                    total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")
