"""Documents over HTTP: drafts, posting, and what posting forbids."""

import base64
import json
import re
import unittest

from client import UNKNOWN, as_, sql

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


class Flow(unittest.TestCase):
    def posted(self, kind, **members):
        path = draft(DE, kind=kind, **members).headers["Location"]
        answer = as_(DE).post(f"{path}/post")
        self.assertEqual(answer.status, 200, answer)
        return path

    def test_an_order_becomes_an_invoice_in_parts(self):
        order = self.posted("order", lines=[LINE | {"quantity": "3"}])
        part = {"kind": "invoice", "lines": [{"source_position": 1, "quantity": "1"}]}
        made = as_(DE).post(f"{order}/convert", part)
        self.assertEqual((made.status, made.json.get("kind"), made.json.get("status")), (201, "invoice", "draft"), made)
        self.assertEqual(made.json["source_id"], order.rpartition("/")[2])
        self.assertEqual(as_(DE).get(made.headers["Location"]).json, made.json)
        rest = as_(DE).post(f"{order}/convert", {"kind": "invoice"})
        self.assertEqual(rest.json["lines"][0]["quantity"], "2")
        progress = as_(DE).get(f"{order}/open-lines").json["items"]
        self.assertEqual((progress[0]["quantity"], progress[0]["invoiced"]), ("3", "3"))
        more = as_(DE).post(f"{order}/convert", part)
        self.assertEqual((more.status, more.json["code"]), (422, "22023"), more)

    def test_an_invoice_is_cancelled_once_by_who_may(self):
        sql("""select mandant.add_employee('de', 'books@de.example', 'Bernd Buch', 'demo'),
                 mandant.grant_role('books@de.example', 'accountant')
               where not exists (select from mandant.principal where name = 'books@de.example')""")
        books = as_("books@de.example")
        invoice = self.posted("invoice")
        refused = as_(DE).post(f"{invoice}/cancel", {"reason": "wrong customer"})
        self.assertEqual((refused.status, refused.json["code"]), (403, "42501"), refused)
        made = books.post(f"{invoice}/cancel", {"reason": "wrong customer"})
        self.assertEqual((made.status, made.json.get("kind"), made.json.get("status")), (201, "credit_note", "posted"), made)
        self.assertEqual(made.json["cancels_id"], invoice.rpartition("/")[2])
        now = as_(DE).get(invoice).json
        self.assertEqual((now["status"], now["open_amount"]), ("cancelled", "0.00"))
        again = books.post(f"{invoice}/cancel", {"reason": "once more"})
        self.assertEqual(again.status, 409, again)

    def test_a_quote_is_revised_and_answered(self):
        quote = self.posted("quote")
        made = as_(DE).post(f"{quote}/revise", {})
        self.assertEqual((made.status, made.json["revision"]), (201, 2), made)
        answer = as_(DE).post(f"{quote}/status", {"status": "declined", "reason": "too dear"})
        self.assertEqual((answer.status, answer.json["status"]), (200, "declined"), answer)
        self.assertEqual(answer.json["status_reason"], "too dear")
        wrong = as_(DE).post(f"{quote}/status", {"status": "paid"})
        self.assertIn(wrong.status, (409, 422), wrong)

    def test_a_document_is_given_to_another(self):
        made = draft(DE)
        path = made.headers["Location"]
        to_rep = {"owner": "rep@de.example"}
        for answer, status in (
            (as_(DE).request("POST", f"{path}/assign", to_rep, {"If-Match": '"x"'}), 412),
            (as_(DE).post(f"{path}/assign", {"owner": "nobody@de.example"}), 404),
            (as_(CONTROLLER).post(f"{path}/assign", to_rep), 403),
            (as_(US).post(f"{path}/assign", {"owner": US}), 404),
        ):
            self.assertEqual(answer.status, status, answer)
            self.assertEqual(as_(DE).get(path).json["owner_id"], made.json["owner_id"])
        given = as_(DE).post(f"{path}/assign", to_rep)
        self.assertEqual(given.status, 204, given)
        rep = sql("select id from mandant.principal where name = 'rep@de.example'")
        self.assertEqual(as_(DE).get(path).json["owner_id"], rep)

    def test_what_is_done_to_a_document_of_another_company_is_done_to_none(self):
        foreign = draft(US).json["id"]
        for below, body in (("convert", {"kind": "invoice"}), ("cancel", {"reason": "x"}), ("revise", {}),
                            ("status", {"status": "accepted"}), ("post", None)):
            answer = as_(DE).post(f"/v1/documents/{foreign}/{below}", body)
            unknown = as_(DE).post(f"/v1/documents/{UNKNOWN}/{below}", body)
            self.assertEqual((answer.status, answer.json["code"]), (404, "P0002"), answer)
            self.assertEqual(answer.text.replace(foreign, UNKNOWN), unknown.text)
        for below in ("open-lines", "page"):
            answer = as_(DE).get(f"/v1/documents/{foreign}/{below}")
            unknown = as_(DE).get(f"/v1/documents/{UNKNOWN}/{below}")
            self.assertEqual((answer.status, answer.text.replace(foreign, UNKNOWN)), (404, unknown.text), answer)

    def test_who_may_only_read_does_nothing_to_it(self):
        invoice = self.posted("invoice")
        for below, body in (("convert", {"kind": "credit_note"}), ("cancel", {"reason": "x"}), ("post", None)):
            answer = as_(CONTROLLER).post(f"{invoice}/{below}", body)
            self.assertIn(answer.status, (403, 409), answer)
        self.assertEqual(as_(DE).get(invoice).json["status"], "posted")


class Lists(unittest.TestCase):
    def test_the_list_is_in_the_order_asked_for(self):
        for sort in ("document_date", "-document_date", "gross", "-created_at", "kind"):
            items, cursor = [], {}
            while cursor is not None:
                page = as_(DE).get("/v1/documents", limit=7, sort=sort, **cursor).json
                items += page["items"]
                cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
            whole = as_(DE).get("/v1/documents", limit=200).json["items"]
            self.assertEqual(sorted(d["id"] for d in items), sorted(d["id"] for d in whole))
            key = sort.removeprefix("-")
            values = [float(d[key]) if key == "gross" else d[key] for d in items]
            self.assertEqual(values, sorted(values, reverse=sort.startswith("-")), sort)

    def test_a_cursor_of_another_order_is_refused(self):
        cursor = as_(DE).get("/v1/documents", limit=1, sort="gross").json["next_cursor"]
        answer = as_(DE).get("/v1/documents", cursor=cursor, sort="-gross")
        self.assertEqual((answer.status, answer.json["field"]), (422, "cursor"), answer)

    def test_a_cursor_that_was_written_by_hand_is_refused(self):
        for parts in (["gross", "x", UNKNOWN], ["gross", "1); drop table crm.document; --", UNKNOWN], ["gross", "1", "x"]):
            cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
            answer = as_(DE).get("/v1/documents", cursor=cursor, sort="gross")
            self.assertEqual(answer.status, 422, answer)

    def test_days_and_what_is_open_narrow(self):
        query = {"from": "2026-08-01", "to": "2026-09-30", "open": "true", "kind": "invoice", "limit": 200}
        items = as_(DE).get("/v1/documents", **query).json["items"]
        self.assertTrue(items)
        for document in items:
            self.assertTrue("2026-08-01" <= document["document_date"] <= "2026-09-30")
            self.assertNotEqual(float(document["open_amount"]), 0)

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
