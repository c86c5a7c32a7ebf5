"""Employees, logins and passwords over HTTP."""

import unittest

from client import Client, as_
from people import COMPANY, Asserts, admin, company, manager, own, reader, stranger, whole_list


def sees(email, password):
    return Client().post("/v1/sign-in", {"email": email, "password": password}).status == 200


class Employees(Asserts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        company()

    def add(self, **members):
        email = f"{own('e')}@tests.example"
        made = manager().post("/v1/employees", {"email": email, "name": "Ursula Größer", "password": "first"} | members)
        self.assertEqual(made.status, 201, made)
        self.addCleanup(admin().post, f"/v1/employees/{email}/deactivate", {"reason": "the test is over"})
        return made

    def test_an_employee_is_added_once_and_read(self):
        email = f"{own('e')}@tests.example"
        body = {"email": email.upper(), "name": "Ursula Größer"}
        made = self.is_done_once(manager(), "/v1/employees", body, lambda: len(whole_list(manager(), "/v1/employees")))
        self.assertEqual(made.headers["Location"], f"/v1/employees/{email}")
        self.assertEqual((made.json["email"], made.json["tenant"], made.json["state"]), (email, COMPANY, "active"))
        self.assertEqual(manager().get(f"/v1/employees/{email}").json, made.json)
        self.refused(manager().post("/v1/employees", body), 409, "42710")
        self.assertNotIn("password", made.text)

    def test_deactivated_means_out_and_reactivated_in(self):
        path = f"/v1/employees/{self.add().json['email']}"
        email = path.rsplit("/", 1)[1]
        client = Client(Client().post("/v1/sign-in", {"email": email, "password": "first"}).json["token"])
        self.assertEqual(client.get("/v1/me").status, 200)
        out = self.heeds_if_match(manager(), "POST", f"{path}/deactivate", {"reason": "a test"}, path)
        self.assertEqual(out.json["state"], "inactive")
        self.refused(client.get("/v1/me"), 401, "28000")
        self.assertFalse(sees(email, "first"))
        self.assertEqual(manager().post(f"{path}/reactivate", {}).json["state"], "active")
        self.assertTrue(sees(email, "first"))

    def test_tokens_are_revoked_and_counted(self):
        email = self.add().json["email"]
        for _ in range(2):
            self.assertTrue(sees(email, "first"))
        path = f"/v1/employees/{email}/revoke-tokens"
        self.assertEqual(manager().post(path).json, {"count": 2})
        self.assertEqual(manager().post(path).json, {"count": 0})

    def test_an_administrator_sets_a_password(self):
        email = self.add().json["email"]
        path = f"/v1/employees/{email}/password"
        self.assertEqual(self.heeds_if_match(manager(), "PUT", path, {"password": "second"}, f"/v1/employees/{email}").status, 204)
        self.assertEqual((sees(email, "first"), sees(email, "second")), (False, True))
        for body in ({}, {"password": None}, {"password": ""}, {"password": "$argon2id$x"}, {"password": "x", "x": 1}):
            self.assertEqual(manager().request("PUT", path, body).status, 422, body)
        self.assertTrue(sees(email, "second"))

    def test_ones_own_password_is_changed_with_the_old_one_only(self):
        email = self.add().json["email"]
        client = Client(Client().post("/v1/sign-in", {"email": email, "password": "first"}).json["token"])
        # who finds a token cannot make more of it
        admin().post("/v1/grants", {"principal": email, "role": "reader"})
        taken = client.request("PUT", f"/v1/employees/{email}/password", {"password": "taken"})
        self.refused(taken, 403, "42501")
        self.assertIn("old_password", taken.json["hint"])
        guess = client.request("PUT", "/v1/me/password", {"old_password": "guess", "password": "taken"})
        self.refused(guess, 401, "28P01")
        self.assertFalse(sees(email, "taken"))
        self.assertEqual(client.request("PUT", "/v1/me/password", {"password": "taken"}).json["field"], "old_password")
        changed = client.request("PUT", "/v1/me/password", {"old_password": "first", "password": "second"})
        self.assertEqual(changed.status, 204, changed)
        self.refused(client.get("/v1/me"), 401, "28000")
        self.assertEqual((sees(email, "first"), sees(email, "second")), (False, True))

    def test_an_employee_moves_and_what_hangs_on_them_as_said(self):
        email = self.add().json["email"]
        path = f"/v1/employees/{email}/move"
        self.refused(manager().post(path, {"tenant": "hk", "records": "keep", "grants": "end"}), 403, "42501")
        self.refused(admin().post(path, {"tenant": "hk", "records": "keep", "grants": "what?"}), 422, "22023")
        self.assertEqual(admin().post(path, {"tenant": "hk", "grants": "end"}).json["field"], "records")
        moved = admin().post(path, {"tenant": "hk", "records": "keep", "grants": "end", "reason": "a test"})
        self.assertEqual((moved.status, moved.json["tenant"]), (200, "hk"), moved)
        self.assertEqual(manager().get(f"/v1/employees/{email}").status, 404)
        self.assertEqual(admin().get(f"/v1/employees/{email}").json, moved.json)

    def test_another_companys_people_and_nobody_are_the_same(self):
        known, unknown = self.add().json["email"], "nobody@tests.example"
        for send in (
            lambda email: stranger().get(f"/v1/employees/{email}"),
            lambda email: stranger().post(f"/v1/employees/{email}/deactivate", {"reason": "x"}),
            lambda email: stranger().post(f"/v1/employees/{email}/reactivate", {}),
            lambda email: stranger().post(f"/v1/employees/{email}/revoke-tokens"),
            lambda email: stranger().post(f"/v1/employees/{email}/move", {"tenant": "hk", "records": "keep", "grants": "end"}),
            lambda email: stranger().request("PUT", f"/v1/employees/{email}/password", {"password": "mine"}),
        ):
            self.same_refusal(send(known), known, send(unknown), unknown, 404)
        self.assertTrue(sees(known, "first"))

    def test_who_may_only_read_changes_nobody(self):
        email = self.add().json["email"]
        for answer in (
            reader().post("/v1/employees", {"email": "x@tests.example", "name": "x"}),
            reader().post(f"/v1/employees/{email}/deactivate", {"reason": "x"}),
            reader().post(f"/v1/employees/{email}/revoke-tokens"),
            reader().post(f"/v1/employees/{email}/move", {"tenant": "hk", "records": "keep", "grants": "end"}),
            reader().request("PUT", f"/v1/employees/{email}/password", {"password": "mine"}),
        ):
            self.refused(answer, 403, "42501")
        self.assertTrue(sees(email, "first"))
        self.assertEqual(manager().get(f"/v1/employees/{email}").json["state"], "active")
        self.assertEqual(manager().get("/v1/employees/x@tests.example").status, 404)

    def test_whoever_holds_more_is_not_taken_over_by_a_password(self):
        email = self.add().json["email"]
        self.assertEqual(admin().post("/v1/grants", {"principal": email, "role": "reader", "scope": "all"}).status, 201)
        answer = manager().request("PUT", f"/v1/employees/{email}/password", {"password": "mine"})
        self.refused(answer, 403, "42501")
        self.assertTrue(sees(email, "first"))

    def test_bad_values_are_refused(self):
        for body in ({"email": "no address", "name": "x"}, {"email": f"{own('e')}@tests.example"}, {"name": "x"},
                     {"email": f"{own('e')}@tests.example", "name": "x", "tenant": "hk"}, {"email": 1, "name": "x"}):
            self.assertEqual(manager().post("/v1/employees", body).status, 422, body)

    def test_a_new_employee_needs_one_selected_company(self):
        self.refused(admin().post("/v1/employees", {"email": f"{own('e')}@tests.example", "name": "x"}), 409, "55000")

    def test_lists_are_filtered_sorted_and_paged(self):
        self.pages_in_order(admin(), "/v1/employees", lambda one: one["email"])
        self.pages_in_order(admin(), "/v1/employees", lambda one: one["tenant"], sort="-tenant")
        self.assertEqual({one["tenant"] for one in whole_list(admin(), "/v1/employees", tenant="de")}, {"de"})
        email = self.add().json["email"]
        self.assertIn(email, {one["email"] for one in whole_list(admin(), "/v1/employees", name="GRÖSSER".lower().replace("ss", "ß"))})
        manager().post(f"/v1/employees/{email}/deactivate", {"reason": "x"})
        self.assertIn(email, {one["email"] for one in whole_list(manager(), "/v1/employees", state="inactive")})

    def test_logins_are_read_and_no_employees(self):
        logins = self.pages_in_order(admin(), "/v1/logins", lambda one: one["login"])
        self.assertLessEqual({"report_de", "report_us", "report_hk"}, {one["login"] for one in logins})
        self.assertFalse(any("@" in one["login"] for one in logins))
        self.assertEqual(admin().get("/v1/logins/report_de").json["tenant"], "de")
        self.assertEqual(as_("sales@de.example").get("/v1/logins/report_hk").status, 404)
        self.assertEqual(admin().get("/v1/employees/report_de").status, 404)


if __name__ == "__main__":
    unittest.main()
