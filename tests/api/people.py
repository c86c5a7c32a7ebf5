"""People and a company for the tests of administration: made once per database, used by all of them."""

import uuid
from functools import cache

from client import as_, sql

COMPANY = "tests"


@cache
def company():
    """The code of a company that nobody else works in."""
    sql(f"""select mandant.create_tenant('{COMPANY}', 'Company of Tests', 'DE', 'EUR', 'group')
              where not exists (select from mandant_internal.tenant where code = '{COMPANY}')""")
    return COMPANY


def quoted(value):
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


@cache
def employee(email, tenant, role=None, scope="home"):
    """A client for somebody who holds a role; with scope all they select all companies."""
    if tenant == COMPANY:
        company()
    grant = f"perform mandant.grant_role({quoted(email)}, {quoted(role)}, {quoted(scope)});" if role else ""
    sql(f"""do $$ begin
              if not exists (select from mandant_internal.principal where name = {quoted(email)}) then
                perform mandant.add_employee({quoted(tenant)}, {quoted(email)}, 'Tess Ter', 'demo');
                {grant}
                if {quoted(scope)} = 'all' then
                  perform mandant_internal.set_default_selection({quoted(email)}, '*');
                end if;
              end if;
            end $$""")
    return as_(email)


def admin():
    """Administers everything, and sees all companies."""
    return employee("admin@tests.example", "group", "group_admin", "all")


def manager():
    """Manages the company of the tests."""
    return employee("manager@tests.example", COMPANY, "tenant_manager")


def reader():
    """Reads everything in the company of the tests, and changes nothing."""
    return employee("reader@tests.example", COMPANY, "reader")


def stranger():
    """Manages another company."""
    return employee("manager@hk-tests.example", "hk", "tenant_manager")


def own(word):
    """A name that no other run of the tests has used."""
    return f"{word}_{uuid.uuid4().hex[:12]}"


def whole_list(client, path, limit=200, at_most=None, **query):
    """All items of a list, page by page; of a long one as many pages as have `at_most`."""
    items, cursor = [], None
    while at_most is None or len(items) < at_most:
        page = client.get(path, limit=limit, **query, **({"cursor": cursor} if cursor else {}))
        assert page.status == 200, page
        assert len(page.json["items"]) <= limit, page
        items += page.json["items"]
        cursor = page.json["next_cursor"]
        if cursor is None:
            break
    return items


class Asserts:
    """What the tests of many resources look for."""

    def refused(self, answer, status, code):
        self.assertEqual((answer.status, answer.json["code"]), (status, code), answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")

    def same_refusal(self, answer, known, unknown_answer, unknown, status):
        """What is another's and what is nobody's get the same answer."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.text.replace(known, unknown), unknown_answer.text)

    def pages_in_order(self, client, path, key, limit=2, **query):
        """Pages make up the list, whose order is that of `key`, both ways if it can be asked for."""
        self.assertTrue(callable(key))
        whole = whole_list(client, path, **query)
        self.assertEqual(whole_list(client, path, limit=limit, **query), whole)
        values = [key(item) for item in whole]
        descending = query.get("sort", "").startswith("-")
        self.assertEqual(values, sorted(values, reverse=descending))
        self.assertEqual(len({str(item) for item in whole}), len(whole))
        return whole

    def is_done_once(self, client, path, body, count):
        """Sent twice with one key it happens once: `count()` tells how often it happened."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        first = client.request("POST", path, body, headers)
        self.assertIn(first.status, (200, 201, 204), first)
        happened = count()
        second = client.request("POST", path, body, headers)
        self.assertEqual((second.status, second.text), (first.status, first.text))
        self.assertEqual(count(), happened)
        return first

    def heeds_if_match(self, client, method, path, body, seen):
        """With a stale tag nothing happens, with that of `seen` it does."""
        tag = client.get(seen).headers["ETag"]
        before = client.get(seen).text
        stale = client.request(method, path, body, {"If-Match": '"stale"'})
        self.refused(stale, 412, "55000")
        self.assertEqual(client.get(seen).text, before)
        answer = client.request(method, path, body, {"If-Match": tag})
        self.assertIn(answer.status, (200, 201, 204), answer)
        return answer
