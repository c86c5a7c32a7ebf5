"""Customers over HTTP."""

import unittest
import uuid

from client import UNKNOWN, as_
from contract import Contract, rep
from people import admin, manager, own, reader, stranger

DE, US = "sales@de.example", "sales@us.example"
CONTROLLER = "controller@group.example"


def any_customer(of):
    return as_(of).get("/v1/customers", limit=1).json["items"][0]


class Reading(unittest.TestCase):
    def test_sales_sees_the_customers_of_its_company(self):
        tenants = {c["tenant"] for c in as_(DE).get("/v1/customers", limit=200).json["items"]}
        self.assertEqual(tenants, {"de"})

    def test_the_controller_sees_the_customers_of_all(self):
        items = as_(CONTROLLER).get("/v1/customers", limit=200).json["items"]
        self.assertLessEqual({"us", "de", "hk"}, {customer["tenant"] for customer in items})

    def test_the_header_narrows_a_list(self):
        items = as_(CONTROLLER).selecting("hk").get("/v1/customers", limit=200).json["items"]
        self.assertEqual({customer["tenant"] for customer in items}, {"hk"})

    def test_a_customer_is_read_by_id(self):
        customer = any_customer(DE)
        self.assertEqual(as_(DE).get(f"/v1/customers/{customer['id']}").json, customer)

    def test_a_customer_of_another_company_does_not_exist(self):
        foreign = any_customer(US)["id"]
        answer = as_(DE).get(f"/v1/customers/{foreign}")
        unknown = as_(DE).get(f"/v1/customers/{UNKNOWN}")
        self.assertEqual((answer.status, answer.json["code"]), (404, "P0002"), answer)
        self.assertEqual(answer.text.replace(foreign, UNKNOWN), unknown.text)

    def test_a_customer_outside_the_selection_does_not_exist(self):
        foreign = any_customer(US)["id"]
        self.assertEqual(as_(CONTROLLER).get(f"/v1/customers/{foreign}").status, 200)
        narrowed = as_(CONTROLLER).selecting("de").get(f"/v1/customers/{foreign}")
        self.assertEqual(narrowed.status, 404, narrowed)

    def test_an_id_that_is_none_is_a_bad_value(self):
        self.assertEqual(as_(DE).get("/v1/customers/1").status, 422)


class Paging(unittest.TestCase):
    def test_pages_make_up_the_whole_list(self):
        whole = [c["id"] for c in as_(DE).get("/v1/customers", limit=200).json["items"]]
        paged, cursor = [], {}
        while cursor is not None:
            page = as_(DE).get("/v1/customers", limit=3, **cursor).json
            self.assertLessEqual(len(page["items"]), 3)
            paged += [customer["id"] for customer in page["items"]]
            cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
        self.assertEqual(paged, whole)
        self.assertEqual(whole, sorted(whole, reverse=True))

    def test_a_cursor_of_another_company_shows_nothing_of_it(self):
        cursor = as_(US).get("/v1/customers", limit=1).json["next_cursor"]
        items = as_(DE).get("/v1/customers", cursor=cursor).json["items"]
        self.assertLessEqual({customer["tenant"] for customer in items}, {"de"})

    def test_a_bad_cursor_limit_or_name_is_refused(self):
        for query in ({"cursor": "x"}, {"limit": 0}, {"limit": 201}, {"limit": "x"}, {"limt": 1}):
            answer = as_(DE).get("/v1/customers", **query)
            self.assertEqual((answer.status, answer.json["code"]), (422, "22023"), answer)


class Writing(unittest.TestCase):
    def test_a_customer_is_made_changed_and_cleared(self):
        name = f"Müller & Söhne {uuid.uuid4()}"
        made = as_(DE).post("/v1/customers", {"name": name, "country": "DE", "city": "Köln"})
        self.assertEqual(made.status, 201, made)
        self.assertEqual((made.json["tenant"], made.json["name"]), ("de", name))
        path = made.headers["Location"]
        changed = as_(DE).patch(path, {"city": None, "payment_terms_days": 14})
        self.assertEqual(changed.status, 200, changed)
        self.assertIsNone(changed.json["city"])
        self.assertEqual((changed.json["payment_terms_days"], changed.json["name"]), (14, name))
        self.assertEqual(as_(DE).get(path).json, changed.json)

    def test_a_customer_of_another_company_cannot_be_changed(self):
        customer = any_customer(US)
        path = f"/v1/customers/{customer['id']}"
        answer = as_(DE).patch(path, {"name": "x"})
        unknown = as_(DE).patch(f"/v1/customers/{UNKNOWN}", {"name": "x"})
        self.assertEqual(answer.status, 404, answer)
        self.assertEqual(answer.text.replace(customer["id"], UNKNOWN), unknown.text)
        self.assertEqual(as_(US).get(path).json, customer)

    def test_who_may_read_but_not_write_is_told_so(self):
        path = f"/v1/customers/{any_customer(DE)['id']}"
        customer = {"name": "x", "country": "DE"}
        for answer in (
            as_(CONTROLLER).patch(path, {"name": "x"}),
            as_(CONTROLLER).selecting("de").post("/v1/customers", customer),
        ):
            self.assertEqual((answer.status, answer.json["code"]), (403, "42501"), answer)
            self.assertTrue(answer.json["hint"])

    def test_a_new_customer_needs_one_selected_company(self):
        answer = as_(CONTROLLER).post("/v1/customers", {"name": "x", "country": "DE"})
        self.assertEqual((answer.status, answer.json["code"]), (409, "55000"), answer)
        self.assertIn("Mandant-Tenant", answer.json["hint"])

    def test_a_broken_rule_is_named(self):
        customer = {"name": "x", "country": "DE", "email": "nowhere"}
        answer = as_(DE).post("/v1/customers", customer)
        self.assertEqual((answer.status, answer.json["code"]), (422, "23514"), answer)
        self.assertEqual(answer.json["constraint"], "customer_email_has_domain")

    def test_a_missing_member_is_named(self):
        answer = as_(DE).post("/v1/customers", {"name": "x"})
        self.assertEqual((answer.status, answer.json["field"]), (422, "country"), answer)

    def test_an_unknown_member_is_refused(self):
        customer = {"name": "x", "country": "DE"}
        for extra in ("nmae", "id", "tenant", "tenant_id", "created_by"):
            answer = as_(DE).post("/v1/customers", customer | {extra: "x"})
            self.assertEqual(answer.status, 422, answer)
            self.assertIn(extra, answer.json["detail"])

    def test_a_change_without_a_change_is_refused(self):
        self.assertEqual(as_(DE).patch(f"/v1/customers/{UNKNOWN}", {}).status, 422)

    def test_a_wrong_type_is_refused(self):
        for body in ({"name": 5, "country": "DE"}, {"name": "x", "payment_terms_days": "x"}, [], 1):
            self.assertEqual(as_(DE).post("/v1/customers", body).status, 422)

    def test_a_null_character_is_refused(self):
        answer = as_(DE).post("/v1/customers", {"name": "a\0b", "country": "DE"})
        self.assertEqual(answer.status, 422, answer)

    def test_malformed_json_is_refused(self):
        for body in (b"{", b"", b"\xff", b'{"name": "x",}'):
            answer = as_(DE).request("POST", "/v1/customers", body)
            self.assertEqual(answer.status, 400, answer)
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")

    def test_a_huge_body_is_refused(self):
        answer = as_(DE).request("POST", "/v1/customers", b" " * (1024 * 1024 + 1))
        self.assertEqual(answer.status, 413, answer)


class Customers(Contract, unittest.TestCase):
    path = "/v1/customers"
    required = {"name": " ", "country": "QQ"}
    change = {
        "street": "Marienplatz 1", "postal_code": "80331", "region": "BY", "email": "a@b.example", "tax_id": "DE136695976",
        "language": "zh-Hant-HK", "currency": "USD", "payment_terms_days": 14, "early_payment_days": 7,
        "early_payment_percent": "2.5", "discount": "3", "credit_limit": "5000.00", "state": "blocked",
    }
    sorts = ("name", "country", "state", "created_at", "updated_at")
    wrong = (
        ({"email": "nowhere"}, "email"), ({"language": "Deutsch"}, "language"), ({"currency": "ZZZ"}, "currency"),
        ({"payment_terms_days": 366}, "payment_terms_days"), ({"payment_terms_days": 2**40}, "payment_terms_days"),
        ({"payment_terms_days": "x"}, "payment_terms_days"), ({"early_payment_days": 7}, "early_payment_days, early_payment_percent"),
        ({"discount": "100.01"}, "discount"), ({"discount": None}, "discount"), ({"discount": 1.5}, "discount"),
        ({"credit_limit": "1000000000000"}, "credit_limit"), ({"credit_limit": "0." + 29 * "1"}, "credit_limit"),
        ({"owner_id": UNKNOWN}, "owner_id"), ({"team_id": UNKNOWN}, "team_id"), ({"price_list_id": UNKNOWN}, "price_list_id"),
        ({"state": "merged"}, "state"), ({"state": "moved"}, "state"), ({"state": None}, "state"), ({"group_tenant_id": -1}, "group_tenant_id"),
        ({"name": "x" * 501}, "name"), ({"party_id": UNKNOWN}, "party_id"), ({"merged_into": UNKNOWN}, "merged_into"),
    )

    def new(self, **members):
        return {"name": self.mark, "country": "DE", "city": self.mark} | members

    def mine(self):
        return {"city": self.mark}

    def finds(self, row):
        mine = self.mine()
        return ([mine, {"name": self.mark.upper()}, mine | {"country": "DE", "state": "active"}, mine | {"party_id": row["party_id"]},
                 mine | {"owner_id": row["owner_id"]}],
                [mine | {"country": "AT"}, mine | {"state": "moved"}, mine | {"tax_id": "DE136695976"}, mine | {"email": "x@y.example"},
                 mine | {"owner_id": UNKNOWN}, mine | {"merged_into": UNKNOWN}, mine | {"price_list_id": UNKNOWN}])

    def test_a_price_list_of_another_company_is_none(self):
        theirs = stranger().post("/v1/price-lists", {"code": own("L"), "name": "Theirs", "currency": "EUR"})
        self.addCleanup(stranger().delete, theirs.headers["Location"])
        foreign = manager().post(self.path, self.new(price_list_id=theirs.json["id"]))
        unknown = manager().post(self.path, self.new(price_list_id=UNKNOWN))
        self.same_refusal(foreign, theirs.json["id"], unknown, UNKNOWN, 422)

    def test_a_tax_id_that_cannot_be_one_is_refused(self):
        self.refused(manager().post(self.path, self.new(tax_id="DE1")), 422, "22023")
        self.assertEqual(self.rows(), [])

    def test_one_that_has_something_stays(self):
        made = self.make()
        draft = manager().post("/v1/documents", {"customer_id": made.json["id"], "kind": "quote"})
        answer = manager().delete(made.headers["Location"])
        self.refused(answer, 409, "23001")
        self.assertIn("document", answer.json["detail"])
        self.assertTrue(answer.json["hint"])
        self.assertNotIn("foreign key", answer.text)
        self.assertEqual(self.rows(), [made.json])
        manager().delete(draft.headers["Location"])

    def test_who_sees_own_customers_only_gives_none_away(self):
        lead = admin().get("/v1/employees/manager%40tests.example").json["id"]
        self.refused(rep().post(self.path, self.new(owner_id=lead)), 403, "42501")
        made = rep().post(self.path, self.new())
        self.addCleanup(manager().delete, made.headers["Location"])
        answer = rep().patch(made.headers["Location"], {"owner_id": lead})
        self.refused(answer, 403, "42501")
        self.assertNotIn("policy", answer.text)
        self.assertTrue(answer.json["hint"])
        self.assertEqual(self.rows(), [made.json])
        self.assertEqual(rep().get(self.make().headers["Location"]).status, 404)

    def test_what_it_owes_is_told_by_currency(self):
        path = self.make().headers["Location"]
        self.assertEqual(reader().get(f"{path}/balance").json, {"items": []})
        self.assertEqual(stranger().get(f"{path}/balance").status, 404)
        due = as_(DE).get("/v1/open-items", sort="-open_amount", limit=1).json["items"][0]
        items = as_(DE).get(f"/v1/customers/{due['customer_id']}/balance").json["items"]
        self.assertIn(due["currency"], [item["currency"] for item in items])
        self.assertTrue(all(item["open"] != "0" for item in items if item["currency"] == due["currency"]))


if __name__ == "__main__":
    unittest.main()
