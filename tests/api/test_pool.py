"""Attacker and victim on one pooled connection: what SQL injected into one employee's request leaves behind.

The attacker acts as the relay within an entered transaction, and after a lone `commit`. The victim, whose connection to the
server is the same, gets either their own rows, or a refusal after which that connection is closed; never more.
"""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import unittest
import uuid

from client import Client, sign_in, sql
from serving import serving
from test_service import eventually

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from pooler import PgBouncer  # noqa: E402

TRAP = "select current_setting('mandant.token') || current_setting('mandant.tenant') as caught"
# What is left -> whether the session is refused by whoever enters it next.
LEFT = {
    **{f'prepare "{name}" as {TRAP}': True for name in ("s0", "s1", "lrupsc_1_0", "_pg3_0", "sqlx_s_1")},
    "prepare s0(text, text) as select mandant.enter($1, $2)": True,
    "do $$ begin execute 'prepare s1 as select 1'; end $$": True,
    "prepare s1 as select 1; deallocate all": True,
    f"begin; declare c cursor with hold for {TRAP}; commit": True,
    "begin; declare c cursor with hold for select name from crm.currency; close c; commit": True,
    "listen mandant": True,
    "listen mandant; unlisten *": True,
    "set role mandant_user": True,
    "set session authorization default; set role mandant_user": True,
    "set search_path = crm, pg_catalog": True,
    "select set_config('search_path', 'public', false)": True,
    "set debug_print_parse = on": True,
    "set debug_print_rewritten = on": True,
    "set debug_print_plan = on": True,
    "set log_parameter_max_length_on_error = -1": True,
    "set client_min_messages = debug5": True,
    "set session characteristics as transaction read only": True,
    "set default_transaction_isolation = 'serializable'": True,
    "set default_transaction_deferrable = on": True,
    "set session characteristics as transaction isolation level serializable, read only, deferrable": True,
    "set lock_timeout = 1": True,
    "set statement_timeout = '1h'": True,
    "set idle_in_transaction_session_timeout = '1min'": True,
    "set plan_cache_mode = force_generic_plan": True,
    "set row_security = off": True,
    "set session_replication_role = replica": False,  # refused when it is set
    "create temp table customer (name text)": False,  # likewise
    "set mandant.token = 'aaaa'": False,
    "set mandant.tenant = 'us'": False,  # narrows nothing: the next transaction says for itself
    "set session mandant.tenant = '*'": False,
    "select pg_advisory_lock(1)": False,
    "set client_encoding = 'LATIN1'": False,  # put back
    "set datestyle = 'SQL, DMY'": False,
    "set timezone = 'Asia/Hong_Kong'": False,
    "set standard_conforming_strings = off": False,
    "begin; set local mandant.tenant = 'us'": None,  # an open transaction: the pooler ends the connection
    "begin; set transaction read only": None,
}


class Hosts(unittest.TestCase):
    def test_a_host_that_says_nothing_is_passed_over(self):
        # its queue is full, so that who connects waits for an answer that does not come, as where a machine is gone
        with socket.create_server(("127.0.0.1", 0), backlog=0) as silent, contextlib.ExitStack() as stack:
            port = silent.getsockname()[1]
            for _ in range(8):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(("127.0.0.1", port))
            with socket.socket() as one:
                one.settimeout(0.5)
                with self.assertRaises(TimeoutError):
                    one.connect(("127.0.0.1", port))
            both = f"host=127.0.0.1,{os.environ['PGHOST']} port={port},{os.environ['PGPORT']} user=mandant_service dbname=mandant"
            with serving("", 2, DATABASE_URL=both) as url:
                eventually(lambda: Client(url=url).get("/readyz").status == 200)
                self.assertEqual(sign_in("sales@de.example", url).get("/v1/customers").status, 200)


class Pooled(unittest.TestCase):
    """psql and the service, both through one pooler that has one connection to the server."""

    def setUp(self):
        self.attacker = sign_in("sales@us.example")
        self.victim = sign_in("sales@de.example")

    def pool(self, mode, reset=""):
        pooler = PgBouncer(dict(os.environ), mode, reset=reset)
        pooler.__enter__()
        self.addCleanup(pooler.__exit__)
        return pooler

    def psql(self, pooler, text):
        """What psql says, errors where they happen."""
        return subprocess.run(["psql", "-XqAt", "-v", "VERBOSITY=verbose", "-h", pooler.folder, "-U", "mandant_service", "-d", "mandant",
                               "-f", "-"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout

    def left(self, pooler):
        """What is left there. PostgreSQL 18 tells poolers of the search path, and some put it back."""
        self.psql(pooler, "set search_path = pg_catalog")
        put_back = self.psql(pooler, "show search_path") != "pg_catalog\n"
        pooler.ask("reconnect")
        for left, refused in LEFT.items():
            yield left, False if put_back and "search_path" in left else refused

    def attack(self, pooler, left, then=""):
        """Ends the request's transaction, leaves something; gives the server process that it was left in, and what came then."""
        said = self.psql(pooler, f"begin;\nselect from mandant.enter('{self.attacker.token}');\ncommit;\n{left};\n"
                                 f"select 'left in ' || pg_backend_pid();\n\\echo LEFT\n{then}")
        process = said.partition("left in ")[2].partition("\n")[0]
        self.assertTrue(process.isdigit(), said)
        before, _, after = said.partition("LEFT\n")
        self.kept = "ERROR:  42501" not in before  # else there is nothing to be found
        return process, after

    def attack_and_enter(self, pooler, left):
        """The victim connects when the attacker leaves: what is said then, and whether it was in the same process."""
        process, said = self.attack(pooler, left, f"""\\connect - mandant_service
begin;
select from mandant.enter('{self.victim.token}');
select 'seen ' || array_agg(distinct t.code)::text from crm.customer c join mandant.tenant t on t.id = c.tenant_id;
select 'seen ' || principal from mandant.whoami();
rollback;
select 'read in ' || pg_backend_pid();
""")
        pooler.ask("reconnect")
        return said, f"read in {process}\n" in said

    def assert_own_rows(self, said):
        seen = [line.removeprefix("seen ") for line in said.splitlines() if line.startswith("seen ")]
        self.assertEqual(seen, ["{de}", "sales@de.example"], said)

    def assert_refused(self, said):
        self.assertIn("ERROR:  55006", said)
        self.assertNotIn("seen", said)

    def service(self, pooler):
        """The service on the pooler, with one connection."""
        return serving(pooler.folder, 1)

    def asks(self, url):
        """The victim by HTTP: their own rows, and no others."""
        client = Client(self.victim.token, url=url)
        customers = client.get("/v1/customers", limit=200)
        self.assertEqual(customers.status, 200, customers)
        own = sql("select c.id from crm.customer c join mandant.tenant t on t.id = c.tenant_id where t.code = 'de'").split()
        self.assertEqual(sorted(row["id"] for row in customers.json["items"]), sorted(own))
        self.assertEqual(client.get("/v1/me").json["principal"], "sales@de.example")

    def wait_for(self, process, alive):
        """The server ends a process soon, not at once."""
        eventually(lambda: (sql(f"select count(*) from pg_stat_activity where pid = {process}") == "1") == alive)

    def assert_attacker_finds_nothing(self, pooler):
        """Back on the connection, with what was left there to catch something."""
        found = self.psql(pooler, """execute s0;
execute s1;
execute lrupsc_1_0;
fetch all from c;
show mandant.token;
select query from pg_stat_activity where usename = 'mandant_service';
select statement from pg_prepared_statements union all select statement from pg_cursors;
select setting from pg_show_all_settings();
select name from crm.customer;
select principal from mandant.whoami();
""")
        self.assertIn("ERROR:  28000", found)
        for secret in (self.victim.token, "sales@de.example", "Bäckerei"):
            self.assertNotIn(secret, found)

    def test_a_transaction_pool_gives_what_was_left_to_nobody(self):
        pooler = self.pool("transaction")
        for left, refused in self.left(pooler):
            with self.subTest(left):
                said, same = self.attack_and_enter(pooler, left)
                if refused and (self.kept or "55006" in said):  # what was refused may count as left
                    self.assert_refused(said)
                else:
                    self.assert_own_rows(said)
                self.assertEqual(same, refused is not None, said)

    def test_a_session_pool_without_reset_gives_what_was_left_to_nobody(self):
        pooler = self.pool("session")
        for left, refused in self.left(pooler):
            with self.subTest(left):
                said, same = self.attack_and_enter(pooler, left)
                if refused and (self.kept or "55006" in said):  # what was refused may count as left
                    self.assert_refused(said)
                else:
                    self.assert_own_rows(said)
                self.assertEqual(same, refused is not None, said)

    def test_a_session_pool_that_resets_is_clean(self):
        pooler = self.pool("session", "discard all")
        for left, refused in LEFT.items():
            with self.subTest(left):
                said, same = self.attack_and_enter(pooler, left)
                self.assert_own_rows(said)
                self.assertEqual(same, refused is not None, said)

    def test_the_service_behind_a_transaction_pool_goes_on(self):
        pooler = self.pool("transaction")
        with self.service(pooler) as url:
            for left, refused in self.left(pooler):
                with self.subTest(left):
                    process, _ = self.attack(pooler, left)
                    self.asks(url)
                    if refused is False or self.kept:  # what was refused may count as left
                        self.wait_for(process, alive=refused is False)
                    self.assert_attacker_finds_nothing(pooler)
                    pooler.ask("reconnect")

    def test_the_service_behind_a_session_pool_goes_on(self):
        for reset in ("", "discard all"):
            with self.subTest(reset), PgBouncer(dict(os.environ), "session", reset=reset) as pooler:
                process, _ = self.attack(pooler, f"prepare s0 as {TRAP}; set search_path = crm")
                with self.service(pooler) as url:
                    self.asks(url)
                    self.wait_for(process, alive=reset != "")

    def test_nobody_is_kept_from_signing_in(self):
        pooler = self.pool("transaction")
        with self.service(pooler) as url:
            for left in ("set role mandant_user", "set statement_timeout = 1", "set idle_in_transaction_session_timeout = 1",
                         "set default_transaction_read_only = on",
                         "prepare s0 as select 1"):
                with self.subTest(left):
                    process, _ = self.attack(pooler, left)
                    answer = Client(url=url).post("/v1/sign-in", {"email": "sales@hk.example", "password": "demo"})
                    self.assertEqual(answer.status, 200, answer)
                    self.wait_for(process, alive=False)

    def test_neither_token_nor_password_is_in_the_log(self):
        pooler = self.pool("transaction")
        log = pathlib.Path(sql("show data_directory")).parent / "postgres.log"
        before = log.stat().st_size
        password = f"secret {uuid.uuid4()}"
        with self.service(pooler) as url:
            for left in ("set log_parameter_max_length_on_error = -1",
                         "set debug_print_parse = on; set debug_print_rewritten = on; set debug_print_plan = on"):
                for victim in (lambda: self.asks(url),
                               lambda: Client(url=url).post("/v1/sign-in", {"email": "nobody@de.example", "password": password})):
                    self.attack(pooler, left)
                    victim()
        written = log.read_bytes()[before:].decode(errors="replace")
        self.assertIn("this session holds", written)
        for secret in (self.victim.token, password, *(" ".join(map(str, s.encode())) for s in (self.victim.token, password))):
            self.assertNotIn(secret, written)


if __name__ == "__main__":
    unittest.main()
