"""Idempotency-Key: what is sent again is done once, and answered as it was."""

import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor

from client import as_, sql

DE, US = "sales@de.example", "sales@us.example"
LINE = {"description": "Work", "quantity": "1", "unit_price": "100.00", "tax_rate": "19"}


def key():
    return {"Idempotency-Key": str(uuid.uuid4())}


def customer(name=None):
    return {"name": name or f"Once {uuid.uuid4()}", "country": "DE"}


def count(name):
    return int(sql(f"select count(*) from crm.customer where name = '{name}'"))


def draft():
    of = as_(DE).get("/v1/customers", limit=1, state="active").json["items"][0]["id"]
    made = as_(DE).post("/v1/documents", {"customer_id": of, "kind": "invoice", "lines": [LINE]})
    assert made.status == 201, made
    return made.headers["Location"]


class Once(unittest.TestCase):
    def test_without_a_key_it_is_done_twice(self):
        body = customer()
        for _ in range(2):
            self.assertEqual(as_(DE).post("/v1/customers", body).status, 201)
        self.assertEqual(count(body["name"]), 2)

    def test_with_a_key_it_is_done_once_and_answered_as_it_was(self):
        body, headers = customer(), key()
        first = as_(DE).request("POST", "/v1/customers", body, headers)
        again = as_(DE).request("POST", "/v1/customers", body, headers)
        self.assertEqual(first.status, 201, first)
        self.assertEqual((again.status, again.text), (first.status, first.text))
        for header in ("Location", "ETag", "Content-Type"):
            self.assertEqual(again.headers[header], first.headers[header])
        self.assertEqual(count(body["name"]), 1)

    def test_a_posting_sent_again_gives_its_number_and_no_other(self):
        path, headers = draft() + "/post", key()
        first = as_(DE).request("POST", path, headers=headers)
        self.assertEqual(first.status, 200, first)
        again = as_(DE).request("POST", path, headers=headers)
        self.assertEqual((again.status, again.text), (200, first.text))
        self.assertEqual(as_(DE).post(path).status, 409, "without the key it is another request")
        numbers = sql(f"select count(*) from mandant.issued_number where document = '{first.json['id']}'")
        self.assertEqual(numbers, "1")

    def test_many_at_once_are_one(self):
        body, headers = customer(), key()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: as_(DE).request("POST", "/v1/customers", body, headers), range(8)))
        self.assertEqual({answer.status for answer in answers}, {201}, answers)
        self.assertEqual(len({answer.text for answer in answers}), 1)
        self.assertEqual(count(body["name"]), 1)

    def test_a_key_is_for_one_request(self):
        body, headers = customer(), key()
        self.assertEqual(as_(DE).request("POST", "/v1/customers", body, headers).status, 201)
        other = customer()
        for answer in (
            as_(DE).request("POST", "/v1/customers", other, headers),
            as_(DE).selecting("de").request("POST", "/v1/customers", body, headers),
            as_(DE).request("POST", draft() + "/post", headers=headers),
        ):
            self.assertEqual((answer.status, answer.json["code"]), (422, "22023"), answer)
            self.assertTrue(answer.json["hint"])
        self.assertEqual(count(other["name"]), 0)

    def test_a_key_belongs_to_who_sends_it(self):
        headers = key()
        bodies = {of: customer() | {"country": of[-10:-8].upper()} for of in (DE, US)}
        answers = {of: as_(of).request("POST", "/v1/customers", bodies[of], headers) for of in bodies}
        for of, answer in answers.items():
            self.assertEqual(answer.status, 201, answer)
            self.assertEqual(answer.json["name"], bodies[of]["name"])

    def test_a_refusal_is_not_kept(self):
        body, headers = customer(), key()
        refused = as_(DE).request("POST", "/v1/customers", body | {"email": "nowhere"}, headers)
        self.assertEqual(refused.status, 422, refused)
        self.assertEqual(as_(DE).request("POST", "/v1/customers", body, headers).status, 201)
        self.assertEqual(count(body["name"]), 1)

    def test_a_bad_key_is_refused(self):
        for bad in ("", "a b", "x" * 256, "ä"):
            body = customer()
            answer = as_(DE).request("POST", "/v1/customers", body, {"Idempotency-Key": bad.encode()})
            self.assertEqual((answer.status, answer.json["code"]), (422, "22023"), answer)
            self.assertEqual(count(body["name"]), 0)

    def test_a_request_is_kept_for_a_day(self):
        body, headers = customer(), key()
        as_(DE).request("POST", "/v1/customers", body, headers)
        sql(f"""update mandant_internal.request set begun_at = now() - interval '25 hours'
            where key = '{headers["Idempotency-Key"]}'""")
        as_(DE).request("POST", "/v1/customers", customer(), key())
        left = sql(f"select count(*) from mandant_internal.request where key = '{headers['Idempotency-Key']}'")
        self.assertEqual(left, "0")


if __name__ == "__main__":
    unittest.main()
