"""Roles, grants and what becomes of them over HTTP."""

import datetime
import unittest

from client import UNKNOWN, as_
from people import COMPANY, Asserts, admin, company, employee, manager, own, reader, stranger, whole_list


class Roles(Asserts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        company()

    def define(self):
        name = own("role")
        made = admin().request("PUT", f"/v1/roles/{name}", {"description": "Of a test"})
        self.assertEqual((made.status, made.json), (200, {"name": name, "description": "Of a test"}), made)
        self.addCleanup(admin().delete, f"/v1/roles/{name}")
        return f"/v1/roles/{name}"

    def test_a_role_is_defined_changed_and_dropped(self):
        path = self.define()
        changed = self.heeds_if_match(admin(), "PUT", path, {"description": "Of another"}, path)
        self.assertEqual(changed.json["description"], "Of another")
        self.assertEqual(admin().get(path).json, changed.json)
        dropped = self.heeds_if_match(admin(), "DELETE", f"{path}?reason=over", None, path)
        self.assertEqual(dropped.status, 204)
        self.assertEqual(admin().get(path).status, 404)
        self.refused(admin().delete(path), 404, "42704")

    def test_what_a_role_allows_is_said_listed_and_taken_back(self):
        path = self.define()
        body = {"object": "customer", "actions": ["read", "update"], "depth": "own", "reason": "a test"}
        allowed = self.is_done_once(admin(), f"{path}/allow", body, lambda: len(whole_list(admin(), f"{path}/rights")))
        self.assertEqual(allowed.json, {"count": 2})
        self.heeds_if_match(admin(), "POST", f"{path}/allow", {"object": "invoice", "actions": ["read"]}, path)
        rights = self.pages_in_order(admin(), f"{path}/rights", lambda one: (one["object"], one["action"]), limit=1)
        self.assertEqual([(one["object"], one["action"], one["depth"]) for one in rights],
                         [("customer", "read", "own"), ("customer", "update", "own"), ("invoice", "read", "tenant")])
        self.assertEqual(len(whole_list(admin(), f"{path}/rights", object="customer", action="read")), 1)
        self.assertEqual(len(whole_list(admin(), f"{path}/rights", depth="tenant")), 1)
        self.pages_in_order(admin(), f"{path}/rights", lambda one: one["action"], sort="-action", limit=1)
        taken = admin().post(f"{path}/disallow", {"object": "customer", "actions": ["read", "delete"]})
        self.assertEqual(taken.json, {"count": 1}, taken)
        self.assertEqual(len(whole_list(admin(), f"{path}/rights", object="customer")), 1)

    def test_shipped_and_held_roles_stay(self):
        self.refused(admin().delete("/v1/roles/reader"), 409, "23001")
        self.refused(admin().request("PUT", "/v1/roles/reader", {"description": "x"}), 409, "42710")
        path = self.define()
        role = path.rsplit("/", 1)[1]
        holder = employee("holder@tests.example", COMPANY)
        granted = admin().post("/v1/grants", {"principal": "holder@tests.example", "role": role})
        self.assertEqual(granted.status, 201, granted)
        self.refused(admin().delete(path), 409, "23001")
        self.assertIn(role, holder.get("/v1/me").json["roles"])
        self.assertEqual(admin().post(f"{granted.headers['Location']}/revoke", {}).json, {"count": 1})
        self.assertEqual(admin().delete(path).status, 204)

    def test_bad_roles_and_rights_are_refused(self):
        path = self.define()
        self.refused(admin().request("PUT", "/v1/roles/Bad%20Name", {"description": "x"}), 422, "22023")
        self.assertEqual(admin().request("PUT", path, {}).json["field"], "description")
        for body in ({"object": "nothing", "actions": ["read"]}, {"object": "customer", "actions": ["fly"]}, {"object": "customer"},
                     {"object": "customer", "actions": "read"}, {"object": "customer", "actions": ["read"], "depth": "deep"}):
            self.assertEqual(admin().post(f"{path}/allow", body).status, 422, body)
        for path in ("/v1/roles/nothing", "/v1/roles/nothing/rights"):
            self.refused(admin().get(path), 404, "P0002")
        for action in ("allow", "disallow"):
            answer = admin().post(f"/v1/roles/nothing/{action}", {"object": "customer", "actions": ["read"]})
            self.assertEqual(answer.status, 404, answer)

    def test_who_does_not_administer_all_tenants_changes_no_role(self):
        path = self.define()
        before = admin().get(path).text
        for client in (manager(), reader(), as_("sales@de.example")):
            for answer in (
                client.request("PUT", path, {"description": "Mine"}),
                client.delete(path),
                client.post(f"{path}/allow", {"object": "*", "actions": ["read"]}),
                client.post(f"{path}/disallow", {"object": "*", "actions": ["read"]}),
            ):
                self.refused(answer, 403, "42501")
        self.assertEqual(admin().get(path).text, before)
        self.assertEqual(whole_list(admin(), f"{path}/rights"), [])

    def test_roles_are_listed_and_rights_shown_to_whoever_may_read_role(self):
        roles = self.pages_in_order(admin(), "/v1/roles", lambda one: one["name"])
        self.assertLessEqual({"reader", "group_admin", "sales_rep"}, {one["name"] for one in roles})
        self.pages_in_order(admin(), "/v1/roles", lambda one: one["name"], sort="-name")
        self.assertEqual([one["name"] for one in whole_list(admin(), "/v1/roles", description="ADMINISTRATION INCLUDED")], ["group_admin"])
        self.assertTrue(whole_list(reader(), "/v1/roles/sales_rep/rights"))
        self.assertEqual(whole_list(as_("rep@de.example"), "/v1/roles/sales_rep/rights"), [])


class Grants(Asserts, unittest.TestCase):
    EMAIL = "granted@tests.example"

    def setUp(self):
        employee(self.EMAIL, COMPANY)
        self.addCleanup(self.revoke_all)

    def revoke_all(self):
        for grant in whole_list(admin(), "/v1/grants", principal=self.EMAIL, active="true"):
            admin().post(f"/v1/grants/{grant['id']}/revoke", {})

    def held(self):
        return whole_list(admin(), "/v1/grants", principal=self.EMAIL)

    def test_a_role_is_granted_once_and_revoked(self):
        body = {"principal": self.EMAIL, "role": "reader", "reason": "a test"}
        granted = self.is_done_once(manager(), "/v1/grants", body, lambda: len(self.held()))
        self.assertEqual(granted.status, 201)
        grant = granted.json
        self.assertEqual((grant["scope"], grant["valid_until"], grant["granted_by"]), ("home", None, "manager@tests.example"))
        path = granted.headers["Location"]
        self.assertEqual(manager().get(path).json, grant)
        self.assertIn("reader", as_(self.EMAIL).get("/v1/me").json["roles"])
        self.refused(manager().post("/v1/grants", body), 409, "42710")
        ended = self.heeds_if_match(manager(), "POST", f"{path}/revoke", {"reason": "over"}, path)
        self.assertEqual(ended.json, {"count": 1})
        self.assertNotIn("reader", as_(self.EMAIL).get("/v1/me").json["roles"])
        self.assertIsNotNone(manager().get(path).json["valid_until"])
        self.refused(manager().post(f"{path}/revoke", {}), 404, "42704")
        self.assertNotIn(grant["id"], {one["id"] for one in whole_list(manager(), "/v1/grants", active="true")})
        self.assertIn(grant["id"], {one["id"] for one in whole_list(manager(), "/v1/grants", active="false")})

    def test_a_grant_for_a_time_ends_by_itself(self):
        body = {"principal": self.EMAIL, "role": "reader", "scope": "hk", "valid_from": "2098-01-01T00:00:00Z",
                "valid_until": "2099-01-01T00:00:00+01:00"}
        granted = admin().post("/v1/grants", body)
        self.assertEqual(granted.status, 201, granted)
        self.assertEqual(datetime.datetime.fromisoformat(granted.json["valid_until"]),
                         datetime.datetime.fromisoformat("2098-12-31T23:00:00+00:00"))
        self.assertEqual(as_(self.EMAIL).get("/v1/me").json["available"], [])
        self.assertEqual(admin().post(f"{granted.headers['Location']}/revoke", {}).json, {"count": 1})
        self.assertEqual(admin().get(granted.headers["Location"]).status, 404)

    def test_nobody_gives_more_than_they_hold_nor_to_themselves(self):
        before = self.held()
        for body in (
            {"principal": self.EMAIL, "role": "reader", "scope": "all"},
            {"principal": self.EMAIL, "role": "reader", "scope": "hk"},
            {"principal": self.EMAIL, "role": "group_admin"},
            {"principal": "manager@tests.example", "role": "reader"},
        ):
            self.refused(manager().post("/v1/grants", body), 403, "42501")
        self.refused(reader().post("/v1/grants", {"principal": self.EMAIL, "role": "reader"}), 403, "42501")
        self.assertEqual(self.held(), before)

    def test_bad_grants_are_refused(self):
        for change, status in (({"principal": "nobody@tests.example"}, 404), ({"role": "nothing"}, 404), ({"scope": "nowhere"}, 403),
                               ({"valid_until": "2020-01-01T00:00:00Z"}, 422), ({"valid_until": "tomorrow"}, 422), ({"role": None}, 422),
                               ({"tenant": "de"}, 422)):
            answer = admin().post("/v1/grants", {"principal": self.EMAIL, "role": "reader"} | change)
            self.assertEqual(answer.status, status, answer)

    def test_another_companys_grant_and_none_are_the_same(self):
        grant = admin().post("/v1/grants", {"principal": self.EMAIL, "role": "reader"}).json["id"]
        for send in (lambda grant: stranger().get(f"/v1/grants/{grant}"),
                     lambda grant: stranger().post(f"/v1/grants/{grant}/revoke", {})):
            self.same_refusal(send(grant), grant, send(UNKNOWN), UNKNOWN, 404)
        self.assertIsNone(admin().get(f"/v1/grants/{grant}").json["valid_until"])

    def test_lists_are_filtered_sorted_and_paged(self):
        for column in ("principal", "role", "scope", "granted_at"):
            self.pages_in_order(admin(), "/v1/grants", lambda one: one[column], sort=f"-{column}", limit=3)
        self.assertEqual({one["scope"] for one in whole_list(admin(), "/v1/grants", scope="all")}, {"all"})
        self.assertEqual({one["role"] for one in whole_list(admin(), "/v1/grants", role="reader")}, {"reader"})
        self.assertEqual({one["principal"] for one in whole_list(as_("rep@de.example"), "/v1/grants")}, {"rep@de.example"})


class Access(Asserts, unittest.TestCase):
    def test_what_everybody_may_is_listed(self):
        email = "sales@de.example"
        rights = self.pages_in_order(admin(), "/v1/effective-rights", lambda one: (one["object"], one["action"]), limit=40, principal=email)
        self.assertIn({"principal": email, "tenant": "de", "object": "invoice", "action": "post", "depth": "tenant",
                       "roles": "tenant_sales"}, rights)
        self.assertNotIn(("invoice", "void"), {(one["object"], one["action"]) for one in rights})
        self.assertEqual({one["depth"] for one in whole_list(admin(), "/v1/effective-rights", depth="own")}, {"own"})
        self.assertEqual({one["principal"] for one in whole_list(as_("rep@de.example"), "/v1/effective-rights")}, {"rep@de.example"})
        self.pages_in_order(admin(), "/v1/effective-rights", lambda one: one["tenant"], limit=100, sort="-tenant", object="customer")

    def test_what_happened_to_rights_is_told_newest_first(self):
        email = f"{own('e')}@tests.example"
        manager().post("/v1/employees", {"email": email, "name": "x"})
        manager().post(f"/v1/employees/{email}/deactivate", {"reason": "a test"})
        told = whole_list(manager(), "/v1/access-history", principal=email)
        self.assertEqual([(one["event"], one["reason"], one["actor"], one["tenant"]) for one in told],
                         [("deactivate_employee", "a test", "manager@tests.example", COMPANY),
                          ("add_employee", None, "manager@tests.example", COMPANY)])
        self.assertEqual(len(whole_list(manager(), "/v1/access-history", principal=email, event="add_employee")), 1)
        between = {"from": told[1]["at"], "until": told[0]["at"]}
        self.assertEqual([one["id"] for one in whole_list(manager(), "/v1/access-history", principal=email, **between)], [told[1]["id"]])
        self.assertEqual(whole_list(stranger(), "/v1/access-history", principal=email), [])
        whole = whole_list(manager(), "/v1/access-history")
        self.assertEqual(whole_list(manager(), "/v1/access-history", limit=7), whole)
        self.assertEqual([one["id"] for one in whole], sorted((one["id"] for one in whole), reverse=True))

    def test_what_somebody_may_do_with_a_row_is_explained(self):
        customer = as_("rep@de.example").get("/v1/customers", limit=1).json["items"][0]["id"]
        asked = {"principal": "rep@de.example", "table": "crm.customer", "key": customer}
        items = admin().get("/v1/explain-access", **asked).json["items"]
        self.assertEqual({one["action"]: one["allowed"] for one in items},
                         {"read": True, "create": True, "update": True, "delete": True, "post": False, "void": False, "export": True,
                          "assign": True})
        self.assertIn("the row is theirs", next(one["reason"] for one in items if one["action"] == "read"))
        self.assertEqual(as_("rep@de.example").get("/v1/explain-access", **asked).json["items"], items)
        known = stranger().get("/v1/explain-access", **asked)
        unknown = stranger().get("/v1/explain-access", **asked | {"key": UNKNOWN})
        self.same_refusal(known, customer, unknown, UNKNOWN, 404)
        for change, status in (({"table": "crm.nothing"}, 422), ({"table": "pg_class"}, 422), ({"table": "'"}, 422), ({"key": "x"}, 404),
                               ({"principal": "nobody"}, 404)):
            answer = admin().get("/v1/explain-access", **asked | change)
            self.assertEqual(answer.status, status, answer)
        self.assertEqual(admin().get("/v1/explain-access").status, 422)


if __name__ == "__main__":
    unittest.main()
