"""Signing in and out, tokens, and the header that selects tenants."""

import unittest
import uuid

from client import Client, as_, sign_in, sql


class SignIn(unittest.TestCase):
    def test_an_employee_signs_in(self):
        answer = Client().post("/v1/sign-in", {"email": "sales@de.example", "password": "demo"})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(set(answer.json), {"token", "expires_at"})
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(self):
        wrong = {"email": "sales@hk.example", "password": "wrong"}
        unknown = {"email": f"{uuid.uuid4()}@hk.example", "password": "demo"}
        answers = [Client().post("/v1/sign-in", body) for body in (wrong, unknown)]
        for answer in answers:
            self.assertEqual(answer.status, 401, answer)
            self.assertEqual(answer.json["code"], "28P01")
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(answers[0].text, answers[1].text)

    def test_too_many_failures_close_an_address_for_a_while(self):
        body = {"email": f"{uuid.uuid4()}@hk.example", "password": "wrong"}
        answers = [Client().post("/v1/sign-in", body) for _ in range(11)]
        self.assertEqual({answer.status for answer in answers}, {401})
        self.assertNotEqual(answers[0].json["detail"], answers[-1].json["detail"])

    def test_sign_in_takes_its_two_members_only(self):
        for body in ({}, {"email": "sales@de.example"}, {"email": "x", "password": "x", "x": 1}):
            answer = Client().post("/v1/sign-in", body)
            self.assertEqual(answer.status, 422, answer)

    def test_who_signed_out_is_out(self):
        client = sign_in("sales@us.example")
        self.assertEqual(client.post("/v1/sign-out").status, 204)
        answer = client.get("/v1/me")
        self.assertEqual((answer.status, answer.json["code"]), (401, "28000"))


class Token(unittest.TestCase):
    def refused(self, client):
        answer = client.get("/v1/me")
        self.assertEqual((answer.status, answer.json["code"]), (401, "28000"), answer)
        self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertIn("POST /v1/sign-in", answer.json["hint"])

    def test_no_token(self):
        self.refused(Client())

    def test_a_forged_token(self):
        for token in ("x", "0" * 64, "0" * 10_000, "' or true --"):
            self.refused(Client(token))

    def test_a_token_in_another_scheme(self):
        answer = Client().request("GET", "/v1/me", headers={"Authorization": "Basic ZGVtbzpkZW1v"})
        self.assertEqual(answer.status, 401, answer)

    def test_an_expired_token(self):
        client = sign_in("sales@hk.example")
        self.assertEqual(client.get("/v1/me").status, 200)
        sql(
            "update mandant_internal.token set issued_at = now() - interval '2 hours',"
            " expires_at = now() - interval '1 second'"
            f" where hash = mandant_internal.token_hash('{client.token}')"
        )
        self.refused(client)

    def test_a_revoked_token(self):
        client = sign_in("controller@group.example")
        sql("select mandant.revoke_tokens('controller@group.example')")
        as_.cache_clear()
        self.refused(client)

    def test_two_tokens_at_once(self):
        connection = Client().connect()
        connection.putrequest("GET", "/v1/me")
        connection.putheader("Authorization", f"Bearer {as_('sales@de.example').token}")
        connection.putheader("Authorization", "Bearer x")
        connection.endheaders()
        self.assertEqual(connection.getresponse().status, 422)
        connection.close()


class Selection(unittest.TestCase):
    def test_me_says_who_and_where(self):
        me = as_("sales@de.example").get("/v1/me").json
        self.assertEqual(me["principal"], "sales@de.example")
        self.assertEqual((me["kind"], me["tenant"]), ("employee", "de"))
        self.assertEqual((me["tenants"], me["available"]), (["de"], ["de"]))

    def test_the_controller_sees_all_companies(self):
        me = as_("controller@group.example").get("/v1/me").json
        self.assertEqual(me["tenant"], "group")
        self.assertLessEqual({"us", "de", "hk", "group"}, set(me["tenants"]))

    def test_the_header_narrows(self):
        controller = as_("controller@group.example")
        self.assertEqual(controller.selecting("us").get("/v1/me").json["tenants"], ["us"])
        self.assertEqual(
            set(controller.selecting("de,hk").get("/v1/me").json["tenants"]), {"de", "hk"}
        )
        self.assertEqual(as_("sales@de.example").selecting("*").get("/v1/me").json["tenants"], ["de"])

    def test_a_request_leaves_no_selection_behind(self):
        controller = as_("controller@group.example")
        before = controller.get("/v1/me").json["tenants"]
        controller.selecting("us").get("/v1/me")
        self.assertEqual(controller.get("/v1/me").json["tenants"], before)

    def test_a_company_not_granted_and_an_unknown_one_get_the_same_answer(self):
        for code in ("us", "nowhere"):
            answer = as_("sales@de.example").selecting(code).get("/v1/customers")
            self.assertEqual((answer.status, answer.json["code"]), (403, "42501"), answer)
            self.assertEqual(answer.json["detail"], f'tenant "{code}" is not available to you')
            self.assertIn("de", answer.json["hint"])

    def test_an_odd_code_is_refused_with_the_right_spelling(self):
        for code in ("DE", "de,", ",de", "de;us"):
            answer = as_("sales@de.example").selecting(code).get("/v1/me")
            self.assertIn(answer.status, (403, 422), answer)
            self.assertTrue(answer.json["hint"])
        self.assertEqual(as_("sales@de.example").selecting("DE").get("/v1/me").json["hint"], "write de")

    def test_a_very_long_code_is_refused(self):
        answer = as_("sales@de.example").selecting("d" * 10_000).get("/v1/me")
        self.assertIn(answer.status, (403, 422), answer)
        self.assertLess(len(answer.text), 1000)

    def test_an_empty_header_is_no_selection(self):
        self.assertEqual(as_("sales@de.example").selecting("").get("/v1/me").json["tenants"], ["de"])

    def test_a_code_that_is_no_text_is_refused(self):
        headers = {"Mandant-Tenant": b"\xff\xfe"}
        answer = as_("sales@de.example").request("GET", "/v1/me", headers=headers)
        self.assertEqual(answer.status, 422, answer)


if __name__ == "__main__":
    unittest.main()
