"""`mandant psql` and `mandant set-password`: typed at a terminal and piped in, and where the secrets end up: nowhere."""

import contextlib
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import tempfile
import time
import unittest
import uuid

from client import Client, as_, sql
from test_lint import url
from test_service import MANDANT, eventually


def environment(user):
    outside = {name: value for name, value in os.environ.items() if name not in ("PGUSER", "PGOPTIONS")}
    return {**outside, "DATABASE_URL": url(user, os.environ["PGDATABASE"])}


def mandant(*arguments, said, user="mandant_psql", **more):
    """Runs a command with `said` piped in."""
    return subprocess.run([MANDANT, *arguments], input=said, env={**environment(user), **more}, capture_output=True, text=True,
                          timeout=60, check=False)


def psql(email, *arguments, said="", password="demo", **more):
    return mandant("psql", email, "--", "-XAt", *arguments, said=f"{password}\n{said}", **more)


def employee(password="demo"):
    """Somebody new, who may read and sell in Germany."""
    email = f"{uuid.uuid4()}@de.example"
    sql(f"select mandant.add_employee('de', '{email}', 'P. Sql', '{password}')")
    sql(f"select mandant.grant_role('{email}', 'tenant_sales')")
    return email


def signed_in(email):
    """How many tokens somebody has."""
    return int(sql("select count(*) from mandant_internal.token t join mandant_internal.principal p on p.id = t.principal_id"
                   f" where p.name = '{email}'"))


class Terminal:
    """A command with a terminal of its own."""

    def __init__(self, *arguments, user="mandant_psql", **more):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execve(MANDANT, [str(MANDANT), *arguments], {**environment(user), "TERM": "dumb", "PAGER": "cat", **more})
        self.said = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGKILL)
        os.close(self.terminal)

    def until(self, text):
        """What is printed until a text; that is taken away."""
        end = time.monotonic() + 20
        while text not in self.said:
            assert time.monotonic() < end, f"waiting for {text!r}, there is {self.said!r}"
            if select.select([self.terminal], [], [], 1)[0]:
                try:
                    self.said += os.read(self.terminal, 4096).decode()
                except OSError as gone:
                    raise AssertionError(f"waiting for {text!r}, it ended with {self.said!r}") from gone
        before, _, self.said = self.said.partition(text)
        return before

    def type(self, text):
        os.write(self.terminal, text.encode())

    def ended(self):
        with contextlib.suppress(OSError):
            while chunk := os.read(self.terminal, 4096):
                self.said += chunk.decode()
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


class Person(unittest.TestCase):
    def test_a_person_sees_own_rows_only(self):
        told = psql("rep@de.example", said="select name from crm.customer order by id;\n")
        self.assertEqual(told.stderr, "")
        listed = as_("rep@de.example").get("/v1/customers", limit=200).json["items"]
        self.assertEqual(set(told.stdout.splitlines()), {customer["name"] for customer in listed})
        self.assertLess(len(listed), int(sql("select count(*) from crm.customer c join mandant.tenant t on t.id = c.tenant_id"
                                             " where t.code = 'de'")))

    def test_a_person_writes_as_oneself(self):
        email = employee()
        told = psql(email, said="insert into crm.customer (name, country, currency) values ('By hand', 'DE', 'EUR') returning id;\n")
        row = told.stdout.splitlines()[0]
        author = sql(f"select principal from mandant.audit_log where key like '%{row}%' and action = 'insert'")
        self.assertEqual(author, email, told.stderr)

    def test_a_selection_narrows_and_never_widens(self):
        asked = ("select array_agg(distinct t.code order by t.code) from crm.customer c join mandant.tenant t on t.id = c.tenant_id"
                 " where t.code in ('de', 'hk', 'us');\n")
        told = psql("controller@group.example", said=f"{asked}set mandant.tenant = 'us';\n{asked}").stdout.splitlines()
        self.assertEqual(told, ["{de,hk,us}", "SET", "{us}"])
        told = psql("sales@de.example", "-v", "VERBOSITY=verbose", said=f"set mandant.tenant = 'us';\n{asked}")
        self.assertIn("42501", told.stderr)

    def test_a_person_becomes_nobody_else(self):
        other = Client().post("/v1/sign-in", {"email": "sales@us.example", "password": "demo"}).json["token"]
        attacks = {
            f"set mandant.token = '{other}'": "42501",
            f"select mandant.enter('{other}')": "55006",
            "select mandant.sign_in('sales@us.example', 'demo')": "55006",
            "set session authorization report_us": "42501",
            "set role report_us": "42501",
            "set role mandant_service": "42501",
            "alter role mandant_psql set mandant.tenant = '*'": "42501",
            "create temporary table t ()": "42501",
            "listen everybody": "42501",
            "select mandant.set_password('sales@us.example', 'mine')": "42704",
        }
        told = psql("sales@de.example", "-v", "VERBOSITY=sqlstate", said=";\n".join(attacks) + ";\nselect principal from mandant.whoami();\n")
        self.assertEqual(re.findall(r"ERROR:  (\w+)", told.stderr), list(attacks.values()), told.stderr)
        self.assertEqual(told.stdout, "sales@de.example\n")

    def test_of_the_service_nothing_is_seen(self):
        as_("sales@us.example").get("/v1/me")
        told = psql("sales@de.example", said="select distinct query from pg_stat_activity where usename = 'mandant_service';\n")
        self.assertLessEqual(set(told.stdout.splitlines()), {"<insufficient privilege>"})

    def test_the_exit_code_is_psqls(self):
        self.assertEqual(psql("sales@de.example", "-c", "select 1").returncode, 0)
        self.assertEqual(psql("sales@de.example", "-c", "select 1/0").returncode, 1)
        self.assertEqual(psql("sales@de.example", "-v", "ON_ERROR_STOP=1", said="select 1/0;\n").returncode, 3)

    def test_a_wrong_password_starts_no_psql(self):
        for email in ("sales@de.example", f"{uuid.uuid4()}@de.example"):
            told = psql(email, "-c", "select 'started'", password="wrong")
            self.assertEqual((told.returncode, told.stdout), (1, ""))
            self.assertIn("e-mail or password is wrong (SQLSTATE 28P01); hint: ", told.stderr)
        self.assertIn("no password was given", psql("sales@de.example", password="").stderr)

    def test_who_fails_waits_as_over_http(self):
        email = f"{uuid.uuid4()}@de.example"
        for _ in range(60):
            answer = Client().post("/v1/sign-in", {"email": email, "password": "wrong"})
            if answer.status == 429:
                break
        told = psql(email, password="wrong")
        self.assertIn("SQLSTATE 53400", told.stderr)
        self.assertIn("try again in", told.stderr)

    def test_who_leaves_is_signed_out(self):
        email = employee()
        told = psql(email, said="select count(*) from mandant.whoami();\n\\! echo $PGOPTIONS\n")
        token = re.search(r"mandant\.token=(\w+)", told.stdout)[1]
        self.assertEqual(Client(token).get("/v1/me").status, 401)
        self.assertEqual(signed_in(email), 0)

    def test_a_session_ends_with_its_token(self):
        email = employee()
        running = subprocess.Popen([MANDANT, "psql", email, "--", "-XAt", "-v", "VERBOSITY=default"], env=environment("mandant_psql"),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with running:
            running.stdin.write("demo\nselect principal from mandant.whoami();\n")
            running.stdin.flush()
            self.assertEqual(running.stdout.readline(), f"{email}\n")
            sql(f"select mandant.revoke_tokens('{email}')")
            said, _ = running.communicate("select count(*) from crm.customer;\n", timeout=60)
        self.assertIn("the token is not valid", said)
        self.assertIn("`mandant psql`", said)

    def test_to_end_it_ends_psql_and_the_token(self):
        email = employee()
        running = subprocess.Popen([MANDANT, "psql", email, "--", "-XAt"], env=environment("mandant_psql"), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        with running:
            running.stdin.write("demo\nselect principal from mandant.whoami();\n")
            running.stdin.flush()
            self.assertEqual(running.stdout.readline(), f"{email}\n")
            self.assertEqual(signed_in(email), 1)
            running.terminate()
            running.wait(60)  # while its input is open, whose end would end it, too
        self.assertEqual(running.returncode, 128 + signal.SIGTERM)
        self.assertEqual(signed_in(email), 0)

    def test_at_a_terminal(self):
        with Terminal("psql", "sales@de.example", "--", "-X") as terminal:
            terminal.until("Password: ")
            terminal.type("demo\n")
            before = terminal.until("sales@de.example mandant=> ")
            self.assertNotIn("demo", before)
            terminal.type("select 'a' || 'nswer', pg_sleep(60);\n")
            eventually(lambda: sql("select count(*) from pg_stat_activity where query ~ 'pg_sleep.60' and pid <> pg_backend_pid()") == "1")
            terminal.type("\x03")  # cancels the statement, not the session
            terminal.until("canceling statement due to user request")
            terminal.type("select 'a' || 'nswer' from mandant.whoami();\n")
            terminal.until("answer")
            terminal.type("\\q\n")
            self.assertEqual(terminal.ended(), 0, terminal.said)

    def test_without_a_url_it_is_the_private_database(self):
        outside = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        email = employee("old")
        for arguments, said, expected in (
            (["psql", email, "--", "-XAtc", "select principal from mandant.whoami()"], "old\n", f"{email}\n"),
            (["set-password", email], "new\n", f"{email} has a new password; whoever was signed in with the old one is out.\n"),
        ):
            told = subprocess.run([MANDANT, *arguments], input=said, env=outside, capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual((told.returncode, told.stdout, told.stderr), (0, expected, ""))

    def test_where_no_server_is_it_says_so(self):
        told = psql("sales@de.example", DATABASE_URL="postgresql://mandant_psql@/mandant?host=/nowhere")
        self.assertEqual(told.returncode, 1)
        self.assertIn("cannot connect to the database", told.stderr)


class SetPassword(unittest.TestCase):
    def set(self, email, said, user="mandant_admin", **more):
        return mandant("set-password", email, said=said, user=user, **more)

    def signs_in(self, email, password):
        return Client().post("/v1/sign-in", {"email": email, "password": password}).status == 200

    def test_a_password_is_piped_in(self):
        email, password = employee("old"), "new \N{LATIN SMALL LETTER U WITH DIAERESIS} '$1"
        token = Client().post("/v1/sign-in", {"email": email, "password": "old"}).json["token"]
        told = self.set(email, f"{password}\n")
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertTrue(self.signs_in(email, password))
        self.assertFalse(self.signs_in(email, "old"))
        self.assertEqual(Client(token).get("/v1/me").status, 401)

    def test_a_password_is_typed_twice(self):
        email = employee("old")
        for again, code in (("differs", 1), ("new", 0)):
            with Terminal("set-password", email, user="mandant_admin") as terminal:
                terminal.until("New password: ")
                terminal.type("new\n")
                terminal.until("The same again: ")
                terminal.type(f"{again}\n")
                self.assertEqual(terminal.ended(), code, terminal.said)
            self.assertEqual(self.signs_in(email, "new"), code == 0)

    def test_what_cannot_be_is_said_with_the_next_step(self):
        told = self.set("nobody@de.example", "new\n")
        self.assertEqual(told.returncode, 1)
        self.assertIn('no such principal: "nobody@de.example" (SQLSTATE 42704); hint: ', told.stderr)
        email = employee()
        self.assertIn("no password was given", self.set(email, "\n").stderr)
        told = self.set(email, "new\n", user="report_de")
        self.assertIn("(SQLSTATE 42501); hint: ", told.stderr)
        self.assertTrue(self.signs_in(email, "demo"))


class Secrets(unittest.TestCase):
    """Everything is logged that PostgreSQL can log; whoever is on the machine looks at every process."""

    LOGGED = {"log_statement": "all", "log_connections": "on", "log_disconnections": "on", "log_duration": "on",
              "log_min_duration_statement": "0", "log_min_messages": "debug5", "log_min_error_statement": "debug5",
              "log_error_verbosity": "verbose"}

    @classmethod
    def setUpClass(cls):
        cls.log = pathlib.Path(sql("show data_directory")).parent / "postgres.log"
        for name, value in cls.LOGGED.items():
            sql(f"alter system set {name} = '{value}'")
        sql("select pg_reload_conf()")
        eventually(lambda: sql("show log_min_messages") == "debug5")

    @classmethod
    def tearDownClass(cls):
        for name in cls.LOGGED:
            sql(f"alter system reset {name}")
        sql("select pg_reload_conf()")

    def setUp(self):
        self.password = f"secret-{uuid.uuid4()}"
        self.email = employee("demo")
        sql(f"select mandant.set_password('{self.email}', '{self.password}')")
        self.before = self.log.stat().st_size

    def logged(self):
        with open(self.log, "rb") as log:
            log.seek(self.before)
            return log.read().decode(errors="replace")

    def processes(self):
        """The command lines of all, with what they call themselves."""
        lines = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                lines.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        return "\n".join(lines)

    def test_a_password_in_sql_text_is_logged(self):
        """What the others are compared with."""
        subprocess.run(["psql", "-XqU", "mandant_psql", "-c", f"select expires_at from mandant.sign_in('{self.email}', '{self.password}')"],
                       check=True, capture_output=True)
        self.assertIn(self.password, self.logged())

    def test_neither_password_nor_token_is_told_to_anybody(self):
        with tempfile.TemporaryDirectory() as home, \
                Terminal("psql", self.email, "--", "-X", HOME=home, PSQL_HISTORY="") as terminal:
            terminal.until("Password: ")
            terminal.type(f"{self.password}\n")
            terminal.until("mandant=> ")
            terminal.type("\\! echo $PGOPTIONS\n")
            terminal.until("mandant.token=")
            token = terminal.until("\r\n").strip()
            self.assertRegex(token, "^[0-9a-f]{64}$")
            terminal.type("select 1/0 from mandant.whoami();\n")
            terminal.until("division by zero")
            terminal.type("select 'still ' || 'here', pg_sleep(3600);\n")
            eventually(lambda: sql("select count(*) from pg_stat_activity where usename = 'mandant_psql' and query ~ 'still'") == "1")
            seen = self.processes()
            self.assertIn(f"psql {self.email}", seen)
            told = sql("select string_agg(a::text, ' ') from pg_stat_activity a where usename = 'mandant_psql'")
            terminal.type("\x03")
            terminal.until("canceling statement")
            terminal.type("\\q\n")
            self.assertEqual(terminal.ended(), 0)
            history = "".join(path.read_text() for path in pathlib.Path(home).iterdir())
            self.assertIn("still", history)
            kept = sql("select encode(sha256(convert_to('" + token + "', 'UTF8')), 'hex')")
        log = self.logged().replace(f"convert_to('{token}'", "")  # the test's own question
        self.assertIn("still", log)
        for secret in (self.password, token):
            for place, text in (("processes", seen), ("activity", told), ("history", history), ("log", log), ("screen", terminal.said)):
                self.assertNotIn(secret, text, place)
        self.assertNotIn(f"'{kept}'", log)

    def test_neither_a_new_password_nor_its_hash_is_told_to_anybody(self):
        new = f"secret-{uuid.uuid4()}"
        told = mandant("set-password", self.email, said=f"{new}\n", user="postgres")
        self.assertEqual(told.returncode, 0, told.stderr)
        log = self.logged()
        self.assertIn("mandant.set_password", log)
        self.assertNotIn(new, log + told.stdout)
        self.assertNotIn("$argon2id", log)

    def test_a_connection_that_fails_tells_no_token(self):
        token = "0123456789abcdef" * 4
        for given in (token, f"{token}.{token}.{token}"):
            failed = subprocess.run(["psql", "-XAtU", "mandant_psql", "-c", "select principal from mandant.whoami()"],
                                    env={**os.environ, "PGOPTIONS": f"-c mandant.token={given}"}, capture_output=True, text=True, check=False)
            self.assertNotEqual(failed.returncode, 0)
            self.assertNotIn(token, failed.stderr + self.logged())


if __name__ == "__main__":
    unittest.main()
