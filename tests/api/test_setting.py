"""Settings over HTTP: what holds, setting and taking back, and what was said."""

import unittest

from client import as_
from people import COMPANY, Asserts, admin, company, manager, own, reader, stranger, whole_list

KEY = "/v1/settings/company_city"


class Settings(Asserts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        company()

    def setUp(self):
        self.addCleanup(manager().post, f"{KEY}/unset", {})

    def said(self):
        return whole_list(manager(), "/v1/setting-values", key="company_city", tenant=COMPANY)

    def test_a_setting_is_set_once_and_taken_back(self):
        city = own("Bremen")
        body = {"value": city, "reason": "a test"}
        self.assertEqual(self.is_done_once(manager(), f"{KEY}/set", body, lambda: len(self.said())).status, 204)
        shown = manager().get(KEY).json
        self.assertEqual((shown["value"], shown["level"], shown["place"], shown["set_by"], shown["reason"], shown["editable"]),
                         (city, "tenant", COMPANY, "manager@tests.example", "a test", True))
        self.heeds_if_match(manager(), "POST", f"{KEY}/set", {"value": "Kiel"}, KEY)
        self.assertEqual(manager().get(KEY).json["value"], "Kiel")
        self.assertEqual(self.heeds_if_match(manager(), "POST", f"{KEY}/unset", {"reason": "over"}, KEY).status, 204)
        self.assertNotEqual(manager().get(KEY).json["level"], "tenant")
        self.refused(manager().post(f"{KEY}/unset", {}), 404, "42704")
        self.assertEqual([(one["value"], one["reason"]) for one in self.said()[:3]], [(None, "over"), ("Kiel", None), (city, "a test")])

    def test_a_value_is_for_a_level_and_a_time(self):
        before = manager().get(KEY).json["value"]
        body = {"value": "Later", "valid_from": "2098-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z"}
        self.assertEqual(manager().post(f"{KEY}/set", body).status, 204)
        self.assertEqual(manager().get(KEY).json["value"], before)
        self.refused(manager().post(f"{KEY}/set", body), 422, "22023")
        self.assertEqual(manager().post(f"{KEY}/unset", {}).status, 204)
        for body in ({"value": "x", "level": "moon"}, {"value": "x", "level": "employee"}, {"value": "x", "valid_from": "2020-01-01T00:00:00Z"},
                     {"value": "x", "level": "group", "tenant": COMPANY}, {}, {"value": None}, {"value": "x", "until": "x"}):
            self.assertEqual(admin().selecting(COMPANY).post(f"{KEY}/set", body).status, 422, body)
        self.assertEqual(manager().get(KEY).json["value"], before)

    def test_values_and_facts_are_checked(self):
        hours = "/v1/settings/token_hours"
        for value in ("0", "many", "721", ""):
            self.refused(manager().post(f"{hours}/set", {"value": value}), 422, "22023")
        self.refused(manager().post("/v1/settings/tenant_name/set", {"value": "Mine"}), 422, "22023")
        self.assertFalse(manager().get("/v1/settings/tenant_name").json["editable"])
        self.refused(manager().post("/v1/settings/nothing/set", {"value": "x"}), 404, "42704")
        self.refused(manager().get("/v1/settings/nothing"), 404, "P0002")

    def test_who_may_not_sets_nothing(self):
        before = self.said()
        for answer in (
            reader().post(f"{KEY}/set", {"value": "Mine"}),
            reader().post(f"{KEY}/unset", {}),
            manager().post(f"{KEY}/set", {"value": "Ours", "level": "group"}),
        ):
            self.refused(answer, 403, "42501")
        for tenant in (COMPANY, "nowhere"):
            answer = stranger().post(f"{KEY}/set", {"value": "Mine", "tenant": tenant})
            self.refused(answer, 403, "42501")
            self.assertEqual(answer.json["detail"], f'tenant "{tenant}" is not available to you')
        self.assertEqual(self.said(), before)

    def test_one_setting_is_of_one_company(self):
        self.refused(admin().get(KEY), 409, "55000")
        self.assertEqual(admin().selecting("de").get(KEY).json["value"], "Hamburg")

    def test_lists_are_filtered_sorted_and_paged(self):
        self.pages_in_order(admin(), "/v1/settings", lambda one: (one["key"], one["tenant"]), limit=50)
        self.pages_in_order(admin(), "/v1/settings", lambda one: one["tenant"], limit=50, sort="-tenant")
        self.assertEqual({one["tenant"] for one in whole_list(admin(), "/v1/settings", key="token_hours")},
                         {one["code"] for one in whole_list(admin(), "/v1/tenants")})
        self.assertEqual({one["editable"] for one in whole_list(admin(), "/v1/settings", editable="false")}, {False})
        self.assertEqual({one["level"] for one in whole_list(admin(), "/v1/settings", level="default")}, {"default"})
        values = whole_list(admin(), "/v1/setting-values")
        self.assertEqual(whole_list(admin(), "/v1/setting-values", limit=3), values)
        self.assertEqual([one["set_at"] for one in values], sorted((one["set_at"] for one in values), reverse=True))
        for sort in ("key", "-valid_from"):
            self.assertEqual(len(whole_list(admin(), "/v1/setting-values", limit=3, sort=sort)), len(values))
        self.assertEqual({one["tenant"] for one in whole_list(as_("sales@de.example"), "/v1/setting-values", level="tenant")}, {"de"})
        at = values[-1]["set_at"]
        self.assertNotIn(at, {one["set_at"] for one in whole_list(admin(), "/v1/setting-values", until=at)})
        self.assertIn(at, {one["set_at"] for one in whole_list(admin(), "/v1/setting-values", **{"from": at})})


if __name__ == "__main__":
    unittest.main()
