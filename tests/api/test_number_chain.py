"""The hash chain of the register, recomputed outside of the database from what anybody who may read it can export."""

import csv
import hashlib
import io
import subprocess
import unittest

EXPORT = """set timezone = 'UTC'; set mandant.tenant = 'de';
copy (select tenant_id, kind, branch, period, n, number, document_date, drawn_for, principal_id, encode(chain, 'hex') as chain,
             (extract(epoch from issued_at) * 1000000)::bigint - 946684800000000 as issued_at
        from mandant.issued_number order by kind, branch, period, n) to stdout (format csv, header)"""


def broken(rows):
    """The number of the first row that does not fit."""
    before = {}
    for row in rows:
        key = row["kind"], row["branch"], row["period"]
        texts = [row["tenant_id"], *key, row["n"], row["number"], row["document_date"], row["drawn_for"].replace("-", ""),
                 row["issued_at"], row["principal_id"].replace("-", "")]
        before[key] = hashlib.sha256(before.get(key, b"") + "\x1f".join(texts).encode()).digest()
        if before[key].hex() != row["chain"]:
            return row["number"]


class Chain(unittest.TestCase):
    def test_an_export_proves_itself(self):
        out = subprocess.run(["psql", "-XqAt", "-c", EXPORT], check=True, text=True, capture_output=True).stdout
        rows = list(csv.DictReader(io.StringIO(out)))
        self.assertGreater(len(rows), 20)
        self.assertIsNone(broken(rows))
        for column, other in (("number", "RE-1"), ("document_date", "1999-01-01"), ("drawn_for", ""), ("issued_at", "0")):
            with self.subTest(column):
                changed = [dict(row) for row in rows]
                changed[10][column] = other
                self.assertEqual(broken(changed), changed[10]["number"])
        with self.subTest("one is missing"):
            at = next(i for i in range(1, len(rows)) if rows[i]["kind"] == rows[i - 1]["kind"])
            self.assertEqual(broken(rows[:at - 1] + rows[at:]), rows[at]["number"])
