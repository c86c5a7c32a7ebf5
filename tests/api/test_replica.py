"""Reports from a standby: never older than what anybody was told, from the primary where the standby cannot, and nobody sees more."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import threading
import unittest
import uuid

from client import Client, sign_in
from serving import serving
from test_metrics import told
from test_service import eventually, free_port

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from cluster import Cluster, product, until  # noqa: E402

REPORT = "/v1/reports/customer?limit=10000"


class Replica(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.primary = Cluster(max_standby_streaming_delay="-1")
        cls.primary.database = "mandant"
        cls.addClassCleanup(cls.primary.__exit__)
        cls.primary.__enter__()
        cls.primary.psql("create role mandant_admin login; create database mandant owner mandant_admin", database="postgres")
        cls.primary.psql("set client_min_messages = error;" + product("900"))
        cls.standby = cls.primary.standby()
        cls.standby.database = "mandant"
        cls.address = f"127.0.0.1:{free_port()}"
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        cls.url = stack.enter_context(cls.serving(cls.standby, "--metrics-listen", cls.address))
        cls.sales = sign_in("sales@de.example", cls.url)

    @classmethod
    def serving(cls, replica, *arguments):
        url = f"postgresql://mandant_service@/mandant?host={replica.folder}&port={replica.port}"
        return serving(cls.primary.folder, 4, cls.primary.port, ["--replica-url", url, *arguments])

    def read(self, path=REPORT, client=None):
        """From where, and what."""
        answer = (client or self.sales).get(path)
        self.assertEqual(answer.status, 200, answer)
        return answer.headers["Mandant-Source"], answer.json["items"]

    def replica_again(self):
        eventually(lambda: self.read()[0] == "replica", 60)

    def make(self):
        """A customer more; the name."""
        name = f"Customer {uuid.uuid4()}"
        made = self.sales.post("/v1/customers", {"name": name, "country": "DE"})
        self.assertEqual(made.status, 201, made)
        return name

    def assert_read(self, name, source=None):
        found, rows = self.read()
        self.assertIn(name, [row["name"] for row in rows])
        if source:
            self.assertEqual(found, source)

    def on_standby(self, name):
        return self.standby.psql(f"select count(*) from crm.customer where name = '{name}'")

    def asked(self, outcome):
        return told(self.address)("replica_reads_total", outcome=outcome)

    def test_what_was_written_is_read_at_once(self):
        self.replica_again()
        answered = self.asked("answered")
        for _ in range(20):
            self.assert_read(self.make())
        self.replica_again()
        self.assertGreater(self.asked("answered"), answered)
        tenants = {row["tenant"] for row in self.read()[1]}
        self.assertEqual(tenants, {"de"})
        group = sign_in("controller@group.example", self.url)
        self.assertEqual({row["tenant"] for row in self.read(client=group)[1]}, {"de", "hk", "us"})

    def test_other_reads_are_the_primarys_and_say_nothing(self):
        self.assertIsNone(self.sales.get("/v1/customers").headers["Mandant-Source"])

    def test_what_was_kept_is_read_from_there_too(self):
        label = f"Kept {uuid.uuid4()}"
        self.primary.psql(f"set mandant.tenant = 'de'; select from crm.take_report_snapshot('ageing', '{label}')", user="mandant_admin")
        group = sign_in("controller@group.example", self.url)
        kept = group.get("/v1/report-snapshots", label=label).json["items"]
        path = f"/v1/report-snapshots/{kept[0]['id']}/rows"
        self.replica_again()
        self.assertTrue(self.read(path, group)[1])
        eventually(lambda: self.read(path, group)[0] == "replica")

    def test_rights_that_ended_are_not_there_any_more(self):
        self.replica_again()
        gone = sign_in("sales@de.example", self.url)
        self.assertEqual(gone.get(REPORT).status, 200)
        gone.post("/v1/sign-out")
        self.assertEqual(gone.get(REPORT).status, 401)
        self.assertEqual(Client("nonsense", url=self.url).get(REPORT).status, 401)
        self.assertEqual(self.sales.get("/v1/reports/nonsense").status, 404)
        self.assertEqual(self.sales.selecting("us").get(REPORT).status, 403)

    def test_a_standby_that_lags_is_not_asked(self):
        self.replica_again()
        self.standby.psql("select pg_wal_replay_pause()")
        try:
            until(lambda: self.standby.psql("select pg_get_wal_replay_pause_state()") == "paused", "replay paused")
            behind, name = self.asked("behind"), self.make()
            self.assert_read(name, "primary")
            self.assertEqual(self.on_standby(name), "0")
            self.assertEqual(self.asked("behind"), behind + 1)
        finally:
            self.standby.psql("select pg_wal_replay_resume()")
        self.replica_again()
        self.assert_read(name)

    def test_a_standby_that_is_away_is_not_missed(self):
        self.replica_again()
        self.standby.stop()
        try:
            away = self.asked("away")
            self.assert_read(self.make(), "primary")
            self.assertGreater(self.asked("away"), away)
            self.assertEqual(told(self.address)("database_up", server="replica"), 0)
            self.assertEqual(told(self.address)("database_up", server="primary"), 1)
        finally:
            self.standby.start()
        self.replica_again()
        eventually(lambda: told(self.address)("database_up", server="replica") == 1)

    def test_a_standby_that_is_frozen_is_away(self):
        self.replica_again()
        pids = [int(pid) for pid in self.standby.psql("select pid from pg_stat_activity where usename = 'mandant_service'").split()]
        self.assertTrue(pids)
        away = self.asked("away")
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            self.assert_read(self.make(), "primary")
            self.assertGreater(self.asked("away"), away)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        self.replica_again()

    def test_what_the_standby_takes_back_the_primary_answers(self):
        self.replica_again()
        name = self.make()
        holder = subprocess.Popen(["psql", "-XqAt"], env=self.primary.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(holder.communicate)
        holder.stdin.write("begin; lock table crm.customer; select 'locked ' || pg_current_wal_insert_lsn();\n")
        holder.stdin.flush()
        position = holder.stdout.readline().split()[1]
        self.primary.psql("create table other (); drop table other")  # writes what was logged before, too
        until(lambda: self.standby.psql(f"select pg_last_wal_replay_lsn() >= '{position}'") == "t", "the lock on the standby")
        found = []
        reader = threading.Thread(target=lambda: found.append(self.read()))
        reader.start()
        waiting = "pg_stat_activity where usename = 'mandant_service' and wait_event_type = 'Lock'"
        until(lambda: self.standby.psql(f"select count(*) from {waiting}") == "1", "the report waits on the standby")
        self.standby.psql(f"select pg_terminate_backend(pid) from {waiting}")
        until(lambda: self.primary.psql(f"select count(*) from {waiting}") == "1", "the report waits on the primary")
        holder.stdin.write("rollback;\n")
        holder.stdin.flush()
        reader.join(60)
        self.assertEqual([source for source, _ in found], ["primary"])
        self.assertIn(name, [row["name"] for row in found[0][1]])
        self.assertGreaterEqual(self.asked("refused"), 1)
        self.replica_again()

    def test_a_primary_is_no_standby(self):
        with self.serving(self.primary) as url:
            self.assertEqual(self.read(client=self.sales.at(url))[0], "primary")

    def test_without_the_primary_nobody_knows(self):
        self.replica_again()
        self.primary.stop()
        try:
            answer = self.sales.get(REPORT)
            self.assertEqual(answer.status, 503, answer)
            self.assertTrue(answer.headers["Retry-After"])
            self.assertEqual(told(self.address)("database_up", server="primary"), 0)
        finally:
            self.primary.start()
        eventually(lambda: self.sales.get(REPORT).status == 200, 60)
        self.replica_again()


if __name__ == "__main__":
    unittest.main()
