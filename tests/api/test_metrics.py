"""Metrics: what Prometheus reads is well-formed, counts what happened, and tells of no company and nobody."""

import contextlib
import os
import re
import subprocess
import unittest
import urllib.error
import urllib.request
import uuid

from client import Answer, Client, as_, sql
from serving import serving
from test_service import eventually, free_port

SAMPLE = re.compile(r'([a-z_:]+)(?:\{(.*)\})? ([-+0-9.e]+|\+Inf|NaN)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)')
WAITING = "select count(*) from pg_stat_activity where usename = 'mandant_service' and wait_event_type = 'Lock'"


class Told:
    """What was told, by name and labels; refuses what is not the text format."""

    def __init__(self, text):
        self.text, self.kinds, self.samples = text, {}, {}
        family = None
        assert text.endswith("\n"), text
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ", 3)[2]
                assert len(line.split(" ", 3)) == 4 and family not in self.kinds, line
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family and kind in ("counter", "gauge", "histogram"), line
                self.kinds[name] = kind
            else:
                name, labels, value = SAMPLE.fullmatch(line).groups()
                of_family = re.sub("_(bucket|sum|count)$", "", name) if self.kinds.get(family) == "histogram" else name
                assert of_family == family and family in self.kinds, line
                pairs = LABEL.findall(labels or "")
                assert LABEL.sub("", labels or "") == "", line
                key = (name, frozenset(pairs))
                assert key not in self.samples, line
                self.samples[key] = float(value)

    def __call__(self, name, **labels):
        return self.samples.get((f"mandant_{name}", frozenset(labels.items())), 0)

    def sum(self, name, **labels):
        return sum(value for (found, of), value in self.samples.items()
                   if found == f"mandant_{name}" and labels.items() <= dict(of).items())


def told(address):
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4"), answer.headers
        return Told(answer.read().decode())


class Metrics(unittest.TestCase):
    def start(self):
        """A service with one connection."""
        self.address = f"127.0.0.1:{free_port()}"
        self.url = self.enter(serving(os.environ["PGHOST"], 1, arguments=["--metrics-listen", self.address]))
        self.sales = as_("sales@de.example").at(self.url)

    def enter(self, context):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(context)

    def session(self, statement, user="mandant_admin"):
        """psql, after it has done that within a transaction."""
        psql = subprocess.Popen(["psql", "-XqAt"], env={**os.environ, "PGUSER": user}, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(psql.communicate)
        psql.stdin.write(f"set mandant.tenant = 'de'; begin; {statement};\n\\echo done\n")
        psql.stdin.flush()
        while psql.stdout.readline() != "done\n":
            pass
        return psql

    def end(self, psql, how):
        psql.stdin.write(f"{how};\n\\echo done\n")
        psql.stdin.flush()
        self.assertEqual(psql.stdout.readline(), "done\n")

    def test_what_happened_is_counted_and_nobody_is_named(self):
        self.start()
        before = told(self.address)
        self.assertEqual(before("database_up", server="primary"), 1)
        self.assertEqual(before.sum("http_requests_total"), before("http_requests_total", method="GET", route="/healthz", status="200"))
        self.assertEqual(before.sum("build_info"), 1)
        secret = uuid.uuid4().hex
        self.sales.get("/v1/customers", name=secret)
        self.sales.get(f"/v1/customers/{uuid.uuid4()}")
        self.sales.selecting("xx").get("/v1/customers")
        self.sales.get(f"/{secret}")
        self.sales.request(f"X{secret}", "/v1/customers")
        self.sales.post("/v1/customers", {"name": secret, "country": "DE", "email": secret})
        nobody = {"email": f"{secret}@de.example", "password": secret}
        signed = [Client(url=self.url).post("/v1/sign-in", nobody).status for _ in range(11)]
        self.assertEqual(signed, [401] * 10 + [429])
        Client(url=self.url).post("/v1/sign-in", {"email": "sales@de.example", "password": "demo"})
        after = told(self.address)

        customers = {"route": "/v1/customers", "method": "GET"}
        for name in ("http_requests_total", "http_request_duration_seconds_count"):
            for count, labels in ((1, {**customers, "status": "200"}), (1, {**customers, "status": "403"}),
                                  (1, {"method": "GET", "route": "/v1/customers/{id}", "status": "404"}),
                                  (1, {"method": "GET", "route": "other", "status": "404"}),
                                  (1, {"method": "other", "route": "/v1/customers", "status": "405"}),
                                  (10, {"method": "POST", "route": "/v1/sign-in", "status": "401"})):
                self.assertEqual(after(name, **labels), count, (name, labels))
        buckets = [after.samples[key] for key in after.samples if key[0] == "mandant_http_request_duration_seconds_bucket"
                   and {("status", "200"), *customers.items()} <= set(key[1])]
        self.assertEqual((len(buckets), max(buckets), buckets), (13, 1, sorted(buckets)))
        self.assertEqual(after("http_requests_limited_total"), 1)
        for outcome, count in (("failed", 10), ("throttled", 1), ("succeeded", 1)):
            self.assertEqual(after("sign_ins_total", outcome=outcome), count, after.text)
        self.assertGreaterEqual(after("transactions_total", outcome="committed"), 2)
        self.assertGreaterEqual(after("transactions_total", outcome="rolled_back"), 12)
        self.assertEqual(after("pool_connections", pool="primary", state="max"), 1)
        self.assertGreater(after("process_resident_memory_bytes") or after.samples[("process_resident_memory_bytes", frozenset())], 0)
        for private in (secret, "de.example", '"de"', self.sales.token):
            self.assertNotIn(private, after.text)
        for name, kind in after.kinds.items():
            if name.startswith("mandant_"):
                self.assertEqual(name.endswith("_total"), kind == "counter", name)

    def test_nothing_of_it_is_where_everybody_asks(self):
        self.start()
        answer = Client(url=self.url).get("/metrics")
        self.assertEqual((answer.status, answer.json["code"]), (404, "P0002"))
        for path in ("/", "/v1/me", "/healthz"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://{self.address}{path}", timeout=30)
            self.assertEqual(refused.exception.code, 404)
            refused.exception.close()

    def test_waits_and_retries(self):
        self.start()
        customer = self.sales.post("/v1/customers", {"name": f"Waiting {uuid.uuid4()}", "country": "DE"})
        path = f"/v1/customers/{customer.json['id']}"
        holder = self.session(f"update crm.customer set city = 'Ulm' where id = '{customer.json['id']}'")
        request = self.sales.send("PATCH", path, {"city": "Bonn"}, {"If-Match": customer.headers["ETag"]})
        eventually(lambda: sql(WAITING) == "1")
        self.assertEqual(self.sales.get("/v1/me").json["code"], "53300")
        during = told(self.address)
        self.end(holder, "commit")
        answer = Answer(request.getresponse())
        request.close()
        self.assertEqual(answer.status, 412, answer)
        after = told(self.address)
        for name, labels, then, later in (
            ("http_requests_in_flight", {}, 1, 0),
            ("pool_connections", {"pool": "primary", "state": "open"}, 1, 1),
            ("pool_connections", {"pool": "primary", "state": "idle"}, 0, 1),
            ("pool_timeouts_total", {"pool": "primary"}, 1, 1),
            ("transaction_retries_total", {"code": "40001"}, 0, 1),
            ("database_up", {"server": "primary"}, 0, 1),  # not asked yet when all connections are busy
        ):
            self.assertEqual((during(name, **labels), after(name, **labels)), (then, later), (name, labels))

    def test_numbers_that_are_waited_for(self):
        sql("alter role mandant_service set lock_timeout = '1s'")  # as an operator may: else the request's end is the limit
        self.addCleanup(sql, "alter role mandant_service reset lock_timeout")
        self.start()
        customer = self.sales.get("/v1/customers", limit=1, state="active").json["items"][0]["id"]
        line = {"description": "Work", "quantity": "1", "unit_price": "100.00", "tax_rate": "19"}
        draft = self.sales.post("/v1/documents", {"customer_id": customer, "kind": "invoice", "lines": [line]}).json["id"]
        before = told(self.address)
        holder = self.session("select mandant.next_number('invoice', document => mandant.new_id())")
        answer = self.sales.post(f"/v1/documents/{draft}/post")
        self.assertEqual((answer.status, answer.json["code"]), (503, "55P03"), answer)
        request = as_("sales@de.example").send("POST", f"/v1/documents/{draft}/post")  # a service without that limit
        eventually(lambda: sql(WAITING) == "1")
        self.end(holder, "rollback")
        answer = Answer(request.getresponse())
        request.close()
        self.assertEqual(answer.status, 200, answer)
        after = told(self.address)
        self.assertEqual(after("busy_refusals_total") - before("busy_refusals_total"), 1)
        self.assertGreaterEqual(after("numbers_total") - before("numbers_total"), 1)
        self.assertGreaterEqual(after("number_waits_total") - before("number_waits_total"), 1)
        self.assertGreater(after("number_wait_seconds_total"), before("number_wait_seconds_total"))

    def test_a_dropped_request(self):
        self.start()
        holder = self.session("lock table crm.customer", "postgres")
        request = self.sales.send("GET", "/v1/customers")
        eventually(lambda: sql(WAITING) == "1")
        request.close()
        eventually(lambda: told(self.address)("http_requests_total", method="GET", route="/v1/customers", status="dropped") == 1)
        self.assertEqual(told(self.address)("transactions_total", outcome="abandoned"), 1)
        self.end(holder, "rollback")


if __name__ == "__main__":
    unittest.main()
