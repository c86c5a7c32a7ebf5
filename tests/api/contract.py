"""What every resource promises that is written as it is read, and every one that is only read: told once. A file per noun
says of what: its address, what a new one is made of, what can be said about it, by what it is found and sorted."""

import uuid

from client import UNKNOWN
from people import Asserts, employee, manager, own, reader, stranger, whole_list

HAS_NO_RIGHT = (403, "42501")


def rep():
    """Sees own customers, and no others of the company."""
    return employee("rep@tests.example", "tests", "sales_rep")


class Contract(Asserts):
    """Rows of the company of the tests, each test's own."""

    path = None  # of the list
    required = {}  # what a new one cannot be without: a wrong value for each
    change = {}  # what new() does not say
    sorts = ()
    wrong = ()  # members that are refused, and the one that is to blame

    def setUp(self):
        self.mark = own("Contract")

    def new(self, **members):
        """What a new one is made of."""
        raise NotImplementedError

    def mine(self):
        """What only this test's rows are found by."""
        raise NotImplementedError

    def finds(self, row):
        """What one is found by, and what it is not."""
        return [], []

    def make(self, **members):
        made = manager().post(self.path, self.new(**members))
        self.assertEqual(made.status, 201, made)
        self.addCleanup(manager().delete, made.headers["Location"])
        return made

    def rows(self, **query):
        return whole_list(manager(), self.path, **self.mine(), **query)

    def test_one_is_made_read_changed_and_deleted(self):
        made = self.make()
        path = made.headers["Location"]
        said = {name: made.json[name] for name in self.new() if name in self.change}
        self.assertEqual(made.json["tenant"], "tests")
        self.assertEqual(manager().get(path).json, made.json)
        changed = manager().patch(path, self.change)
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual({name: changed.json[name] for name in self.change}, self.change)
        self.assertNotEqual(said, {name: self.change[name] for name in said} or None)
        self.assertEqual(manager().get(path).json, changed.json)
        self.assertEqual([row["id"] for row in self.rows()], [made.json["id"]])
        self.assertEqual(manager().delete(path).status, 204)
        for answer in (manager().get(path), manager().patch(path, self.change), manager().delete(path)):
            self.refused(answer, 404, "P0002")
        self.assertEqual(self.rows(), [])

    def test_what_is_shown_has_a_tag_that_is_heeded(self):
        made = self.make()
        path, tag = made.headers["Location"], made.headers["ETag"]
        known = manager().request("GET", path, headers={"If-None-Match": tag})
        self.assertEqual((known.status, known.text), (304, ""))
        changed = self.heeds_if_match(manager(), "PATCH", path, self.change, path)
        self.assertNotEqual(changed.headers["ETag"], tag)
        self.refused(manager().request("PATCH", path, self.change, {"If-Match": tag}), 412, "55000")
        self.assertEqual(self.heeds_if_match(manager(), "DELETE", path, None, path).status, 204)

    def test_a_request_sent_twice_with_its_key_makes_one(self):
        made = self.is_done_once(manager(), self.path, self.new(), lambda: len(self.rows()))
        self.addCleanup(manager().delete, made.headers["Location"])
        self.assertEqual(len(self.rows()), 1)

    def test_pages_make_up_the_list_in_every_order(self):
        rows = [self.make().json for _ in range(5)]
        for sort in ("id", *self.sorts):
            for direction in ("", "-"):
                order = self.rows(limit=2, sort=direction + sort)
                self.assertEqual(sorted(row["id"] for row in order), sorted(row["id"] for row in rows), sort)
                self.assertEqual(order, self.rows(sort=direction + sort))
            self.assertEqual(order, self.rows(sort=sort)[::-1])
        self.refused(manager().get(self.path, sort="nothing"), 422, "22023")

    def test_what_is_made_meanwhile_neither_hides_nor_repeats_a_row(self):
        there = {self.make().json["id"] for _ in range(5)}
        for sort in ("id", "-id", *self.sorts):
            seen, cursor = [], {}
            while cursor is not None:
                page = manager().get(self.path, limit=2, sort=sort, **self.mine(), **cursor).json
                seen += [row["id"] for row in page["items"]]
                cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
                self.make()
            self.assertEqual(len(seen), len(set(seen)), sort)
            self.assertLessEqual(there, set(seen), sort)

    def test_it_is_found_by_what_it_is(self):
        row = self.make().json
        found, missed = self.finds(row)
        self.assertTrue(found and missed)
        for query in found:
            self.assertIn(row, whole_list(manager(), self.path, **query), query)
        for query in missed:
            self.assertNotIn(row, whole_list(manager(), self.path, **query), query)
        self.refused(manager().get(self.path, nothing="x"), 422, "22023")

    def test_who_may_only_read_is_told_so(self):
        made = self.make()
        path = made.headers["Location"]
        self.assertEqual(reader().get(path).json, made.json)
        for answer in (reader().post(self.path, self.new()), reader().patch(path, self.change), reader().delete(path)):
            self.refused(answer, *HAS_NO_RIGHT)
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(self.rows(), [made.json])

    def test_another_companys_is_not_there(self):
        made = self.make()
        path, nowhere = made.headers["Location"], f"{self.path}/{UNKNOWN}"
        for method, body in (("GET", None), ("PATCH", self.change), ("DELETE", None)):
            foreign, unknown = stranger().request(method, path, body), stranger().request(method, nowhere, body)
            self.same_refusal(foreign, made.json["id"], unknown, UNKNOWN, 404)
        self.assertEqual(whole_list(stranger(), self.path, **self.mine()), [])
        self.assertEqual(manager().get(path).json, made.json)

    def test_what_is_missing_or_null_is_named(self):
        for name in self.required:
            body = self.new()
            del body[name]
            for body in (body, self.new(**{name: None})):
                answer = manager().post(self.path, body)
                self.assertEqual((answer.status, answer.json.get("field")), (422, name), answer)
                self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(self.rows(), [])

    def test_a_wrong_value_is_named_and_changes_nothing(self):
        made = self.make()
        path = made.headers["Location"]
        wrong = [({name: value}, name) for name, value in self.required.items()]
        for members, field in (*wrong, *self.wrong, ({"nothing": 1}, "nothing")):
            answers = [manager().post(self.path, self.new(**members))]
            if not set(members) & self.fixed():
                answers.append(manager().patch(path, members))
            for answer in answers:
                self.assertEqual((answer.status, answer.json.get("field")), (422, field), f"{members}: {answer}")
                self.assertTrue(answer.json["code"] and answer.json["detail"] and answer.json["hint"], answer)
        self.assertEqual(self.rows(), [made.json])

    def fixed(self):
        """What stays as a new one had it."""
        return set()

    def test_what_stays_cannot_be_changed(self):
        made = self.make()
        for name in ("id", "tenant", *self.fixed()):
            answer = manager().patch(made.headers["Location"], {name: made.json[name]})
            self.assertEqual((answer.status, answer.json["field"]), (422, name), answer)
        self.assertEqual(self.rows(), [made.json])

    def test_what_is_no_object_is_refused(self):
        made = self.make()
        path = made.headers["Location"]
        for method, address in (("POST", self.path), ("PATCH", path)):
            for body, status in ((b"{", 400), (b"", 400), (b"{,}", 400), (b"[]", 422), (b"1", 422), (b"null", 422)):
                answer = manager().request(method, address, body)
                self.assertEqual(answer.status, status, f"{body}: {answer}")
                self.assertTrue(answer.json["code"] and answer.json["hint"], answer)
        self.refused(manager().patch(path, {}), 422, "22023")
        self.assertEqual(self.rows(), [made.json])


class Read(Asserts):
    """What all companies share: everybody reads it, and nobody changes it here."""

    path = None  # of the list
    key = "id"
    one = None  # that is there
    sorts = ()
    finds = ()  # by what it is found
    misses = ()  # by what it is not

    def test_everybody_reads_the_same(self):
        whole = whole_list(manager(), self.path)
        self.assertTrue(whole)
        for client in (rep(), reader(), stranger()):
            self.assertEqual(whole_list(client, self.path), whole)

    def test_pages_make_up_the_list_in_every_order(self):
        whole = {str(row) for row in whole_list(manager(), self.path)}
        for sort in self.sorts:
            order = whole_list(manager(), self.path, sort=sort)
            self.assertEqual(whole_list(manager(), self.path, limit=7, sort=sort, at_most=30), order[:35][: len(order)])
            self.assertEqual({str(row) for row in order}, whole)
            self.assertEqual(len(order), len(whole))
            self.assertEqual(whole_list(manager(), self.path, sort="-" + sort), order[::-1])

    def test_one_is_read_by_its_key(self):
        path = f"{self.path}/{self.one}"
        answer = manager().get(path)
        self.assertEqual((answer.status, answer.json[self.key]), (200, self.one), answer)
        self.assertIn(answer.json, whole_list(manager(), self.path))
        known = manager().request("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
        self.assertEqual((known.status, known.text), (304, ""))
        self.refused(manager().get(f"{self.path}/{uuid.uuid4()}"), 404, "P0002")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            self.assertEqual(manager().request(method, path, {}).status, 405, method)

    def test_it_is_found_by_what_it_is(self):
        keys = lambda query: [row[self.key] for row in whole_list(manager(), self.path, **query)]  # noqa: E731
        for query in self.finds:
            self.assertIn(self.one, keys(query), query)
        for query in self.misses:
            self.assertNotIn(self.one, keys(query), query)
        self.refused(manager().get(self.path, nothing="x"), 422, "22023")
