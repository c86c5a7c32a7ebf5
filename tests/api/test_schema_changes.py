"""An administrator at work while requests run: what is asked meanwhile is answered rightly, late perhaps, but never with an error.

Not even with one to be tried again: statements of the service are never prepared, so no plan of it outlives a change, and a lock
is waited for. What is changed is changed back.
"""

import contextlib
import os
import threading
import unittest
import uuid

from client import as_, sql
from serving import serving
from test_access import Session
from test_service import eventually

SALES = "sales@de.example"
FUNCTIONS = ["crm.check_customer", "crm.create_document", "crm.post_document", "crm.touch", "mandant.current_tenant"]
CHANGES = [
    "alter table crm.customer add column note_of_test text",
    "alter table crm.document add column note_of_test text",
    "create index customer_note_of_test on crm.customer (tenant_id, note_of_test)",
    *(f"do $do$ begin execute pg_get_functiondef('{function}'::regproc); end $do$" for function in FUNCTIONS),
    "analyze crm.customer, crm.document",
    "drop index crm.customer_note_of_test",
    "alter table crm.document drop column note_of_test",
    "alter table crm.customer drop column note_of_test",
]


class Worker(threading.Thread):
    """Does the same again and again, each time by requests whose answers are known."""

    def __init__(self, url, work):
        super().__init__()
        self.client, self.work = as_(SALES).at(url), work
        self.done, self.wrong, self.stopped = 0, [], False

    def run(self):
        try:
            while not self.stopped:
                self.work(self)
                self.done += 1
        except Exception as error:  # a thread's error reaches nobody else
            self.wrong.append(repr(error))

    def ask(self, status, method, path, body=None):
        answer = self.client.request(method, path, body)
        assert answer.status == status, f"{method} {path}: {answer}"
        return answer.json

    def reads(self):
        customers = self.ask(200, "GET", "/v1/customers?limit=5&sort=created_at")["items"]
        assert len(customers) == 5 and {customer["tenant"] for customer in customers} == {"de"}, customers
        for customer in customers:
            again = self.ask(200, "GET", f"/v1/customers/{customer['id']}")
            assert again == customer, (again, customer)

    def writes(self):
        name = f"Changed {uuid.uuid4()}"
        customer = self.ask(201, "POST", "/v1/customers", {"name": name, "country": "DE"})
        assert (customer["name"], customer["tenant"]) == (name, "de"), customer
        changed = self.ask(200, "PATCH", f"/v1/customers/{customer['id']}", {"city": "Ulm"})
        assert (changed["name"], changed["city"]) == (name, "Ulm"), changed
        lines = [{"description": "Test", "quantity": "2", "unit_price": "10", "tax_rate": "19"}]
        draft = self.ask(201, "POST", "/v1/documents", {"customer_id": customer["id"], "kind": "quote", "lines": lines})
        posted = self.ask(200, "POST", f"/v1/documents/{draft['id']}/post")
        assert (posted["status"], posted["net"], bool(posted["number"])) == ("posted", "20.00", True), posted


def wait_for_lock(table, count):
    """Until so many of the service's sessions wait for it."""
    eventually(lambda: sql("select count(*) from pg_locks l join pg_stat_activity a using (pid) where not l.granted"
                           f" and l.relation = '{table}'::regclass and a.usename = 'mandant_service'") == str(count))


class SchemaChanges(unittest.TestCase):
    def change_back(self):
        for table in "crm.customer", "crm.document":
            sql(f"alter table {table} drop column if exists note_of_test")

    def test_no_request_fails_while_the_schema_changes(self):
        self.addCleanup(self.change_back)
        with serving(os.environ["PGHOST"], 4) as url, contextlib.ExitStack() as stack:
            workers = [Worker(url, work) for work in (Worker.reads, Worker.writes) for _ in range(3)]
            for worker in workers:
                worker.start()
                stack.callback(worker.join)
                stack.callback(setattr, worker, "stopped", True)

            def go_on():
                """Each has begun and ended something since."""
                before = [worker.done for worker in workers]
                eventually(lambda: all(worker.done > done + 1 or worker.wrong for worker, done in zip(workers, before)), 60)

            go_on()
            for change in CHANGES:
                sql(change)
                go_on()
        self.assertEqual([wrong for worker in workers for wrong in worker.wrong], [])

    def test_who_waited_for_a_new_column_is_served(self):
        """The session knows the table as it was, and waits in the middle of a statement that was planned so."""
        self.addCleanup(self.change_back)
        with serving(os.environ["PGHOST"], 1) as url:
            client = as_(SALES).at(url)
            draft = {"customer_id": client.get("/v1/customers?limit=1").json["items"][0]["id"], "kind": "quote"}
            self.assertEqual(client.post("/v1/documents", draft).status, 201)
            administrator = Session("postgres")
            self.addCleanup(administrator.close)
            self.assertEqual(administrator.ask("begin; alter table crm.document add column note_of_test text"), "")
            asked = client.send("POST", "/v1/documents", draft)
            wait_for_lock("crm.document", 1)
            self.assertEqual(administrator.ask("commit"), "")
            self.assertEqual(asked.getresponse().status, 201)
            asked.close()


class Locked(unittest.TestCase):
    """A table that an administrator has locked: whoever needs it waits, and holds a connection meanwhile."""

    def lock(self):
        holder = Session("postgres")
        self.addCleanup(holder.close)
        self.assertEqual(holder.ask("begin; lock table crm.customer"), "")
        return holder

    def test_all_connections_waiting_is_said_and_passes(self):
        with serving(os.environ["PGHOST"], 2) as url:
            client = as_(SALES).at(url)
            holder = self.lock()
            held = [client.send("GET", "/v1/customers") for _ in range(2)]
            wait_for_lock("crm.customer", 2)
            for _ in range(2):
                answer = client.get("/v1/me")
                self.assertEqual((answer.status, answer.json["code"]), (503, "53300"), answer)
                self.assertTrue(answer.headers["Retry-After"])
            self.assertEqual(holder.ask("rollback"), "")
            for connection in held:
                self.assertEqual(connection.getresponse().status, 200)
                connection.close()
            self.assertEqual(client.get("/v1/me").status, 200)

    def test_after_a_dropped_request_the_connection_serves_another_company(self):
        with serving(os.environ["PGHOST"], 1) as url:
            holder = self.lock()
            dropped = as_("sales@us.example").at(url).send("GET", "/v1/customers")
            wait_for_lock("crm.customer", 1)
            dropped.close()
            wait_for_lock("crm.customer", 0)
            self.assertEqual(sql("select count(*) from pg_stat_activity where usename = 'mandant_service'"
                                 " and state <> 'idle'"), "0")
            self.assertEqual(holder.ask("rollback"), "")
            client = as_(SALES).at(url)
            self.assertEqual(client.get("/v1/me").json["principal"], SALES)
            self.assertEqual({customer["tenant"] for customer in client.get("/v1/customers").json["items"]}, {"de"})


if __name__ == "__main__":
    unittest.main()
