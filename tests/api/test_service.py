"""The service itself: health, stopping, a database that goes away. Starts services of its own."""

import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
import uuid

from client import Answer, Client, sign_in, sql

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANDANT = os.environ.get("MANDANT_BIN", ROOT / "target/release/mandant")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(check, seconds=10):
    """Waits until `check` gives something true."""
    end = time.monotonic() + seconds
    while not (found := check()):
        if time.monotonic() > end:
            raise AssertionError("it does not come about")
        time.sleep(0.05)
    return found


class Service:
    """`mandant serve` on a folder and port of its own."""

    def __init__(self, home, *arguments):
        self.home = home
        self.url = f"http://127.0.0.1:{free_port()}"
        self.start(*arguments)

    def start(self, *arguments):
        listen = self.url.removeprefix("http://")
        self.log = open(self.home.parent / "serve.log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [MANDANT, "serve", "--home", self.home, "--listen", listen, *arguments],
            stdout=self.log,
            stderr=self.log,
            env={k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        )
        try:
            eventually(lambda: self.process.poll() is not None or self.is_ready(), 300)
        except AssertionError:
            self.process.kill()
            raise
        if self.process.poll() is None:
            self.data = pathlib.Path(self.sql("show data_directory"))

    def said(self):
        if not self.log.closed:
            self.log.flush()
        return pathlib.Path(self.log.name).read_text(encoding="utf-8")

    def is_ready(self):
        with contextlib.suppress(OSError):
            # the address is bound before the database is there
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=1) as answer:
                return answer.status == 200
        return False

    def environment(self):
        words = shlex.split((self.home / "env").read_text(encoding="utf-8"))
        return dict(word.split("=", 1) for word in words)

    def sql(self, text):
        return sql(text, self.environment())

    def psql(self):
        """A session that stays open, for holding locks."""
        environment = {**os.environ, **self.environment(), "PGUSER": "postgres"}
        return subprocess.Popen(
            ["psql", "-XqAt"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def pg_ctl(self, command, *arguments):
        """Starts or stops the server behind the service's back."""
        version = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        subprocess.run(
            [f"/usr/lib/postgresql/{version}/bin/pg_ctl", command, "-sw", "-D", self.data, *arguments],
            user=self.data.stat().st_uid,
            cwd=self.data,
            check=True,
        )

    def stop_server(self):
        self.pg_ctl("stop", "-m", "immediate")

    def start_server(self):
        self.pg_ctl("start", "-l", self.data.parent / "postgres.log")

    def is_running(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.environment()["PGPORT"]))) == 0

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(60)
        self.log.close()
        return self.process.returncode


def refusal(*arguments, **environment):
    """Starts a service that must not start, and gives its one sentence."""
    started = subprocess.run(
        [MANDANT, "serve", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert started.returncode == 1, started
    sentence = started.stderr.strip()
    assert sentence.startswith("mandant: ") and "\n" not in sentence, sentence
    return sentence


class Health(unittest.TestCase):
    def test_it_lives_and_is_ready(self):
        self.assertEqual(Client().get("/healthz").json, {"status": "alive"})
        self.assertEqual(Client().get("/readyz").json, {"status": "ready"})

    def test_every_answer_has_an_id(self):
        self.assertTrue(Client().get("/healthz").headers["X-Request-Id"])

    def test_an_unknown_address_and_a_wrong_method_are_problems(self):
        for method, path, status in (("GET", "/v1/nothing", 404), ("PUT", "/v1/customers", 405)):
            answer = Client().request(method, path)
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")

    def test_a_second_service_on_the_same_address_says_so(self):
        address = Client().url.removeprefix("http://")
        sentence = refusal("--listen", address)
        self.assertIn(f"{address} is in use", sentence)
        self.assertIn("MANDANT_LISTEN", sentence)

    def test_a_database_url_that_is_none_is_refused(self):
        listen = f"127.0.0.1:{free_port()}"
        self.assertIn("DATABASE_URL", refusal("--listen", listen, DATABASE_URL="nonsense"))


class Embedded(unittest.TestCase):
    """In the order of the names, on one private cluster."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandant test "))
        cls.folder.chmod(0o755)  # started by root, the server runs as another user
        cls.home = cls.folder / ".mandant"
        cls.service = Service(cls.home)

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        subprocess.run([MANDANT, "fresh", "--home", cls.home], check=True, capture_output=True)
        assert not cls.home.exists()
        shutil.rmtree(cls.folder)

    def setUp(self):
        if self.service.process.poll() is not None:
            self.service.start()
        self.assertIsNone(self.service.process.poll(), self.service.said())

    def locked_draft(self):
        """A draft, and a session that holds it until it is told to go on."""
        sales = sign_in("sales@de.example", self.service.url)
        customer = sales.get("/v1/customers", limit=1).json["items"][0]["id"]
        body = {"customer_id": customer, "kind": "invoice"}
        draft = sales.post("/v1/documents", body).json["id"]
        holder = self.service.psql()
        holder.stdin.write(f"begin; select id from crm.document where id = '{draft}' for update;\n")
        holder.stdin.flush()
        self.assertEqual(holder.stdout.readline().strip(), draft)
        self.addCleanup(holder.communicate)
        return sales, f"/v1/documents/{draft}", holder

    def waiting(self):
        return self.service.sql(
            "select count(*) from pg_stat_activity where usename = 'mandant_service'"
            " and wait_event_type = 'Lock'"
        ) != "0"

    def test_its_welcome_is_true(self):
        for login in re.findall(r"postgresql://(\S+)", self.service.said()):
            answer = subprocess.run(
                ["psql", "-XqAt", f"postgresql://{login}", "-c", "select current_user"],
                capture_output=True,
                text=True,
                check=True,
            )
            self.assertEqual(answer.stdout.strip(), login.split(":")[0])
        self.assertEqual(self.service.environment()["PGUSER"], "mandant_admin")
        self.assertEqual(self.service.environment()["MANDANT_URL"], self.service.url)

    def test_the_socket_is_open_to_its_owner_only(self):
        folder = pathlib.Path(self.service.environment()["PGHOST"])
        self.assertEqual(folder.stat().st_mode & 0o077, 0)

    def test_a_second_service_on_the_same_folder_says_so(self):
        sentence = refusal("--home", self.home, "--listen", f"127.0.0.1:{free_port()}")
        self.assertIn("stop it first", sentence)

    def test_requests_in_flight_finish_before_it_stops(self):
        sales, path, holder = self.locked_draft()
        request = sales.send("PATCH", path, {"reference": "in flight"})
        eventually(self.waiting)
        self.service.process.terminate()
        time.sleep(0.5)
        self.assertIsNone(self.service.process.poll())
        holder.stdin.write("commit;\n")
        holder.stdin.flush()
        answer = Answer(request.getresponse())
        request.close()
        self.assertEqual((answer.status, answer.json["reference"]), (200, "in flight"))
        holder.communicate()
        self.assertEqual(self.service.stop(), 0)
        self.assertFalse(self.service.is_running())

    def test_a_second_signal_does_not_wait(self):
        sales, path, _ = self.locked_draft()
        request = sales.send("PATCH", path, {"reference": "never"})
        eventually(self.waiting)
        self.service.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        self.service.process.send_signal(signal.SIGINT)
        self.assertEqual(self.service.stop(signal.SIGINT), 0)
        self.assertFalse(self.service.is_running())
        request.close()

    def test_a_dropped_request_leaves_no_transaction(self):
        sales, path, _ = self.locked_draft()
        request = sales.send("PATCH", path, {"reference": "dropped"})
        eventually(self.waiting)
        request.close()
        eventually(lambda: not self.waiting())
        self.assertEqual(
            self.service.sql(
                "select count(*) from pg_stat_activity where usename = 'mandant_service'"
                " and state <> 'idle'"
            ),
            "0",
        )
        self.assertEqual(sales.get("/v1/me").json["principal"], "sales@de.example")

    def test_an_unclean_session_is_replaced(self):
        sales = sign_in("sales@de.example", self.service.url)
        self.service.sql("alter role mandant_service set debug_print_plan = on")
        self.service.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'mandant_service'"
        )
        # makes a connection with that setting, and needs no `enter`
        eventually(self.service.is_ready)
        self.service.sql("alter role mandant_service reset debug_print_plan")
        unclean = self.service.sql(
            "select pid from pg_stat_activity where usename = 'mandant_service'"
        )
        self.assertEqual(sales.get("/v1/me").status, 200)
        replaced = self.service.sql(
            "select pid from pg_stat_activity where usename = 'mandant_service'"
        )
        self.assertNotEqual(unclean, replaced)

    def test_a_database_that_goes_away_comes_back(self):
        sales = sign_in("sales@de.example", self.service.url)
        self.service.stop_server()
        for _ in range(3):
            answer = sales.get("/v1/customers")
            self.assertEqual(answer.status, 503, answer)
            self.assertTrue(answer.headers["Retry-After"])
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(Client(url=self.service.url).get("/readyz").status, 503)
        self.assertEqual(Client(url=self.service.url).get("/healthz").status, 200)
        self.service.start_server()
        eventually(self.service.is_ready)
        self.assertEqual(sales.get("/v1/customers").status, 200)

    def test_a_service_that_was_killed_starts_again(self):
        sales = sign_in("sales@de.example", self.service.url)
        self.service.process.kill()
        self.service.process.wait()
        self.assertTrue(self.service.is_running())
        self.service.start()
        self.assertEqual(sales.get("/v1/me").status, 200, "tokens and data stay")

    def test_all_connections_busy_is_said(self):
        self.service.stop()
        self.service.start("--connections", "1")
        sales, path, _ = self.locked_draft()
        request = sales.send("PATCH", path, {"reference": "first"})
        eventually(self.waiting)
        answer = sales.get("/v1/me")
        self.assertEqual((answer.status, answer.json["code"]), (503, "53300"), answer)
        self.assertTrue(answer.headers["Retry-After"])
        request.close()
        self.service.stop()

    def test_a_page_of_a_named_origin_may_call_it(self):
        self.service.stop()
        self.service.start("--allow-origin", "https://crm.example")
        for origin, allowed in (("https://crm.example", "https://crm.example"), ("https://evil.example", None)):
            ask = {"Origin": origin, "Access-Control-Request-Method": "PATCH",
                   "Access-Control-Request-Headers": "authorization,if-match,mandant-tenant"}
            answer = Client(url=self.service.url).request("OPTIONS", "/v1/customers", headers=ask)
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], allowed)
        self.service.stop()

    def test_the_log_is_for_machines_and_tells_of_nobody(self):
        self.service.stop()
        self.service.start("--log-json")
        sales = sign_in("sales@de.example", self.service.url)
        secret = f"Geheim {uuid.uuid4()}"
        sales.get("/v1/customers", name=secret)
        made = sales.post("/v1/customers", {"name": secret, "country": "DE"})
        sales.post("/v1/customers", {"name": secret, "country": secret})
        Client(url=self.service.url).post("/v1/sign-in", {"email": "sales@de.example", "password": secret})
        self.service.stop()
        said = self.service.said()
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        posted = [line for line in lines if (line.get("method"), line.get("route")) == ("POST", "/v1/customers")]
        self.assertEqual([line["status"] for line in posted], [201, 422])
        self.assertEqual(posted[0]["id"], made.headers["X-Request-Id"])
        for private in (secret, sales.token, "sales@de.example"):
            self.assertNotIn(private, "".join(line for line in said.splitlines() if line.startswith("{")))

    def test_an_unexpected_error_tells_an_id_only(self):
        sales = sign_in("sales@de.example", self.service.url)
        self.service.sql("alter view mandant.tenant rename to tenant_away")
        try:
            answer = sales.get("/v1/customers")
        finally:
            self.service.sql("alter view mandant.tenant_away rename to tenant")
        self.assertEqual(answer.status, 500, answer)
        self.assertEqual(set(answer.json), {"type", "title", "status", "id"})
        self.assertIn(answer.json["id"], self.service.said())
        self.assertNotIn(sales.token, self.service.said())

    def test_other_code_on_old_tables_is_refused(self):
        checksum = self.service.sql("select checksum from crm.installation")
        version = self.service.sql("select version from crm.installation")
        for change, said in (("checksum = 'other'", "make fresh"), ("version = '9.0.0'", "newer than this"),
                             ("version = '0.0.1'", "make fresh")):
            with self.subTest(change):
                if self.service.process.poll() is None:
                    self.service.stop()
                self.service.start_server()
                self.service.sql(f"update crm.installation set {change}")
                self.service.stop_server()
                sentence = refusal("--home", self.home, "--listen", f"127.0.0.1:{free_port()}")
                self.assertIn(said, sentence)
                self.assertFalse(self.service.is_running())
                self.assertEqual(self.update().returncode, 1)
                self.assertFalse(self.service.is_running())
                self.service.start_server()
                self.service.sql(f"update crm.installation set version = '{version}', checksum = '{checksum}'")
                self.service.stop_server()
        updated = self.update()
        self.assertEqual((updated.returncode, updated.stdout.splitlines()[-1]), (0, f"Nothing to do: {version} is installed."), updated)
        self.assertFalse(self.service.is_running())

    def update(self):
        return subprocess.run([MANDANT, "update", "--home", self.home], env={k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
                              capture_output=True, text=True, timeout=120, check=False)


if __name__ == "__main__":
    unittest.main()
