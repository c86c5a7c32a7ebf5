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
DRAFTS = 240
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

    def post(self, id, key):
        """The number, or nothing if the database was away."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            answer = self.sales.request("POST", f"/v1/documents/{id}/post", headers={"Idempotency-Key": key})
            self.assertIn(answer.status, (200, 503, 504), answer)
            if answer.status == 200:
                return answer.json["number"]
        return None

    def post_until_it_dies(self, work, told):
        """Each client goes on with the next draft, whatever became of the last."""
        while work and not self.dead.is_set():
            id, key = work.pop()
            number = self.post(id, key)
            if number:
                told[id] = number
                self.under_way.set()

    def test_what_was_told_is_there_and_what_is_sent_again_gets_the_same_number(self):
        customer = self.sales.get("/v1/customers", limit=1, state="active").json["items"][0]["id"]
        keys = {}
        for _ in range(DRAFTS):
            draft = {"customer_id": customer, "kind": "invoice", "lines": [LINE]}
            keys[self.sales.post("/v1/documents", draft).json["id"]] = str(uuid.uuid4())
        told = {}
        for crash in range(3):
            posted = set(self.service.sql("select id from crm.document where status = 'posted'").split())
            work = [(id, key) for id, key in keys.items() if id not in posted]
            self.dead, self.under_way = threading.Event(), threading.Event()
            clients = [threading.Thread(target=self.post_until_it_dies, args=(work, told)) for _ in range(CLIENTS)]
            for client in clients:
                client.start()
            self.assertTrue(self.under_way.wait(60))
            time.sleep(random.uniform(0, 0.3))
            self.service.stop_server()  # at once, as when the power goes
            self.dead.set()
            for client in clients:
                client.join()
            self.service.start_server()
            eventually(self.service.is_ready)
            self.assertTrue(work, f"crash {crash} came when all was done")
            there = dict(line.split("|") for line in self.service.sql(
                "select id, number from crm.document where status = 'posted'").splitlines())
            self.assertEqual(told, {id: there.get(id) for id in told}, "what was told is not there")

        again = {id: self.post(id, key) for id, key in keys.items()}
        self.assertEqual(told, {id: again[id] for id in told})
        self.assertEqual(len(set(again.values())), DRAFTS)
        of_ours = ", ".join(f"'{id}'" for id in keys)
        self.assertEqual(
            self.service.sql(f"select count(*), count(distinct document) from mandant.issued_number"
                             f" where document in ({of_ours})"), f"{DRAFTS}|{DRAFTS}")
        self.assertEqual(self.service.sql("set mandant.tenant = 'de'; select count(*) from mandant.number_gaps()"), "0")
        half = self.service.sql(f"""
            select count(*) from crm.document d where d.id in ({of_ours})
              and ((select count(*) from crm.document_line l where l.document_id = d.id) <> 1
                or (select count(*) from crm.document_tax t where t.document_id = d.id) <> 1
                or d.gross <> 119 or d.open_amount <> 119)""")
        self.assertEqual(half, "0", "half a posting")


if __name__ == "__main__":
    unittest.main()
