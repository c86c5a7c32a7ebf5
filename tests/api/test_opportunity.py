"""Opportunities, their way through the stages, and what is to be done for them, over HTTP."""

import unittest

from client import UNKNOWN
from contract import HAS_NO_RIGHT
from people import admin, manager, reader, stranger, whole_list
from test_contact import OfCustomer, customer


class KeepsCustomer(OfCustomer):
    def test_its_customer_stays(self):
        made = self.make()
        answer = manager().delete(f"/v1/customers/{self.customer['id']}")
        self.refused(answer, 409, "23001")
        self.assertEqual(self.rows(), [made.json])


class Opportunities(KeepsCustomer, unittest.TestCase):
    path = "/v1/opportunities"
    required = {"customer_id": "x", "name": 5}
    change = {"stage": "propose", "probability": "70", "forecast_category": "commit", "amount": "2500.00", "source": "fair",
              "expected_close": "2027-06-30"}
    sorts = ("name", "stage", "outcome", "currency", "closing", "created_at", "updated_at")
    wrong = (
        ({"amount": 1.5}, "amount"), ({"probability": "x"}, "probability"), ({"expected_close": "2027-02-30"}, "expected_close"),
        ({"outcome": "won"}, "outcome"), ({"owner_id": UNKNOWN}, "owner_id"),
    )

    def fixed(self):
        return {"customer_id", "outcome"}

    def new(self, **members):
        return {"customer_id": self.customer["id"], "name": self.mark, "amount": "1000.00"} | members

    def finds(self, row):
        mine = self.mine()
        return ([mine, {"name": self.mark.upper()}, mine | {"stage": "qualify", "outcome": "open", "currency": "EUR"},
                 mine | {"owner_id": row["owner_id"]}],
                [mine | {"stage": "won"}, mine | {"outcome": "lost"}, mine | {"from": "2026-01-01"}, mine | {"owner_id": UNKNOWN}])

    def test_what_is_unknown_is_decided_last(self):
        days = ("2027-03-01", None, "2027-01-01", "2027-02-01", None)
        for day in days:
            self.make(expected_close=day)
        order = [row["expected_close"] for row in self.rows(sort="closing", limit=2)]
        self.assertEqual(order, ["2027-01-01", "2027-02-01", "2027-03-01", None, None])
        between = self.rows(**{"from": "2027-01-15", "to": "2027-02-15"})
        self.assertEqual([row["expected_close"] for row in between], ["2027-02-01"])

    def test_it_is_its_customers_company_that_counts_and_not_the_selection(self):
        made = admin().post(self.path, self.new())
        self.assertEqual((made.status, made.json["tenant"]), (201, "tests"), made)
        self.addCleanup(manager().delete, made.headers["Location"])

    def test_its_stage_closes_and_opens_it_and_its_way_is_written_down(self):
        made = self.make(amount="1000.005")
        path = made.headers["Location"]
        self.assertEqual((made.json["stage"], made.json["outcome"], made.json["amount"]), ("qualify", "open", "1000.01"))
        lost = manager().patch(path, {"stage": "lost", "lost_reason": "too dear"}).json
        self.assertEqual((lost["outcome"], lost["lost_reason"]), ("lost", "too dear"))
        self.assertTrue(lost["closed_on"])
        again = manager().patch(path, {"stage": "negotiate"}).json
        self.assertEqual((again["outcome"], again["lost_reason"], again["closed_at"]), ("open", None, None))
        changes = whole_list(manager(), "/v1/stage-changes", opportunity_id=made.json["id"], sort="id")
        self.assertEqual([(one["from_stage"], one["to_stage"], one["outcome"]) for one in changes],
                         [(None, "qualify", "open"), ("qualify", "lost", "lost"), ("lost", "negotiate", "open")])
        one = f"/v1/stage-changes/{changes[0]['id']}"
        self.assertEqual(manager().get(one).json, changes[0])
        self.assertEqual(manager().request("PATCH", one, {"to_stage": "won"}).status, 405)
        self.assertEqual(stranger().get(one).status, 404)
        self.assertEqual(whole_list(stranger(), "/v1/stage-changes", opportunity_id=made.json["id"]), [])

    def test_what_does_not_fit_its_stage_is_refused(self):
        path = self.make().headers["Location"]
        self.assertEqual(manager().patch(path, {"stage": "won"}).json["outcome"], "won")
        before = manager().get(path).text
        for change, code in (({"probability": "50"}, "23514"), ({"lost_reason": "no"}, "23514"), ({"stage": "nowhere"}, "22023"),
                             ({"amount": "-1"}, "23514"), ({"currency": "XXX"}, "22023"), ({"stage": None}, "23502")):
            answer = manager().patch(path, change)
            self.refused(answer, 422, code)
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(manager().get(path).text, before)


class Activities(KeepsCustomer, unittest.TestCase):
    path = "/v1/activities"
    required = {"kind": "party", "subject": " "}
    change = {"kind": "call", "body": "They open in spring.", "due_at": "2027-01-31T08:00:00Z"}
    sorts = ("kind", "due", "created_at", "updated_at")
    wrong = (
        ({"customer_id": None}, "customer_id"), ({"due_at": "tomorrow"}, "due_at"), ({"owner_id": UNKNOWN}, "owner_id"),
        ({"subject": "x" * 501}, "subject"), ({"kind": "note", "due_at": "2027-01-01T00:00:00Z"}, "kind, due_at, done_at"),
    )

    def new(self, **members):
        return {"customer_id": self.customer["id"], "kind": "task", "subject": self.mark} | members

    def finds(self, row):
        mine = self.mine()
        return ([mine, mine | {"kind": "task", "done": "false"}, mine | {"owner_id": row["owner_id"]}],
                [mine | {"done": "true"}, mine | {"kind": "call"}, mine | {"from": "2020-01-01T00:00:00Z"},
                 mine | {"opportunity_id": UNKNOWN}])

    def open(self, **query):
        return [row["id"] for row in whole_list(manager(), "/v1/open-activities", **self.mine(), **query)]

    def test_what_is_done_is_no_longer_to_be_done(self):
        made = self.make(due_at="2020-01-01T00:00:00Z")
        path = made.headers["Location"]
        self.assertEqual(self.open(overdue="true"), [made.json["id"]])
        self.assertEqual(self.open(overdue="false"), [])
        shown = manager().get(f"/v1/open-activities/{made.json['id']}").json
        self.assertEqual((shown["customer_name"], shown["overdue"]), (self.customer["name"], True))
        done = self.heeds_if_match(manager(), "POST", f"{path}/done", None, path)
        self.assertTrue(done.json["done_at"])
        self.assertEqual(manager().post(f"{path}/done").json["done_at"], done.json["done_at"])
        self.assertEqual(self.open(), [])
        self.assertEqual(manager().get(f"/v1/open-activities/{made.json['id']}").status, 404)
        self.assertEqual([row["id"] for row in self.rows(done="true")], [made.json["id"]])
        self.assertEqual(manager().patch(path, {"done_at": None}).json["done_at"], None)
        self.assertEqual(self.open(), [made.json["id"]])

    def test_what_is_due_some_time_comes_last(self):
        for day in ("2027-03-01", None, "2027-01-01"):
            self.make(due_at=day and f"{day}T00:00:00Z")
        for path in (self.path, "/v1/open-activities"):
            rows = whole_list(manager(), path, limit=1, sort="due", **self.mine())
            self.assertEqual([row["due_at"] and row["due_at"][:10] for row in rows], ["2027-01-01", "2027-03-01", None])

    def test_a_note_is_never_done(self):
        made = self.make(kind="note")
        answer = manager().post(f"{made.headers['Location']}/done")
        self.refused(answer, 422, "23514")
        self.assertEqual(self.rows(), [made.json])

    def test_who_may_only_read_gets_nothing_done(self):
        made = self.make()
        self.refused(reader().post(f"{made.headers['Location']}/done"), *HAS_NO_RIGHT)
        self.assertEqual(stranger().post(f"{made.headers['Location']}/done").status, 404)
        self.assertEqual(self.rows(), [made.json])

    def test_its_customer_follows_from_what_it_is_about(self):
        about = manager().post("/v1/opportunities", {"customer_id": self.customer["id"], "name": "x"})
        self.addCleanup(manager().delete, about.headers["Location"])
        body = {"kind": "task", "subject": self.mark, "opportunity_id": about.json["id"]}
        made = manager().post(self.path, body)
        self.addCleanup(manager().delete, made.headers["Location"])
        self.assertEqual(made.json["customer_id"], self.customer["id"])
        other = customer()
        self.addCleanup(manager().delete, f"/v1/customers/{other['id']}")
        self.refused(manager().post(self.path, body | {"customer_id": other["id"]}), 422, "22023")
        for member in ("opportunity_id", "document_id"):
            self.refused(manager().post(self.path, self.new(**{member: UNKNOWN})), 404, "P0002")
        self.assertEqual(len(self.rows()), 1)


if __name__ == "__main__":
    unittest.main()
