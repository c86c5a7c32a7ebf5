"""`mandant lint`, and the logins that the service refuses to serve as. On databases of its own where something is wrong."""

import contextlib
import json
import os
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from client import sql
from test_service import MANDANT, eventually, free_port, refusal


def url(user, database):
    """A DATABASE_URL by way of the socket."""
    query = urllib.parse.urlencode({"host": os.environ["PGHOST"], "port": os.environ["PGPORT"], "user": user})
    return f"postgresql:///{database}?{query}"


def lint(*arguments, **environment):
    return subprocess.run(
        [MANDANT, "lint", *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60,
        check=False,
    )


class Scratch:
    """A database with the extension and nothing else, and a relay of its own."""

    def __init__(self):
        sql("drop database if exists lint_scratch")
        sql("drop role if exists lint_relay")
        sql("create database lint_scratch")
        self.sql("create extension pg_mandant")
        self.sql("revoke temporary on database lint_scratch from public")
        self.sql("create role lint_relay login")
        self.sql("select mandant.bind_relay('lint_relay')")

    def sql(self, text):
        return sql(text, {"PGDATABASE": "lint_scratch"})

    def drop(self):
        sql("drop database lint_scratch with (force)")
        sql("drop role lint_relay")


class Lint(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()

    @classmethod
    def tearDownClass(cls):
        cls.scratch.drop()

    def test_the_product_as_it_is_made_is_clean(self):
        told = lint()
        self.assertEqual((told.returncode, told.stderr), (0, ""), told.stdout)
        self.assertRegex(told.stdout, r"(?m)^info +bypassing_login +postgres$")
        self.assertRegex(told.stdout, r"\n0 errors, 0 warnings, \d+ to know\n$")
        for finding in json.loads(lint("--json").stdout):
            self.assertEqual(list(finding), ["rule", "level", "object", "reason", "fix"])

    def test_an_error_is_told_with_its_fix_and_by_the_exit_code(self):
        self.scratch.sql("create table public.open (tenant_id int not null primary key); grant select on open to public")
        there = {"DATABASE_URL": url("postgres", "lint_scratch")}
        told = lint(**there)
        self.assertEqual(told.returncode, 1, told.stderr)
        self.assertRegex(told.stdout, r"^error +unprotected_table +public.open\n")
        self.assertRegex(told.stdout, r"\n1 errors, ")
        told = lint("--json", **there)
        self.assertEqual(told.returncode, 1, told.stderr)
        found = [finding for finding in json.loads(told.stdout) if finding["level"] == "error"]
        self.assertEqual([(f["rule"], f["object"]) for f in found], [("unprotected_table", "public.open")])
        self.scratch.sql(found[0]["fix"])
        self.assertEqual(lint(**there).returncode, 0)
        self.scratch.sql("drop table public.open")

    def test_what_cannot_be_examined_is_one_sentence(self):
        for problem, arguments, environment in (
            ("there is no private database", ["--home", "/nowhere/at/all"], {}),
            ("is not a connection URL", [], {"DATABASE_URL": "nonsense"}),
            ("42501", [], {"DATABASE_URL": url("report_de", os.environ["PGDATABASE"])}),
            ("does not exist", [], {"DATABASE_URL": url("postgres", "postgres")}),
            ("does not answer", [], {"DATABASE_URL": url("nobody_of_this_name", "postgres")}),
        ):
            with self.subTest(problem):
                told = lint(*arguments, **environment)
                self.assertEqual((told.returncode, told.stdout), (2, ""))
                self.assertRegex(told.stderr, rf"^mandant: .*{problem}.*\n$")


class Refusal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch()

    @classmethod
    def tearDownClass(cls):
        cls.scratch.drop()

    @contextlib.contextmanager
    def serving(self, user, database):
        """The status of readyz, whenever it is asked."""
        address = f"127.0.0.1:{free_port()}"
        process = subprocess.Popen(
            [MANDANT, "serve", "--listen", address], env={**os.environ, "DATABASE_URL": url(user, database)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

        def ready():
            try:
                with urllib.request.urlopen(f"http://{address}/readyz", timeout=5) as answer:
                    return answer.status
            except urllib.error.HTTPError as refused:
                with refused:
                    return refused.status
            except OSError:
                return None

        try:
            eventually(ready)
            yield ready
        finally:
            process.terminate()
            process.wait(30)

    def refused(self, user, database="lint_scratch"):
        return refusal("--listen", f"127.0.0.1:{free_port()}", DATABASE_URL=url(user, database))

    def test_a_superuser(self):
        sentence = self.refused("postgres")
        self.assertIn("postgres is a superuser", sentence)
        self.assertIn("bind_relay", sentence)

    def test_a_bound_login(self):
        sentence = self.refused("report_de", os.environ["PGDATABASE"])
        self.assertIn("report_de is bound to a principal", sentence)
        self.assertIn("bind_relay", sentence)

    def test_a_login_that_is_neither(self):
        self.assertIn("report_us is no relay", self.refused("report_us"))

    def test_a_database_without_the_extension(self):
        self.assertIn("no extension pg_mandant", self.refused("lint_relay", "postgres"))

    def test_a_relay_that_could_bypass(self):
        for given, taken, said in (
            ("alter role lint_relay bypassrls", "alter role lint_relay nobypassrls", "a role with bypassrls"),
            ("alter role lint_relay createrole", "alter role lint_relay nocreaterole", "createrole"),
            ("alter role lint_relay createdb", "alter role lint_relay nocreatedb", "createdb"),
            ("alter role lint_relay replication", "alter role lint_relay noreplication", "replication"),
            ("grant mandant_owner to lint_relay", "revoke mandant_owner from lint_relay", "mandant_owner"),
            ("grant pg_read_all_data to lint_relay", "revoke pg_read_all_data from lint_relay", "pg_read_all_data"),
            ("grant postgres to lint_relay", "revoke postgres from lint_relay", "can become postgres"),
        ):
            with self.subTest(given):
                self.scratch.sql(given)
                try:
                    sentence = self.refused("lint_relay")
                finally:
                    self.scratch.sql(taken)
                self.assertIn("cannot serve with this login: lint_relay", sentence)
                self.assertIn(said, sentence)

    def test_a_relay_serves_until_it_could_bypass(self):
        with self.serving("lint_relay", "lint_scratch") as ready:
            self.assertEqual(ready(), 200)
            self.scratch.sql("alter role lint_relay bypassrls")
            self.assertEqual(ready(), 503)
            self.scratch.sql("alter role lint_relay nobypassrls")
            self.assertEqual(ready(), 200)


if __name__ == "__main__":
    unittest.main()
