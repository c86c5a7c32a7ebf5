"""A PostgreSQL cluster of its own in a folder under /tmp, for one `with` block, and sessions on it.

Tests of crashes kill servers, so they get one that nobody else uses: on a socket in its folder, with fsync, and gone with
all its data at the end, whatever happened. It belongs to the user postgres where root runs the tests, because PostgreSQL
refuses to be root's.

A Session speaks the protocol itself instead of through psql. What the server answered before it died is known message by
message, and whether it had answered COMMIT is all that counts. It also costs little enough for 64 of them at once.
"""

import functools
import importlib.machinery
import importlib.util
import os
import pwd
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

WITHIN = 120  # seconds in which a server starts or stops and a session is answered, however busy the machine is


@functools.cache
def runner():
    """The test runner, which knows for which PostgreSQL the extension was built."""
    loader = importlib.machinery.SourceFileLoader("tests_run", str(Path(__file__).resolve().parent / "run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tests_run", loader))
    loader.exec_module(module)
    return module


def product(demo=""):
    """The SQL that installs the product, in the order in which the service does.

    demo: none, "900" for the companies, "9" for a year of them as well.
    """
    sql = Path(__file__).resolve().parent.parent / "sql"
    files = {file.name: file.read_text() for file in sql.glob("*.sql")
             if not file.name.startswith("9") or demo and file.name.startswith(demo)}
    for file in sql.glob("packs/*.json"):
        files[f"086_pack_{file.name}"] = f"select crm.load_country_pack($pack${file.read_text()}$pack$);"
    return "\n".join(["begin; create extension pg_mandant;", *(files[name] for name in sorted(files)), "commit;"])


class Refused(Exception):
    """A statement of `psql` failed, or a program of PostgreSQL."""


def until(true, what, within=WITHIN):
    """Waits for it; what it gives then."""
    ends = time.monotonic() + within
    while not (found := true()):
        if time.monotonic() > ends:
            raise TimeoutError(f"{what}: not within {within} s")
        time.sleep(0.02)
    return found


class Cluster:
    """`settings` go into postgresql.conf; `database` is the one that is meant where none is named."""

    database = "torture"

    def __init__(self, source=None, **settings):
        self.source, self.settings = source, settings
        self.port = 5433  # names the socket only
        self.standbys = []

    def __enter__(self):
        asked = subprocess.run([runner().pg_config(), "--bindir"], capture_output=True, text=True, check=True)
        self.bin = Path(asked.stdout.strip())
        owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self.who = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        self.folder = Path(tempfile.mkdtemp(prefix="mandant-cluster-", dir="/tmp"))
        self.data, self.log = self.folder / "data", self.folder / "log"
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        self.environment = {**outside, "PGHOST": str(self.folder), "PGPORT": str(self.port), "PGUSER": "postgres",
                            "PGDATABASE": self.database, "LC_MESSAGES": "C"}
        try:
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.make()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def make(self):
        if self.source:
            self.program("pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "--no-sync",
                         environment=self.source.environment)
        else:
            self.program("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                         "--no-instructions", "--no-sync")
        settings = {
            "listen_addresses": "", "port": self.port, "unix_socket_directories": self.folder,
            "shared_preload_libraries": "pg_mandant", "fsync": "on", "recovery_init_sync_method": "syncfs",
            "wal_level": "replica", "max_connections": 150, "shared_buffers": "32MB", "wal_buffers": "16MB",
            # Which statement failed is not told: thousands do, on purpose.
            "log_min_messages": "log", "log_min_error_statement": "panic", **self.settings}
        with open(self.data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def __exit__(self, *_):
        for standby in self.standbys:
            standby.__exit__()
        running = self.pid()
        if running:
            try:
                self.stop("immediate")
            except Refused:
                os.kill(running, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def pid(self):
        """Of the server; 0: it does not run."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return 0
        return pid

    def program(self, name, *arguments, environment=None):
        run = subprocess.run([self.bin / name, *map(str, arguments)], env=environment or self.environment, text=True,
                             cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             **self.who)
        if run.returncode != 0:
            raise Refused(f"{name}: {run.stdout.strip()}\n{self.said()}")
        return run.stdout

    def said(self):
        """The end of the server's log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""

    def start(self):
        self.program("pg_ctl", "start", "-s", "-w", "-t", WITHIN, "-D", self.data, "-l", self.log)

    def stop(self, mode="fast"):
        self.program("pg_ctl", "stop", "-s", "-w", "-t", WITHIN, "-m", mode, "-D", self.data)

    def standby(self, **settings):
        """Another cluster that follows this one; gone at the end of this one."""
        made = Cluster(self, **settings).__enter__()
        self.standbys.append(made)
        return made

    def promote(self):
        self.program("pg_ctl", "promote", "-s", "-w", "-t", WITHIN, "-D", self.data)

    def psql(self, sql, user="postgres", database=None):
        """What it prints, as lines of tab-separated values."""
        run = subprocess.run(["psql", "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-f", "-"],
                             input=sql + "\n;", text=True, capture_output=True,
                             env={**self.environment, "PGUSER": user, "PGDATABASE": database or self.database})
        if run.returncode != 0:
            raise Refused(run.stderr.strip())
        return run.stdout.rstrip("\n")

    def set(self, **settings):
        """For sessions that begin from now on; __ stands for the dot in a name."""
        settings = {name.replace("__", "."): value for name, value in settings.items()}
        self.psql(";\n".join(f"alter system set {name} = '{value}'" for name, value in settings.items()))
        self.psql("select pg_reload_conf()")
        for name, value in settings.items():
            until(lambda: self.psql(f"show {name}") == value, f"{name} = {value}")

    def knows(self, setting):
        """Whether the library has the setting: any other of its name would be a text."""
        return self.psql(f"select vartype <> 'string' from pg_settings where name = '{setting}'", database="postgres") == "t"

    def answers(self):
        """Whether it takes sessions."""
        try:
            self.psql("select", database="postgres")
        except Refused:
            return False
        return True


class Answer:
    """To one query: rows of texts, what was completed, what failed; `gone` if the connection ended meanwhile."""

    def __init__(self):
        self.rows, self.done, self.notices = [], [], []
        self.state, self.message, self.gone, self.status = None, "", False, None

    def __repr__(self):
        return f"{self.done} {self.rows} {self.state or ''} {self.message}{' gone' if self.gone else ''}"


class Session:
    """A connection, with the protocol's simple queries."""

    def __init__(self, cluster, user, database=None):
        self.pid = None
        self.socket = socket.socket(socket.AF_UNIX)
        self.stream = self.socket.makefile("rb")
        self.socket.settimeout(WITHIN)
        try:
            self.socket.connect(f"{cluster.folder}/.s.PGSQL.{cluster.port}")
            said = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database or cluster.database, ""))
            self.socket.sendall(struct.pack("!ii", len(said) + 8, 196608) + said)
            answer = self.answer()
        except OSError:
            self.close()
            raise
        if answer.gone or answer.state:
            self.close()
            raise ConnectionError(f"{answer.state} {answer.message}")

    def close(self):
        self.stream.close()
        self.socket.close()

    def send(self, sql):
        said = sql.encode() + b"\0"
        try:
            self.socket.sendall(b"Q" + struct.pack("!i", len(said) + 4) + said)
        except ConnectionError:
            pass  # the answer tells why

    def answered(self):
        """Whether there is an answer to what was sent."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def message(self):
        """The next one of the server; none when the connection has ended."""
        try:
            head = self.stream.read(5)
            length = struct.unpack("!i", head[1:])[0] - 4 if len(head) == 5 else 0
            body = self.stream.read(length)
        except ConnectionError:
            return None, b""
        return (head[:1], body) if len(head) == 5 and len(body) == length else (None, b"")

    def answer(self):
        """Waits for the whole answer to what was sent, or for the end of the connection."""
        answer = Answer()
        while answer.status is None and not answer.gone:
            kind, body = self.message()
            if kind is None:
                answer.gone = True
            elif kind == b"D":
                answer.rows.append(row(body))
            elif kind == b"C":
                answer.done.append(body[:-1].decode())
            elif kind in b"EN":
                fields = {field[:1]: field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
                if kind == b"E":
                    answer.state, answer.message = fields[b"C"], fields[b"M"]
                else:
                    answer.notices.append(fields[b"M"])
            elif kind == b"K":
                self.pid = struct.unpack("!i", body[:4])[0]
            elif kind == b"Z":
                answer.status = body.decode()
        return answer

    def ask(self, sql):
        self.send(sql)
        return self.answer()


def row(body):
    values, at = [], 2
    for _ in range(struct.unpack("!h", body[:2])[0]):
        length = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        values.append(None if length < 0 else body[at:at + length].decode())
        at += max(length, 0)
    return values
