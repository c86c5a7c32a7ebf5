"""`mandant install` and `mandant update` on a server of one's own: wholly or not at all, once, and what must not be served is not."""

import os
import pathlib
import subprocess
import sys
import unittest

from client import Client, sign_in
from serving import serving
from test_service import MANDANT, eventually, free_port, refusal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from cluster import Cluster, Refused  # noqa: E402

RELEASE = "select concat_ws(' ', e.extversion, i.version, i.checksum, i.installed_at) from pg_extension e, crm.installation i where extname = 'pg_mandant'"
OF_OURS = "select count(*) from pg_namespace where nspname ~ '^(mandant|crm$|report$|trgm$)'"


class Install(unittest.TestCase):
    maxDiff = 2_000

    @classmethod
    def setUpClass(cls):
        cls.server = Cluster(shared_preload_libraries="pg_stat_statements").__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        asked = subprocess.run([MANDANT, "--version"], capture_output=True, text=True, check=True)
        cls.version = asked.stdout.split()[1]
        # what most tests begin with, as an installation takes its time
        cls.server.psql("create database product", database="postgres")
        both = [subprocess.Popen([MANDANT, "install"], env=cls.environment("product"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True) for _ in range(2)]
        cls.both = [(*one.communicate(), one.returncode) for one in both]

    def sql(self, text, database="mandant"):
        return self.server.psql(text, database=database)

    def database(self, name, more=""):
        self.sql(f"create database {name} {more}", "postgres")
        self.addCleanup(self.sql, f"drop database {name} with (force)", "postgres")
        return name

    @classmethod
    def environment(cls, database, user="postgres"):
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return {**outside, "DATABASE_URL": f"postgresql://{user}@/{database}?host={cls.server.folder}&port={cls.server.port}"}

    def run_(self, *arguments, database="mandant", user="postgres"):
        return subprocess.run([MANDANT, *arguments], env=self.environment(database, user), capture_output=True, text=True,
                              timeout=300, check=False)

    def said(self, *arguments, **where):
        ran = self.run_(*arguments, **where)
        self.assertEqual(ran.returncode, 0, ran)
        return ran

    def refused(self, *arguments, **where):
        ran = self.run_(*arguments, **where)
        self.assertEqual((ran.returncode, ran.stdout), (1, ""), ran)
        sentence = ran.stderr.strip()
        self.assertTrue(sentence.startswith("mandant: ") and "\n" not in sentence, sentence)
        return sentence

    def test_it_is_installed_once_and_served(self):
        self.sql("create role mandant_admin login", "postgres")
        self.addCleanup(self.sql, "drop role mandant_admin", "postgres")
        self.database("mandant", "owner mandant_admin")
        ran = self.said("install", "--demo", "small")
        self.assertIn("Installing the extension, the CRM and three companies.\nInstalled " + self.version, ran.stdout)
        self.assertIn("shared_preload_libraries = 'pg_stat_statements, pg_mandant' in postgresql.conf", ran.stderr)
        self.assertEqual(self.sql("select count(*) from mandant_internal.tenant where code in ('us', 'de', 'hk')"), "3")
        before = self.sql(RELEASE)
        self.assertEqual(before.split()[:2], [self.version] * 2)

        for command in ("install", "update"):
            self.assertEqual(self.said(command).stdout, f"Nothing to do: {self.version} is installed.\n")
        self.assertIn("come with a new database only", self.said("install", "--demo", "year").stdout)
        self.assertEqual(self.sql(RELEASE), before)

        with serving(self.server.folder, 2, self.server.port) as url:
            sales = sign_in("sales@de.example", url)
            self.assertEqual(sales.get("/v1/me").json["tenants"], ["de"])

    def test_two_at_once_install_one(self):
        last = sorted(out.splitlines()[-1] for out, _, code in self.both if code == 0)
        self.assertEqual(last, [f"Installed {self.version}. Serve it as mandant_service, which has no password yet.",
                                f"Nothing to do: {self.version} is installed."], self.both)

    def test_what_cannot_be_installed_is_refused_and_nothing_is_half_done(self):
        self.sql("create role somebody login", "postgres")
        self.addCleanup(self.sql, "drop role somebody", "postgres")
        self.database("empty")
        self.database("latin", "template template0 encoding 'LATIN1' locale 'C'")
        for sentence, arguments, where in (
            ("somebody is no superuser", ["install"], {"user": "somebody"}),
            ("somebody is no superuser", ["update"], {"user": "somebody"}),
            ("create role mandant_admin login", ["install", "--demo", "small"], {}),
            ("encoded in LATIN1", ["install"], {"database": "latin"}),
            ("`mandant install` puts it there", ["update"], {}),
        ):
            with self.subTest(sentence):
                self.assertIn(sentence, self.refused(*arguments, **{"database": "empty", **where}))
                self.assertEqual(self.sql(OF_OURS, where.get("database", "empty")), "0")
        self.sql("create schema report; create extension pg_trgm", "empty")
        self.assertIn("already: extension pg_trgm, schema report;", self.refused("install", database="empty"))
        self.assertEqual(self.sql(OF_OURS, "empty"), "1")

    def test_a_failure_in_the_middle_leaves_nothing(self):
        self.database("mandant")
        self.sql("create function refuse() returns event_trigger language plpgsql as $$ begin"
                 " if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'crm.installation') then"
                 " raise 'not today' using errcode = '0A000'; end if; end $$;"
                 "create event trigger refuse on ddl_command_end execute function refuse()")
        ran = self.run_("install")
        self.assertEqual(ran.returncode, 1)
        self.assertRegex(ran.stderr, r"^mandant: sql/000_schema.sql: not today \(SQLSTATE 0A000\)\n$")
        self.assertEqual(self.sql(OF_OURS), "0")

    def test_from_other_code_no_update_leads_here(self):
        self.database("mandant", "template product")
        for change, install, update in (
            ("checksum = 'other'", "by other code", "by other code"),
            ("version = '9.0.0'", "is newer than this", "is newer than this"),
            ("version = '0.0.1'", "from which no update leads to", "from which no update leads to"),
        ):
            with self.subTest(change):
                kept = self.sql("select format('version = %L, checksum = %L', version, checksum) from crm.installation")
                self.sql(f"update crm.installation set {change}")
                before = self.sql(RELEASE)
                self.assertIn(install, self.refused("install"))
                self.assertIn(update, self.refused("update"))
                self.assertEqual(self.sql(RELEASE), before)
                self.sql(f"update crm.installation set {kept}")
        self.said("update")

    def test_another_version_is_not_served(self):
        self.database("mandant", "template product")
        service = self.environment("mandant", "mandant_service")
        extension = "set allow_system_table_mods = on; update pg_extension set extversion = '{}' where extname = 'pg_mandant'"
        for change, named in ((extension, "the extension of version 0.0.9"),
                              ("update crm.installation set version = '{}'", "the CRM of version 0.0.9")):
            with self.subTest(named):
                self.sql(change.format("0.0.9"))
                sentence = refusal("--listen", f"127.0.0.1:{free_port()}", **service)
                self.assertIn(named, sentence)
                self.assertIn("mandant update", sentence)
                self.sql(change.format(self.version))

        # one that was away when the service began is asked with its first connection
        self.sql(extension.format("0.0.9"))
        self.server.stop()
        with serving(self.server.folder, 1, self.server.port) as url:
            self.assertEqual(Client(url=url).get("/readyz").status, 503)
            self.server.start()
            unfit = eventually(lambda: "do not fit" in Client(url=url).get("/readyz").text)
            self.assertTrue(unfit)
            self.sql(extension.format(self.version))
            eventually(lambda: Client(url=url).get("/readyz").status == 200)

    def test_which_database_is_asked(self):
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PG") and name != "DATABASE_URL"}
        ran = subprocess.run([MANDANT, "install"], env=outside, capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 1)
        self.assertIn("DATABASE_URL, or PGHOST", ran.stderr)
        with self.assertRaises(Refused):
            self.sql("select", "mandant")  # none was made


if __name__ == "__main__":
    unittest.main()
