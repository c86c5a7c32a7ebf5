"""Signing in and out, tokens, and the header that selects tenants."""

import concurrent.futures
import contextlib
import os
import random
import subprocess
import unittest
import urllib.parse
import uuid

from client import Client, as_, sign_in, sql
from test_service import MANDANT, eventually, free_port


def nobody():
    return f"{uuid.uuid4()}@hk.example"


def try_to(client, email, password="wrong", headers=()):
    return client.request("POST", "/v1/sign-in", {"email": email, "password": password}, headers)


def fail_until_braked(client, emails, headers=lambda: (), tries=200):
    """How often it was wrong before one had to wait, and the answer that said so."""
    for wrong in range(tries):
        answer = try_to(client, next(emails), headers=headers())
        if answer.status != 401:
            return wrong, answer
    raise AssertionError(f"no brake after {tries}")


def same(email):
    while True:
        yield email


def others():
    while True:
        yield nobody()


def network():
    """An address that nobody has had."""
    return f"2001:db8:{random.randrange(1, 65536):x}:{random.randrange(1, 65536):x}"


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

    def test_sign_in_takes_its_two_members_only(self):
        for body in ({}, {"email": "sales@de.example"}, {"email": "x", "password": "x", "x": 1}):
            answer = Client().post("/v1/sign-in", body)
            self.assertEqual(answer.status, 422, answer)

    def test_who_signed_out_is_out(self):
        client = sign_in("sales@us.example")
        self.assertEqual(client.post("/v1/sign-out").status, 204)
        answer = client.get("/v1/me")
        self.assertEqual((answer.status, answer.json["code"]), (401, "28000"))


class Brake(unittest.TestCase):
    """Of accounts that nobody has, so that no test is in the way of another."""

    def braked(self, answer):
        self.assertEqual((answer.status, answer.json["code"]), (429, "53400"), answer)
        self.assertEqual(answer.json["detail"], "too many failed sign-ins")
        self.assertTrue(answer.headers["Retry-After"].isdigit())
        self.assertEqual(answer.json["hint"], f"try again in {answer.headers['Retry-After']} seconds")

    @contextlib.contextmanager
    def behind_a_proxy(self, *networks):
        """A service that believes what comes from there."""
        listen = f"127.0.0.1:{free_port()}"
        place = urllib.parse.urlencode({name: os.environ[f"PG{name.upper()}"] for name in ("host", "port")})
        database = f"postgresql://mandant_service@/{os.environ['PGDATABASE']}?{place}"
        trust = [f"--trust-proxy={network}" for network in networks]
        serving = subprocess.Popen([MANDANT, "serve", "--listen", listen, *trust], env={**os.environ, "DATABASE_URL": database},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = Client(url=f"http://{listen}")

        def is_ready():
            with contextlib.suppress(OSError):
                return client.get("/readyz").status == 200

        try:
            eventually(is_ready)
            yield client
        finally:
            serving.terminate()
            serving.wait(60)

    def test_who_fails_waits(self):
        wrong, answer = fail_until_braked(Client(), same(nobody()))
        self.assertGreaterEqual(wrong, 10)
        self.braked(answer)

    def test_many_at_once_gain_nothing(self):
        email = nobody()
        with concurrent.futures.ThreadPoolExecutor(60) as threads:
            answers = list(threads.map(lambda _: try_to(Client(), email), range(60)))
        wrong = [answer.status for answer in answers].count(401)
        self.assertLess(wrong, 20)  # ten, and one more after 1, 2, 4, ... seconds
        for answer in answers:
            if answer.status != 401:
                self.braked(answer)

    def test_the_right_password_waits_too_and_others_do_not(self):
        email = f"{uuid.uuid4()}@de.example"
        sql(f"select mandant.add_employee('de', '{email}', 'Brake', 'right')")
        fail_until_braked(Client(), same(email))
        sql("update mandant_internal.sign_in_attempt set failures = failures + 10 where failures >= 10")  # a long wait
        self.braked(try_to(Client(), email, "right"))
        self.braked(try_to(Client(), email.upper(), "right"))
        self.assertEqual(try_to(Client(), "sales@de.example", "demo").status, 200)

    def test_what_a_stranger_says_of_the_address_is_not_believed(self):
        def elsewhere():
            return {"X-Forwarded-For": f"{network()}::1", "Forwarded": f'for="[{network()}::1]"'}

        with self.behind_a_proxy("192.0.2.0/24") as client:
            wrong, answer = fail_until_braked(client, same(nobody()), elsewhere)
        self.assertLess(wrong, 20)
        self.braked(answer)

    def test_an_address_is_braked_whatever_the_account_and_a_network_is_one(self):
        with self.behind_a_proxy("127.0.0.0/8") as client:
            place = network()
            wrong, answer = fail_until_braked(client, others(), lambda: {"X-Forwarded-For": f"203.0.113.1, {place}::{random.randrange(1, 9)}"})
            self.assertGreaterEqual(wrong, 50)
            self.braked(answer)
            elsewhere = {"Forwarded": f'for="[{network()}::1]:4711";proto=https'}
            self.assertEqual(try_to(client, nobody(), headers=elsewhere).status, 401)

    def test_strangers_who_fail_do_not_keep_out_who_was_there_before(self):
        email, home = f"{uuid.uuid4()}@de.example", {"X-Forwarded-For": f"{network()}::1"}
        sql(f"select mandant.add_employee('de', '{email}', 'Brake', 'right')")
        with self.behind_a_proxy("127.0.0.1") as client:
            self.assertEqual(try_to(client, email, "right", home).status, 200)
            wrong, answer = fail_until_braked(client, same(email), lambda: {"X-Forwarded-For": f"{network()}::1"})
            self.assertGreaterEqual(wrong, 100)
            self.braked(answer)
            sql("update mandant_internal.sign_in_attempt set failures = failures + 10 where failures >= 100")  # a long wait
            self.braked(try_to(client, email, "right", {"X-Forwarded-For": f"{network()}::1"}))
            self.assertEqual(try_to(client, email, "right", home).status, 200)


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
