"""The database dies in the middle of postings: each is complete or absent, and sent again it gives its number."""

import contextlib
import http.client
import pathlib
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

from client import sign_in
from test_service import MANDANT, Service, eventually

CLIENTS = 8
CRASHES = 3
LINE = {"description": "Work", "quantity": "1", "unit_price": "100.00", "tax_rate": "19"}


class Crash(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mandant-test-"))
        self.folder.chmod(0o755)  # started by root, the server runs as another user
        self.addCleanup(shutil.rmtree, self.folder)
        home = self.folder / ".mandant"
        self.service = Service(home)
        self.addCleanup(lambda: subprocess.run([MANDANT, "fresh", "--home", home], check=True, capture_output=True))
        self.addCleanup(self.service.stop)
        self.sales = sign_in("sales@de.example", self.service.url)

    def post(self, address, **sent):
        """What was answered, or nothing if the database was away."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = self.sales.request("POST", address, **sent)
            self.assertIn(answer.status, (200, 201, 503, 504), answer)
            if answer.status < 300:
                return answer.json
        return None

    def number(self, id, key):
        """The number of that document, posted if it is not yet."""
        posted = self.post(f"/v1/documents/{id}/post", headers={"Idempotency-Key": key})
        return posted and posted["number"]

    def post_until_it_dies(self):
        """Each client posts one draft after the other, whatever becomes of them, however fast the machine is."""
        try:
            while not self.dead.is_set():
                draft = self.post("/v1/documents", body=self.draft)
                if not draft:
                    continue
                id = draft["id"]
                self.keys[id] = str(uuid.uuid4())
                number = self.number(id, self.keys[id])
                if number:
                    self.told[id] = number
                    self.under_way.set()
        except AssertionError as wrong:
            self.wrong.append(wrong)

    def test_what_was_told_is_there_and_what_is_sent_again_gets_the_same_number(self):
        customer = self.sales.get("/v1/customers", limit=1, state="active").json["items"][0]["id"]
        self.draft = {"customer_id": customer, "kind": "invoice", "lines": [LINE]}
        self.keys, self.told, self.wrong = {}, {}, []
        for crash in range(CRASHES):
            self.dead, self.under_way = threading.Event(), threading.Event()
            clients = [threading.Thread(target=self.post_until_it_dies) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            began = self.under_way.wait(60)
            time.sleep(random.uniform(0, 0.3))
            self.service.stop_server()  # at once, as when the power goes
            self.dead.set()
            for client in clients:
                client.join()
            self.assertEqual(self.wrong, [], f"crash {crash}")
            self.assertTrue(began, f"nothing was posted before crash {crash}")
            self.service.start_server()
            eventually(self.service.is_ready)
            there = dict(line.split("|") for line in self.service.sql(
                "select id, number from crm.document where status = 'posted'").splitlines())
            self.assertEqual(self.told, {id: there.get(id) for id in self.told}, "what was told is not there")

        again = {id: eventually(lambda: self.number(id, key)) for id, key in self.keys.items()}
        self.assertEqual(self.told, {id: again[id] for id in self.told})
        self.assertEqual(len(set(again.values())), len(self.keys))
        of_ours = ", ".join(f"'{id}'" for id in self.keys)
        self.assertEqual(
            self.service.sql(f"select count(*), count(distinct document) from mandant.issued_number"
                             f" where document in ({of_ours})"), f"{len(self.keys)}|{len(self.keys)}")
        self.assertEqual(self.service.sql("set mandant.tenant = 'de'; select count(*) from mandant.number_gaps()"), "0")
        half = self.service.sql(f"""
            select count(*) from crm.document d where d.id in ({of_ours})
              and ((select count(*) from crm.document_line l where l.document_id = d.id) <> 1
                or (select count(*) from crm.document_tax t where t.document_id = d.id) <> 1
                or d.gross <> 119 or d.open_amount <> 119)""")
        self.assertEqual(half, "0", "half a posting")


if __name__ == "__main__":
    unittest.main()
