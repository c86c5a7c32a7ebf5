"""Companies over HTTP."""

import unittest

from client import as_, sql
from people import COMPANY, Asserts, admin, company, employee, manager, own, reader, stranger, whole_list

PATH = f"/v1/tenants/{COMPANY}"


class Tenants(Asserts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        company()

    def test_a_tenant_is_made_read_and_changed(self):
        code = own("t")
        body = {"code": code, "name": "Ny", "country": "DK", "currency": "DKK", "parent": COMPANY, "timezone": "Europe/Copenhagen"}
        made = self.is_done_once(admin(), "/v1/tenants", body, lambda: len(whole_list(admin(), "/v1/tenants")))
        self.assertEqual(made.status, 201)
        self.assertEqual(made.headers["Location"], f"/v1/tenants/{code}")
        self.assertEqual({name: made.json[name] for name in body}, body)
        self.assertEqual(admin().get(f"/v1/tenants/{code}").json, made.json)
        self.refused(admin().post("/v1/tenants", body), 409, "42710")
        changed = self.heeds_if_match(admin(), "PATCH", f"/v1/tenants/{code}", {"name": "Nyt navn"}, f"/v1/tenants/{code}")
        self.assertEqual(changed.json, made.json | {"name": "Nyt navn"})
        suspended = admin().post(f"/v1/tenants/{code}/suspend", {"reason": "of no use any more"})
        self.assertEqual(suspended.json["state"], "suspended")

    def test_the_people_of_a_suspended_tenant_are_out_until_it_is_resumed(self):
        path = f"{PATH}/suspend"
        self.assertEqual(self.heeds_if_match(admin(), "POST", path, {"reason": "a test"}, PATH).status, 200)
        try:
            self.refused(reader().get("/v1/me"), 401, "28000")
        finally:
            resumed = admin().post(f"{PATH}/resume")
        self.assertEqual(resumed.json["state"], "active", resumed)
        self.assertEqual(reader().get("/v1/me").status, 200)

    def test_an_archived_tenant_is_read_and_not_written(self):
        self.assertEqual(self.heeds_if_match(admin(), "POST", f"{PATH}/archive", {"reason": "a test"}, PATH).json["state"], "archived")
        try:
            self.assertEqual(reader().get(PATH).json["state"], "archived")
            self.assertEqual(reader().get("/v1/customers").status, 200)
            for send in (
                lambda: admin().selecting(COMPANY).post("/v1/customers", {"name": "x", "country": "DE"}),
                lambda: admin().selecting(COMPANY).post("/v1/employees", {"email": f"{own('e')}@tests.example", "name": "x"}),
                lambda: admin().patch(PATH, {"name": "x"}),
                lambda: admin().post(f"{PATH}/fiscal-years", {"year": 2041, "first_day": "2040-10-01"}),
            ):
                answer = send()
                self.refused(answer, 409, "55000")
                self.assertEqual(answer.json["detail"], f'tenant "{COMPANY}" is archived: nobody writes there')
                self.assertIn("mandant.resume_tenant", answer.json["hint"])
        finally:
            resumed = admin().post(f"{PATH}/resume")
        self.assertEqual(resumed.json["state"], "active", resumed)

    def test_a_tenant_is_purged_by_two(self):
        code = own("t")
        path, other = f"/v1/tenants/{code}", employee("second@tests.example", "group", "group_admin", "all")
        body = {"code": code, "name": "Ny", "country": "DK", "currency": "DKK", "parent": "group"}
        self.assertEqual(admin().post("/v1/tenants", body).status, 201)
        customer = admin().selecting(code).post("/v1/customers", {"name": "Kunde", "country": "DK"})
        self.assertEqual(customer.status, 201, customer)
        self.refused(admin().post(f"{path}/purge", {"reason": "sold"}), 409, "55000")
        self.assertEqual(admin().post(f"{path}/archive", {"reason": "sold"}).status, 200)
        self.refused(reader().post(f"{path}/purge", {"reason": "mine"}), 404, "P0002")
        self.assertEqual(admin().post(f"{path}/purge", {"reason": "sold"}).json["state"], "archived")
        self.refused(admin().post(f"{path}/purge", {"reason": "sold"}), 403, "42501")
        self.assertEqual(admin().post(f"{path}/resume").json["state"], "active")
        self.assertEqual(admin().post(f"{path}/archive", {"reason": "sold"}).status, 200)
        self.assertEqual(admin().post(f"{path}/purge", {"reason": "sold"}).json["state"], "archived")
        self.assertEqual(other.post(f"{path}/purge", {"reason": "sold"}).json["state"], "purged")
        self.assertEqual(admin().selecting(code).get("/v1/customers").json["items"], [])
        self.refused(admin().post(f"{path}/resume"), 409, "23001")
        shown = whole_list(admin(), "/v1/purge-certificates", tenant=code)
        self.assertEqual([(one["asked_by"], one["confirmed_by"], one["reason"]) for one in shown], [("admin@tests.example", "second@tests.example", "sold")])
        self.assertIn(("crm.customer", 1), {(table["table"], table["rows"]) for table in shown[0]["tables"]})
        self.assertEqual(whole_list(stranger(), "/v1/purge-certificates"), [])
        self.assertEqual(admin().selecting("hk").get("/v1/purge-certificates").json["items"], [])
        self.pages_in_order(admin(), "/v1/purge-certificates", lambda one: one["tenant"])

    def test_a_record_that_is_to_be_kept_keeps_its_tenant(self):
        code = own("t")
        path = f"/v1/tenants/{code}"
        body = {"code": code, "name": "Ny", "country": "DK", "currency": "DKK", "parent": "group"}
        self.assertEqual(admin().post("/v1/tenants", body).status, 201)
        seller = admin().selecting(code)
        customer = seller.post("/v1/customers", {"name": "Kunde", "country": "DK", "street": "Vej 1", "city": "Aarhus", "postal_code": "8000"})
        lines = [{"description": "x", "quantity": "1", "unit_price": "1", "tax_rate": "0"}]
        draft = seller.post("/v1/documents", {"kind": "quote", "customer_id": customer.json["id"], "lines": lines})
        posted = seller.post(f"/v1/documents/{draft.json['id']}/post")
        self.assertEqual(posted.status, 200, posted)
        self.assertEqual(admin().post(f"{path}/archive", {"reason": "sold"}).status, 200)
        answer = admin().post(f"{path}/purge", {"reason": "sold"})
        self.refused(answer, 409, "23001")
        self.assertIn(posted.json["retain_until"], answer.json["detail"])
        self.assertIn(posted.json["number"], answer.json["hint"])

    def test_a_tenant_is_made_like_another(self):
        model, code = own("t"), own("t")
        body = {"code": model, "name": "Model", "country": "DK", "currency": "DKK", "parent": COMPANY}
        self.assertEqual(admin().post("/v1/tenants", body).status, 201)
        sql(f"select mandant.set_setting('payment_terms_days', '17', tenant => '{model}')")
        copy = {"code": code, "name": "Copy"}
        count = lambda: len(whole_list(admin(), "/v1/tenants"))  # noqa: E731
        made = self.is_done_once(admin(), f"/v1/tenants/{model}/clone", copy, count)
        self.assertEqual(made.status, 201)
        self.assertEqual(made.headers["Location"], f"/v1/tenants/{code}")
        self.assertEqual({name: made.json[name] for name in body}, body | copy)
        self.assertEqual(sql(f"select mandant.setting('payment_terms_days', tenant => '{code}')"), "17")
        self.refused(admin().post(f"/v1/tenants/{model}/clone", copy), 409, "42710")
        self.refused(manager().post(f"{PATH}/clone", {"code": own("t"), "name": "x"}), 403, "42501")
        self.refused(admin().post(f"/v1/tenants/{model}/clone", {"code": own("t")}), 422, "22023")

    def test_a_fiscal_year_is_defined_where_it_can_be(self):
        years = f"{PATH}/fiscal-years"
        self.assertEqual(admin().post(years, {"year": 2031, "first_day": "2030-10-01", "year_start": "10-01"}).status, 200)
        self.refused(admin().post(years, {"year": 2032, "first_day": "2029-10-01"}), 422, "22023")
        self.refused(admin().post(years, {"year": 2033, "first_day": "2033-01-01", "year_start": "13-01"}), 422, "22023")
        self.assertEqual(admin().post(years, {"year": 2033}).json["field"], "first_day")

    def test_lists_are_filtered_sorted_and_paged(self):
        self.pages_in_order(admin(), "/v1/tenants", lambda tenant: tenant["code"])
        self.pages_in_order(admin(), "/v1/tenants", lambda tenant: tenant["country"], sort="-country")
        self.assertIn(COMPANY, {tenant["code"] for tenant in whole_list(admin(), "/v1/tenants", parent="group")})
        self.assertEqual({tenant["currency"] for tenant in whole_list(admin(), "/v1/tenants", currency="HKD")}, {"HKD"})
        self.assertEqual([tenant["code"] for tenant in whole_list(admin(), "/v1/tenants", name="COMPANY OF TESTS")], [COMPANY])
        self.refused(admin().get("/v1/tenants", sort="id"), 422, "22023")
        self.refused(admin().get("/v1/tenants", sort="parent"), 422, "22023")

    def test_another_company_and_none_are_the_same(self):
        for send in (
            lambda code: stranger().get(f"/v1/tenants/{code}"),
            lambda code: stranger().patch(f"/v1/tenants/{code}", {"name": "Mine"}),
            lambda code: stranger().post(f"/v1/tenants/{code}/suspend", {"reason": "x"}),
            lambda code: stranger().post(f"/v1/tenants/{code}/resume"),
            lambda code: stranger().post(f"/v1/tenants/{code}/archive", {"reason": "x"}),
            lambda code: stranger().post(f"/v1/tenants/{code}/purge", {"reason": "x"}),
            lambda code: stranger().post(f"/v1/tenants/{code}/clone", {"code": "x", "name": "x"}),
            lambda code: stranger().post(f"/v1/tenants/{code}/fiscal-years", {"year": 2040, "first_day": "2040-01-01"}),
        ):
            self.same_refusal(send(COMPANY), COMPANY, send("nowhere"), "nowhere", 404)

    def test_who_may_only_read_changes_nothing(self):
        before = admin().get(PATH).text
        for client in (reader(), manager()):
            for answer in (
                client.patch(PATH, {"name": "Mine"}),
                client.post(f"{PATH}/suspend", {"reason": "x"}),
                client.post(f"{PATH}/archive", {"reason": "x"}),
                client.post(f"{PATH}/purge", {"reason": "x"}),
                client.post(f"{PATH}/fiscal-years", {"year": 2040, "first_day": "2040-01-01"}),
                client.post("/v1/tenants", {"code": own("t"), "name": "x", "country": "DE", "currency": "EUR", "parent": COMPANY}),
            ):
                self.refused(answer, 403, "42501")
        self.assertEqual(admin().get(PATH).text, before)

    def test_bad_values_are_refused(self):
        new = {"code": own("t"), "name": "x", "country": "DE", "currency": "EUR", "parent": "group"}
        for change in ({"code": "Bad Code"}, {"name": ""}, {"country": "Germany"}, {"currency": "euro"}, {"timezone": "Moon"},
                       {"locale": "?"}, {"fiscal_year_start": "31-12"}, {"owner": "x"}, {"name": 1}):
            answer = admin().post("/v1/tenants", new | change)
            self.assertEqual(answer.status, 422, answer)
        self.assertEqual(admin().get(f"/v1/tenants/{new['code']}").status, 404)
        self.refused(admin().post("/v1/tenants", new | {"parent": "nowhere"}), 403, "42501")
        for change in ({}, {"currency": "USD"}, {"code": "x"}, {"country": "x"}, {"parent": COMPANY}):
            answer = admin().patch(PATH, change)
            self.assertEqual(answer.status, 422, answer)

    def test_nobody_sees_a_tenant_that_is_not_selected(self):
        self.assertEqual(admin().selecting("hk").get(PATH).status, 404)
        self.assertEqual([tenant["code"] for tenant in whole_list(as_("sales@de.example"), "/v1/tenants")], ["de"])


if __name__ == "__main__":
    unittest.main()
