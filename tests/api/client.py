"""A client for the tests: real requests to MANDANT_URL, and SQL by psql as an administrator."""

import http.client
import json
import os
import subprocess
import urllib.parse
from functools import cache

PASSWORD = "demo"
UNKNOWN = "019a0000-0000-7000-8000-000000000000"


class Answer:
    """Status, headers and JSON of an answer."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()
        self.json = json.loads(self.text) if self.text else None

    def __str__(self):
        return f"{self.status} {self.text}"


class Client:
    """Sends requests with a token and a selection of tenants."""

    def __init__(self, token=None, tenant=None, url=None):
        self.token = token
        self.tenant = tenant
        self.url = url or os.environ["MANDANT_URL"]

    def selecting(self, tenant):
        return Client(self.token, tenant, self.url)

    def at(self, url):
        """The same person at another address of the service."""
        return Client(self.token, self.tenant, url)

    def connect(self):
        return http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=60)

    def send(self, method, path, body=None, headers=()):
        """`body` is sent as it is if it is bytes, as JSON otherwise. Returns an open connection."""
        headers = dict(headers)
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if self.tenant is not None:
            headers.setdefault("Mandant-Tenant", self.tenant)
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        connection = self.connect()
        connection.request(method, path, body, headers)
        return connection

    def request(self, method, path, body=None, headers=()):
        connection = self.send(method, path, body, headers)
        try:
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **query):
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.request("GET", path)

    def post(self, path, body=None):
        return self.request("POST", path, body)

    def patch(self, path, body):
        return self.request("PATCH", path, body)

    def delete(self, path):
        return self.request("DELETE", path)


def sign_in(email, url=None):
    """A client with a token of its own."""
    answer = Client(url=url).post("/v1/sign-in", {"email": email, "password": PASSWORD})
    assert answer.status == 200, answer
    return Client(answer.json["token"], url=url)


@cache
def as_(email):
    """A client whose token the tests share."""
    return sign_in(email)


def sql(text, environment=None):
    """The answer of psql, unaligned; as the server's superuser, for what no employee may do."""
    psql = subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text],
        env={**os.environ, **(environment or {}), "PGUSER": "postgres"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert psql.returncode == 0, psql.stderr
    return psql.stdout.strip()
