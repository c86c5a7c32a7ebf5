"""Reminders over HTTP: which are due, the run that makes them, the letter, what is kept out of it, and the levels. CF-05"""

import unittest
import urllib.request

from client import UNKNOWN, Client, sql
from contract import HAS_NO_RIGHT
from people import Asserts, employee, own, stranger, whole_list
from test_contact import customer
from test_contract import ADDRESS, company, manager as manager_of

PATH = "/v1/reminders"
DAY = "2026-10-01"
LEVEL = {"days_overdue": 5, "titles": {"en": "Reminder"}, "texts": {"en": "Please pay {amount} by {date}."}}


class Reminders(Asserts, unittest.TestCase):
    """Each in a company of its own: a run reminds of all that is due in one."""

    def setUp(self):
        self.code = company(own("dun").lower())
        self.manager = manager_of(self.code)
        self.customer = self.another()

    def another(self):
        return customer(self.manager, **ADDRESS, language="en")

    def invoice(self, day="2026-08-01", price="100.00", **members):
        made = self.manager.post("/v1/documents", {
            "kind": "invoice", "customer_id": self.customer["id"], "document_date": day,
            "lines": [{"description": "Support", "quantity": "1", "unit_price": price, "tax_rate": "0"}]} | members)
        self.assertEqual(made.status, 201, made)
        posted = self.manager.post(f"{made.headers['Location']}/post")
        self.assertEqual(posted.status, 200, posted)
        return posted.json

    def due(self, client=None, **query):
        return whole_list(client or self.manager, "/v1/due-reminders", **{"as_of": DAY, **query})

    def run_to(self, day=DAY, client=None):
        answer = (client or self.manager).post("/v1/run-reminders", {"as_of": day})
        self.assertEqual(answer.status, 200, answer)
        return answer.json["items"]

    def test_from_overdue_to_reminded_to_withdrawn(self):
        invoice = self.invoice()
        due, = self.due()
        item = {name: invoice[name] for name in ("number", "due_date", "open_amount")} | {"document_id": invoice["id"], "level": 1}
        self.assertEqual({name: due["items"][0][name] for name in item}, item)
        self.assertEqual((due["tenant"], due["customer_id"], due["level"], due["amount"], due["fee"], due["total"]),
                         (self.code, self.customer["id"], 1, "100.00", "0", "100.00"))
        made, = self.run_to()
        self.assertEqual((made["tenant"], made["customer_id"], made["total"], made["sqlstate"]), (self.code, self.customer["id"], "100.00", None))
        self.assertEqual((self.run_to(), self.due()), ([], []))
        path = f"{PATH}/{made['reminder_id']}"
        shown = self.manager.get(path).json
        self.assertEqual((shown["number"], shown["level"], shown["reminder_date"], shown["pay_until"]), (made["number"], 1, DAY, "2026-10-08"))
        self.assertEqual([(one["document_id"], one["open_amount"]) for one in shown["items"]], [(invoice["id"], "100.00")])
        with urllib.request.urlopen(urllib.request.Request(
                f"{Client().url}{path}/page", headers={"Authorization": f"Bearer {self.manager.token}"})) as answer:
            self.assertTrue(answer.headers["Content-Type"].startswith("text/html"))
            page = answer.read().decode()
        for text in (made["number"], invoice["number"], "Payment reminder"):
            self.assertIn(text, page)
        withdrawn = self.heeds_if_match(self.manager, "POST", f"{path}/withdraw", {"reason": "paid in time"}, path).json
        self.assertEqual((withdrawn["number"], withdrawn["withdrawn_reason"]), (made["number"], "paid in time"))
        self.assertTrue(withdrawn["withdrawn_at"])
        self.refused(self.manager.post(f"{path}/withdraw", {"reason": "again"}), 409, "23001")
        self.assertEqual([one["level"] for one in self.run_to()], [1])
        # the next level comes when its days have passed
        self.assertEqual([one["level"] for one in self.run_to("2026-10-15")], [2])

    def test_they_are_found_by_what_they_are_and_come_in_pages(self):
        invoices = []
        for _ in range(3):
            invoices.append(self.invoice())
            self.customer = self.another()
        self.pages_in_order(self.manager, "/v1/due-reminders", lambda row: row["customer_id"], as_of=DAY)
        made = self.run_to()
        one = next(row for row in made if row["customer_id"] == invoices[0]["customer_id"])
        for query, finds in (
            ({"customer_id": one["customer_id"]}, True), ({"number": one["number"]}, True), ({"document_id": invoices[0]["id"]}, True),
            ({"level": 1, "currency": "EUR", "withdrawn": "false", "from": DAY, "to": DAY, "customer_id": one["customer_id"]}, True),
            ({"customer_id": UNKNOWN}, False), ({"level": 2}, False), ({"currency": "USD"}, False), ({"withdrawn": "true"}, False),
            ({"from": "2026-10-02"}, False), ({"to": "2026-09-30"}, False), ({"document_id": UNKNOWN}, False), ({"owner_id": UNKNOWN}, False),
        ):
            found = [row["id"] for row in whole_list(self.manager, PATH, **query)]
            self.assertEqual(found, [one["reminder_id"]] if finds else [], query)
        for sort in ("id", "reminder_date", "number", "level", "total", "currency"):
            listed = whole_list(self.manager, PATH, limit=2, sort=sort)
            self.assertEqual(listed, whole_list(self.manager, PATH, sort="-" + sort)[::-1], sort)
            self.assertEqual(len(listed), 3)

    def test_what_is_blocked_is_left_out_until_it_is_lifted(self):
        invoice, other = self.invoice(), self.invoice(price="7.00")
        made = self.manager.post("/v1/reminder-blocks", {"document_id": invoice["id"], "until": "2999-12-31", "reason": "disputed"})
        self.assertEqual(made.status, 201, made)
        path = made.headers["Location"]
        self.assertEqual(self.manager.get(path).json, made.json)
        self.assertEqual(self.due()[0]["amount"], "7.00")
        again = self.manager.post("/v1/reminder-blocks", {"document_id": invoice["id"], "reason": "agreed"})
        self.assertEqual((again.json["id"], again.json["blocked_until"], again.json["reason"]), (made.json["id"], None, "agreed"))
        for query, finds in (({"document_id": invoice["id"]}, True), ({"on": "2026-11-01"}, True), ({"document_id": other["id"]}, False),
                             ({"customer_id": self.customer["id"]}, False), ({"owner_id": UNKNOWN}, False)):
            found = [row["id"] for row in whole_list(self.manager, "/v1/reminder-blocks", **query)]
            self.assertEqual(found, [made.json["id"]] if finds else [], query)
        whole = self.manager.post("/v1/reminder-blocks", {"customer_id": self.customer["id"], "reason": "insolvent"})
        self.assertEqual((whole.status, self.due()), (201, []))
        self.assertEqual(self.manager.delete(whole.headers["Location"]).status, 204)
        self.assertEqual(self.manager.delete(path).status, 204)
        for answer in (self.manager.get(path), self.manager.delete(path)):
            self.refused(answer, 404, "P0002")
        self.assertEqual(self.due()[0]["amount"], "107.00")

    def test_nonsense_is_refused_and_blocks_nothing(self):
        invoice = self.invoice()
        draft = self.manager.post("/v1/documents", {"kind": "invoice", "customer_id": self.customer["id"]}).json
        for body, status, code in (
            ({"reason": "x"}, 422, "22023"), ({"document_id": invoice["id"], "customer_id": self.customer["id"], "reason": "x"}, 422, "22023"),
            ({"document_id": invoice["id"], "reason": " "}, 422, "22023"), ({"document_id": invoice["id"], "reason": "x", "until": "2020-01-01"}, 422, "22023"),
            ({"document_id": draft["id"], "reason": "x"}, 422, "22023"), ({"document_id": UNKNOWN, "reason": "x"}, 404, "P0002"),
        ):
            answer = self.manager.post("/v1/reminder-blocks", body)
            self.refused(answer, status, code)
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(whole_list(self.manager, "/v1/reminder-blocks"), [])
        for body, field in (({"as_of": "2026-02-30"}, "as_of"), ({"day": DAY}, "day")):
            answer = self.manager.post("/v1/run-reminders", body)
            self.assertEqual((answer.status, answer.json["field"]), (422, field), answer)
        self.refused(self.manager.post("/v1/run-reminders", {"as_of": "1899-12-31"}), 422, "22023")
        self.refused(self.manager.post("/v1/run-reminders", {"tenant": "us"}), 403, "42501")
        self.refused(self.manager.get("/v1/due-reminders", sort="level"), 422, "22023")

    def test_one_that_is_refused_stops_no_other(self):
        sql(f"select mandant.set_setting('reminder_fee', '5', tenant => '{self.code}')")
        self.assertEqual(self.manager.request("PUT", "/v1/reminder-levels", {"items": [LEVEL]}).status, 200)
        fine = self.invoice()
        # what it would be in dinars, no rate says on that day
        self.customer = self.another()
        self.invoice(currency="KWD", exchange_rate="3")
        refused, = [row for row in self.run_to() if row["sqlstate"]]
        self.assertEqual((refused["reminder_id"], refused["fee"], refused["sqlstate"]), (None, None, "22023"))
        self.assertTrue(refused["message"] and refused["hint"])
        listed, = whole_list(self.manager, PATH)
        self.assertEqual((listed["customer_id"], listed["fee"], listed["total"]), (fine["customer_id"], "5.00", "105.00"))

    def test_levels_are_the_groups_until_there_are_own_ones(self):
        def levels():
            return whole_list(self.manager, "/v1/reminder-levels", sort="level")

        group = levels()
        self.assertEqual([(row["id"], row["inherited"]) for row in group], [(f"{self.code}.{n}", True) for n in (1, 2, 3)])
        answer = self.manager.request("PUT", "/v1/reminder-levels", {"items": [LEVEL, LEVEL | {"days_overdue": 9, "fee": "2.50", "payment_days": 0}]})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["items"], levels())
        self.assertEqual([(row["days_overdue"], row["days_since_last"], row["payment_days"], row["fee"], row["inherited"]) for row in levels()],
                         [(5, 7, 7, None, False), (9, 7, 0, "2.50", False)])
        own_ones = levels()
        for items in ([LEVEL, LEVEL], [LEVEL | {"titles": {"de": "Mahnung"}}], [LEVEL | {"fee": "-1"}], [LEVEL | {"days_overdue": 0}]):
            answer = self.manager.request("PUT", "/v1/reminder-levels", {"items": items})
            self.refused(answer, 422, "22023")
            self.assertTrue(answer.json["hint"], answer)
        for body, field in (({}, "items"), ({"items": [{**LEVEL, "level": 1}]}, "items[0].level"), ({"items": [{"titles": {}, "texts": {}}]}, "items[0].days_overdue")):
            answer = self.manager.request("PUT", "/v1/reminder-levels", body)
            self.assertEqual((answer.status, answer.json["field"]), (422, field), answer)
        self.assertEqual(levels(), own_ones)
        self.assertEqual(self.manager.request("PUT", "/v1/reminder-levels", {"items": []}).json["items"], group)

    def test_a_run_sent_twice_with_its_key_is_run_once(self):
        self.invoice()
        self.is_done_once(self.manager, "/v1/run-reminders", {"as_of": DAY}, lambda: len(whole_list(self.manager, PATH)))

    def test_who_may(self):
        self.invoice()
        reader, rep = (employee(f"{role}@{self.code}.example", self.code, role) for role in ("reader", "sales_rep"))
        self.assertEqual(self.due(reader), self.due())
        self.assertEqual(self.due(rep), [])
        for client in (reader, rep):
            for answer in (client.post("/v1/run-reminders", {"as_of": DAY}), client.request("PUT", "/v1/reminder-levels", {"items": [LEVEL]})):
                self.refused(answer, *HAS_NO_RIGHT)
                self.assertTrue(answer.json["hint"], answer)
        made, = self.run_to()
        path = f"{PATH}/{made['reminder_id']}"
        self.assertEqual(reader.get(path).json, self.manager.get(path).json)
        self.refused(reader.post(f"{path}/withdraw", {"reason": "x"}), *HAS_NO_RIGHT)
        for below in ("", "/page"):
            self.refused(rep.get(path + below), 404, "P0002")

    def test_what_is_anothers_is_like_nothing(self):
        invoice = self.invoice()
        self.customer = self.another()
        blocked = self.manager.post("/v1/reminder-blocks", {"customer_id": self.customer["id"], "reason": "x"}).json["id"]
        reminder = self.run_to()[0]["reminder_id"]
        for method, path, known, body in (
            ("GET", "{}", reminder, None), ("GET", "{}/page", reminder, None), ("POST", "{}/withdraw", reminder, {"reason": "x"}),
        ):
            path = f"{PATH}/{path}"
            foreign, unknown = stranger().request(method, path.format(known), body), stranger().request(method, path.format(UNKNOWN), body)
            self.same_refusal(foreign, known, unknown, UNKNOWN, 404)
        for method in ("GET", "DELETE"):
            foreign, unknown = (stranger().request(method, f"/v1/reminder-blocks/{one}") for one in (blocked, UNKNOWN))
            self.same_refusal(foreign, blocked, unknown, UNKNOWN, 404)
        foreign, unknown = (stranger().post("/v1/reminder-blocks", {"document_id": one, "reason": "x"}) for one in (invoice["id"], UNKNOWN))
        self.same_refusal(foreign, invoice["id"], unknown, UNKNOWN, 404)
        for path in (PATH, "/v1/reminder-blocks"):
            self.assertFalse([row for row in whole_list(stranger(), path) if row["tenant"] == self.code])
        self.assertEqual(self.due(stranger(), customer_id=invoice["customer_id"]), [])
        self.assertIsNone(self.manager.get(f"{PATH}/{reminder}").json["withdrawn_at"])


if __name__ == "__main__":
    unittest.main()
