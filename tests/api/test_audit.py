"""What was changed, what could leak, and who else is trusted: to be read over HTTP."""

import unittest

from client import as_, sql
from people import Asserts, admin, manager, own, reader, stranger, whole_list

LOG = "/v1/audit-log"


class Audit(Asserts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sales = as_("sales@de.example")
        cls.name = own("Audited")
        made = cls.sales.post("/v1/customers", {"name": cls.name, "country": "DE"})
        cls.key = made.json["id"]
        cls.sales.patch(made.headers["Location"], {"city": "Kiel"})
        cls.sales.patch(made.headers["Location"], {"city": "Bonn", "state": "blocked"})
        cls.row = {"table": "crm.customer", "key": cls.key}

    def test_the_changes_of_a_row_are_told_newest_first(self):
        told = whole_list(self.sales, LOG, **self.row)
        self.assertEqual([one["action"] for one in told], ["update", "update", "insert"])
        self.assertEqual({(one["tenant"], one["principal"], one["login"]) for one in told},
                         {("de", "sales@de.example", "mandant_service")})
        self.assertEqual((told[0]["old"]["city"], told[0]["new"]["city"]), ("Kiel", "Bonn"))
        self.assertNotIn("name", told[0]["new"])
        self.assertEqual((told[2]["old"], told[2]["new"]["name"]), (None, self.name))
        self.assertEqual(whole_list(self.sales, LOG, limit=1, **self.row), told)
        self.assertEqual(whole_list(self.sales, LOG, limit=1, sort="at", **self.row), told[::-1])

    def test_filters_narrow(self):
        told = whole_list(self.sales, LOG, **self.row)
        self.assertEqual(whole_list(self.sales, LOG, action="insert", **self.row), told[2:])
        self.assertEqual(whole_list(self.sales, LOG, **self.row, **{"from": told[1]["at"], "until": told[0]["at"]}), told[1:2])
        self.assertEqual(whole_list(self.sales, LOG, principal="rep@de.example", **self.row), [])
        self.assertEqual(whole_list(admin(), LOG, tenant="de", **self.row), told)
        self.assertEqual(whole_list(admin(), LOG, tenant="hk", **self.row), [])
        self.refused(self.sales.get(LOG, **{"from": "yesterday"}), 422, "22023")
        self.refused(self.sales.get(LOG, sort="table"), 422, "22023")

    def test_pages_over_all_companies_are_one_list(self):
        since = {"from": whole_list(admin(), LOG, **self.row)[-1]["at"]}
        whole = whole_list(admin(), LOG, **since)
        self.assertEqual(whole_list(admin(), LOG, limit=2, **since), whole)
        self.assertEqual([one["at"] for one in whole], sorted((one["at"] for one in whole), reverse=True))
        first = admin().get(LOG, limit=200).json["items"]
        log = sql("set mandant.tenant = '*'; select count(*) from mandant.audit_log")
        self.assertGreaterEqual(int(log), len(first))
        self.assertEqual([one["at"] for one in first], sorted((one["at"] for one in first), reverse=True))

    def test_it_is_seen_as_far_as_the_rows_are(self):
        for client in (stranger(), reader(), as_("rep@de.example")):
            self.assertEqual(whole_list(client, LOG, **self.row), [])
        self.assertEqual({one["tenant"] for one in self.sales.get(LOG, limit=200).json["items"]} - {None}, {"de"})


class Lint(Asserts, unittest.TestCase):
    def test_findings_are_listed_for_whoever_may_read_roles_everywhere(self):
        before = whole_list(admin(), "/v1/lint")
        table = own("lint")
        sql(f"create table crm.{table} (tenant_id int, note text); select mandant.unprotect('crm.{table}');"
            f" grant select on crm.{table} to mandant_user")
        self.addCleanup(sql, f"drop table crm.{table}")
        found = whole_list(admin(), "/v1/lint", object=f"crm.{table}")
        self.assertTrue(found)
        self.assertFalse([one for one in before if one["object"] == f"crm.{table}"])
        level = found[0]["level"]
        same = whole_list(admin(), "/v1/lint", level=level)
        self.assertEqual({one["level"] for one in same}, {level})
        self.assertIn(found[0], same)
        self.pages_in_order(admin(), "/v1/lint", lambda one: (one["rule"], one["object"]), limit=1)
        for client in (manager(), reader(), as_("sales@de.example")):
            self.refused(client.get("/v1/lint"), 403, "42501")


class Issuers(Asserts, unittest.TestCase):
    def test_issuers_and_subjects_are_read_as_far_as_one_may(self):
        issuer = f"https://{own('login').replace('_', '-')}.example"
        keys = '{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
        sql(f"select mandant.trust_issuer('{issuer}', 'pg_mandant', '{keys}', interval '5 seconds');"
            f" select mandant.bind_subject('sales@de.example', '{issuer}', 'anna')")
        self.addCleanup(sql, f"select mandant.distrust_issuer('{issuer}')")
        shown = next(one for one in whole_list(admin(), "/v1/issuers") if one["issuer"] == issuer)
        self.assertEqual((shown["audience"], shown["leeway_seconds"], shown["keys"]), ("pg_mandant", 5, ["one"]))
        subject = whole_list(admin(), "/v1/issuer-subjects", issuer=issuer)
        self.assertEqual([(one["subject"], one["principal"], one["tenant"]) for one in subject], [("anna", "sales@de.example", "de")])
        self.assertEqual(len(whole_list(admin(), "/v1/issuer-subjects", principal="sales@de.example", issuer=issuer, tenant="de")), 1)
        self.assertEqual(whole_list(stranger(), "/v1/issuer-subjects", issuer=issuer), [])
        self.assertEqual(whole_list(as_("rep@de.example"), "/v1/issuers"), [])
        self.pages_in_order(admin(), "/v1/issuers", lambda one: one["issuer"], limit=1)
        self.assertEqual(admin().post("/v1/issuers", {"issuer": "x"}).status, 405)


if __name__ == "__main__":
    unittest.main()
