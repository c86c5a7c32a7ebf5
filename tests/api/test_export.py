"""`mandant export` and `mandant restore`: a company as files, nothing of another in them, and the same company elsewhere."""

import contextlib
import csv
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from cluster import product  # noqa: E402
from test_lint import url  # noqa: E402
from test_service import MANDANT, eventually  # noqa: E402

# What the demo does not have: values that are hard to write, a contract, reminders, events of numbers, a team of several
# companies, settings of people, labels of their own.
MORE = r"""
set mandant.tenant = 'de';
insert into crm.customer (name, street, city, postal_code, country, email)
  values (E'Zeile 1\nZeile 2, "quer" \\. ; ä€𝄞', '', '\N', 'NULL', 'DE', null);
select id as customer from crm.customer where city = '\N' \gset
select d.id as quote from crm.create_document(:'customer', 'quote',
  '[{"description": "a\nb", "quantity": 1, "unit_price": 1, "tax_rate": 19}]', '2026-11-02') d \gset
select from crm.post_document(:'quote');
select c.id as contract from crm.create_contract(:'customer', 'Wartung', '2026-10-19',
  '[{"description": "Wartung", "quantity": 1, "unit_price": 310, "tax_rate": 19}]', minimum_months => 12, renewal_months => 12,
  notice_months => 3, billing_anchor => '2026-10-01') c \gset
select from crm.activate_contract(:'contract');
select from crm.run_contracts('2026-11-01', array[:'contract']::uuid[]);
select from crm.run_reminders('2027-06-30', 'de');
select from mandant.next_number('order', '2026-11-02');
select mandant.void_number('order', number, 'a mistake') from mandant.issued_number where kind = 'order' order by n desc limit 1;
select from mandant.create_team('Across');
select mandant.join_team('sales@de.example', 'Across'), mandant.join_team('sales@us.example', 'Across');
select mandant.set_setting('payment_terms_days', '21', tenant => 'de');
update crm.customer set team_id = (select id from mandant_internal.team where name = 'Across') where id = :'customer';
select from crm.define_labels('de', '{"quantity": "Anzahl"}');
select from crm.take_report_snapshot('trial_balance', 'kept');
"""
# Of a report, all but ids of company and people, which can be others elsewhere.
REPORTS = r"""
set mandant.tenant = 'de';
set client_min_messages = error;
select format('select %L, md5(string_agg((to_jsonb(r) - ''{tenant_id,owner_id,employee_id}''::text[])::text, '','' order by (to_jsonb(r) - ''{tenant_id,owner_id,employee_id}''::text[])::text)), count(*) from report.%I r',
              viewname, viewname)
  from pg_views where schemaname = 'report' and viewname not like '%\_kept'
    and viewname not in ('tenant', 'team', 'employee', 'number_register') order by 1 \gexec
select 'document', md5(string_agg(crm.render_document(d.id)::text, '' order by d.number)), count(*)
  from crm.document d join mandant.tenant t on t.id = d.tenant_id where d.posted_at is not null and t.code = 'de';
"""


def psql(text, database, user="postgres"):
    ran = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-U", user, "-f", "-"], input=text,
                         capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise AssertionError(ran.stderr)
    return ran.stdout.strip()


def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Export(unittest.TestCase):
    maxDiff = 5_000

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandant-export-", dir="/tmp"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.made = []
        cls.addClassCleanup(cls.drop)
        for database, demo in (("export_source", "900"), ("export_none", "")):
            cls.create(database)
            psql("set client_min_messages = error;" + product(demo), database)
            psql("insert into crm.installation (checksum) values ('0123456789abcdef')", database)  # as the installer does
        psql(MORE, "export_source")
        cls.de = cls.folder / "de"
        cls.said = cls.mandant("export_source", "export", "de", cls.de)

    @classmethod
    def create(cls, database, template="template0"):
        cls.made.append(database)
        cls.pg("createdb", "-T", template, "-O", "mandant_admin", database)
        return database

    @classmethod
    def drop(cls):
        for database in cls.made:
            cls.pg("dropdb", "--if-exists", "--force", database)

    @staticmethod
    def pg(program, *arguments):
        subprocess.run([program, *arguments], env={**os.environ, "PGUSER": "postgres"}, check=True)

    @staticmethod
    def command(database, user="postgres"):
        outside = {name: value for name, value in os.environ.items() if name not in ("PGUSER", "PGOPTIONS")}
        return {"env": {**outside, "DATABASE_URL": url(user, database)}}

    @classmethod
    def mandant(cls, database, *arguments, user="postgres", said="", **more):
        return subprocess.run([MANDANT, *map(str, arguments)], input=said, capture_output=True, text=True, timeout=120, check=False,
                              **cls.command(database, user), **more)

    def empty(self, name=None):
        """A database that has the product, and no company."""
        return self.create(name or f"export_{len(self.made)}", "export_none")

    def copy(self, name):
        """The folder, to be spoiled."""
        return pathlib.Path(shutil.copytree(self.de, self.folder / name))

    def restored(self, folder, *arguments, database=None):
        database = database or self.empty()
        told = self.mandant(database, "restore", folder, *arguments)
        self.assertEqual((told.returncode, told.stderr), (0, ""), told)
        return database, told.stdout

    def refused(self, told, *words):
        self.assertEqual((told.returncode, told.stdout), (1, ""), told)
        self.assertEqual(told.stderr.count("\n"), 1, told.stderr)
        for word in words:
            self.assertIn(word, told.stderr)

    def nothing_of(self, database):
        """Of what was refused or stopped."""
        self.assertEqual(psql("select count(*) from mandant_internal.tenant", database), "0")
        self.assertEqual(psql("select count(*) from mandant_internal.number", database), "0")
        self.assertEqual(psql("select count(*) from crm.exchange_rate", database), "0")

    def nothing_at(self, folder):
        self.assertFalse(folder.exists())
        self.assertEqual(list(folder.parent.glob(f".{folder.name}.partial*")), [])

    def file(self, folder, name):
        manifest = json.loads((folder / "manifest.json").read_text())
        return next(file for file in manifest["files"] if file["table"] == name)

    def rewrite(self, folder, name, text=None, **more):
        """Spoils a file, and makes the manifest fit."""
        path = folder / "manifest.json"
        manifest = json.loads(path.read_text())
        file = next(file for file in manifest["files"] if file["table"] == name)
        if text is not None:
            (folder / file["file"]).write_text(text, encoding="utf-8")
            file["sha256"] = hashlib.sha256(text.encode()).hexdigest()
        file.update(more)
        path.write_text(json.dumps(manifest))

    # ---- out

    def test_a_folder_says_what_it_holds(self):
        self.assertEqual((self.said.returncode, self.said.stderr), (0, ""), self.said)
        manifest = json.loads((self.de / "manifest.json").read_text())
        self.assertEqual((manifest["format"], manifest["checksum"], manifest["exported_by"]), (1, "0123456789abcdef", "postgres"))
        self.assertEqual({name: manifest["tenant"][name] for name in ("code", "country", "currency")},
                         {"code": "de", "country": "DE", "currency": "EUR"})
        self.assertEqual({path.name for path in self.de.iterdir()}, {file["file"] for file in manifest["files"]} | {"manifest.json"})
        for file in manifest["files"]:
            path = self.de / file["file"]
            self.assertEqual(hashlib.sha256(path.read_bytes()).hexdigest(), file["sha256"], file)
            self.assertEqual(len(rows(path)), file["rows"], file)
            with open(path, encoding="utf-8", newline="") as lines:
                self.assertEqual(next(csv.reader(lines)), file["columns"])
        self.assertEqual(self.de.stat().st_mode & 0o777, 0o700)

    def test_every_table_is_in_it_or_said_to_stay(self):
        manifest = json.loads((self.de / "manifest.json").read_text())
        there = psql("select c.oid::regclass from pg_class c where c.relkind in ('r', 'p') and not c.relispartition"
                     " and c.relnamespace::regnamespace::text in ('crm', 'mandant_internal', 'report')", "export_source").split()
        told = [file["table"] for file in manifest["files"]] + [table["table"] for table in manifest["left_out"]]
        self.assertEqual(sorted(told), sorted(there))
        self.assertTrue(all(table["reason"] for table in manifest["left_out"]))
        self.assertLessEqual({"mandant_internal.token", "mandant_internal.request", "mandant_internal.login"},
                             {table["table"] for table in manifest["left_out"]})
        text = "".join(path.read_text(encoding="utf-8") for path in self.de.iterdir())
        self.assertNotIn("$argon2id", text)
        self.assertIn("$argon2id", psql("select password_hash from mandant_internal.principal where name = 'sales@de.example'", "export_source"))

    def test_a_new_table_is_exported_and_one_that_says_nothing_of_itself_is_refused(self):
        database = self.create("export_more", "export_source")
        psql("""create table crm.task (tenant_id int not null, id int, note text, primary key (tenant_id, id));
                select mandant.protect('crm.task'); alter table crm.task owner to crm_owner;
                insert into crm.task select t.id, 1, 'of ' || t.code from mandant_internal.tenant t;
                create schema other; grant usage on schema other to mandant_user;
                create table other.part (tenant_id int not null, id int, primary key (tenant_id, id)) partition by range (tenant_id);
                create table other.part_1 partition of other.part default;
                select mandant.protect('other.part'); insert into other.part select t.id, 7 from mandant_internal.tenant t""", database)
        told = self.mandant(database, "export", "de", self.folder / "more")
        self.assertEqual(told.returncode, 0, told)
        self.assertEqual([row["note"] for row in rows(self.folder / "more/crm.task.csv")], ["of de"])
        self.assertEqual([row["id"] for row in rows(self.folder / "more/other.part.csv")], ["7"])
        # of others' tables what one may read oneself
        self.refused(self.mandant(database, "export", "de", self.folder / "no", user="report_group"), "42501")
        psql("grant select on other.part to mandant_user", database)
        self.assertEqual(self.mandant(database, "export", "de", self.folder / "more_group", user="report_group").returncode, 0)
        self.assertEqual([row["id"] for row in rows(self.folder / "more_group/other.part.csv")], ["7"])
        psql("create table crm.note (id int); alter table crm.note owner to crm_owner", database)
        self.refused(self.mandant(database, "export", "de", self.folder / "no"), "crm.note", "55000")
        self.nothing_at(self.folder / "no")

    def test_no_value_and_an_empty_text_differ(self):
        text = (self.de / "crm.customer.csv").read_text(encoding="utf-8")
        self.assertIn('"Zeile 1\nZeile 2, ""quer"" \\. ; ä€𝄞","",', text)
        self.assertIn(",NULL,\\N,", text)
        self.assertIn(",,", text)

    def test_nothing_of_another_company_is_in_it(self):
        home = psql("select id from mandant_internal.tenant where code = 'de'", "export_source")
        foreign = 0
        # without the condition and row security there would be: most tables have rows of others
        for table, column in (line.split("|") for line in psql(
                "select name, tenant_column from crm.exported_table() where kind = 'tenant' and tenant_column is not null", "export_source").splitlines()):
            foreign += int(psql(f"select exists (select from {table} where {column} <> {home})::int", "export_source"))
            found = {row[column] for row in rows(self.de / f"{table}.csv")}
            if table == "mandant_internal.principal":
                continue
            self.assertLessEqual(found, {home, ""}, table)
        self.assertGreater(foreign, 25)
        text = "".join(path.read_text(encoding="utf-8") for path in self.de.iterdir())
        marks = psql("""select format('select x.id::text from %s x where x.%I <> %L', e.relation, e.tenant_column, (select id from mandant_internal.tenant where code = 'de'))
            from crm.exported_table() e join pg_attribute a on a.attrelid = e.relation and a.attname = 'id' and a.atttypid = 'uuid'::regtype
            where e.kind = 'tenant' and e.tenant_column is not null and e.name not in ('mandant_internal.principal') \\gexec
            select name from crm.customer c where c.tenant_id <> (select id from mandant_internal.tenant where code = 'de');
            select p.name from mandant_internal.principal p join mandant_internal.tenant t on t.id = p.tenant_id where t.code in ('us', 'hk')""", "export_source")
        marks = [mark for mark in marks.splitlines() if len(mark) > 8]
        self.assertGreater(len(marks), 200)
        own = psql("select c.name from crm.customer c where c.tenant_id = (select id from mandant_internal.tenant where code = 'de')", "export_source").splitlines()
        own.append(psql("select name from mandant_internal.tenant where code = 'de'", "export_source"))
        self.assertEqual([mark for mark in marks if mark in text and mark not in own], [])
        # of the others no more than what they are known by
        others = [row for row in rows(self.de / "mandant_internal.tenant.csv") if row["code"] != "de"]
        self.assertTrue(others)
        self.assertTrue(all(not row["timezone"] and not row["state"] for row in others))

    def test_who_may_not_is_refused_in_one_sentence(self):
        for user, tenant, words in (("report_de", "de", "export"), ("report_us", "de", "not available"), ("report_group", "zz", "not available"),
                                    ("mandant_service", "de", "token")):
            told = self.mandant("export_source", "export", tenant, self.folder / "no", user=user)
            self.refused(told, words)
            if user != "mandant_service":
                self.assertIn("42501", told.stderr)
            self.nothing_at(self.folder / "no")

    def test_the_functions_give_nothing_else(self):
        def asked(text, user="report_group"):
            with self.assertRaises(AssertionError) as refused:
                psql(f"\\set VERBOSITY sqlstate\n{text}", "export_source", user)
            return re.search(r"ERROR:  (\w+)", str(refused.exception)).group(1)
        one = "set mandant.tenant = 'de';"
        self.assertEqual(asked("set mandant.tenant = 'de,us'; select * from crm.exported_rows(null::crm.customer, 'de')"), "55000")
        self.assertEqual(asked("select * from crm.exported_rows(null::crm.customer, 'de')"), "55000")
        for row in ("mandant_internal.token", "mandant_internal.login", "crm.installation", "pg_catalog.pg_class", "report.customer"):
            self.assertEqual(asked(f"{one} select * from crm.exported_rows(null::{row}, 'de')"), "22023", row)
        self.assertEqual(asked(f"{one} select * from crm.exported_rows(null::int, 'de')"), "22023")
        self.assertEqual(asked("select * from mandant_internal.number"), "42501")
        self.assertEqual(asked("select * from crm.exported_rows(null::crm.customer, 'de')", "report_de"), "42501")
        self.assertEqual(asked("select * from crm.begin_restore('{}')"), "42501")
        self.assertEqual(psql(f"{one} select count(password_hash) from crm.exported_rows(null::mandant_internal.principal, 'de')",
                              "export_source", "report_group"), "0")

    def test_whoever_may_exports_the_same(self):
        self.assertEqual(self.mandant("export_source", "export", "de", self.folder / "group", user="report_group").returncode, 0)
        self.same(self.de, self.folder / "group")
        # an employee who signs in, and knows of no other company
        psql("select mandant.add_employee('de', 'chief@de.example', 'Ch. Ef', 'demo'); select mandant.grant_role('chief@de.example', 'tenant_manager')",
             "export_source")
        try:
            told = self.mandant("export_source", "export", "de", self.folder / "manager", "--as", "chief@de.example", user="mandant_psql", said="demo\n")
            self.assertEqual(told.returncode, 0, told)
            codes = {row["code"] for row in rows(self.folder / "manager/mandant_internal.tenant.csv")}
            self.assertIn("de", codes)
            self.assertTrue(all(code == "de" or re.fullmatch(r"company-\d+", code) for code in codes), codes)
            self.assertEqual((self.folder / "manager/crm.document.csv").read_bytes(), (self.de / "crm.document.csv").read_bytes())
            self.assertEqual(psql("select count(*) from mandant_internal.token", "export_source"), "0")
        finally:
            psql("delete from mandant_internal.access_grant where principal_id = (select id from mandant_internal.principal where name = 'chief@de.example');"
                 "set session_replication_role = replica; delete from mandant_internal.access_event where subject = 'chief@de.example' or principal_id ="
                 " (select id from mandant_internal.principal where name = 'chief@de.example');"
                 "delete from mandant_internal.principal where name = 'chief@de.example'", "export_source")

    def test_a_folder_that_is_not_empty_or_cannot_be_is_refused(self):
        full = self.folder / "full"
        full.mkdir()
        (full / "mine").write_text("mine")
        self.refused(self.mandant("export_source", "export", "de", full), "is not empty")
        self.assertEqual([path.name for path in full.iterdir()], ["mine"])
        self.refused(self.mandant("export_source", "export", "de", full / "mine"), "cannot be written to")
        self.refused(self.mandant("export_source", "export", "de", full / "mine/below"), "mine")
        self.refused(self.mandant("export_source", "export", "de", full / "missing/below"), "No such file")
        (self.folder / "ready").mkdir()
        self.assertEqual(self.mandant("export_source", "export", "de", self.folder / "ready").returncode, 0)

    def test_a_disk_that_is_full_leaves_nothing(self):
        def small():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        told = self.mandant("export_source", "export", "de", self.folder / "small", preexec_fn=small)
        self.refused(told, "cannot write", "File too large")
        self.nothing_at(self.folder / "small")

    @contextlib.contextmanager
    def held(self, database, table, mode):
        """Somebody holds a table, so that a command waits in the middle."""
        with subprocess.Popen(["psql", "-XqAt", "-d", database, "-U", "postgres"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            holder.stdin.write(f"begin; lock table {table} in {mode} mode; select 'held';\n")
            holder.stdin.flush()
            self.assertEqual(holder.stdout.readline(), "held\n")
            try:
                yield
            finally:
                holder.stdin.close()
                holder.wait(60)

    def waiting(self, database):
        return int(psql(f"select count(*) from pg_stat_activity where datname = '{database}' and"
                        " (wait_event_type = 'Lock' or wait_event = 'PgSleep')", database))

    def begun(self, database, *arguments, user="postgres"):
        """In the middle of it."""
        process = subprocess.Popen([MANDANT, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   **self.command(database, user))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        eventually(lambda: self.waiting(database) or process.poll() is not None)
        self.assertIsNone(process.poll())
        return process

    def ended(self, database):
        psql(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{database}' and pid <> pg_backend_pid()", database)
        eventually(lambda: not self.waiting(database))

    def test_an_export_that_is_stopped_leaves_nothing(self):
        database = self.create("export_slow", "export_source")
        psql("""create schema other; grant usage on schema other to mandant_user;
                create table other.slow (tenant_id int not null, id int, primary key (tenant_id, id));
                select mandant.protect('other.slow'); grant select on other.slow to mandant_user;
                insert into other.slow select t.id, 1 from mandant_internal.tenant t;
                create function other.waits() returns boolean language plpgsql as 'begin perform pg_sleep(60); return true; end';
                create policy slow on other.slow as restrictive for select to public using (other.waits())""", database)

        def begun(folder):
            process = self.begun(database, "export", "de", folder, user="report_group")
            partial = list(folder.parent.glob(f".{folder.name}.partial*"))
            self.assertEqual(len(partial), 1)
            self.assertTrue((partial[0] / "crm.customer.csv").exists())
            return process, partial[0]
        process, _ = begun(self.folder / "stopped")
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=60), ("", "mandant: stopped: nothing was exported\n"))
        self.assertEqual(process.returncode, 1)
        self.nothing_at(self.folder / "stopped")
        self.ended(database)
        # killed, it can tidy nothing up, but that is no folder, and has no manifest
        process, partial = begun(self.folder / "killed")
        process.kill()
        process.communicate(timeout=60)
        self.assertFalse((self.folder / "killed").exists())
        self.assertFalse((partial / "manifest.json").exists())
        self.refused(self.mandant("export_none", "restore", partial), "manifest.json")
        self.ended(database)
        # the server goes away
        process, _ = begun(self.folder / "lost")
        self.ended(database)
        self.assertEqual(process.communicate(timeout=60)[1].count("\n"), 1)
        self.assertEqual(process.returncode, 1)
        self.nothing_at(self.folder / "lost")

    # ---- and back

    def same(self, one, other, ignored=()):
        for path in sorted(one.iterdir()):
            if path.name != "manifest.json" and path.name not in ignored:
                self.assertEqual(path.read_text(encoding="utf-8"), (other / path.name).read_text(encoding="utf-8"), path.name)
        self.assertEqual({path.name for path in one.iterdir()}, {path.name for path in other.iterdir()})

    def test_a_company_is_the_same_elsewhere(self):
        database, said = self.restored(self.de)
        self.assertIn("group stands for a company of another database", said)
        again = self.folder / "again"
        self.assertEqual(self.mandant(database, "export", "de", again).returncode, 0)
        self.same(self.de, again, ["mandant_internal.access_event.csv"])
        before, after = rows(self.de / "mandant_internal.access_event.csv"), rows(again / "mandant_internal.access_event.csv")
        self.assertEqual(after[:len(before)], before)
        self.assertEqual([row["event"] for row in after[len(before):]], ["restore_tenant"])
        self.assertEqual(psql(REPORTS, database), psql(REPORTS, "export_source"))
        proof = "select kind, period, rows, intact, head from mandant.verify_numbers(tenant => 'de') order by 1, 2"
        self.assertEqual(psql(proof, database), psql(proof, "export_source"))
        self.assertGreater(int(psql("select count(*) from mandant.verify_numbers(tenant => 'de') where intact", database)), 4)
        self.assertEqual(psql("select rule || ': ' || object from mandant.lint() where level = 'error'", database),
                         psql("select rule || ': ' || object from mandant.lint() where level = 'error'", "export_source"))
        # it goes on: the next number, the right people, nothing that was posted changes
        draft = """set client_min_messages = error; set mandant.tenant = 'de'; begin;
                   select d.id as draft from crm.document d join mandant.tenant t on t.id = d.tenant_id and t.code = 'de'
                     where d.kind = 'invoice' and d.status = 'draft' order by d.id limit 1 \\gset
                   select number, gross from crm.post_document(:'draft'); rollback"""
        self.assertEqual(psql(draft, database), psql(draft, "export_source"))
        with self.assertRaisesRegex(AssertionError, "is posted, cannot change"):
            psql("update crm.document set net = 1 where status = 'posted'", database)
        with self.assertRaisesRegex(AssertionError, "e-mail or password is wrong"):
            psql("select mandant.sign_in('sales@de.example', 'demo')", database, "mandant_psql")
        psql("select mandant.set_password('sales@de.example', 'again')", database)
        self.assertEqual(psql("select expires_at > now() from mandant.sign_in('sales@de.example', 'again')", database, "mandant_psql"), "t")
        # a login, with what it had
        bind = json.loads((self.de / "manifest.json").read_text())["left_out"]
        bind = next(table["reason"] for table in bind if table["table"] == "mandant_internal.login").split(": ")[-1]
        psql(f"select {bind}", database)
        self.assertEqual(psql("select count(*), count(distinct tenant_id) from crm.document", database, "report_de"), psql(
            "select count(*), count(distinct tenant_id) from crm.document", "export_source", "report_de"))
        # the company that was stood for comes, too, and then the group is whole
        us = self.folder / "us"
        self.assertEqual(self.mandant("export_source", "export", "us", us).returncode, 0)
        self.restored(us, database=database)
        self.assertEqual(psql("select t.state, p.state from mandant_internal.tenant t join mandant_internal.principal p on p.tenant_id = t.id"
                              " where t.code = 'us' and p.name = 'sales@us.example'", database), "active|active")
        self.assertEqual(psql("select count(*) from mandant.verify_numbers() where not intact", database), "0")

    def test_where_ids_are_taken_the_register_is_proved_before_it_is_chained_anew(self):
        database = self.empty()
        psql("""select mandant.create_tenant('group', 'Other', 'FR', 'EUR'), mandant.create_tenant('fr', 'FR', 'FR', 'EUR'),
                  mandant.create_tenant('it', 'IT', 'IT', 'EUR');
                select mandant.add_employee('fr', 'sales@de.example', 'Jürgen Größmann', 'demo');
                select from crm.define_labels('de', '{"quantity": "Zahl"}');
                select from crm.define_labels('de', '{"quantity": "Anzahl"}')""", database)
        _, said = self.restored(self.de, database=database)
        self.assertIn("chains of numbers were intact and begin anew", said)
        self.assertIn("who belong to another one here (1)", said)
        self.assertNotEqual(psql("select id from mandant_internal.tenant where code = 'de'", database),
                            psql("select id from mandant_internal.tenant where code = 'de'", "export_source"))
        # all but those that name an employee, who is another company's here, and so not named
        naming = ("attainment", "forecast", "forecast_against_target", "pipeline", "revenue_by_team", "target")
        of_rows = lambda database: [line for line in psql(REPORTS, database).splitlines() if line.split("|")[0] not in naming]  # noqa: E731
        self.assertEqual(of_rows(database), of_rows("export_source"))
        self.assertEqual(psql("select count(*) > 4, bool_and(intact) from mandant.verify_numbers(tenant => 'de')", database), "t|t")
        # both heads of each chain are told
        heads = psql("select head from mandant.verify_numbers(tenant => 'de')", "export_source").splitlines()
        new_heads = psql("select head from mandant.verify_numbers(tenant => 'de')", database).splitlines()
        told = psql("select details from mandant.access_history where event = 'chain_numbers_anew'", database)
        self.assertFalse(set(heads) & set(new_heads))
        for head in heads + new_heads:
            self.assertIn(head, told)
        # who is somebody else's here stays it, and has no rights of home
        self.assertEqual(psql("select t.code, (select count(*) from mandant_internal.access_grant g where g.principal_id = p.id) from mandant_internal.principal p"
                              " join mandant_internal.tenant t on t.id = p.tenant_id where p.name = 'sales@de.example'", database), "fr|0")
        # a register that was forged on the way is found out
        spoiled = self.copy("forged")
        text = (spoiled / "mandant_internal.number.csv").read_text()
        self.rewrite(spoiled, "mandant_internal.number", text.replace("RE-2026-00007", "RE-2026-70007"))
        other = self.empty()
        psql("select mandant.create_tenant('group', 'G', 'FR', 'EUR'), mandant.create_tenant('fr', 'FR', 'FR', 'EUR'), mandant.create_tenant('it', 'I', 'FR', 'EUR')", other)
        self.refused(self.mandant(other, "restore", spoiled), "not intact", "RE-2026-70007")
        self.assertEqual(psql("select count(*) from mandant_internal.tenant where code = 'de'", other), "0")

    def test_what_is_not_whole_is_refused_before_anything_is_written(self):
        database = self.empty()
        refused = lambda folder, *words: self.refused(self.mandant(database, "restore", folder), *words)  # noqa: E731
        refused(self.folder / "nowhere", "manifest.json")
        refused(self.folder, "manifest.json")
        spoiled = self.copy("tampered")
        text = (spoiled / "crm.customer.csv").read_text()
        (spoiled / "crm.customer.csv").write_text(text.replace("GmbH", "gmbh", 1))
        refused(spoiled, "crm.customer.csv", "SHA-256")
        spoiled = self.copy("missing")
        (spoiled / "crm.price.csv").unlink()
        refused(spoiled, "crm.price.csv", "No such file")
        spoiled = self.copy("format")
        manifest = json.loads((spoiled / "manifest.json").read_text())
        for change, words in (({"format": 2}, "format 2"), ({"version": "9.9"}, "version 9.9"), ({"checksum": "f" * 64}, "ffff"),
                              ({"files": manifest["files"][1:]}, manifest["files"][0]["table"]),
                              ({"files": [{**manifest["files"][0], "columns": ["x"]}, *manifest["files"][1:]]}, manifest["files"][0]["table"]),
                              ({"files": [{**manifest["files"][0], "file": "../x.csv"}]}, "../x.csv"),
                              ({"tenant": {**manifest["tenant"], "code": "fr"}}, "fr")):
            (spoiled / "manifest.json").write_text(json.dumps({**manifest, **change}))
            refused(spoiled, words)
        (spoiled / "manifest.json").write_text("{")
        refused(spoiled, "not the manifest")
        spoiled = self.copy("counted")
        self.rewrite(spoiled, "crm.customer", rows=1)
        refused(spoiled, "crm.customer.csv", "and 1 in the manifest")
        # what is in itself right, and not of this company or not whole
        spoiled = self.copy("foreign")
        home = json.loads((spoiled / "manifest.json").read_text())["tenant"]["id"]
        text = (spoiled / "crm.price_list.csv").read_text()
        self.rewrite(spoiled, "crm.price_list", text.replace(f"\n{home},", f"\n{home + 1},"))
        refused(spoiled, "crm.price_list", "another company")
        spoiled = self.copy("lost")
        lines = (spoiled / "crm.price_list.csv").read_text().splitlines(keepends=True)
        self.rewrite(spoiled, "crm.price_list", lines[0], rows=0)
        refused(spoiled, "refers to what is not there")
        spoiled = self.copy("header")
        text = (spoiled / "crm.price.csv").read_text()
        self.rewrite(spoiled, "crm.price", text.replace("valid_from", "valid", 1))
        refused(spoiled, "crm.price.csv", "header")
        self.nothing_of(database)
        refused = self.mandant("export_source", "restore", self.de)
        self.refused(refused, 'tenant "de" is here already', "42710")
        self.refused(self.mandant(database, "restore", self.de, user="mandant_admin"), "42501")
        self.nothing_of(database)

    def test_shared_data_that_is_otherwise_is_refused_or_kept(self):
        database = self.empty()
        psql("update crm.unit set unece = 'XXX' where code = 'hour'", database)
        told = self.mandant(database, "restore", self.de)
        self.refused(told, "crm.unit", "hour", "--keep-shared")
        self.nothing_of(database)
        _, said = self.restored(self.de, "--keep-shared", database=database)
        self.assertIn("crm.unit: 1 rows are otherwise here, and stay so: (hour)", said)
        self.assertEqual(psql("select unece from crm.unit where code = 'hour'", database), "XXX")
        self.assertEqual(psql("select count(*) from mandant.audit_log where \"table\" = 'crm.exchange_rate'", database),
                         psql("select count(*) from crm.exchange_rate", database))

    def test_a_role_gets_no_right_that_it_does_not_have_there(self):
        database = self.empty()
        source = self.create("export_roles", "export_source")
        psql("select from mandant.define_role('clerk', 'Clerk'); select mandant.allow('clerk', 'invoice', array['read']);"
             "select from mandant.define_role('porter', 'Porter'); select mandant.allow('porter', 'invoice', array['post'])", source)
        psql("select from mandant.define_role('porter', 'Porter')", database)
        folder = self.folder / "roles"
        self.assertEqual(self.mandant(source, "export", "de", folder).returncode, 0)
        self.refused(self.mandant(database, "restore", folder), "porter,invoice,post")
        self.restored(folder, "--keep-shared", database=database)
        self.assertEqual(psql("select role, object, action from mandant_internal.role_right where role in ('clerk', 'porter')", database), "clerk|invoice|read")

    def test_a_restore_that_is_stopped_leaves_nothing(self):
        database = self.empty()
        for how in (signal.SIGINT, signal.SIGKILL):
            with self.held(database, "crm.stage_change", "share"):
                process = self.begun(database, "restore", self.de)
                process.send_signal(how)
                said = process.communicate(timeout=60)
                if how == signal.SIGINT:
                    self.assertEqual(said, ("", "mandant: stopped: nothing was restored\n"))
            eventually(lambda: psql(f"select count(*) from pg_stat_activity where datname = '{database}' and pid <> pg_backend_pid()", database) == "0")
            self.nothing_of(database)
        self.restored(self.de, database=database)

    def test_the_readme_says_how(self):
        text = (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
        block = re.search(r"## Move a tenant out\n\n```sh\n(.*?)```", text, re.S).group(1)
        export, restore = block.splitlines()
        database = self.empty()
        for line, database in ((export, "export_source"), (restore, database)):
            command = self.command(database)
            command["env"].update(HOME=str(self.folder), MANDANT=str(MANDANT))
            ran = subprocess.run(["bash", "-ec", f'mandant() {{ "$MANDANT" "$@"; }}; {line}'], capture_output=True, text=True, check=False, **command)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""), ran)
        self.assertEqual(psql("select count(*) from crm.document", database),
                         str(len(rows(self.folder / "example-de/crm.document.csv"))))

    def test_memory_does_not_grow_with_rows(self):
        database = self.create("export_many", "export_source")
        psql("insert into mandant_internal.audit (tenant_id, table_name, object, key, action, new, by_login)"
             " select t.id, 'crm.customer', 'customer', n::text, 'update', jsonb_build_object('note', repeat('x', 1000)), 'x'"
             " from mandant_internal.tenant t, generate_series(1, 60000) n where t.code = 'de'", database)
        folder = self.folder / "many"

        def peak(database, *arguments):
            ran = subprocess.run([sys.executable, "-c", "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode;"
                                  "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)", MANDANT, *map(str, arguments)],
                                 capture_output=True, text=True, timeout=300, check=True, **self.command(database))
            return int(ran.stdout.split()[-1]) * 1024
        out = peak(database, "export", "de", folder)
        size = sum(path.stat().st_size for path in folder.iterdir())
        self.assertGreater(size, 60_000_000)
        back = peak(self.empty(), "restore", folder)
        self.assertLess(max(out, back), size / 1.5, (out, back, size))


if __name__ == "__main__":
    unittest.main()
