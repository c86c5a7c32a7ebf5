"""The description of the service, and what all answers have in common."""

import json
import re
import unittest
import urllib.parse
import urllib.request

from client import UNKNOWN, Client, as_

DE = "sales@de.example"
VERBS = ("get", "post", "put", "patch", "delete")


def described():
    return Client().get("/openapi.json").json


def operations():
    for path, item in described()["paths"].items():
        for verb in VERBS:
            if verb in item:
                yield verb.upper(), path, item[verb]


class Description(unittest.TestCase):
    def test_it_is_openapi_3_1(self):
        self.assertEqual(described()["openapi"], "3.1.0")

    def test_every_operation_described_is_answered(self):
        for verb, path, _ in operations():
            address = re.sub(r"\{[^}]*id\}", UNKNOWN, path)
            address = re.sub(r"\{[^}]*\}", "nothing", address)
            if address == "/v1/sign-out":
                continue
            answer = as_(DE).request(verb, address, {} if verb in ("POST", "PUT", "PATCH") else None)
            self.assertNotEqual(answer.status, 405, f"{verb} {path}")
            self.assertNotIn("nothing is at", answer.text, f"{verb} {path}")
            self.assertLess(answer.status, 500, f"{verb} {path}: {answer}")

    def test_every_method_that_is_answered_is_described(self):
        for path, item in described()["paths"].items():
            address = re.sub(r"\{[^}]*\}", UNKNOWN, path)
            for verb in VERBS:
                if verb not in item:
                    answer = as_(DE).request(verb.upper(), address)
                    self.assertEqual(answer.status, 405, f"{verb} {path}")
                    self.assertTrue(answer.headers["Allow"], f"{verb} {path}")

    def test_every_secured_operation_refuses_strangers(self):
        for verb, path, operation in operations():
            if operation.get("security") != []:
                body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
                asked = {p["name"]: p.get("example") or p["schema"].get("examples", ["x"])[0]
                         for p in operation["parameters"] if p["in"] == "query" and p.get("required")}
                shown = {p["name"]: urllib.parse.quote(str(p["example"]), safe="")
                         for p in operation["parameters"] if p["in"] == "path"}
                address = path.format(**shown) + "?" + urllib.parse.urlencode(asked)
                for token in (None, "nonsense", "0" * 64):
                    answer = Client(token).request(verb, address, body)
                    self.assertEqual(answer.status, 401, f"{verb} {path}: {answer}")
                self.assertTrue({"401", "403", "422", "503"} <= set(operation["responses"]), path)

    def test_every_reference_leads_somewhere(self):
        description = described()

        def follow(part):
            if isinstance(part, dict):
                if "$ref" in part:
                    place = description
                    for step in part["$ref"].removeprefix("#/").split("/"):
                        place = place[step]
                for value in part.values():
                    follow(value)
            elif isinstance(part, list):
                for value in part:
                    follow(value)

        follow(description)

    def test_the_page_needs_nothing_from_elsewhere(self):
        with urllib.request.urlopen(f"{Client().url}/docs") as answer:
            policy, page = answer.headers["Content-Security-Policy"], answer.read().decode()
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("http", policy)
        self.assertIn("/openapi.json", page)
        self.assertEqual(re.findall(r"""<(?:script|link|img)[^>]*(?:src|href)\s*=\s*["']?\s*http""", page), [])


class Answers(unittest.TestCase):
    def test_no_browser_takes_them_for_something_else(self):
        for answer in (as_(DE).get("/v1/me"), as_(DE).get("/v1/nothing"), Client().get("/v1/me")):
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["X-Frame-Options"], "DENY")
            self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            self.assertTrue(answer.headers["Cache-Control"])

    def test_pages_of_other_origins_are_told_nothing(self):
        origin = {"Origin": "https://evil.example"}
        ask = origin | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        for answer in (as_(DE).request("GET", "/v1/me", headers=origin),
                       Client().request("OPTIONS", "/v1/customers", headers=ask)):
            allowed = [name for name in answer.headers if name.lower().startswith("access-control-allow")]
            self.assertEqual(allowed, [])

    def test_a_body_that_is_not_said_to_be_json_is_refused(self):
        body = json.dumps({"name": "x", "country": "DE"}).encode()
        for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
            answer = as_(DE).request("POST", "/v1/customers", body, {"Content-Type": kind})
            self.assertEqual(answer.status, 415, answer)

    def test_an_array_is_no_object(self):
        answer = as_(DE).request("POST", "/v1/customers", b'  ["x", null]')
        self.assertEqual(answer.status, 422, answer)

    def test_a_printed_page_runs_nothing(self):
        invoice = as_(DE).get("/v1/documents", kind="invoice", status="posted", limit=1).json["items"][0]
        with urllib.request.urlopen(urllib.request.Request(
                f"{Client().url}/v1/documents/{invoice['id']}/page",
                headers={"Authorization": f"Bearer {as_(DE).token}"})) as answer:
            self.assertTrue(answer.headers["Content-Type"].startswith("text/html"))
            self.assertNotIn("script", answer.headers["Content-Security-Policy"])
            self.assertIn(invoice["number"], answer.read().decode())


if __name__ == "__main__":
    unittest.main()
