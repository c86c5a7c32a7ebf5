"""What all companies share over HTTP: currencies, exchange rates, countries, units, discounts, tax codes, kinds of documents."""

import unittest

from client import sql
from contract import Read, rep
from people import Asserts, manager, whole_list


class Currencies(Read, unittest.TestCase):
    path, key, one = "/v1/currencies", "code", "JPY"
    sorts = ("code", "name")
    finds = ({}, {"name": "YEN"}, {"usable": "true"})
    misses = ({"name": "euro"}, {"usable": "false"})

    def test_gold_and_what_was_withdrawn_is_no_money(self):
        unusable = {row["code"] for row in whole_list(manager(), self.path, usable="false")}
        self.assertLessEqual({"XAU", "HRK"}, unusable)
        self.assertFalse({"EUR", "USD"} & unusable)


class Countries(Read, unittest.TestCase):
    path, key, one = "/v1/countries", "code", "GB"
    sorts = ("code", "name")
    finds = ({"name": "united kingdom"}, {"eu_on": "2020-01-31"})
    misses = ({"name": "germany"}, {"eu_on": "2020-02-01"})


class Units(Read, unittest.TestCase):
    path, key, one = "/v1/units", "code", "hour"
    sorts = ("code", "unece")
    finds = ({"unece": "HUR"},)
    misses = ({"unece": "DAY"},)

    def test_it_has_a_name_in_each_language(self):
        self.assertEqual(manager().get("/v1/units/hour").json["names"]["de"], "Stunde")


class Discounts(Read, unittest.TestCase):
    path, key, one = "/v1/discounts", "code", "CONTRACT"
    sorts = ("code", "percent", "valid_from")
    finds = ({"on": "2001-01-01"},)
    misses = ({"on": "2000-12-31"}, {"on": "2001-02-01"})

    @classmethod
    def setUpClass(cls):
        sql("""insert into crm.discount (code, names, percent, valid_from, valid_until)
               values ('CONTRACT', '{"en": "Contract"}', 2.5, '2001-01-01', '2001-02-01') on conflict do nothing""")

    @classmethod
    def tearDownClass(cls):
        sql("delete from crm.discount where code = 'CONTRACT'")


class TaxCodes(Read, unittest.TestCase):
    path, one = "/v1/tax-codes", "DE.standard"
    sorts = ("country", "code", "category")
    finds = ({"country": "DE", "code": "standard"}, {"category": "S"})
    misses = ({"country": "HK"}, {"category": "E"})

    def test_its_rates_are_dated(self):
        rates = manager().get("/v1/tax-codes/DE.standard").json["rates"]
        self.assertEqual([(rate["valid_from"], rate["rate"]) for rate in rates],
                         [("2007-01-01", "19"), ("2020-07-01", "16"), ("2021-01-01", "19")])


class DocumentKinds(Read, unittest.TestCase):
    path, key, one = "/v1/document-kinds", "code", "invoice"
    sorts = ("code", "name", "record_class")
    finds = ({"from_kind": "order"},)
    misses = ({"from_kind": "quote"},)

    def test_it_says_what_is_made_from_it_and_what_it_can_come_to(self):
        invoice = manager().get("/v1/document-kinds/invoice").json
        self.assertEqual([(one["to_kind"], one["counts_as"]) for one in invoice["conversions"]], [("credit_note", "reversed")])
        self.assertEqual([(one["from_status"], one["to_status"], one["by_hand"]) for one in invoice["transitions"]],
                         [("posted", "cancelled", False)])
        payment = manager().get("/v1/document-kinds/payment").json
        self.assertEqual((payment["revenue_sign"], payment["balance_sign"]), (0, -1))


class MandatoryFields(Read, unittest.TestCase):
    path = "/v1/mandatory-fields"
    sorts = ("country", "kind", "field", "valid_from")
    finds = ({"country": "DE"}, {"on": "9999-01-01"})
    misses = ({"country": "HK"}, {"of": "document"}, {"on": "1900-01-01"})

    @classmethod
    def setUpClass(cls):
        cls.one = whole_list(manager(), cls.path, country="DE", of="customer", on="9999-01-01")[0]["id"]


class ExchangeRates(Asserts, unittest.TestCase):
    path = "/v1/exchange-rates"

    def test_pages_make_up_the_list(self):
        for sort in ("rate_date", "-rate_date", "currency"):
            key = lambda row, by=sort.strip("-"): row[by]  # noqa: E731
            rows = self.pages_in_order(manager(), self.path, key, limit=9, sort=sort, type="closing")
        self.assertEqual(whole_list(rep(), self.path, sort="currency", type="closing"), rows)

    def test_they_are_found_by_currency_kind_and_day(self):
        query = {"currency": "USD", "type": "closing", "from": "2026-03-31", "to": "2026-04-30"}
        rows = whole_list(manager(), self.path, sort="rate_date", **query)
        self.assertEqual([(row["rate_date"], row["rate"]) for row in rows], [("2026-03-31", "1.1765"), ("2026-04-30", "1.1598")])
        self.refused(manager().get(self.path, type="hourly"), 422, "22023")

    def test_the_rate_of_a_day_is_the_last_before_it(self):
        of = lambda path, **query: manager().get(f"{self.path}/{path}", **query)  # noqa: E731
        rate = of("EUR/USD", on_date="2026-04-02", type="closing")
        self.assertEqual(rate.json, {"from_currency": "EUR", "to_currency": "USD", "on_date": "2026-04-02", "rate": "1.1765"})
        self.assertEqual(of("USD/USD", on_date="2026-04-02").json["rate"], "1")
        self.assertEqual(rep().get(f"{self.path}/EUR/USD", on_date="2026-04-02", type="closing").json, rate.json)
        for path, query in (("EUR/USD", {"on_date": "1999-01-01"}), ("EUR/XAU", {}), ("EUR/eur", {}), ("EUR/USD", {"on_date": "x"}),
                            ("EUR/USD", {"type": "hourly"}), ("EUR/USD", {"day": "2026-04-02"})):
            answer = of(path, **query)
            self.refused(answer, 422, "22023")
            self.assertTrue(answer.json["hint"], answer)


if __name__ == "__main__":
    unittest.main()
