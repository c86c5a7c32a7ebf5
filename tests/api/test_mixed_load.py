"""Employees of all companies and the group's controller at once, over fewer connections to the database than there are people.

Every connection thus serves one company after the other, with requests in between that are refused by the database or dropped by
their sender half-way. Whatever is answered is searched for ids, and each id looked up in the database, whose word on whose row it
is counts, not the answer's: none belongs to a company, or for who sees own rows only to a person, that the caller may not see.
"""

import contextlib
import functools
import os
import pathlib
import random
import re
import sys
import threading
import unittest
import uuid

from client import as_, sign_in, sql
from serving import serving
from test_service import eventually

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from pooler import PgBouncer  # noqa: E402

CONNECTIONS = 4
THREADS, REQUESTS = 2, 100  # of each person, of each thread
# Who may see which companies; the first is what they see without selecting, * all.
MAY = {
    "sales@us.example": ["us"],
    "sales@de.example": ["de"],
    "sales@hk.example": ["hk"],
    "rep@de.example": ["de"],
    "lead@de.example": ["de", "hk"],
    "controller@group.example": ["*"],  # other tests have made more companies
}
OWN_ROWS_ONLY = "rep@de.example"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROW = re.compile(rf'"id":\s*"({ID.pattern})"')  # and not what a row refers to, which may be a colleague's


class Seen:
    """What somebody was answered, who may see rows of `tenants`."""

    def __init__(self, email, tenants, asked, answer):
        self.email, self.tenants, self.asked, self.answer = email, tenants, asked, answer

    def foreign(self, rows):
        """Ids that must not be in the answer; one that was asked for may be named in a refusal."""
        named = ID.findall(self.asked) if self.answer.status != 200 else []
        shown = ROW.findall(self.answer.text)
        return [id for id in ID.findall(self.answer.text)
                if id in rows and id not in named and not self.may_see(*rows[id], id in shown)]

    def may_see(self, tenant, owner, shown):
        return tenant in self.tenants and (not shown or self.email != OWN_ROWS_ONLY or owner in ("", self.email))


@functools.cache
def all_tenants():
    """The codes of all companies of the group."""
    return sql("select code from mandant.tenant").splitlines()


def all_rows():
    """Of each row that has an id: its tenant, and its owner's name, which is empty for what belongs to nobody."""
    rows = sql("select r.id, t.code, p.name from (select id, tenant_id, owner_id from crm.customer"
               " union all select id, tenant_id, owner_id from crm.document union all select id, tenant_id, null from crm.product) r"
               " join mandant.tenant t on t.id = r.tenant_id left join mandant.principal p on p.id = r.owner_id")
    return {id: (tenant, owner) for id, tenant, owner in (line.split("|") for line in rows.splitlines())}


class Person:
    """Sends requests by chance, the same in each run, and keeps what was answered."""

    def __init__(self, email, number, url, rows):
        self.email, self.number, self.client = email, number, sign_in(email, url)
        self.chance = random.Random(f"{email} {number}")
        ids = sorted(rows)
        self.ids = [self.chance.choice(ids) for _ in range(20)]  # of any company
        self.seen, self.wrong = [], []

    def select(self):
        """A selection for the header, and the companies that it gives; none if it is refused."""
        tenants = all_tenants() if "*" in MAY[self.email] else MAY[self.email]
        selection = self.chance.choice([None, None, None, "*", "*", "de", "us", "hk", "de,hk", "xx", "no code"])
        if selection is None:
            return None, tenants if "*" in MAY[self.email] else tenants[:1]
        if selection == "*":
            return selection, tenants
        selected = selection.split(",")
        return selection, selected if set(selected) <= set(tenants) else None

    def request(self):
        """One by chance: method, address, body, and what may be answered besides."""
        id = self.chance.choice(self.ids)
        return self.chance.choice([
            ("GET", "/v1/me", None, {200}),
            ("GET", "/v1/customers", None, {200}),
            ("GET", f"/v1/customers?limit={self.chance.randint(1, 9)}&sort=name", None, {200}),
            ("GET", f"/v1/customers/{id}", None, {200, 404}),
            ("GET", "/v1/documents?limit=200", None, {200}),
            ("GET", "/v1/documents?kind=invoice&status=posted", None, {200}),
            ("GET", f"/v1/documents/{id}", None, {200, 404}),
            ("POST", "/v1/documents", {"customer_id": id, "kind": "quote"}, {201, 403, 404}),
            ("POST", "/v1/customers", {"name": f"{self.email} {uuid.UUID(int=self.chance.getrandbits(128))}", "country": "DE"},
             {201, 403, 409}),
            # what the database refuses in the middle of a transaction
            ("GET", "/v1/customers/" + "0" * 32, None, {404}),
            ("POST", "/v1/customers", {"name": "x", "country": "QQ"}, {403, 409, 422}),
            ("POST", "/v1/customers", {"name": "x", "country": "DE", "email": "nowhere"}, {403, 409, 422}),
            ("POST", "/v1/documents", {"customer_id": id, "kind": "nothing"}, {403, 404, 422}),
        ])

    def work(self):
        for _ in range(REQUESTS):
            selection, tenants = self.select()
            method, path, body, expected = self.request()
            client = self.client.selecting(selection)
            if self.chance.random() < 0.2:
                self.drop(client, method, path, body)
                continue
            answer = client.request(method, path, body)
            if answer.status not in ({403, 422} if tenants is None else expected):
                self.wrong.append(f"{self.email} {selection}: {method} {path}: {answer}")
            if path == "/v1/me" and answer.status == 200 and answer.json["principal"] != self.email:
                self.wrong.append(f"{self.email} is taken for {answer.json['principal']}")
            self.seen.append(Seen(self.email, tenants or [], f"{path} {body}", answer))

    def drop(self, client, method, path, body):
        """Sends it and goes away, at once or while it is being answered."""
        connection = client.send(method, path, body)
        if self.chance.random() < 0.5:
            connection.sock.settimeout(self.chance.random() / 100)
            with contextlib.suppress(OSError):
                connection.sock.recv(1)
        connection.close()

    def run(self):
        try:
            self.work()
        except Exception as error:  # a thread's error reaches nobody else
            self.wrong.append(f"{self.email}: {error!r}")


class MixedLoad(unittest.TestCase):
    def assert_apart(self, url):
        """All at once over the service there: every answer has rows of its caller only."""
        rows = all_rows()
        people = [Person(email, number, url, rows) for email in MAY for number in range(THREADS)]
        threads = [threading.Thread(target=person.run) for person in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertFalse("\n".join(wrong for person in people for wrong in person.wrong))
        rows = all_rows()
        seen = [seen for person in people for seen in person.seen]
        foreign = [(each.email, each.tenants, each.asked, id, rows[id]) for each in seen for id in each.foreign(rows)]
        self.assertEqual(foreign, [])
        # it was not by seeing nothing
        for email in MAY:
            found = {rows[id][0] for each in seen if each.email == email for id in ID.findall(each.answer.text) if id in rows}
            self.assertTrue(found, email)
        self.assertGreater(sum(each.answer.status == 200 for each in seen), len(seen) / 4)

    def assert_nothing_is_left(self):
        """No session of the service's login is in a transaction any more."""
        eventually(lambda: sql("select count(*) from pg_stat_activity where usename = 'mandant_service' and state <> 'idle'") == "0")

    def test_the_check_finds_rows_of_another_company_and_of_another_person(self):
        rows = all_rows()
        answer = as_("sales@us.example").get("/v1/customers")
        own = [item["id"] for item in answer.json["items"]]
        self.assertTrue(own)
        self.assertEqual(Seen("sales@us.example", ["us"], "/v1/customers", answer).foreign(rows), [])
        self.assertEqual(set(Seen("sales@de.example", ["de"], "/v1/customers", answer).foreign(rows)), set(own))
        answer = as_("sales@de.example").get("/v1/customers")
        self.assertTrue(Seen(OWN_ROWS_ONLY, ["de"], "/v1/customers", answer).foreign(rows))
        answer = as_("sales@de.example").get(f"/v1/customers/{own[0]}")
        self.assertEqual(Seen("sales@de.example", ["de"], f"/v1/customers/{own[0]}", answer).foreign(rows), [], "a refusal names it")

    def test_nobody_sees_rows_of_others_over_shared_connections(self):
        with serving(os.environ["PGHOST"], CONNECTIONS) as url:
            self.assert_apart(url)
            self.assert_nothing_is_left()

    def test_nobody_sees_rows_of_others_through_a_transaction_pool(self):
        with PgBouncer(dict(os.environ), "transaction", pool=2) as pooler, serving(pooler.folder, CONNECTIONS) as url:
            self.assert_apart(url)
            self.assert_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
