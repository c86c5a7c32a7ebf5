"""ETag, If-None-Match, If-Match: what has become another since is not changed unseen."""

import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor

from client import UNKNOWN, as_, sql
from test_once import DE, LINE, US, customer, draft


def made():
    answer = as_(DE).post("/v1/customers", customer())
    assert answer.status == 201, answer
    return answer.headers["Location"], answer.headers["ETag"]


def change(path, tag, body=None):
    return as_(DE).request("PATCH", path, body or {"city": str(uuid.uuid4())}, {"If-Match": tag})


class Unchanged(unittest.TestCase):
    def test_the_tag_is_that_of_what_is_shown(self):
        path, tag = made()
        self.assertEqual(as_(DE).get(path).headers["ETag"], tag)
        changed = as_(DE).patch(path, {"city": "Köln"})
        self.assertNotEqual(changed.headers["ETag"], tag)
        self.assertEqual(as_(DE).get(path).headers["ETag"], changed.headers["ETag"])

    def test_who_has_it_is_not_sent_it_again(self):
        path, tag = made()
        for known in (tag, f'"x", {tag}', f"W/{tag}", "*"):
            answer = as_(DE).request("GET", path, headers={"If-None-Match": known})
            self.assertEqual((answer.status, answer.text, answer.headers["ETag"]), (304, "", tag))
        self.assertEqual(as_(DE).request("GET", path, headers={"If-None-Match": '"x"'}).status, 200)

    def test_a_refusal_is_never_taken_for_what_one_has(self):
        answer = as_(DE).request("GET", f"/v1/customers/{UNKNOWN}", headers={"If-None-Match": "*"})
        self.assertEqual(answer.status, 404, answer)


class Matching(unittest.TestCase):
    def test_what_was_seen_is_changed(self):
        path, tag = made()
        answer = change(path, tag, {"city": "Köln"})
        self.assertEqual((answer.status, answer.json["city"]), (200, "Köln"), answer)
        self.assertEqual(change(path, "*", {"city": "Bonn"}).json["city"], "Bonn")

    def test_a_stale_tag_changes_nothing(self):
        path, tag = made()
        as_(DE).patch(path, {"city": "Köln"})
        before = as_(DE).get(path).text
        for answer in (change(path, tag), change(path, "nonsense")):
            self.assertEqual((answer.status, answer.json["code"]), (412, "55000"), answer)
            self.assertTrue(answer.json["hint"])
        self.assertEqual(as_(DE).get(path).text, before)

    def test_of_many_who_saw_the_same_one_changes_it(self):
        path, tag = made()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: change(path, tag), range(8)))
        statuses = sorted(answer.status for answer in answers)
        self.assertEqual(statuses, [200] + [412] * 7, statuses)
        winner = next(answer for answer in answers if answer.status == 200)
        self.assertEqual(as_(DE).get(path).text, winner.text)

    def test_without_a_tag_the_last_one_wins(self):
        path, _ = made()
        as_(DE).patch(path, {"city": "Köln"})
        self.assertEqual(as_(DE).patch(path, {"city": "Bonn"}).status, 200)

    def test_a_draft_that_changed_is_not_posted(self):
        path = draft()
        tag = as_(DE).get(path).headers["ETag"]
        other = [LINE | {"description": "Other work"}]  # of the same amounts: no total changes
        self.assertEqual(as_(DE).patch(path, {"lines": other}).status, 200)
        answer = as_(DE).request("POST", path + "/post", headers={"If-Match": tag})
        self.assertEqual(answer.status, 412, answer)
        self.assertEqual(as_(DE).get(path).json["status"], "draft")
        tag = as_(DE).get(path).headers["ETag"]
        self.assertEqual(as_(DE).request("POST", path + "/post", headers={"If-Match": tag}).status, 200)

    def test_of_changes_and_postings_of_one_draft_at_once_one_is_done(self):
        for _ in range(5):
            path = draft()
            tag = {"If-Match": as_(DE).get(path).headers["ETag"]}

            def act(n):
                if n % 2:
                    return as_(DE).request("POST", path + "/post", headers=tag)
                return as_(DE).request("PATCH", path, {"lines": [LINE | {"description": f"Work {n}"}]}, tag)

            with ThreadPoolExecutor(4) as pool:
                statuses = sorted(answer.status for answer in pool.map(act, range(4)))
            self.assertEqual(statuses, [200, 412, 412, 412])

    def test_a_row_of_another_company_is_not_there_whatever_is_sent(self):
        foreign = as_(US).get("/v1/customers", limit=1).json["items"][0]["id"]
        answer = change(f"/v1/customers/{foreign}", "*")
        unknown = change(f"/v1/customers/{UNKNOWN}", "*")
        self.assertEqual(answer.status, 404, answer)
        self.assertEqual(answer.text.replace(foreign, UNKNOWN), unknown.text)

    def test_what_is_yet_to_be_made_matches_nothing(self):
        body = customer()
        answer = as_(DE).request("POST", "/v1/customers", body, {"If-Match": "*"})
        self.assertEqual((answer.status, answer.json["field"]), (422, "if-match"), answer)
        self.assertEqual(sql(f"select count(*) from crm.customer where name = '{body['name']}'"), "0")

    def test_a_deletion_heeds_it_too(self):
        path = draft()
        answer = as_(DE).request("DELETE", path, headers={"If-Match": '"x"'})
        self.assertEqual(answer.status, 412, answer)
        tag = as_(DE).get(path).headers["ETag"]
        self.assertEqual(as_(DE).request("DELETE", path, headers={"If-Match": tag}).status, 204)
        self.assertEqual(as_(DE).get(path).status, 404)


if __name__ == "__main__":
    unittest.main()
