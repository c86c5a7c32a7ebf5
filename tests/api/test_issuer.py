"""Tokens of an issuer at the service, and `mandant refresh-keys` against one that publishes its keys on this machine."""

import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from client import Client, sql

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import issuer  # noqa: E402


class Published(BaseHTTPRequestHandler):
    """Answers with what the test puts into `pages`: JSON, bytes as they are, or a number as the status of a redirection."""

    def do_GET(self):
        page = self.server.pages.get(self.path)
        self.send_response(404 if page is None else page if isinstance(page, int) else 200)
        body = page if isinstance(page, bytes) else json.dumps(page).encode()
        if isinstance(page, int):
            self.send_header("Location", "/keys")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Issuer(unittest.TestCase):
    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Published)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/realms/group"
        self.pages = self.server.pages = {}
        self.publish("ed")
        self.trust(self.url, "ed")
        sql("select mandant.add_employee('de', 'issuer@de.example', 'Issuer')"
            " where not exists (select from mandant.principal where name = 'issuer@de.example')")
        sql("select mandant.grant_role('issuer@de.example', 'tenant_sales')"
            " where not exists (select from mandant.access_grant where principal = 'issuer@de.example')")
        sql(f"select mandant.bind_subject('issuer@de.example', '{self.url}', 'anna')")

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()
        sql("select mandant.distrust_issuer(issuer) from mandant.issuer where issuer ~ '^(http://127|https://127|nowhere)'")
        sql("update mandant_internal.principal set tokens_ended_at = null where name = 'issuer@de.example'")

    def publish(self, *names, **document):
        self.pages["/keys"] = issuer.keys(*names)
        self.pages["/realms/group/.well-known/openid-configuration"] = {
            "issuer": self.url, "jwks_uri": f"http://127.0.0.1:{self.server.server_port}/keys", **document}

    def trust(self, url, *names):
        sql(f"select mandant.trust_issuer('{url}', 'mandant', '{json.dumps(issuer.keys(*names))}')")

    def kept(self, url=None):
        return sql(f"select array_to_string(keys, ' ') from mandant.issuer where issuer = '{url or self.url}'")

    def client(self, key, **claims):
        return Client(issuer.token(key, {"iss": self.url, **claims}))

    def refresh(self, *arguments, **environment):
        plain = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        return subprocess.run([os.environ["MANDANT_BIN"], "refresh-keys", *arguments], env={**plain, **environment},
                              capture_output=True, text=True, timeout=120)

    def refused(self, client):
        answer = client.get("/v1/me")
        self.assertEqual((answer.status, answer.json["code"], answer.json["detail"]),
                         (401, "28000", "the token is not valid"), answer)

    def fails(self, *said):
        refreshed = self.refresh()
        self.assertEqual(refreshed.returncode, 1, refreshed)
        for text in said:
            self.assertIn(text, refreshed.stderr)
        self.assertEqual(self.kept(), "ed")

    def test_the_service_takes_a_token_of_an_issuer(self):
        client = self.client("ed", exp=4102444800)
        me = client.get("/v1/me").json
        self.assertEqual((me["principal"], me["tenants"]), ("issuer@de.example", ["de"]))
        self.assertEqual(me["expires_at"], "2100-01-01T00:00:00Z")
        self.assertEqual(client.get("/v1/customers").status, 200)
        self.assertEqual(client.selecting("us").get("/v1/me").status, 403)

    def test_the_service_takes_no_other(self):
        for client in (self.client("ed_other"), self.client("ed", aud="payroll"), self.client("ed", sub="ben"),
                       self.client("ed", exp=1700000000), Client(issuer.token("ed", {"iss": self.url}, {"alg": "none"})),
                       self.client("ed", groups="g" * 20000), self.client("ed", iss=self.url + "/")):
            self.refused(client)

    def test_a_token_ends_with_sign_out_and_revocation(self):
        one, other = self.client("ed", jti="1"), self.client("ed", jti="2")
        self.assertEqual(one.get("/v1/me").status, 200)
        self.assertEqual(one.post("/v1/sign-out").status, 204)
        self.refused(one)
        self.assertEqual(other.get("/v1/me").status, 200)
        sql("select mandant.revoke_tokens('issuer@de.example')")
        self.refused(other)

    def test_refreshed_keys_count_and_dropped_ones_do_not(self):
        old, new = self.client("ed"), self.client("es")
        self.assertEqual(old.get("/v1/me").status, 200)
        self.refused(new)
        self.publish("ed", "es")
        refreshed = self.refresh()
        self.assertEqual((refreshed.returncode, refreshed.stdout, refreshed.stderr), (0, f"{self.url}: 2 keys\n", ""))
        self.assertEqual((old.get("/v1/me").status, new.get("/v1/me").status), (200, 200))
        self.publish("es", "rs")
        self.assertEqual(self.refresh().returncode, 0)
        self.refused(old)
        self.assertEqual(new.get("/v1/me").status, 200)

    def test_audience_and_leeway_stay_as_they_are(self):
        sql(f"select mandant.trust_issuer('{self.url}', 'other', '{json.dumps(issuer.keys('ed'))}', '7 seconds')")
        self.publish("es")
        self.assertEqual(self.refresh().returncode, 0)
        self.assertEqual(sql("select audience, leeway, keys from mandant.issuer where issuer ~ '^http://127'"),
                         "other|00:00:07|{es}")

    def test_one_that_fails_does_not_stop_the_others(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            away = f"http://127.0.0.1:{closed.getsockname()[1]}/a"
        for url in (away, "nowhere"):
            self.trust(url, "ed")
        self.publish("es")
        refreshed = self.refresh()
        self.assertEqual((refreshed.returncode, refreshed.stdout), (1, f"{self.url}: 1 key\n"))
        said = refreshed.stderr.splitlines()
        self.assertEqual(len(said), 3, refreshed.stderr)
        self.assertTrue(said[0].startswith(f"mandant: {away}: {away}/.well-known/openid-configuration: "), said)
        self.assertTrue(said[1].startswith("mandant: nowhere: "), said)
        self.assertEqual(said[2], "mandant: 2 of 3 issuers keep the keys they had")
        self.assertEqual((self.kept(), self.kept(away), self.kept("nowhere")), ("es", "ed", "ed"))

    def test_a_document_of_another_issuer_is_refused(self):
        for other in (self.url + "/", "https://login.example", None, 1):
            self.publish("es", issuer=other)
            self.fails("is the document of another issuer")

    def test_keys_come_by_https_or_from_this_machine(self):
        for elsewhere in ("http://login.example/keys", "ftp://127.0.0.1/keys", "file:///etc/passwd", "keys", ""):
            self.publish("es", jwks_uri=elsewhere)
            self.fails(json.dumps(elsewhere))
        self.publish("es", jwks_uri=None)
        self.fails("names no jwks_uri")

    def test_encryption_is_asked_for_where_it_is_promised(self):
        # a plain server where https is expected: an error of TLS, no key
        encrypted = self.url.replace("http:", "https:")
        self.trust(encrypted, "ed")
        refreshed = self.refresh()
        self.assertEqual(refreshed.returncode, 1, refreshed)
        self.assertIn(f"mandant: {encrypted}: ", refreshed.stderr)
        self.assertEqual(self.kept(encrypted), "ed")

    def test_https_is_trusted_as_the_machine_trusts(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate, secret = f"{folder}/certificate.pem", f"{folder}/key.pem"
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-keyout", secret, "-out", certificate, "-days", "2", "-subj", "/CN=issuer", "-addext",
                            "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"],
                           check=True, capture_output=True)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, secret)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            encrypted = self.url.replace("http:", "https:")
            self.publish("es", issuer=encrypted, jwks_uri=encrypted.replace("/realms/group", "/keys"))
            self.trust(encrypted, "ed")
            self.refresh()
            self.assertEqual(self.kept(encrypted), "ed")
            self.refresh(SSL_CERT_FILE=certificate)
            self.assertEqual(self.kept(encrypted), "es")
            # and it sends nobody on to what is not encrypted, not even here
            self.publish("ed", issuer=encrypted)
            self.refresh(SSL_CERT_FILE=certificate)
            self.assertEqual(self.kept(encrypted), "es")

    def test_what_answers_is_not_followed_nor_read_without_end(self):
        self.publish("es")
        for page, said in ((302, "answers 302"), (404, "answers 404"), (500, "answers 500"), (b"", "/keys: "),
                           (b"<html>", "/keys: "), (b'{"keys":[' + b" " * 2_000_000 + b"]}", "/keys: "),
                           ({"keys": []}, "no key to check tokens with (SQLSTATE 22023)"),
                           ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "is secret"),
                           ([], "not a JSON Web Key Set"), (b'{"keys": ["\\u0000"]}', "SQLSTATE 22P05")):
            self.pages["/keys" if page != 302 else "/realms/group/.well-known/openid-configuration"] = page
            self.fails(said)
            self.publish("es")

    def test_a_login_that_may_not_is_told_so(self):
        url = f"postgresql://report_de:demo@127.0.0.1:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}"
        refreshed = self.refresh(DATABASE_URL=url)
        self.assertEqual(refreshed.returncode, 1)
        self.assertIn("SQLSTATE 42501", refreshed.stderr)
        self.assertNotIn("demo", refreshed.stderr)
        self.assertEqual(self.kept(), "ed")

    def test_without_a_database_it_says_what_to_do(self):
        refreshed = self.refresh("--home", "/nonexistent")
        self.assertEqual(refreshed.returncode, 1)
        self.assertIn("mandant serve", refreshed.stderr)


if __name__ == "__main__":
    unittest.main()
