"""Reports that are kept as they are, over HTTP. RP-05"""

import unittest
import urllib.parse

from client import UNKNOWN
from contract import HAS_NO_RIGHT, rep
from people import COMPANY, Asserts, admin, employee, manager, own, reader, stranger, whole_list
from test_contact import customer
from test_report import raw
from test_target import id_of

REPORT = "pipeline"


class Snapshots(Asserts, unittest.TestCase):
    path = "/v1/report-snapshots"

    @classmethod
    def setUpClass(cls):
        cls.customer = customer()
        made = manager().post("/v1/opportunities", {"customer_id": cls.customer["id"], "name": "Kept", "amount": "1000.00"})
        assert made.status == 201, made
        cls.opportunity = made.headers["Location"]
        cls.addClassCleanup(manager().delete, f"/v1/customers/{cls.customer['id']}")
        cls.addClassCleanup(manager().delete, cls.opportunity)

    def setUp(self):
        self.label = own("Jahr & 2026 über")

    def new(self, **members):
        return {"report": REPORT, "label": self.label} | members

    def take(self, client=None, **members):
        made = (client or manager()).post(self.path, self.new(**members))
        self.assertEqual(made.status, 201, made)
        return made

    def rows(self, client=None, **query):
        return whole_list(client or manager(), self.path, label=self.label, **query)

    def test_one_is_taken_once_and_stays(self):
        made = self.is_done_once(manager(), self.path, self.new(), lambda: len(self.rows()))
        self.assertEqual(urllib.parse.parse_qs(made.headers["Location"].split("?")[1]), {name: [value] for name, value in self.new().items()})
        self.assertEqual(manager().get(made.headers["Location"]).json["items"], made.json["items"])
        [one] = made.json["items"]
        self.assertEqual((one["tenant"], one["report"], one["label"], one["taken_by"]),
                         (COMPANY, REPORT, self.label, id_of("manager@tests.example")))
        path = f"{self.path}/{one['id']}"
        read = manager().get(path)
        self.assertEqual(read.json, one)
        known = manager().request("GET", path, headers={"If-None-Match": read.headers["ETag"]})
        self.assertEqual((known.status, known.text), (304, ""))
        for client in (reader(), admin()):
            self.assertEqual(client.get(path).json, one)
        for method in ("PATCH", "PUT", "DELETE"):
            self.assertEqual(manager().request(method, path, {}).status, 405)
        for query in ({"report": REPORT}, {"tenant": COMPANY}, {"taken_by": one["taken_by"]}):
            self.assertEqual(self.rows(**query), [one])
        for query in ({"report": "ageing"}, {"tenant": "de"}, {"taken_by": UNKNOWN}):
            self.assertEqual(self.rows(**query), [])
        self.assertEqual(manager().get(self.path, nothing="x").json["field"], "nothing")
        self.assertEqual(manager().get(self.path, sort="nothing").json["field"], "sort")

    def test_its_rows_are_those_of_the_report_then(self):
        then = manager().get(f"/v1/reports/{REPORT}").json["items"]
        [one] = self.take().json["items"]
        path = f"{self.path}/{one['id']}/rows"
        kept = manager().get(path)
        self.assertEqual((kept.status, kept.json["name"], kept.json["more"]), (200, f"{REPORT}_kept", False), kept)
        self.assertTrue(then)
        manager().patch(self.opportunity, {"amount": "7777.00"})
        self.addCleanup(manager().patch, self.opportunity, {"amount": "1000.00"})
        self.assertNotEqual(manager().get(f"/v1/reports/{REPORT}").json["items"], then)
        again = manager().get(path)
        self.assertEqual((again.text, again.headers["ETag"]), (kept.text, kept.headers["ETag"]))
        rows = [{name: value for name, value in row.items() if name not in ("label", "taken_at")} for row in kept.json["items"]]
        self.assertCountEqual([str(row) for row in rows], [str(row) for row in then])
        self.assertEqual({row["label"] for row in kept.json["items"]}, {self.label})
        # of another label they are others
        [other] = self.take(label=own("Other")).json["items"]
        self.assertEqual({row["label"] for row in manager().get(f"{self.path}/{other['id']}/rows").json["items"]}, {other["label"]})
        status, headers, text = raw(manager(), path + "?format=csv")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/csv; charset=utf-8; header=present"))
        self.assertEqual(len(text.splitlines()), len(rows) + 1)
        some = manager().get(path, limit=1).json
        self.assertEqual((some["items"], some["more"]), (kept.json["items"][:1], len(rows) > 1))
        for query in ("limit=0", "format=xml", "label=x"):
            answer = manager().request("GET", f"{path}?{query}")
            self.assertEqual((answer.status, answer.json["field"]), (422, query.split("=")[0]), answer)

    def test_each_selected_company_keeps_its_own(self):
        employee("admin@tests.example", "group", "group_admin", "all")
        made = self.take(admin().selecting(f"{COMPANY},de"))
        self.assertEqual([one["tenant"] for one in made.json["items"]], ["de", COMPANY])
        self.assertEqual([one["tenant"] for one in self.rows()], [COMPANY])
        for one in made.json["items"]:
            rows = admin().get(f"{self.path}/{one['id']}/rows").json["items"]
            self.assertEqual({row["tenant"] for row in rows}, {one["tenant"]})
        for sort in ("id", "report", "label", "taken_at"):
            for direction in ("", "-"):
                self.pages_in_order(admin(), self.path, lambda one, key=sort: one[key], limit=1, label=self.label, sort=direction + sort)

    def test_a_label_is_taken_once(self):
        self.take()
        answer = manager().post(self.path, self.new())
        self.refused(answer, 409, "42710")
        self.assertTrue(answer.json["hint"], answer)
        self.take(report="ageing")
        self.assertEqual({one["report"] for one in self.rows()}, {REPORT, "ageing"})

    def test_a_key_is_for_one_request(self):
        headers = {"Idempotency-Key": own("key")}
        self.assertEqual(manager().request("POST", self.path, self.new(), headers).status, 201)
        self.refused(manager().request("POST", self.path, self.new(report="ageing"), headers), 422, "22023")
        self.assertEqual(len(self.rows()), 1)

    def test_bad_values_are_refused(self):
        for report in ("nothing", "document", "", f"{REPORT}_kept", 'x"; drop table crm.report_snapshot; --'):
            answer = manager().post(self.path, self.new(report=report))
            self.refused(answer, 404, "42704")
            self.assertIn(REPORT, answer.json["hint"])
        for label in ("", " ", "x" * 201):
            answer = manager().post(self.path, self.new(label=label))
            self.refused(answer, 422, "22023")
            self.assertTrue(answer.json["hint"], answer)
        for name in ("report", "label"):
            body = self.new()
            del body[name]
            for body in (body, self.new(**{name: None}), self.new(**{name: 5})):
                answer = manager().post(self.path, body)
                self.assertEqual((answer.status, answer.json["field"]), (422, name), answer)
        self.assertEqual(manager().post(self.path, self.new(tenant="hk")).json["field"], "tenant")
        self.assertEqual(self.rows(), [])

    def test_who_may_not_keep_one_is_told_so(self):
        for client in (reader(), rep()):
            answer = client.post(self.path, self.new())
            self.refused(answer, *HAS_NO_RIGHT)
            self.assertTrue(answer.json["hint"], answer)
        # nor is a part of a report shown for the whole
        [one] = self.take().json["items"]
        self.assertEqual(self.rows(rep()), [])
        for below in ("", "/rows"):
            hidden, unknown = (rep().get(f"{self.path}/{id}{below}") for id in (one["id"], UNKNOWN))
            self.same_refusal(hidden, one["id"], unknown, UNKNOWN, 404)

    def test_another_companys_is_not_there(self):
        [one] = self.take().json["items"]
        for below in ("", "/rows"):
            foreign, unknown = (stranger().get(f"{self.path}/{id}{below}") for id in (one["id"], UNKNOWN))
            self.same_refusal(foreign, one["id"], unknown, UNKNOWN, 404)
        self.assertEqual(self.rows(stranger()), [])


if __name__ == "__main__":
    unittest.main()
