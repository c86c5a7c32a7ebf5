"""Payments over HTTP: what they settle, what is open, and taking back."""

import unittest

from client import UNKNOWN, as_
from test_document import CONTROLLER, DE, US, draft


def invoice(of=DE):
    path = draft(of, customer_id=customer(of)).headers["Location"]
    answer = as_(of).post(f"{path}/post")
    assert answer.status == 200, answer
    return answer.json


def customer(of):
    """One of the test's own, so that nothing else is open."""
    answer = as_(of).post("/v1/customers", {"name": "Payer", "country": of[-10:-8].upper()})
    assert answer.status == 201, answer
    return answer.json["id"]


def pay(invoice, **members):
    body = {"customer_id": invoice["customer_id"], "amount": invoice["gross"]} | members
    return as_(DE).post("/v1/payments", body)


def open_items(invoice):
    return as_(DE).get("/v1/open-items", customer_id=invoice["customer_id"]).json["items"]


class Payments(unittest.TestCase):
    def test_a_payment_pays_what_is_due(self):
        due = invoice()
        self.assertEqual([item["document_id"] for item in open_items(due)], [due["id"]])
        payment = pay(due, reference="bank")
        self.assertEqual((payment.status, payment.json["kind"], payment.json["status"]), (201, "payment", "posted"), payment)
        self.assertTrue(payment.json["number"])
        self.assertEqual(as_(DE).get(payment.headers["Location"]).json, payment.json)
        self.assertEqual(open_items(due), [])
        rows = as_(DE).get("/v1/settlements", document_id=due["id"]).json["items"]
        self.assertEqual([(row["by_id"], row["amount"]) for row in rows], [(payment.json["id"], due["gross"])])

    def test_a_payment_for_nothing_is_set_off_later_and_taken_back(self):
        due = invoice()
        payment = pay(due, allocations=[]).json
        self.assertEqual({item["document_id"] for item in open_items(due)}, {due["id"], payment["id"]})
        body = {"credit_id": payment["id"], "debit_id": due["id"], "amount": "100.00"}
        settled = as_(DE).post("/v1/settlements", body)
        self.assertEqual(settled.status, 201, settled)
        self.assertEqual(sorted(row["amount"] for row in settled.json["items"]), ["-100.00", "100.00"])
        self.assertEqual(as_(DE).get(settled.headers["Location"]).json["items"][0]["pair_id"], settled.json["items"][0]["pair_id"])
        path = f"/v1/settlements/{settled.json['items'][0]['id']}"
        self.assertEqual(as_(DE).get(path).status, 200)
        self.assertEqual(as_(DE).post(f"{path}/take-back", {"reason": ""}).status, 422)
        back = as_(DE).post(f"{path}/take-back", {"reason": "wrong invoice"})
        self.assertEqual((back.status, len(back.json["items"])), (201, 2), back)
        again = as_(DE).post(f"{path}/take-back", {"reason": "once more"})
        self.assertEqual((again.status, again.json["code"]), (409, "23001"), again)
        self.assertEqual({item["open_amount"] for item in open_items(due)}, {due["gross"], f"-{due['gross']}"})

    def test_more_than_is_open_is_refused_and_nothing_recorded(self):
        due = invoice()
        answer = pay(due, allocations=[{"document_id": due["id"], "amount": "1000000.00"}])
        self.assertEqual((answer.status, answer.json["code"]), (422, "22023"), answer)
        payments = as_(DE).get("/v1/documents", kind="payment", customer_id=due["customer_id"]).json["items"]
        self.assertEqual(payments, [])

    def test_bad_values_are_refused(self):
        due = invoice()
        for members in ({"amount": "0"}, {"amount": "1.005"}, {"amount": 1.5}, {"amount": "1e3"}, {"currency": "XXX"},
                        {"paid_on": "2026-02-30"}, {"allocations": [{"nmber": "x"}]}, {"allocations": {}}, {"extra": 1}):
            answer = pay(due, **members)
            self.assertEqual(answer.status, 422, f"{members}: {answer}")
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(len(open_items(due)), 1)

    def test_another_companys_invoice_is_none(self):
        foreign, own = invoice(US), invoice()
        for named in (foreign["id"], UNKNOWN):
            answer = pay(own, allocations=[{"document_id": named}])
            self.assertEqual(answer.status, 404, answer)
        body = {"customer_id": foreign["customer_id"], "amount": "1.00"}
        self.assertEqual(as_(DE).post("/v1/payments", body).status, 404)
        self.assertEqual(as_(DE).get("/v1/open-items", customer_id=foreign["customer_id"]).json["items"], [])
        self.assertEqual(as_(DE).get(f"/v1/open-items/{foreign['id']}").status, 404)

    def test_who_may_only_read_records_none(self):
        due = invoice()
        answer = as_(CONTROLLER).post("/v1/payments", {"customer_id": due["customer_id"], "amount": "1.00"})
        self.assertEqual((answer.status, answer.json["code"]), (403, "42501"), answer)


if __name__ == "__main__":
    unittest.main()
