"""Limits of requests, connections and statements, as an employee of the service meets them."""

import contextlib
import os
import subprocess
import unittest

from client import as_, sign_in, sql
from test_service import eventually

SALES, OTHER = "sales@hk.example", "sales@us.example"


@contextlib.contextmanager
def limited(key, value, place):
    """The limit holds inside of the block."""
    sql(f"set role mandant_admin; select mandant.set_setting('{key}', '{value}', {place})")
    try:
        yield
    finally:
        sql(f"set role mandant_admin; select mandant.unset_setting('{key}', {place})")


@contextlib.contextmanager
def connected(login):
    """That login has a connection inside of the block, and has asked something."""
    with subprocess.Popen(["psql", "-XqAt"], env={**os.environ, "PGUSER": login}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as session:
        session.stdin.write("select 'connected' from crm.customer limit 1;\n")
        session.stdin.flush()
        assert session.stdout.readline() == "connected\n"
        yield
        session.stdin.close()


class Limit(unittest.TestCase):
    def refused(self, answer, what):
        self.assertEqual(answer.status, 429, answer)
        self.assertEqual(answer.json["code"], "53400")
        self.assertIn(what, answer.json["detail"])
        self.assertTrue(answer.json["hint"])
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)

    def test_whoever_asks_too_often_waits_and_others_do_not(self):
        mine, other = sign_in(SALES), sign_in(OTHER)
        for _ in range(3):
            self.assertEqual(mine.get("/v1/me").status, 200)
        with limited("employee_requests_per_minute", 2, f"'employee', employee => '{SALES}'"):
            self.assertEqual([mine.get("/v1/me").status for _ in range(2)], [200, 200])
            self.refused(mine.get("/v1/customers"), f'more than 2 requests a minute of "{SALES}"')
            # nothing is done of what is refused, and another token is no other person
            before = sql("select count(*) from crm.customer")
            self.refused(sign_in(SALES).post("/v1/customers", {"name": "Too Much Ltd.", "country": "HK"}), "requests")
            self.assertEqual(sql("select count(*) from crm.customer"), before)
            self.assertEqual(other.get("/v1/me").status, 200)
        self.assertEqual(mine.get("/v1/me").status, 200)

    def test_a_company_has_so_many_connections_at_a_time(self):
        mine, other = sign_in(SALES), as_(OTHER)
        with limited("tenant_connections", 1, "tenant => 'hk'"):
            with connected("report_hk"):
                self.refused(mine.get("/v1/me"), 'more than 1 connections of tenant "hk"')
                self.assertEqual(other.get("/v1/me").status, 200)
            eventually(lambda: mine.get("/v1/me").status == 200)  # a session that was left takes a moment to end


if __name__ == "__main__":
    unittest.main()
