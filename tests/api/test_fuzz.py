"""What the description allows, and what it does not, sent to a service of its own by schemathesis.

No answer may be an error of the server, or other than described: status, headers, body. What the description does not allow
must be refused. That what it allows is accepted is not asked: much of it names rows that are not there.
"""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

from client import sign_in
from test_service import MANDANT, ROOT, Service

SCHEMATHESIS = ROOT / "target/tools/python/bin/schemathesis"


class Fuzz(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandant-test-"))
        cls.folder.chmod(0o755)  # started by root, the server runs as another user
        cls.service = Service(cls.folder / ".mandant")
        cls.service.sql("""select mandant.add_employee('group', 'admin@group.example', 'Ada Admin', 'demo');
            select mandant.grant_role('admin@group.example', 'group_admin', 'all');
            select mandant.grant_role('admin@group.example', 'tenant_sales', 'all')""")

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()
        subprocess.run([MANDANT, "fresh", "--home", cls.service.home], check=True, capture_output=True)
        shutil.rmtree(cls.folder)

    def fuzz(self, email, *arguments):
        token = sign_in(email, self.service.url).token
        # nobody would be left to ask, or whoever asks would be refused from then on
        kept = "(sign-out|suspend|archive|deactivate|revoke-tokens|password|move)$"
        run = subprocess.run(
            [SCHEMATHESIS, "run", f"{self.service.url}/openapi.json", "-H", f"Authorization: Bearer {token}",
             "--exclude-path-regex", kept, "--checks", "all", "--exclude-checks", "positive_data_acceptance", "--continue-on-failure",
             "--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1", "--no-color", *arguments],
            cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout[-20000:] + run.stderr[-2000:])
        self.assertIn("Tested:", run.stdout)
        self.assertNotIn("401 Unauthorized (", run.stdout)
        self.assertEqual(sign_in(email, self.service.url).get("/v1/me").status, 200)

    def test_an_employee_gets_what_is_described(self):
        self.fuzz("sales@de.example")

    def test_an_administrator_gets_what_is_described(self):
        self.fuzz("admin@group.example", "-H", "Mandant-Tenant: de")

    def test_a_stranger_gets_what_is_described(self):
        run = subprocess.run(
            [SCHEMATHESIS, "run", f"{self.service.url}/openapi.json", "--phases", "examples,coverage",
             "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,"
             "response_schema_conformance,ignored_auth", "--no-color"],
            cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stdout[-20000:] + run.stderr[-2000:])


if __name__ == "__main__":
    unittest.main()
