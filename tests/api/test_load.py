"""`mandant load`: country packs and exchange rates from files, each wholly or not at all, as a login that may. ST-06 MD-02"""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from client import sql
from test_lint import url
from test_service import MANDANT

PACKS = pathlib.Path(__file__).resolve().parents[2] / "sql/packs"


class Load(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def file(self, name, text):
        path = pathlib.Path(self.folder.name, name)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def load(self, *arguments, **environment):
        return subprocess.run([MANDANT, "load", *arguments], env={**os.environ, **environment}, capture_output=True,
                              text=True, timeout=120, check=False)

    def test_rates_are_loaded_once(self):
        self.addCleanup(sql, "delete from crm.exchange_rate where source = 'test'")
        rates = self.file("rates.csv", "Date,USD,JPY,\n2025-11-20,1.5,N/A,\n2025-11-19,1.4,150,\n")
        for counts in ("3 daily rates loaded, 0 changed, 0 unchanged", "0 daily rates loaded, 0 changed, 3 unchanged"):
            told = self.load(rates, "--source", "test")
            self.assertEqual((told.returncode, told.stdout, told.stderr), (0, f"{rates}: {counts}\n", ""))
        self.assertEqual(sql("select crm.exchange_rate_on('EUR', 'USD', '2025-11-20')", {"PGOPTIONS": "-c mandant.tenant=de"}), "1.5")

    def test_a_file_with_an_error_changes_nothing_and_does_not_stop_the_others(self):
        self.addCleanup(sql, "delete from crm.exchange_rate where source = 'test'")
        wrong = self.file("wrong.csv", "Date,USD\n2025-11-20,1.5\n2025-11-19,much\n")
        right = self.file("right.csv", "Date,USD\n2025-10-20,1.5\n")
        told = self.load(wrong, right, "--source", "test", "--rates", "closing")
        self.assertEqual(told.returncode, 1)
        self.assertEqual(told.stdout, f"{right}: 1 closing rates loaded, 0 changed, 0 unchanged\n")
        self.assertIn(f'mandant: {wrong}: line 3, column 2 (USD): "much" is not a number above 0', told.stderr)
        self.assertIn("1 of 2 files were not loaded", told.stderr)
        self.assertEqual(sql("select count(*) from crm.exchange_rate where source = 'test'"), "1")

    def test_a_pack_is_corrected_from_a_file(self):
        told = self.load(str(PACKS / "HK.json"))
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertRegex(told.stdout, r"country pack HK, from \d{4}-\d\d-\d\d on\n$")
        before = sql("select count(*) from crm.country_pack")
        pack = json.loads((PACKS / "HK.json").read_text(encoding="utf-8"))
        pack["series"][1]["pattern"] = "NO-{month}"
        told = self.load(self.file("HK.json", json.dumps(pack)))
        self.assertEqual(told.returncode, 1)
        self.assertIn("series[1].pattern", told.stderr)
        told = self.load(self.file("broken.json", "{"), self.file("rates.txt", "x"), self.file("pack.json", "[]"))
        self.assertEqual((told.returncode, told.stderr.count("\n")), (1, 4), told.stderr)
        self.assertEqual(sql("select count(*) from crm.country_pack"), before)

    def test_whoever_may_not_is_refused(self):
        rates = self.file("rates.csv", "Date,USD\n2025-11-20,1.5\n")
        reader = url("report_de", os.environ["PGDATABASE"])
        self.assertIn("(SQLSTATE 25006)", self.load(rates, DATABASE_URL=reader).stderr)
        told = self.load(rates, DATABASE_URL=f"{reader}&options=-c%20default_transaction_read_only%3Doff")
        self.assertEqual(told.returncode, 1)
        self.assertIn("you have no right to create shared_data here", told.stderr)
        told = self.load(self.file("none.csv", ""), "--home", "/nowhere")
        self.assertEqual((told.returncode, told.stderr.count("\n")), (1, 1), told.stderr)


if __name__ == "__main__":
    unittest.main()
