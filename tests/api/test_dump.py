"""pg_dump and pg_restore: a copy is the same database, still protected, its register whole and going on."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

# Where policies, rights, grants and functions are said, and the rows of each table in one line.
FINGERPRINT = r"""
set search_path = '';
create temp view mine as select c.* from pg_catalog.pg_class c
  where c.relnamespace::regnamespace::text !~ '^pg_|^information_schema';
select format('select %L, count(*), md5(string_agg(r::text, %L order by r::text collate "C")) from %s r', 'rows of ' || c.oid::regclass,
              ',', c.oid::regclass)
  from mine c where c.relkind in ('r', 'p') and c.oid <> 'mandant_internal.sign_in_attempt'::regclass
  order by c.oid::regclass::text collate "C" \gexec
select 'policy', p::text from pg_catalog.pg_policies p order by p::text;
select 'relation', c.oid::regclass, c.relkind, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
       (select array_agg(a::text order by a::text)
          from unnest(coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))) a)
  from mine c order by c.oid::regclass::text;
select 'column', a.attrelid::regclass, a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod), a.attacl,
       (select pg_get_expr(d.adbin, d.adrelid) from pg_catalog.pg_attrdef d where (d.adrelid, d.adnum) = (a.attrelid, a.attnum))
  from pg_catalog.pg_attribute a join mine c on c.oid = a.attrelid
  where a.attnum > 0 and not a.attisdropped order by a.attrelid::regclass::text, a.attname::text;
select 'function', p.oid::regprocedure, p.proowner::regrole, md5(pg_get_functiondef(p.oid)),
       (select array_agg(a::text order by a::text) from unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a)
  from pg_catalog.pg_proc p where p.prokind = 'f' and p.pronamespace::regnamespace::text !~ '^pg_|^information_schema'
  order by p.oid::regprocedure::text;
select 'view', c.oid::regclass, md5(pg_get_viewdef(c.oid)) from mine c
  where c.relkind = 'v' and c.relnamespace <> pg_my_temp_schema() order by c.oid::regclass::text;
select 'trigger', t.tgrelid::regclass, t.tgname, t.tgenabled, md5(pg_get_triggerdef(t.oid))
  from pg_catalog.pg_trigger t where not t.tgisinternal order by t.tgrelid::regclass::text, t.tgname::text;
select 'event trigger', e.evtname, e.evtenabled, e.evtfoid::regprocedure from pg_catalog.pg_event_trigger e order by e.evtname::text;
select 'constraint', k.conrelid::regclass, k.conname, k.convalidated, pg_get_constraintdef(k.oid)
  from pg_catalog.pg_constraint k order by k.conrelid::regclass::text, k.contypid::regtype::text, k.conname::text;
select 'index', i.indexrelid::regclass, i.indisvalid, pg_get_indexdef(i.indexrelid)
  from pg_catalog.pg_index i join mine c on c.oid = i.indexrelid order by i.indexrelid::regclass::text;
select 'schema', n.nspname, n.nspowner::regrole,
       (select array_agg(a::text order by a::text) from unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) a)
  from pg_catalog.pg_namespace n where n.nspname !~ '^pg_' order by n.nspname::text;
select 'sequence', s.schemaname, s.sequencename, s.last_value from pg_catalog.pg_sequences s order by s.schemaname, s.sequencename;
select 'comment', i.type, i.identity, d.objsubid, md5(d.description)
  from pg_catalog.pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) i
  where d.objoid >= 16384 order by i.type, i.identity, d.objsubid, d.description;
select 'extension', e.extname, e.extversion, array(select unnest(e.extconfig)::regclass::text order by 1)
  from pg_catalog.pg_extension e order by e.extname::text;
select 'database', (select array_agg(a::text order by a::text) from unnest(d.datacl) a), d.datdba::regrole
  from pg_catalog.pg_database d where d.datname = current_database();
select 'login', r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcanlogin, r.rolpassword,
       array(select m.roleid::regrole::text from pg_catalog.pg_auth_members m where m.member = r.oid order by 1),
       (select array_agg((s.setdatabase <> 0) || unnested order by s.setdatabase <> 0, unnested)
          from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) unnested
          where s.setrole = r.oid
            and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database())))
  from pg_catalog.pg_authid r where r.rolname !~ '^pg_' order by r.rolname::text;
"""
# What people and reports see: everything that a login may read, but for what is counted while it is read.
SEEN = r"""
select format('select %L, count(*), md5(string_agg(r::text, %L order by r::text collate "C")) from %s r', c.oid::regclass, ',', c.oid::regclass)
  from pg_class c where c.relnamespace::regnamespace::text in ('crm', 'report', 'mandant') and c.relkind in ('r', 'v')
    and has_table_privilege(c.oid, 'select') and c.oid not in ('mandant.access_grant'::regclass, 'mandant.stat_tenant'::regclass)
  order by c.oid::regclass::text \gexec
"""
LOGINS = ("report_us", "report_de", "report_hk", "report_group", "mandant_admin")
# What an administrator may have changed before the dump.
CHANGES = r"""
select from mandant.define_role('dump_bookkeeper', 'Keeps the books');
select mandant.allow('dump_bookkeeper', 'invoice', array['read', 'post']);
select mandant.disallow('tenant_manager', 'team', array['delete']); -- taken from a shipped role
select mandant.allow('tenant_manager', 'series', array['update'], 'own'); -- less deep than shipped
select mandant.allow('reader', 'document', array['export']); -- beside what is shipped
select from mandant.grant_role('sales@de.example', 'dump_bookkeeper', 'us', valid_until => now() + interval '1 day', reason => 'dump');
select from mandant.add_employee('us', 'dump@us.example', 'Left Us', 'demo');
select from mandant.deactivate_employee('dump@us.example', 'left');
select from mandant.create_tenant('dump', 'Dumped', 'CH', 'CHF', parent => 'group');
select from mandant.suspend_tenant('dump', 'dump');
create schema dump;
grant usage on schema dump to mandant_user;
create table dump.shared (tenant_id int not null, id uuid, note text, primary key (tenant_id, id));
create table dump.part (tenant_id int not null, id int not null, owner_id uuid, note text, primary key (tenant_id, id)) partition by range (tenant_id);
create table dump.part_1 partition of dump.part for values from (1) to (3);
create table dump.part_2 partition of dump.part default;
select mandant.protect('dump.shared');
select mandant.unprotect('dump.shared');
alter table dump.shared enable row level security;
create policy by_hand on dump.shared for select to mandant_user using (note <> 'hidden');
select mandant.protect('dump.part', object => 'document', owner => 'owner_id');
grant select, insert on dump.part, dump.shared to mandant_user;
insert into dump.part select t.id, n, null, t.code from mandant.tenant t, generate_series(1, 3) n;
insert into dump.shared select t.id, mandant.new_id(), t.code from mandant.tenant t;
"""
# As an employee of us, the next invoice: what it is said to be, and what it is.
INVOICE = r"""
set mandant.tenant = 'us';
select next_preview from mandant.series where kind = 'invoice';
select customer_id as customer from crm.document limit 1 \gset
select d.id as draft from crm.create_document(:'customer', 'invoice',
  '[{"description": "Copied", "quantity": 1, "unit": "hour", "unit_price": 100, "tax_rate": 0}]') d \gset
select number from crm.post_document(:'draft');
select count(*), count(distinct number), max(n) - min(n) + 1 from mandant.issued_number where kind = 'invoice' and period =
  (select max(period) from mandant.issued_number where kind = 'invoice');
"""


class Server:
    """A PostgreSQL server: its programs, and psql as any login."""

    def __init__(self, environment):
        self.environment = {**os.environ, **environment}
        self.programs = pathlib.Path(self.psql("select setting from pg_config where name = 'BINDIR'", "postgres"))

    def run(self, program, *arguments, ok=True, **options):
        command = [self.programs / program, *map(str, arguments)]
        ran = subprocess.run(command, env={**self.environment, "PGUSER": "postgres"}, capture_output=True, text=True, **options)
        said = ran.stdout + ran.stderr
        assert ran.returncode == 0 or not ok, f"{program}: {said}"
        return ran.stdout

    def psql(self, text, database, user="postgres"):
        """What psql prints; errors go where they happen."""
        ran = subprocess.run(["psql", "-XqAt", "-v", "VERBOSITY=verbose", "-d", database, "-U", user, "-f", "-"],
                             env=self.environment, input=text, capture_output=True, text=True)
        return (ran.stdout + re.sub(r"^psql:<stdin>:\d+: ", "", ran.stderr, flags=re.M)).strip()

    def fingerprint(self, database):
        return self.told(FINGERPRINT, database).splitlines()

    def seen(self, database):
        return {login: self.told(SEEN, database, login) for login in LOGINS}

    def told(self, text, database, user="postgres"):
        """What psql prints, without any error."""
        said = self.psql(text, database, user)
        assert said and "ERROR" not in said, said
        return said


class Dump(unittest.TestCase):
    maxDiff = 20_000

    @classmethod
    def setUpClass(cls):
        cls.server = Server({})
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandant-dump-", dir="/tmp"))
        cls.folder.chmod(0o755)
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        # The others' database is read only; what is changed, is changed in a copy.
        cls.made = []
        cls.addClassCleanup(cls.drop)
        cls.server.run("pg_dump", "-Fc", "-f", cls.folder / "first", "mandant")
        cls.restored_once = cls.restore("dump_source", cls.folder / "first")
        cls.changed = cls.server.psql(CHANGES, "dump_source")
        cls.server.run("pg_dump", "-Fd", "-f", cls.folder / "folder", "dump_source")
        cls.server.run("pg_dump", "-Fp", "-f", cls.folder / "plain", "dump_source")

    @classmethod
    def drop(cls):
        for database in cls.made:
            cls.server.run("dropdb", "--if-exists", "--force", database)

    @classmethod
    def create(cls, database):
        """Empty, with the database's own grants and defaults of logins: pg_restore --create would bring them, but also the name."""
        cls.made.append(database)
        cls.server.run("createdb", "-T", "template0", "-O", "mandant_admin", database)
        cls.server.psql(f"revoke temporary on database {database} from public", "postgres")
        cls.server.psql(f"""select format('alter role %I in database {database} set %s to %L', s.setrole::regrole, split_part(c, '=', 1), split_part(c, '=', 2))
            from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) c where d.datname = 'mandant' \\gexec""", "postgres")

    @classmethod
    def restore(cls, database, dump, *arguments):
        cls.create(database)
        return cls.server.run("pg_restore", "--exit-on-error", *arguments, "-d", database, dump)

    def same(self, source, copy, server=None):
        server = server or self.server
        self.assertEqual(self.server.fingerprint(source), server.fingerprint(copy))
        self.assertEqual(self.server.seen(source), server.seen(copy))

    def kept_apart(self, server, database):
        """Isolation, sign-in and the register, in a copy."""
        for login, home in (("report_de", "de"), ("report_us", "us")):
            seen = "select array_agg(distinct t.code) from crm.customer c join mandant.tenant t on t.id = c.tenant_id;"
            self.assertEqual(server.psql(seen, database, login), f"{{{home}}}")
            self.assertEqual(server.psql(f"set role {login}; {seen}", database), f"{{{home}}}")
            other = server.psql("set mandant.tenant = 'hk'; select count(*) from crm.customer", database, login)
            self.assertIn("ERROR:  42501", other)
        self.assertIn("ERROR:  28000", server.psql("select count(*) from crm.customer", database, "mandant_service"))
        self.assertIn("ERROR:  42501", server.psql("create temp table x ()", database, "mandant_service"))
        signed_in = server.psql(
            "select token from mandant.sign_in('sales@hk.example', 'demo') \\gset\n"
            "begin; select from mandant.enter(:'token'); select principal, tenants from mandant.whoami();"
            " select count(distinct tenant_id) from crm.customer; rollback;", database, "mandant_service")
        self.assertEqual(signed_in.split(), ["sales@hk.example|{hk}", "1"])
        # the next number is the one that it would have been, and the register has no gap
        before = self.server.psql("set mandant.tenant = 'us'; select next_preview from mandant.series where kind = 'invoice'",
                                  "mandant", "mandant_admin")
        preview, number, register = server.psql(INVOICE, database, "mandant_admin").splitlines()
        self.assertEqual((preview, number), (before, before))
        numbers, different, span = register.split("|")
        self.assertEqual((numbers, different), (span, span))
        # history stays as it is
        self.assertIn("ERROR:  42501", server.psql("delete from mandant_internal.number", database, "mandant_admin"))
        self.assertIn("ERROR:  23001", server.psql("set role mandant_owner; delete from mandant_internal.number", database))

    def test_a_restored_database_is_the_same(self):
        self.assertEqual(self.changed, "2\n1\n1\n1")  # rights written; everything else says nothing
        copy = self.restore("dump_copy", self.folder / "first")
        self.assertEqual(copy, "")
        self.same("mandant", "dump_copy")
        self.kept_apart(self.server, "dump_copy")

    def test_changed_roles_and_tables_come_back_as_they_were(self):
        # pg_restore --jobs does not wait for the data of an extension's tables: these go first, alone, as the README says.
        self.create("dump_parallel")
        for part in (["--section=pre-data"],
                     ["--section=data", "--schema=mandant_internal"],
                     ["--section=data", "--exclude-schema=mandant_internal", "--jobs=2"],
                     ["--section=post-data", "--jobs=2"]):
            self.server.run("pg_restore", "--exit-on-error", *part, "-d", "dump_parallel", self.folder / "folder")
        self.same("dump_source", "dump_parallel")
        self.kept_apart(self.server, "dump_parallel")
        rights = ("select role, object, action, depth from mandant_internal.effective_role_right where (role, object, action) in"
                  " (('tenant_manager', 'team', 'delete'), ('tenant_manager', 'series', 'update'), ('reader', 'document', 'export'))"
                  " order by 1, 2, 3")
        self.assertEqual(self.server.psql(rights, "dump_parallel").splitlines(),
                         ["reader|document|export|tenant", "tenant_manager|series|update|own", "tenant_manager|team|delete|"])
        # a table without protection is as its owner left it; a partitioned one is protected in every part
        shared = "select count(*) from dump.shared; select distinct count(*) from (table dump.part union all table dump.part_2) x"
        self.assertEqual(self.server.psql(shared, "dump_parallel", "report_us").split(),
                         self.server.psql(shared, "dump_source", "report_us").split())

    def test_a_plain_dump_in_one_transaction(self):
        self.create("dump_plain")
        self.server.run("psql", "-Xq1", "-v", "ON_ERROR_STOP=1", "-d", "dump_plain", "-f", self.folder / "plain")
        self.same("dump_source", "dump_plain")
        self.kept_apart(self.server, "dump_plain")

    def test_another_cluster_gets_roles_first(self):
        roles = self.folder / "roles"
        self.server.run("pg_dumpall", "--roles-only", "-f", roles)
        self.server.run("pg_dump", "-Fc", "--create", "-f", self.folder / "whole", "mandant")
        with self.another_cluster() as other:
            said = other.psql(roles.read_text().replace("CREATE ROLE postgres;", ""), "postgres")
            self.assertEqual(said, "")
            other.run("pg_restore", "--exit-on-error", "--create", "-d", "postgres", self.folder / "whole")
            self.same("mandant", "mandant", other)
            self.kept_apart(other, "mandant")

    def test_a_login_for_backups_dumps_the_same(self):
        self.addCleanup(self.server.psql, "drop role if exists dump_backup", "postgres")
        self.server.psql("create role dump_backup login; grant pg_read_all_data to dump_backup", "postgres")
        refused = self.server.run("pg_dump", "-U", "dump_backup", "mandant", ok=False)
        self.assertNotIn("PostgreSQL database dump complete", refused)  # held by row security, although it may read everything
        self.server.psql("alter role dump_backup bypassrls", "postgres")
        dumps = [[line for line in self.server.run("pg_dump", "-U", login, "mandant").splitlines() if "restrict " not in line]
                 for login in ("postgres", "dump_backup")]
        self.assertTrue(dumps[0] == dumps[1], "the login's dump is another")
        self.assertGreater(sum("COPY mandant_internal." in line for line in dumps[1]), 20)
        self.assertIn("ERROR:  42501", self.server.psql("delete from crm.customer", "mandant", "dump_backup"))

    @contextlib.contextmanager
    def another_cluster(self):
        """A server of the same version, on a socket of its own."""
        data = pathlib.Path(self.server.psql("show data_directory", "postgres"))
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mandant-other-", dir="/tmp"))
        owner = data.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        who = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.getuid() == 0 else {}
        who |= {"cwd": folder}
        try:
            self.server.run("initdb", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "-N", "-D", folder / "data",
                            **who)
            with open(folder / "data/postgresql.conf", "a", encoding="utf-8") as settings:
                settings.write(f"shared_preload_libraries = 'pg_mandant'\nlisten_addresses = ''\nfsync = off\nport = 5499\n"
                               f"unix_socket_directories = '{folder}'\n")
            subprocess.run([self.server.programs / "pg_ctl", "start", "-sw", "-D", folder / "data", "-l", folder / "log"], check=True,
                           env={"LC_ALL": "C"}, **who)
            try:
                yield Server({"PGHOST": str(folder), "PGPORT": "5499", "PGDATABASE": "postgres"})
            finally:
                subprocess.run([self.server.programs / "pg_ctl", "stop", "-sw", "-m", "immediate", "-D", folder / "data"], check=True, **who)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    unittest.main()
