"""Products, price lists and the prices in them over HTTP."""

import unittest

from client import UNKNOWN
from contract import HAS_NO_RIGHT, Contract
from people import Asserts, admin, manager, own, reader, stranger, whole_list


def product(client=None, **members):
    body = {"code": own("P"), "name": "Thing", "unit": "piece", "unit_price": "10.00", "currency": "EUR", "tax_rate": "19"}
    made = (client or manager()).post("/v1/products", body | members)
    assert made.status == 201, made
    return made.json


def price_list(client=None, **members):
    body = {"code": own("L"), "name": "List", "currency": "EUR"} | members
    made = (client or manager()).post("/v1/price-lists", body)
    assert made.status == 201, made
    return made.json


class Coded(Contract):
    """What a company names by a code of its own."""

    def mine(self):
        return {"name": self.mark}

    def make(self, **members):
        return super().make(**({"code": own("C")} | members))

    def test_a_code_is_there_once(self):
        one, other = self.make(), self.make()
        for answer in (manager().post(self.path, self.new(code=one.json["code"])),
                       manager().patch(other.headers["Location"], {"code": one.json["code"]})):
            self.refused(answer, 409, "23505")
            self.assertEqual(answer.json["field"], "code")
            self.assertTrue(answer.json["hint"])
        self.assertEqual(len(self.rows()), 2)
        theirs = stranger().post(self.path, self.new(code=one.json["code"]))
        self.assertEqual(theirs.status, 201, theirs)
        self.assertEqual(stranger().delete(theirs.headers["Location"]).status, 204)


class Products(Coded, unittest.TestCase):
    path = "/v1/products"
    required = {"code": "a b", "name": " ", "unit_price": "-0.01", "tax_rate": "100.1"}
    change = {"unit": "hour", "unit_price": "0.0001", "currency": "JPY", "tax_rate": "0", "tax_code": "standard", "active": False}
    sorts = ("code", "name", "unit", "unit_price", "currency")
    wrong = (
        ({"unit_price": "1e3"}, "unit_price"), ({"unit_price": 1.5}, "unit_price"), ({"unit_price": "1000000000000"}, "unit_price"),
        ({"unit_price": "0." + 29 * "1"}, "unit_price"), ({"active": None}, "active"), ({"active": 1}, "active"),
    )

    def new(self, **members):
        return {"code": self.mark, "name": self.mark, "unit": "piece", "unit_price": "10.50", "currency": "EUR",
                "tax_rate": "19"} | members

    def finds(self, row):
        mine = self.mine()
        return ([{"code": row["code"]}, {"name": self.mark.upper()}, mine | {"unit": "piece", "currency": "EUR", "active": "true"}],
                [{"code": "none"}, mine | {"unit": "hour"}, mine | {"active": "false"}, mine | {"tax_code": "standard"}])

    def test_a_unit_currency_or_tax_code_that_is_none_is_refused(self):
        made = self.make()
        for member in ({"unit": "bushel"}, {"currency": "XXX"}, {"currency": "eur"}, {"tax_code": "none"}):
            for answer in (manager().post(self.path, self.new(**member)), manager().patch(made.headers["Location"], member)):
                self.refused(answer, 422, "22023")
                self.assertIn(next(iter(member.values())), answer.json["detail"])
        self.assertEqual(self.rows(), [made.json])

    def test_one_that_was_sold_or_has_prices_stays(self):
        one, a_list = product(), price_list()
        address = f"/v1/prices/{a_list['id']}/{one['id']}/2026-01-01"
        self.assertEqual(manager().request("PUT", address, {"unit_price": "1"}).status, 200)
        answer = manager().delete(f"/v1/products/{one['id']}")
        self.refused(answer, 409, "23001")
        self.assertIn("price", answer.json["detail"])
        self.assertEqual(manager().delete(f"/v1/price-lists/{a_list['id']}").status, 204)
        self.assertEqual(manager().delete(f"/v1/products/{one['id']}").status, 204)


class PriceLists(Coded, unittest.TestCase):
    path = "/v1/price-lists"
    required = {"code": "a b", "name": " "}
    change = {"currency": "USD", "active": False}
    sorts = ("code", "name", "currency")
    wrong = (({"active": None}, "active"), ({"name": 1}, "name"))

    def new(self, **members):
        return {"code": self.mark, "name": self.mark, "currency": "EUR"} | members

    def finds(self, row):
        mine = self.mine()
        return ([{"code": row["code"]}, mine | {"currency": "EUR", "active": "true"}],
                [{"code": "none"}, mine | {"currency": "USD"}, mine | {"active": "false"}])


class Prices(Asserts, unittest.TestCase):
    def setUp(self):
        self.list, self.product = price_list()["id"], product()["id"]
        self.addCleanup(manager().delete, f"/v1/products/{self.product}")
        self.addCleanup(manager().delete, f"/v1/price-lists/{self.list}")

    def at(self, day, of=None):
        return f"/v1/prices/{of or self.list}/{self.product}/{day}"

    def set(self, day, price, client=None):
        return (client or manager()).request("PUT", self.at(day), {"unit_price": price})

    def prices(self, **query):
        rows = whole_list(manager(), "/v1/prices", price_list_id=self.list, **query)
        return [(row["valid_from"], row["unit_price"]) for row in rows]

    def test_a_price_is_set_set_anew_read_and_deleted(self):
        self.refused(manager().get(self.at("2026-01-01")), 404, "P0002")
        made = self.set("2026-01-01", "10.50")
        self.assertEqual((made.status, made.json["unit_price"]), (200, "10.50"), made)
        self.assertEqual(manager().get(self.at("2026-01-01")).json, made.json)
        self.assertEqual(self.set("2026-01-01", "11.00").json["unit_price"], "11.00")
        self.assertEqual(self.prices(), [("2026-01-01", "11.00")])
        self.assertEqual(manager().delete(self.at("2026-01-01")).status, 204)
        self.refused(manager().delete(self.at("2026-01-01")), 404, "P0002")
        self.assertEqual(self.prices(), [])

    def test_the_price_of_a_day_is_the_last_that_began(self):
        for day, price in (("2026-01-01", "10.00"), ("2026-03-01", "12.00"), ("2026-06-01", None)):
            self.assertEqual(self.set(day, price).status, 200)
        of = lambda day: self.prices(product_id=self.product, on=day)  # noqa: E731
        self.assertEqual(of("2025-12-31"), [])
        self.assertEqual(of("2026-02-28"), [("2026-01-01", "10.00")])
        self.assertEqual(of("2026-03-01"), [("2026-03-01", "12.00")])
        self.assertEqual(of("2027-01-01"), [("2026-06-01", None)])
        self.assertEqual(self.prices(product_id=UNKNOWN), [])
        pages = self.prices(limit=1, sort="-valid_from")
        self.assertEqual(pages, self.prices(sort="valid_from")[::-1])
        self.assertEqual(len(pages), 3)

    def test_a_stale_tag_sets_nothing(self):
        self.set("2026-01-01", "10.00")
        path = self.at("2026-01-01")
        self.assertEqual(self.heeds_if_match(manager(), "PUT", path, {"unit_price": "9.00"}, path).json["unit_price"], "9.00")
        self.assertEqual(self.heeds_if_match(manager(), "DELETE", path, None, path).status, 204)

    def test_whoever_sees_several_companies_writes_in_the_lists(self):
        answer = self.set("2026-01-01", "10.00", admin())
        self.assertEqual((answer.status, answer.json["tenant"]), (200, "tests"), answer)

    def test_bad_values_are_refused_and_set_nothing(self):
        path = self.at("2026-01-01")
        for body in ({}, {"unit_price": "-1"}, {"unit_price": 1.5}, {"unit_price": "1000000000000"}, {"price": "1"}, []):
            answer = manager().request("PUT", path, body)
            self.assertEqual(answer.status, 422, answer)
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(manager().request("PUT", self.at("2026-02-30"), {"unit_price": "1"}).status, 422)
        self.assertEqual(self.prices(), [])

    def test_another_companys_list_or_product_is_none(self):
        theirs, thing = price_list(stranger())["id"], product(stranger())["id"]
        self.addCleanup(stranger().delete, f"/v1/price-lists/{theirs}")
        self.addCleanup(stranger().delete, f"/v1/products/{thing}")
        put = lambda path: manager().request("PUT", path, {"unit_price": "1"})  # noqa: E731
        self.same_refusal(put(self.at("2026-01-01", theirs)), theirs, put(self.at("2026-01-01", UNKNOWN)), UNKNOWN, 404)
        foreign, unknown = (put(f"/v1/prices/{self.list}/{one}/2026-01-01") for one in (thing, UNKNOWN))
        self.same_refusal(foreign, thing, unknown, UNKNOWN, 404)
        # seen together, they still do not go together
        answer = admin().request("PUT", f"/v1/prices/{self.list}/{thing}/2026-01-01", {"unit_price": "1"})
        self.assertEqual((answer.status, answer.json["field"]), (422, "product_id"), answer)
        self.assertEqual(self.prices(), [])
        self.set("2026-01-01", "10.00")
        for method, body in (("GET", None), ("DELETE", None), ("PUT", {"unit_price": "1"})):
            self.assertEqual(stranger().request(method, self.at("2026-01-01"), body).status, 404)
        self.assertEqual(self.prices(), [("2026-01-01", "10.00")])

    def test_who_may_only_read_is_told_so(self):
        self.set("2026-01-01", "10.00")
        self.refused(self.set("2026-01-01", "1.00", reader()), *HAS_NO_RIGHT)
        self.refused(reader().delete(self.at("2026-01-01")), *HAS_NO_RIGHT)
        self.assertEqual(self.prices(), [("2026-01-01", "10.00")])

    def test_a_list_with_prices_keeps_its_currency(self):
        self.set("2026-01-01", "10.00")
        self.refused(manager().patch(f"/v1/price-lists/{self.list}", {"currency": "USD"}), 409, "23001")


if __name__ == "__main__":
    unittest.main()
