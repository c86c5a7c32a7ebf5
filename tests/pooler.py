"""PgBouncer in front of a database, on a socket in a folder of its own, for one `with` block."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path


class PgBouncer:
    """`environment` says by PG* where the database is; `pool` is how many connections a login has."""

    def __init__(self, environment, mode, pool=1, reset=""):
        self.environment, self.mode, self.pool, self.reset = environment, mode, pool, reset

    def __enter__(self):
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise RuntimeError("there is no pgbouncer: run make setup first")
        # It does not run as root, but as the server's owner.
        owner = os.stat(self.environment["PGHOST"])
        # Whoever is there now is known without asking, which needs a connection; who is made later is looked up.
        known = subprocess.run(["psql", "-XqAt", "-U", "postgres", "-c", "select rolname from pg_roles where rolcanlogin"],
                               env=self.environment, capture_output=True, text=True, check=True).stdout.split()
        self.folder = Path(tempfile.mkdtemp(prefix="mandant-pgbouncer-", dir="/tmp"))
        (self.folder / "users").write_text("".join(f'"{login}" ""\n' for login in known))
        (self.folder / "pgbouncer.ini").write_text(f"""\
[databases]
* = host={self.environment["PGHOST"]} port={self.environment["PGPORT"]} auth_user=postgres
[pgbouncer]
unix_socket_dir = {self.folder}
listen_port = {self.environment["PGPORT"]}
auth_type = trust
auth_file = {self.folder}/users
auth_query = select usename, null from pg_user where usename = $1
admin_users = postgres
pool_mode = {self.mode}
default_pool_size = {self.pool}
max_client_conn = 20
query_wait_timeout = 10
server_reset_query = {self.reset}
ignore_startup_parameters = extra_float_digits, options
logfile = {self.folder}/log
""")
        os.chown(self.folder, owner.st_uid, owner.st_gid)
        who = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.getuid() == 0 else {}
        self.process = subprocess.Popen([program, "-q", str(self.folder / "pgbouncer.ini")], **who, cwd=self.folder,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            began = time.monotonic()
            while self.ask("show version").returncode != 0:
                if self.process.poll() is not None or time.monotonic() - began > 20:
                    log = self.folder / "log"
                    raise RuntimeError(f"PgBouncer does not start:\n{log.read_text() if log.exists() else ''}")
                time.sleep(0.05)
        except BaseException:
            self.__exit__()
            raise
        return self

    def ask(self, command):
        """Says something to PgBouncer itself."""
        return subprocess.run(["psql", "-XqAt", "-h", self.folder, "-U", "postgres", "-d", "pgbouncer", "-c", command],
                              env=self.environment, capture_output=True, text=True)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
