"""TLS to the database: each mode takes and refuses what libpq takes and refuses, and cancelling goes the same way as the query."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from client import Client
from serving import serving
from test_service import MANDANT, eventually, free_port

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from cluster import Cluster  # noqa: E402

SSL_REQUEST = bytes.fromhex("00000008 04d2162f")


class Passage:
    """Passes connections on, and keeps the first bytes of each."""

    def __init__(self, port):
        self.behind, self.first, self.passed = port, [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.behind))
            self.passed += [client, server]
            first = client.recv(8, socket.MSG_WAITALL)
            self.first.append(first)
            server.sendall(first)
            for here, there in ((client, server), (server, client)):
                threading.Thread(target=self.pass_on, args=(here, there), daemon=True).start()

    @staticmethod
    def pass_on(here, there):
        try:
            while some := here.recv(65536):
                there.sendall(some)
            there.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        for one in (self.listener, *self.passed):
            one.close()


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandant-tls-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.folder.chmod(0o755)
        cls.ca, other = cls.authority("ca"), cls.authority("other")
        cls.other = other
        cls.certificate("server", cls.ca, "subjectAltName=DNS:localhost")
        cls.certificate("login", cls.ca, "extendedKeyUsage=clientAuth")
        cls.server = Cluster(listen_addresses="127.0.0.1", ssl="on", ssl_cert_file=cls.folder / "server.crt",
                             ssl_key_file=cls.folder / "server.key", ssl_ca_file=cls.folder / "ca.crt")
        cls.server.port, cls.server.database = free_port(), "mandant"
        if os.geteuid() == 0:
            shutil.chown(cls.folder / "server.key", "postgres", "postgres")
        cls.addClassCleanup(cls.server.__exit__)
        cls.server.__enter__()
        (cls.server.data / "pg_hba.conf").write_text(
            "local all all trust\nhostssl all login all cert\nhost all login all reject\nhost all all all trust\n")
        cls.sql("create role login superuser login; create role mandant_service login", "postgres")
        cls.sql("create database mandant", "postgres")
        cls.sql("create extension pg_mandant; select mandant.bind_relay('mandant_service'); select pg_reload_conf()")

    @classmethod
    def sql(cls, text, database=None):
        return cls.server.psql(text, database=database)

    @classmethod
    def openssl(cls, *arguments, said=""):
        subprocess.run(["openssl", *map(str, arguments)], cwd=cls.folder, input=said, text=True, check=True, capture_output=True)

    @classmethod
    def authority(cls, name):
        cls.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
        return cls.folder / f"{name}.crt"

    @classmethod
    def certificate(cls, name, authority, extension):
        cls.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                    "-keyout", f"{name}.key", "-out", f"{name}.csr")
        cls.openssl("x509", "-req", "-in", f"{name}.csr", "-days", "2", "-CA", authority, "-CAkey", authority.with_suffix(".key"),
                    "-CAcreateserial", "-out", f"{name}.crt", "-extfile", "/dev/stdin", said=extension)

    def environment(self, **more):
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PG") and name != "SSL_CERT_FILE"}
        return {**outside, "HOME": str(self.folder / "home"), "LC_ALL": "C", **more}

    def url(self, host, user="postgres", **options):
        options = "&".join(f"{name}={value}" for name, value in options.items())
        return f"postgresql://{user}:sesame@{host}:{self.server.port}/mandant?{options}"

    def refusal(self, url, **environment):
        """Why `mandant lint` cannot connect; empty if it can."""
        ran = subprocess.run([MANDANT, "lint", "--json", "--database-url", url], env=self.environment(**environment),
                             capture_output=True, text=True, timeout=60, check=False)
        self.assertNotIn("sesame", ran.stdout + ran.stderr)
        if ran.returncode != 2:
            json.loads(ran.stdout)
            return ""
        return ran.stderr.strip()

    def psql_connects(self, url, **environment):
        ran = subprocess.run(["psql", "-XqAt", url, "-c", "select"], env=self.environment(**environment), capture_output=True,
                             timeout=60, check=False)
        return ran.returncode == 0

    def assert_as_libpq(self, expected, host, environment=(), **options):
        """`expected` is a word of the refusal, or nothing."""
        with self.subTest(host=host, **options):
            url, environment = self.url(host, **options), dict(environment)
            said = self.refusal(url, **environment)
            self.assertEqual(self.psql_connects(url, **environment), said == "", said)
            self.assertTrue(expected in said and bool(expected) == bool(said), said)

    def test_what_a_server_must_show(self):
        for expected, host, mode, root in (
            ("", "localhost", "verify-full", self.ca),
            ("is for", "127.0.0.1", "verify-full", self.ca),
            ("", "127.0.0.1", "verify-ca", self.ca),
            ("of no authority", "localhost", "verify-full", self.other),
            ("of no authority", "localhost", "verify-ca", self.other),
            ("of no authority", "localhost", "require", self.other),
            ("", "127.0.0.1", "require", None),
            ("", "127.0.0.1", "prefer", None),
            ("", "127.0.0.1", "disable", None),
            ("must know whose", "localhost", "verify-full", None),
            ("cannot be read", "localhost", "verify-full", self.folder / "nowhere"),
            ("no certificate in it", "localhost", "verify-full", self.folder / "ca.key"),
            ("sslmode is", "localhost", "always", None),
        ):
            self.assert_as_libpq(expected, host, sslmode=mode, **({"sslrootcert": root} if root else {}))
        variables = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.ca)}
        self.assert_as_libpq("is for", "127.0.0.1", variables)
        self.assert_as_libpq("", "127.0.0.1", variables, sslmode="require")

    def test_a_server_in_plain_text(self):
        self.server.set(ssl="off")
        try:
            for expected, mode in (("not support TLS", "verify-full"), ("not support TLS", "verify-ca"), ("not support TLS", "require"),
                                   ("", "prefer"), ("", "disable")):
                root = {"sslrootcert": self.ca} if mode.startswith("verify") else {}
                self.assert_as_libpq(expected, "localhost", sslmode=mode, **root)
        finally:
            self.server.set(ssl="on")

    def test_authorities_that_the_machine_trusts(self):
        url = self.url("localhost", sslrootcert="system")
        self.assertEqual(self.refusal(url, SSL_CERT_FILE=str(self.ca)), "")
        self.assertIn("of no authority", self.refusal(url, SSL_CERT_FILE=str(self.other)))
        self.assertIn("needs sslmode=verify-full", self.refusal(url + "&sslmode=require", SSL_CERT_FILE=str(self.ca)))

    def test_who_connects_has_a_certificate(self):
        certificate, key = self.folder / "login.crt", self.folder / "login.key"
        of_both = {"user": "login", "sslmode": "verify-full", "sslrootcert": self.ca}
        self.assert_as_libpq("", "localhost", **of_both, sslcert=certificate, sslkey=key)
        self.assert_as_libpq("certificate", "localhost", **of_both)
        self.assert_as_libpq("sslcert needs sslkey", "localhost", **of_both, sslcert=certificate)
        self.assert_as_libpq("is not of sslcert", "localhost", **of_both, sslcert=certificate, sslkey=self.folder / "ca.key")
        key.chmod(0o644)
        try:
            self.assert_as_libpq("read by others", "localhost", **of_both, sslcert=certificate, sslkey=key)
        finally:
            key.chmod(0o600)

    def test_the_service_is_encrypted_and_what_it_cancels_with_too(self):
        passage = Passage(self.server.port)
        self.addCleanup(passage.close)
        environment = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.ca)}
        with serving("localhost", 2, passage.port, **environment) as url:
            eventually(lambda: Client(url=url).get("/readyz").status == 200)
            ours = "from pg_stat_activity join pg_stat_ssl using (pid) where usename = 'mandant_service'"
            self.assertEqual(self.sql(f"select bool_and(ssl) {ours}"), "t")
            holder = subprocess.Popen(["psql", "-XqAt"], env=self.server.environment, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.addCleanup(holder.communicate)
            holder.stdin.write("begin; lock table mandant_internal.principal; select 'held';\n")
            holder.stdin.flush()
            self.assertEqual(holder.stdout.readline(), "held\n")
            connections = len(passage.first)
            request = Client(url=url).send("POST", "/v1/sign-in", {"email": "a@b.example", "password": "demo"})
            waits = f"select count(*) {ours} and wait_event_type = 'Lock'"
            eventually(lambda: self.sql(waits) == "1")
            request.close()  # the lock is not given back: only a cancellation ends the wait
            eventually(lambda: self.sql(waits) == "0")
        self.assertGreater(len(passage.first), connections)
        self.assertEqual(set(passage.first), {SSL_REQUEST})


if __name__ == "__main__":
    unittest.main()
