"""Documents over HTTP: drafts, posting, and what posting forbids."""

import re
import unittest

from client import UNKNOWN, as_

DE, US, HK = "sales@de.example", "sales@us.example", "sales@hk.example"
CONTROLLER = "controller@group.example"
LINE = {"description": "Work", "quantity": "1.5", "unit_price": "120.05", "tax_rate": "19"}


def draft(of, **members):
    customer = as_(of).get("/v1/customers", limit=1).json["items"][0]["id"]
    document = {"customer_id": customer, "kind": "invoice", "lines": [LINE]} | members
    return as_(of).post("/v1/documents", document)


class Drafts(unittest.TestCase):
    def test_a_draft_has_lines_and_no_number(self):
        made = draft(DE, document_date="2026-10-15", reference="PO 1")
        self.assertEqual(made.status, 201, made)
        document = made.json
        self.assertEqual((document["status"], document["number"]), ("draft", None))
        self.assertEqual((document["tenant"], document["document_date"]), ("de", "2026-10-15"))
        self.assertEqual(document["lines"][0]["quantity"], "1.5")
        amounts = [document[amount] for amount in ("net", "tax", "gross")]
        self.assertEqual(amounts, ["180.08", "34.22", "214.30"])
        self.assertEqual(as_(DE).get(made.headers["Location"]).json, document)

    def test_a_draft_is_changed(self):
        path = draft(DE, reference="old").headers["Location"]
        lines = [LINE | {"quantity": 2}, LINE]
        changed = as_(DE).patch(path, {"lines": lines, "document_date": "2026-10-16"})
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual([line["position"] for line in changed.json["lines"]], [1, 2])
        self.assertEqual(changed.json["reference"], "old")
        self.assertIsNone(as_(DE).patch(path, {"reference": None}).json["reference"])

    def test_a_draft_is_deleted(self):
        path = draft(DE).headers["Location"]
        self.assertEqual(as_(DE).delete(path).status, 204)
        self.assertEqual(as_(DE).get(path).status, 404)
        self.assertEqual(as_(DE).delete(path).status, 404)

    def test_a_draft_of_another_company_does_not_exist(self):
        document = draft(US).json["id"]
        path = f"/v1/documents/{document}"
        for send in (
            lambda path: as_(DE).get(path),
            lambda path: as_(DE).patch(path, {"reference": "x"}),
            lambda path: as_(DE).delete(path),
            lambda path: as_(DE).post(f"{path}/post"),
        ):
            answer, unknown = send(path), send(f"/v1/documents/{UNKNOWN}")
            self.assertEqual((answer.status, answer.json["code"]), (404, "P0002"), answer)
            self.assertEqual(answer.text.replace(document, UNKNOWN), unknown.text)
        self.assertEqual(as_(US).get(path).json["status"], "draft")

    def test_a_customer_of_another_company_gets_no_document(self):
        customer = as_(US).get("/v1/customers", limit=1).json["items"][0]["id"]
        answer = draft(DE, customer_id=customer)
        self.assertEqual((answer.status, answer.json["code"]), (404, "P0002"), answer)

    def test_who_may_only_read_makes_changes_and_deletes_nothing(self):
        path = draft(DE).headers["Location"]
        for answer in (
            draft(CONTROLLER),
            as_(CONTROLLER).patch(path, {"reference": "x"}),
            as_(CONTROLLER).delete(path),
            as_(CONTROLLER).post(f"{path}/post"),
        ):
            self.assertEqual((answer.status, answer.json["code"]), (403, "42501"), answer)

    def test_bad_values_are_refused(self):
        for members in (
            {"kind": "nonsense"},
            {"kind": None},
            {"customer_id": "x"},
            {"document_date": "2026-02-30"},
            {"currency": "XXX"},
            {"lines": [LINE | {"quantity": "x"}]},
            {"lines": [LINE | {"quantity": "NaN"}]},
            {"lines": [LINE | {"quantity": 0}]},
            {"lines": [LINE | {"tax_rate": 101}]},
            {"lines": [LINE | {"nett": 1}]},
            {"lines": {}},
            {"number": "RE-1"},
            {"status": "posted"},
        ):
            answer = draft(DE, **members)
            self.assertEqual(answer.status, 422, f"{members}: {answer}")


class Posting(unittest.TestCase):
    def test_posting_gives_the_next_number(self):
        def number(of):
            document = draft(of, document_date="2026-10-20").json["id"]
            posted = as_(of).post(f"/v1/documents/{document}/post")
            self.assertEqual((posted.status, posted.json["status"]), (200, "posted"), posted)
            return posted.json["number"]

        for of, pattern in ((DE, r"RE-2026-(\d+)"), (US, r"INV-2026-(\d+)"), (HK, r"INV-2026-(\d+)")):
            first, second = (int(re.fullmatch(pattern, number(of))[1]) for _ in range(2))
            self.assertEqual(second, first + 1)

    def test_a_posted_document_stays_as_it_is(self):
        path = draft(DE).headers["Location"]
        posted = as_(DE).post(f"{path}/post").json
        for answer in (
            as_(DE).post(f"{path}/post"),
            as_(DE).patch(path, {"reference": "x"}),
            as_(DE).delete(path),
        ):
            self.assertEqual((answer.status, answer.json["code"]), (409, "23001"), answer)
            self.assertTrue(answer.json["hint"])
        self.assertEqual(as_(DE).get(path).json, posted)

    def test_a_draft_without_lines_is_not_posted(self):
        path = draft(DE, lines=[]).headers["Location"]
        answer = as_(DE).post(f"{path}/post")
        self.assertEqual((answer.status, answer.json["code"]), (422, "22023"), answer)


class Lists(unittest.TestCase):
    def test_filters_narrow(self):
        query = {"kind": "quote", "status": "posted", "limit": 200}
        items = as_(CONTROLLER).get("/v1/documents", **query).json["items"]
        self.assertEqual({(d["kind"], d["status"]) for d in items}, {("quote", "posted")})
        customer = items[0]["customer_id"]
        items = as_(CONTROLLER).get("/v1/documents", customer_id=customer).json["items"]
        self.assertEqual({document["customer_id"] for document in items}, {customer})

    def test_sales_sees_the_documents_of_its_company(self):
        items = as_(HK).get("/v1/documents", limit=200).json["items"]
        self.assertEqual({document["tenant"] for document in items}, {"hk"})

    def test_pages_go_on_where_the_last_one_ended(self):
        first = as_(DE).get("/v1/documents", kind="invoice", limit=2).json
        second = as_(DE).get("/v1/documents", kind="invoice", cursor=first["next_cursor"]).json
        self.assertLess(second["items"][0]["id"], first["items"][-1]["id"])

    def test_an_unknown_filter_or_status_is_refused(self):
        for query in ({"status": "open"}, {"customer_id": "x"}, {"knid": "invoice"}):
            self.assertEqual(as_(DE).get("/v1/documents", **query).status, 422)


if __name__ == "__main__":
    unittest.main()
