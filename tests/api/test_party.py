"""Customers who are there twice, who go to another company, and who are a company of the group, over HTTP."""

import unittest

from client import UNKNOWN
from contract import HAS_NO_RIGHT
from people import Asserts, admin, manager, own, reader, stranger, whole_list
from test_contact import customer


class Parties(Asserts, unittest.TestCase):
    def new(self, client=None, **members):
        made = customer(client, **members)
        self.addCleanup((client or manager()).delete, self.at(made))
        return made

    @staticmethod
    def at(one, below=""):
        return f"/v1/customers/{one if isinstance(one, str) else one['id']}{below}"

    def now(self, one):
        return admin().get(self.at(one)).json

    def test_who_a_new_customer_may_be_already_is_found(self):
        name = own("Zwilling")
        there = self.new(name=f"{name} & Söhne GmbH", email=f"a@{name.replace('_', '-')}.example")
        found = manager().post("/v1/customers/find-duplicates", {"name": f"{name} und Soehne"})
        self.assertEqual(found.status, 200, found)
        self.assertEqual([(one["customer_id"], one["reason"]) for one in found.json["items"]], [(there["id"], "name")])
        self.assertLessEqual(float(found.json["items"][0]["similarity"]), 1)
        other = self.new(name="Quite another", email=there["email"])
        items = manager().get(self.at(other, "/duplicates")).json["items"]
        self.assertEqual([(one["customer_id"], one["reason"]) for one in items], [(there["id"], "email_domain")])
        self.assertEqual(stranger().post("/v1/customers/find-duplicates", {"name": f"{name} und Soehne"}).json, {"items": []})
        self.assertEqual(stranger().get(self.at(other, "/duplicates")).status, 404)
        self.refused(manager().post("/v1/customers/find-duplicates", {"name": "x", "country": "DE", "tax_id": "DE1"}), 422, "22023")
        self.refused(admin().post("/v1/customers/find-duplicates", {"name": "x"}), 409, "55000")
        self.assertEqual(manager().post("/v1/customers/find-duplicates", {}).json["field"], "name")

    def test_one_is_merged_into_another(self):
        gone, stays = self.new(), self.new()
        contact = manager().post("/v1/contacts", {"customer_id": gone["id"], "name": "Tess"}).headers["Location"]
        body = {"into_id": stays["id"], "reason": "same people"}
        for wrong in (body | {"reason": " "}, body | {"into_id": gone["id"]}):
            self.refused(manager().post(self.at(gone, "/merge"), wrong), 422, "22023")
        self.refused(manager().post(self.at(gone, "/merge"), body | {"into_id": UNKNOWN}), 404, "P0002")
        self.refused(reader().post(self.at(gone, "/merge"), body), *HAS_NO_RIGHT)
        self.assertEqual(self.now(gone), gone)
        merged = self.heeds_if_match(manager(), "POST", self.at(gone, "/merge"), body, self.at(gone))
        self.assertEqual(merged.json["id"], stays["id"])
        was = self.now(gone)
        self.assertEqual((was["state"], was["merged_into"], was["merge_reason"]), ("merged", stays["id"], "same people"))
        self.assertEqual(manager().get(contact).json["customer_id"], stays["id"])
        self.refused(manager().post(self.at(gone, "/merge"), body), 422, "22023")
        self.assertEqual([one["id"] for one in whole_list(manager(), "/v1/customers", merged_into=stays["id"])], [gone["id"]])
        self.refused(manager().post("/v1/contacts", {"customer_id": gone["id"], "name": "Tess"}), 422, "22023")

    def test_one_goes_to_another_company(self):
        gone = self.new()
        quote = manager().post("/v1/documents", {"customer_id": gone["id"], "kind": "quote"})
        self.addCleanup(manager().delete, quote.headers["Location"])
        for client in (manager(), admin().selecting("tests")):
            self.refused(client.post(self.at(gone, "/move"), {"tenant": "hk"}), *HAS_NO_RIGHT)
        self.refused(admin().post(self.at(gone, "/move"), {"tenant": "tests"}), 422, "22023")
        self.refused(admin().post(self.at(gone, "/move"), {"tenant": "none"}), *HAS_NO_RIGHT)
        self.assertEqual(self.now(gone), gone)
        body = {"tenant": "hk", "reason": "nearer"}
        moved = self.heeds_if_match(admin(), "POST", self.at(gone, "/move"), body, self.at(gone))
        told = {item["what"]: item for item in moved.json["items"]}
        self.assertEqual((set(told), told["draft"]["id"]), ({"customer", "draft"}, quote.json["id"]))
        there = self.now(told["customer"]["id"])
        self.addCleanup(admin().delete, self.at(there))
        self.assertEqual((there["tenant"], there["name"], there["party_id"]), ("hk", gone["name"], gone["party_id"]))
        was = self.now(gone)
        self.assertEqual((was["state"], was["move_reason"]), ("moved", "nearer"))
        self.refused(admin().post(self.at(gone, "/move"), body), 422, "22023")
        self.assertEqual(manager().patch(self.at(gone), {"state": "active"}).json["moved_at"], None)

    def test_two_companies_know_one_party(self):
        here, there = self.new(), self.new(stranger())
        body = {"other_id": there["id"]}
        foreign, unknown = (manager().post(self.at(here, "/link-party"), {"other_id": one}) for one in (there["id"], UNKNOWN))
        self.same_refusal(foreign, there["id"], unknown, UNKNOWN, 404)
        linked = self.heeds_if_match(admin(), "POST", self.at(here, "/link-party"), body, self.at(here))
        self.assertEqual((linked.json["id"], linked.json["party_id"]), (there["id"], here["party_id"]))
        same = lambda client: {one["id"] for one in whole_list(client, "/v1/customers", party_id=here["party_id"])}  # noqa: E731
        self.assertEqual(same(admin()), {here["id"], there["id"]})
        self.assertEqual(same(manager()), {here["id"]})
        self.refused(admin().post(self.at(here, "/link-party"), {"other_id": self.new()["id"]}), 422, "22023")
        self.refused(reader().post(self.at(here, "/unlink-party")), *HAS_NO_RIGHT)
        alone = stranger().post(self.at(there, "/unlink-party"))
        self.assertEqual(alone.status, 200, alone)
        self.assertNotEqual(alone.json["party_id"], here["party_id"])
        self.assertEqual(same(admin()), {here["id"]})

    def test_one_is_a_company_of_the_group(self):
        one, other = self.new(), self.new()
        path = self.at(one, "/set-group-tenant")
        self.refused(manager().post(path, {"tenant": "hk"}), *HAS_NO_RIGHT)
        self.refused(admin().post(path, {"tenant": "tests"}), 422, "22023")
        self.assertEqual(manager().post(path, {}).json["field"], "tenant")
        self.assertEqual(self.now(one), one)
        company = self.heeds_if_match(admin(), "POST", path, {"tenant": "hk"}, self.at(one))
        self.assertTrue(company.json["group_tenant_id"])
        self.refused(admin().post(self.at(other, "/set-group-tenant"), {"tenant": "hk"}), 422, "22023")
        self.assertEqual(manager().post(path, {"tenant": None}).json["group_tenant_id"], None)


if __name__ == "__main__":
    unittest.main()
