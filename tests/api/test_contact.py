"""Contacts and addresses of customers over HTTP."""

import unittest

from client import UNKNOWN
from contract import Contract, rep
from people import admin, manager, own, stranger, whole_list


def customer(client=None, **members):
    made = (client or manager()).post("/v1/customers", {"name": own("Customer"), "country": "DE"} | members)
    assert made.status == 201, made
    return made.json


class OfCustomer(Contract):
    """What belongs to a customer, which each test makes its own."""

    def setUp(self):
        super().setUp()
        self.customer = customer()
        self.addCleanup(manager().delete, f"/v1/customers/{self.customer['id']}")

    def mine(self):
        return {"customer_id": self.customer["id"]}

    def fixed(self):
        return {"customer_id"}

    def test_it_needs_a_customer_in_sight(self):
        foreign = customer(stranger())
        self.addCleanup(stranger().delete, f"/v1/customers/{foreign['id']}")
        answer = manager().post(self.path, self.new(customer_id=foreign["id"]))
        unknown = manager().post(self.path, self.new(customer_id=UNKNOWN))
        self.same_refusal(answer, foreign["id"], unknown, UNKNOWN, 404)
        self.assertEqual(whole_list(stranger(), self.path, customer_id=foreign["id"]), [])
        colleagues = rep().post(self.path, self.new())
        self.same_refusal(colleagues, self.customer["id"], rep().post(self.path, self.new(customer_id=UNKNOWN)), UNKNOWN, 404)
        self.assertEqual(self.rows(), [])


class GoesWithCustomer(OfCustomer):
    def test_it_goes_with_the_customer(self):
        path = self.make().headers["Location"]
        self.assertEqual(manager().delete(f"/v1/customers/{self.customer['id']}").status, 204)
        self.refused(manager().get(path), 404, "P0002")


class Contacts(GoesWithCustomer, unittest.TestCase):
    path = "/v1/contacts"
    required = {"customer_id": "x", "name": " "}
    change = {"function": "Purchasing", "phone": "+49 2331 555 010", "language": "pl", "email": None}
    sorts = ("name", "is_primary")
    wrong = (
        ({"email": "nowhere"}, "email"), ({"language": "Deutsch"}, "language"), ({"is_primary": None}, "is_primary"),
        ({"is_primary": "yes"}, "is_primary"), ({"name": 5}, "name"), ({"name": "x" * 501}, "name"),
    )

    def new(self, **members):
        return {"customer_id": self.customer["id"], "name": self.mark, "email": f"{self.mark}@a.example"} | members

    def finds(self, row):
        mine = self.mine()
        return ([mine, {"name": self.mark[3:].upper()}, {"email": row["email"].upper()}, mine | {"is_primary": "false"}],
                [{"customer_id": UNKNOWN}, mine | {"name": "nobody"}, mine | {"is_primary": "true"}])

    def test_a_new_primary_contact_replaces_the_old(self):
        old = self.make(is_primary=True)
        new = self.make(is_primary=True)
        self.assertFalse(manager().get(old.headers["Location"]).json["is_primary"])
        self.assertEqual(self.rows(is_primary="true"), [new.json])

    def test_who_sees_several_companies_says_in_which(self):
        self.refused(admin().post(self.path, self.new()), 409, "55000")
        self.assertEqual(self.rows(), [])

    def test_it_has_the_owner_of_its_customer(self):
        made = self.make()
        self.assertEqual(made.json["owner_id"], self.customer["owner_id"])
        answer = manager().post(self.path, self.new(owner_id=UNKNOWN))
        self.assertEqual((answer.status, answer.json["field"]), (422, "owner_id"), answer)


class Addresses(GoesWithCustomer, unittest.TestCase):
    path = "/v1/customer-addresses"
    required = {"customer_id": "x", "kind": "home", "country": "QQ"}
    change = {"kind": "billing", "name": "Filiale Süd", "street": "Südring 4", "postal_code": "81371", "region": "BY"}
    sorts = ("kind", "country")
    wrong = (({"name": " "}, "name"), ({"kind": 1}, "kind"), ({"city": []}, "city"))

    def new(self, **members):
        return {"customer_id": self.customer["id"], "kind": "delivery", "country": "DE", "city": self.mark} | members

    def finds(self, row):
        mine = self.mine()
        return ([mine, {"city": self.mark}, mine | {"kind": "delivery", "country": "DE"}],
                [{"customer_id": UNKNOWN}, mine | {"kind": "billing"}, mine | {"country": "AT"}])

    def test_one_that_a_draft_names_stays(self):
        made = self.make()
        draft = manager().post("/v1/documents", {
            "customer_id": self.customer["id"], "kind": "invoice", "delivery_address_id": made.json["id"]})
        self.assertEqual(draft.status, 201, draft)
        answer = manager().delete(made.headers["Location"])
        self.refused(answer, 409, "23001")
        self.assertIn("document", answer.json["detail"])
        self.assertTrue(answer.json["hint"])
        self.assertEqual(self.rows(), [made.json])
        self.assertEqual(manager().delete(draft.headers["Location"]).status, 204)
        self.assertEqual(manager().delete(made.headers["Location"]).status, 204)


if __name__ == "__main__":
    unittest.main()
