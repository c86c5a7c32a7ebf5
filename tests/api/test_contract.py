"""Contracts over HTTP, from draft to end, and the run that bills them, there and by `mandant run-contracts`. CF-01 CF-02"""

import os
import subprocess
import unittest
from functools import cache

from client import UNKNOWN, sql
from contract import HAS_NO_RIGHT
from people import Asserts, employee, manager as manager_of_tests, own, stranger, whole_list
from test_contact import customer
from test_lint import url
from test_opportunity import KeepsCustomer
from test_service import MANDANT

PATH = "/v1/contracts"
LINE = {"description": "Support", "quantity": "2", "unit_price": "100.00", "tax_rate": "19"}
ADDRESS = {"street": "Weg 1", "postal_code": "20095", "city": "Hamburg"}


@cache
def company(code="lease"):
    """A company that can post invoices, with nothing in it that these tests did not make."""
    sql(f"""do $$ begin
          if not exists (select from mandant_internal.tenant where code = '{code}') then
            perform mandant.create_tenant('{code}', 'Leasing of Tests', 'DE', 'EUR', 'group');
            perform mandant.set_setting('company_' || k, v, tenant => '{code}')
               from (values ('street', 'Weg 1'), ('postal_code', '20095'), ('city', 'Hamburg'), ('tax_id', 'DE136695976'),
                            ('register', 'HRB 1'), ('directors', 'A')) as s (k, v);
          end if;
        end $$""")
    return code


def manager(code="lease"):
    return employee(f"manager@{code}.example", company(code), "tenant_manager")


def reader():
    return employee("reader@lease.example", company(), "reader")


def rep():
    """Sees own contracts, and no others."""
    return employee("rep@lease.example", company(), "sales_rep")


def id_of(path):
    return path.rsplit("/", 1)[1]


class Drafts(KeepsCustomer, unittest.TestCase):
    """What all nouns promise, of a draft; lists leave out what belongs to one."""

    path = PATH
    required = {"customer_id": "x", "title": 5, "starts_on": "2026-02-30"}
    change = {"reference": "PO 4107", "minimum_months": 6, "renewal_months": None, "notice_months": 1, "notice_days": 14,
              "billing_months": 3, "billing_anchor": "2026-01-01", "billed": "arrears", "price_months": 12}
    sorts = ("title", "currency", "starts_on", "ending", "created_at", "updated_at")
    wrong = (
        ({"minimum_months": "x"}, "minimum_months"), ({"billing_months": 1.5}, "billing_months"), ({"billed": "sometimes"}, "billed"),
        ({"lines": [LINE | {"quantity": "NaN"}]}, "lines[0].quantity"), ({"lines": [LINE | {"produkt": "x"}]}, "lines[0].produkt"),
        ({"lines": [{"product": "x"}]}, "lines[0].quantity"), ({"lines": {"product": "x"}}, "lines"), ({"owner_id": UNKNOWN}, "owner_id"),
        ({"ends_on": "2027-01-01"}, "ends_on"),
    )

    def new(self, **members):
        return {"customer_id": self.customer["id"], "title": self.mark, "starts_on": "2026-01-17", "renewal_months": 12, "lines": [LINE]} | members

    def fixed(self):
        return {"customer_id", "currency", "number", "activated_at", "noticed_on"}

    def rows(self, **query):
        listed = super().rows(**query)
        whole = [manager_of_tests().get(f"{PATH}/{row['id']}").json for row in listed]
        self.assertEqual([one | row for one, row in zip(whole, listed)], whole)
        return whole

    def test_it_is_found_by_what_it_is(self):
        made = self.make(reference="PO 1", currency="USD").json
        mine = self.mine()
        for query, finds in (
            (mine, True), ({"title": self.mark.upper()}, True), (mine | {"reference": "PO 1", "currency": "USD", "active": "false"}, True),
            (mine | {"owner_id": made["owner_id"], "noticed": "false"}, True), (mine | {"on_date": "2026-01-17"}, True),
            (mine | {"starts_from": "2026-01-17", "starts_to": "2026-01-17"}, True),
            (mine | {"active": "true"}, False), (mine | {"number": "CT-2026-00001"}, False), (mine | {"reference": "PO"}, False),
            (mine | {"currency": "EUR"}, False), (mine | {"owner_id": UNKNOWN}, False), (mine | {"team_id": UNKNOWN}, False),
            (mine | {"on_date": "2026-01-16"}, False), (mine | {"starts_from": "2026-01-18"}, False), (mine | {"starts_to": "2026-01-16"}, False),
            (mine | {"ends_from": "2020-01-01"}, False), (mine | {"ends_to": "2999-01-01"}, False), (mine | {"noticed": "true"}, False),
        ):
            found = [row["id"] for row in whole_list(manager_of_tests(), PATH, **query)]
            self.assertEqual(found, [made["id"]] if finds else [], query)
        self.refused(manager_of_tests().get(PATH, state="active"), 422, "22023")

    def test_all_its_lines_are_written_anew(self):
        path = self.make().headers["Location"]
        changed = manager_of_tests().patch(path, {"starts_on": "2026-02-01", "lines": [LINE, LINE | {"quantity": 1}]})
        self.assertEqual([(line["position"], line["valid_from"], line["quantity"]) for line in changed.json["lines"]],
                         [(1, "2026-02-01", "2"), (2, "2026-02-01", "1")], changed)
        changed = manager_of_tests().patch(path, {"starts_on": "2026-03-01"}).json
        self.assertEqual(({line["valid_from"] for line in changed["lines"]}, changed["billing_anchor"]), ({"2026-03-01"}, "2026-03-01"))

    def test_nonsense_is_refused(self):
        made = self.make()
        blocked = customer()
        self.addCleanup(manager_of_tests().delete, f"/v1/customers/{blocked['id']}")
        self.assertEqual(manager_of_tests().patch(f"/v1/customers/{blocked['id']}", {"state": "blocked"}).status, 200)
        for members, status, code in (
            ({"title": " "}, 422, "22023"), ({"reference": "x" * 501}, 422, "22023"), ({"starts_on": "1899-12-31"}, 422, "22023"), ({"billing_months": 0}, 422, "22023"),
            ({"minimum_months": -1}, 422, "22023"), ({"renewal_months": 0, "minimum_months": 0}, 422, "22023"), ({"notice_months": 999}, 422, "22023"),
            ({"currency": "XXY"}, 422, "22023"), ({"lines": [{"product": "nothing", "quantity": "1"}]}, 404, "P0002"),
            ({"lines": [LINE | {"quantity": "-1"}]}, 422, "22023"), ({"lines": [LINE | {"tax_rate": None}]}, 422, "22023"),
            ({"lines": [LINE | {"tax_code": "nope"}]}, 422, "22023"), ({"lines": [LINE | {"unit": "nope"}]}, 422, "22023"),
            ({"customer_id": UNKNOWN}, 404, "P0002"), ({"customer_id": blocked["id"]}, 422, "22023"),
        ):
            answer = manager_of_tests().post(PATH, self.new(**members))
            self.refused(answer, status, code)
            self.assertTrue(answer.json["hint"], answer)
        path = made.headers["Location"]
        for members in ({"billing_months": 0}, {"renewal_months": 0}, {"lines": [LINE | {"quantity": "-1"}]}, {"title": None}, {"starts_on": None}):
            self.assertEqual(manager_of_tests().patch(path, members | {"reference": "half"}).status, 422, members)
        self.assertEqual(self.rows(), [made.json])

    def test_what_is_no_contract_yet_does_not_end_and_nothing_is_not_activated(self):
        path = self.make(lines=[]).headers["Location"]
        for action, body in (("activate", None), ("terminate", {}), ("withdraw-termination", None), ("resume", {"resumes_on": "2026-05-01"}),
                             ("suspend", {"first_day": "2026-05-01", "reason": "x"}), ("withdraw-change", {"position": 1, "valid_from": "2026-05-01"}),
                             ("change-line", {"position": 1, "valid_from": "2026-05-01", "quantity": "0"}),
                             ("add-line", {"valid_from": "2026-05-01", "line": LINE})):
            self.refused(manager_of_tests().post(f"{path}/{action}", body), 422, "22023")


class OfContract(Asserts, unittest.TestCase):
    code = "lease"

    def setUp(self):
        self.title = own("Contract")
        self.customer = self.other_customer()

    def other_customer(self):
        return customer(manager(self.code), **ADDRESS)

    def new(self, **members):
        return {"customer_id": self.customer["id"], "title": self.title, "starts_on": "2026-01-17", "billing_anchor": "2026-01-01",
                "minimum_months": 12, "renewal_months": 12, "notice_months": 3, "lines": [LINE]} | members

    def make(self, **members):
        made = manager(self.code).post(PATH, self.new(**members))
        self.assertEqual(made.status, 201, made)
        return made.headers["Location"]

    def activate(self, **members):
        path = self.make(**members)
        answer = manager(self.code).post(f"{path}/activate")
        self.assertEqual(answer.status, 200, answer)
        return path

    def block(self, state="blocked"):
        answer = manager(self.code).patch(f"/v1/customers/{self.customer['id']}", {"state": state})
        self.assertEqual(answer.status, 200, answer)

    def run_to(self, day, *paths, client=None):
        answer = (client or manager()).post("/v1/run-contracts", {"as_of": day, "contracts": [id_of(path) for path in paths]})
        self.assertEqual(answer.status, 200, answer)
        return answer.json["items"]

    def does(self, path, **members):
        answer = manager().post(path, members)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def periods(self, path):
        return manager(self.code).get(path).json["periods"]


class Contracts(OfContract):
    def test_from_draft_to_billed_to_ended(self):
        path = self.activate()
        whole = self.does(f"{path}/change-line", position=1, valid_from="2026-03-11", unit_price="120.00", reason="index")
        self.assertEqual([(line["valid_from"], line["unit_price"]) for line in whole["lines"]],
                         [("2026-01-17", "100.00"), ("2026-03-11", "120.00")])
        self.does(f"{path}/suspend", first_day="2026-02-10", reason="moving")
        whole = self.does(f"{path}/resume", resumes_on="2026-02-20")
        self.assertEqual([(rest["first_day"], rest["last_day"]) for rest in whole["suspensions"]], [("2026-02-10", "2026-02-19")])
        due = {"tenant": self.code, "contract_id": whole["id"], "number": whole["number"], "customer_id": self.customer["id"],
               "first_day": "2026-01-17", "last_day": "2026-01-31"}
        self.assertEqual(whole_list(manager(), "/v1/due-contracts", as_of="2026-03-01", customer_id=self.customer["id"]), [due])
        self.assertIn(due, whole_list(manager(), "/v1/due-contracts", as_of="2026-03-01"))
        ran = self.run_to("2026-03-01", path)
        # 15 of 31 days, 18 of 28, and both prices of March
        self.assertEqual([(one["first_day"], one["last_day"], one["gross"]) for one in ran],
                         [("2026-01-17", "2026-01-31", "115.16"), ("2026-02-01", "2026-02-28", "153.01"), ("2026-03-01", "2026-03-31", "270.25")])
        self.assertEqual(self.run_to("2026-03-01", path), [])
        self.assertEqual(whole_list(manager(), "/v1/due-contracts", as_of="2026-03-31", customer_id=self.customer["id"]), [])
        invoice = manager().get(f"/v1/documents/{ran[0]['document_id']}").json
        self.assertEqual((invoice["status"], invoice["number"], invoice["gross"], invoice["reference"], invoice["document_date"]),
                         ("posted", ran[0]["invoice"], "115.16", whole["number"], "2026-03-01"))
        self.assertEqual([period["document_id"] for period in self.periods(path)], [one["document_id"] for one in ran])
        self.assertEqual(manager().get(f"{path}/end", noticed_on="2026-10-17").json,
                         {"ends_on": "2028-01-16", "notice_by": "2026-10-16", "term_ends_on": "2027-01-16"})
        self.assertEqual(self.does(f"{path}/terminate", noticed_on="2026-10-16", reason="too dear")["ends_on"], "2027-01-16")
        self.assertIsNone(self.does(f"{path}/withdraw-termination")["ends_on"])
        ended = self.does(f"{path}/terminate", noticed_on="2026-03-20", ends_on="2026-04-15", agreed=True)
        self.assertEqual((ended["noticed_on"], ended["ends_on"], ended["end_reason"]), ("2026-03-20", "2026-04-15", None))
        found = whole_list(manager(), PATH, customer_id=self.customer["id"], noticed="true", active="true", ends_from="2026-04-15", ends_to="2026-04-15")
        self.assertEqual([row["number"] for row in found], [whole["number"]])
        self.assertEqual([(one["first_day"], one["last_day"]) for one in self.run_to("2026-12-31", path)], [("2026-04-01", "2026-04-15")])
        self.assertEqual(self.run_to("2027-06-30", path), [])
        history = manager().get(f"{path}/history").json["items"]
        self.assertEqual({event["principal"] for event in history}, {f"manager@{self.code}.example"})
        self.assertEqual(history[0]["what"], "insert contract")
        self.assertIn("too dear", [(event["new"] or {}).get("end_reason") for event in history])
        self.assertIn("update contract_suspension", [event["what"] for event in history])

    def test_a_change_for_a_while_is_taken_back(self):
        path = self.activate()
        whole = self.does(f"{path}/change-line", position=1, valid_from="2026-06-01", valid_until="2026-06-30", quantity="0")
        self.assertEqual([(line["valid_from"], line["quantity"]) for line in whole["lines"]],
                         [("2026-01-17", "2"), ("2026-06-01", "0"), ("2026-07-01", "2")])
        self.does(f"{path}/withdraw-change", position=1, valid_from="2026-07-01")
        whole = self.does(f"{path}/withdraw-change", position=1, valid_from="2026-06-01")
        self.assertEqual([line["valid_from"] for line in whole["lines"]], ["2026-01-17"])

    def test_a_line_is_added_and_taken_back(self):
        path = self.activate()
        more = {"description": "More", "quantity": "1", "unit_price": "31.00", "tax_rate": "0"}
        whole = self.does(f"{path}/add-line", valid_from="2026-02-15", line=more, reason="two more seats")
        added = [line for line in whole["lines"] if line["position"] == 2]
        self.assertEqual([(line["valid_from"], line["unit_price"], line["description"], line["reason"]) for line in added],
                         [("2026-02-15", "31.00", "More", "two more seats")])
        self.does(f"{path}/add-line", valid_from="2026-03-01", line=more)
        whole = self.does(f"{path}/withdraw-change", position=3, valid_from="2026-03-01")
        self.assertEqual({line["position"] for line in whole["lines"]}, {1, 2})
        for day, line, code in (("2025-12-31", more, "22023"), ("2026-03-01", more | {"quantity": "-1"}, "22023"),
                                ("2026-03-01", {"product": "nothing like it", "quantity": "1"}, "P0002")):
            answer = manager().post(f"{path}/add-line", {"valid_from": day, "line": line})
            self.refused(answer, 404 if code == "P0002" else 422, code)
        self.run_to("2026-03-01", path)
        self.refused(manager().post(f"{path}/add-line", {"valid_from": "2026-03-31", "line": more}), 409, "23001")

    def test_what_it_is_called_changes_at_any_time_and_nothing_else(self):
        path = self.activate()
        before = manager().get(path).json
        changed = manager().patch(path, {"title": self.title + " anew", "reference": "B-78"})
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual({**changed.json, "title": self.title, "reference": None, "updated_at": before["updated_at"]}, before)
        for members in ({"notice_months": 1}, {"renewal_months": None}, {"lines": [LINE]}, {"title": "x", "starts_on": "2026-02-01"}):
            self.refused(manager().patch(path, members), 409, "23001")
        for members in ({"title": " "}, {"reference": ""}):
            self.refused(manager().patch(path, members), 422, "23514")
        self.assertEqual(manager().get(path).json, changed.json)
        self.assertEqual(self.run_to("2026-01-31", path)[0]["gross"], "115.16")
        invoice = manager().get(f"/v1/documents/{self.periods(path)[0]['document_id']}").json
        self.assertEqual(invoice["reference"], "B-78")

    def test_its_owner_is_changed_by_who_may_assign_it(self):
        path = self.activate()
        rep()  # there is such a one
        owner = {"owner_id": sql("select id from mandant_internal.principal where name = 'rep@lease.example'")}
        books = employee("books@lease.example", company(), "accountant")
        self.assertEqual(books.patch(path, {"reference": "B-79"}).status, 200)
        self.refused(books.patch(path, owner | {"reference": "B-80"}), *HAS_NO_RIGHT)
        self.refused(manager().patch(path, {"owner_id": UNKNOWN}), 422, "23503")
        self.refused(rep().get(path), 404, "P0002")
        changed = manager().patch(path, owner)
        self.assertEqual((changed.status, changed.json["owner_id"], changed.json["reference"]), (200, owner["owner_id"], "B-79"), changed)
        self.assertEqual(rep().get(path).json, changed.json)

    def test_what_is_refused_leaves_all_as_it_was(self):
        path = self.activate()
        self.run_to("2026-02-01", path)
        self.does(f"{path}/change-line", position=1, valid_from="2026-05-01", unit_price="130.00")
        self.does(f"{path}/suspend", first_day="2026-08-01", last_day="2026-08-31", reason="holidays")
        before = manager().get(path).text
        for action, members, status, code in (
            ("change-line", {"position": 1, "valid_from": "2026-05-01", "unit_price": "1.00"}, 409, "42710"),
            ("change-line", {"position": 1, "valid_from": "2026-04-01", "valid_until": "2026-05-02", "unit_price": "1.00"}, 409, "42710"),
            ("change-line", {"position": 1, "valid_from": "2026-02-28", "unit_price": "1.00"}, 409, "23001"),
            ("change-line", {"position": 1, "valid_from": "2026-01-16", "unit_price": "1.00"}, 422, "22023"),
            ("change-line", {"position": 1, "valid_from": "2026-06-01", "valid_until": "2026-05-31", "quantity": 1}, 422, "22023"),
            ("change-line", {"position": 7, "valid_from": "2026-06-01", "unit_price": "1.00"}, 404, "P0002"),
            ("change-line", {"position": 1, "valid_from": "2026-06-01"}, 422, "22023"),
            ("change-line", {"position": 1, "valid_from": "2026-06-01", "quantity": "-1"}, 422, "22023"),
            ("change-line", {"position": 1, "valid_from": "2026-06-01", "discount_percent": "101"}, 422, "22023"),
            ("withdraw-change", {"position": 1, "valid_from": "2026-05-02"}, 404, "P0002"),
            ("withdraw-change", {"position": 1, "valid_from": "2026-01-17"}, 409, "23001"),
            ("suspend", {"first_day": "2026-02-01", "reason": "late"}, 409, "23001"),
            ("suspend", {"first_day": "2026-08-31", "reason": "again"}, 409, "42710"),
            ("suspend", {"first_day": "2026-06-01", "last_day": "2026-06-02", "reason": " "}, 422, "22023"),
            ("suspend", {"first_day": "2026-06-01", "last_day": "2026-05-31", "reason": "x"}, 422, "22023"),
            ("resume", {"resumes_on": "2026-06-01"}, 404, "P0002"),
            ("terminate", {"noticed_on": "2026-01-16"}, 422, "22023"),
            ("terminate", {"noticed_on": "2026-02-01", "ends_on": "2025-12-31"}, 422, "22023"),
            ("terminate", {"noticed_on": "2026-02-01", "agreed": True}, 422, "22023"),
            ("terminate", {"noticed_on": "2026-02-01", "ends_on": "2026-02-20", "agreed": True}, 409, "23001"),
            ("withdraw-termination", None, 422, "22023"),
            ("activate", None, 409, "23001"),
        ):
            answer = manager().post(f"{path}/{action}", members)
            self.refused(answer, status, code)
            self.assertTrue(answer.json["detail"] and answer.json["hint"], answer)
        for action, members, field in (
            ("change-line", {"valid_from": "2026-06-01"}, "position"), ("change-line", {"position": 1, "valid_from": "2026-06-31"}, "valid_from"),
            ("change-line", {"position": 1, "valid_from": "2026-06-01", "quantity": "NaN"}, "quantity"), ("suspend", {"first_day": "2026-06-01"}, "reason"),
            ("resume", {}, "resumes_on"), ("terminate", {"noticed": "2026-06-01"}, "noticed"), ("terminate", {"agreed": "yes"}, "agreed"),
        ):
            answer = manager().post(f"{path}/{action}", members)
            self.assertEqual((answer.status, answer.json["field"]), (422, field), answer)
        self.assertEqual(manager().get(f"{path}/end", noticed_on="soon").json["field"], "noticed_on")
        self.refused(manager().delete(path), 409, "23001")
        self.assertEqual(manager().get(path).text, before)

    def test_it_ends_once_and_a_late_notice_moves_or_is_refused(self):
        path = self.activate()
        self.assertEqual(self.does(f"{path}/terminate", noticed_on="2026-10-17")["ends_on"], "2028-01-16")
        self.refused(manager().post(f"{path}/terminate", {"noticed_on": "2026-10-18"}), 409, "42710")
        self.does(f"{path}/withdraw-termination")
        sql(f"select mandant.set_setting('late_notice', 'refuse', tenant => '{self.code}')")
        self.addCleanup(sql, f"select mandant.unset_setting('late_notice', tenant => '{self.code}')")
        answer = manager().post(f"{path}/terminate", {"noticed_on": "2026-10-17"})
        self.refused(answer, 422, "22023")
        self.assertIn("2028-01-16", answer.json["hint"])
        self.assertEqual(self.does(f"{path}/terminate", noticed_on="2026-10-17", ends_on="2028-01-16")["ends_on"], "2028-01-16")

    def test_one_that_is_refused_stops_no_other_and_says_why(self):
        blocked = self.activate()
        self.block()
        known, self.customer = self.customer, self.other_customer()
        fine = self.activate()
        items = {one["contract_id"]: one for one in self.run_to("2026-01-31", blocked, fine)}
        refused, billed = items[id_of(blocked)], items[id_of(fine)]
        self.assertEqual((refused["invoice"], refused["gross"], refused["sqlstate"]), (None, None, "22023"))
        self.assertTrue(refused["message"] and refused["hint"] and billed["invoice"])
        self.assertEqual((billed["sqlstate"], billed["message"], billed["hint"]), (None, None, None))
        failures = manager().get(blocked).json["failures"]
        self.assertEqual([(one["first_day"], one["sqlstate"], one["message"]) for one in failures], [("2026-01-17", "22023", refused["message"])])
        self.customer = known
        self.block("active")
        self.assertEqual(len(self.run_to("2026-01-31", blocked)), 1)
        self.assertEqual(manager().get(blocked).json["failures"], [])

    def test_what_rests_throughout_is_a_row_without_an_invoice(self):
        path = self.activate(starts_on="2026-01-01")
        self.does(f"{path}/suspend", first_day="2026-01-01", last_day="2026-01-31", reason="not delivered yet")
        ran = self.run_to("2026-01-31", path)
        self.assertEqual([(one["document_id"], one["sqlstate"]) for one in ran], [(None, None)])
        self.assertEqual([period["document_id"] for period in self.periods(path)], [None])

    def test_a_locked_period_gets_no_invoices(self):
        path = self.activate(starts_on="2019-12-01", billing_anchor=None)
        sql(f"select mandant.set_setting('locked_until', '2019-12-31', tenant => '{self.code}')")
        answer = manager().post("/v1/run-contracts", {"as_of": "2019-12-31", "contracts": [id_of(path)]})
        self.refused(answer, 409, "23001")
        self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(self.periods(path), [])

    def test_a_day_that_is_none_is_refused(self):
        for body, field in (({"as_of": "2026-02-30"}, "as_of"), ({"contracts": ["x"]}, "contracts[0]"), ({"day": "2026-01-01"}, "day")):
            answer = manager().post("/v1/run-contracts", body)
            self.assertEqual((answer.status, answer.json["field"]), (422, field), answer)
        for day in ("1899-12-31", "2226-11-29"):  # a slip of the finger would bill two centuries
            self.refused(manager().post("/v1/run-contracts", {"as_of": day}), 422, "22023")
        for query, field in (({"as_of": "soon"}, "as_of"), ({"sort": "number"}, "sort"), ({"limit": 0}, "limit")):
            answer = manager().get("/v1/due-contracts", **query)
            self.assertEqual((answer.status, answer.json["field"]), (422, field), answer)

    def test_due_ones_come_in_pages(self):
        for _ in range(3):
            self.activate()
        self.pages_in_order(manager(), "/v1/due-contracts", lambda row: row["contract_id"], as_of="2026-01-31", customer_id=self.customer["id"])

    def test_without_a_series_nothing_is_activated(self):
        self.code = company(own("lease").lower())
        self.customer = self.other_customer()
        path = self.make()
        sql(f"select mandant.close_series('{self.code}', 'contract', '2026-01-01')")
        self.refused(manager(self.code).post(f"{path}/activate"), 404, "42704")
        self.assertIsNone(manager(self.code).get(path).json["activated_at"])

    def test_who_may(self):
        rep()  # there is such a one
        path = self.activate()
        self.assertEqual(reader().get(path).json, manager().get(path).json)
        self.assertEqual(reader().get(f"{path}/end").status, 200)
        for answer in (reader().post(PATH, self.new()), reader().post(f"{path}/terminate", {}), reader().patch(path, {"title": "x"}),
                       reader().patch(path, {"notice_days": 1}), reader().delete(path), reader().post(f"{path}/assign", {"owner": "rep@lease.example"}),
                       *(client.post("/v1/run-contracts", {"as_of": "2026-01-31", "contracts": [id_of(path)]}) for client in (reader(), rep()))):
            self.refused(answer, *HAS_NO_RIGHT)
            self.assertTrue(answer.json["hint"], answer)
        self.refused(rep().get(path), 404, "P0002")
        self.assertEqual(manager().post(f"{path}/assign", {"owner": "rep@lease.example"}).status, 204)
        self.assertEqual(rep().get(path).json, manager().get(path).json)
        self.assertEqual([row["id"] for row in whole_list(rep(), PATH, title=self.title)], [id_of(path)])
        self.assertEqual([row["contract_id"] for row in whole_list(rep(), "/v1/due-contracts", as_of="2026-01-31", customer_id=self.customer["id"])],
                         [id_of(path)])
        self.refused(rep().post(f"{path}/terminate", {}), *HAS_NO_RIGHT)
        self.refused(rep().patch(path, {"title": "x"}), *HAS_NO_RIGHT)
        self.refused(rep().post("/v1/run-contracts", {"as_of": "2026-01-31"}), *HAS_NO_RIGHT)
        # what it is billed is the new owner's, too
        self.run_to("2026-01-31", path)
        whole = rep().get(path).json
        invoice = rep().get(f"/v1/documents/{whole['periods'][0]['document_id']}").json
        self.assertEqual(invoice["owner_id"], whole["owner_id"])

    def test_what_is_anothers_is_like_nothing(self):
        path = self.activate()
        known, nowhere = id_of(path), f"{PATH}/{UNKNOWN}"
        for method, below, body in (
            ("GET", "", None), ("GET", "/end", None), ("GET", "/history", None), ("PATCH", "", {"title": "x"}), ("PATCH", "", {"notice_days": 1}),
            ("DELETE", "", None), ("POST", "/activate", None), ("POST", "/terminate", {}), ("POST", "/withdraw-termination", None),
            ("POST", "/suspend", {"first_day": "2026-06-01", "reason": "x"}), ("POST", "/resume", {"resumes_on": "2026-06-01"}),
            ("POST", "/change-line", {"position": 1, "valid_from": "2026-06-01", "quantity": "0"}),
            ("POST", "/add-line", {"valid_from": "2026-06-01", "line": LINE}), ("POST", "/withdraw-change", {"position": 1, "valid_from": "2026-06-01"}),
            ("POST", "/assign", {"owner": "rep@lease.example"}),
        ):
            foreign, unknown = stranger().request(method, path + below, body), stranger().request(method, nowhere + below, body)
            self.same_refusal(foreign, known, unknown, UNKNOWN, 404)
            self.assertEqual(foreign.json["code"], "P0002", foreign)
        self.assertEqual(self.run_to("2026-01-31", path, client=stranger()), [])
        self.assertEqual(whole_list(stranger(), PATH, title=self.title), [])
        self.assertEqual(whole_list(stranger(), "/v1/due-contracts", customer_id=self.customer["id"]), [])
        self.assertEqual(self.periods(path), [])

    def test_who_looked_before_another_changed_it_is_told(self):
        path = self.make()
        manager_ = manager()
        for method, below, body in (
            ("PATCH", "", {"title": self.title + " anew"}), ("POST", "/activate", None),
            ("POST", "/change-line", {"position": 1, "valid_from": "2026-06-01", "quantity": "3"}),
            ("POST", "/suspend", {"first_day": "2026-08-01", "reason": "x"}), ("POST", "/resume", {"resumes_on": "2026-09-01"}),
            ("POST", "/terminate", {"noticed_on": "2026-09-01"}), ("POST", "/withdraw-termination", None),
            ("POST", "/assign", {"owner": "rep@lease.example"}),
        ):
            rep()  # there is such a one
            self.heeds_if_match(manager_, method, path + below, body, path)
        draft = self.make()
        self.heeds_if_match(manager_, "DELETE", draft, None, draft)

    def test_what_is_sent_twice_with_its_key_is_done_once(self):
        path = self.activate()
        change = {"position": 1, "valid_from": "2026-06-01", "quantity": "3"}
        self.is_done_once(manager(), f"{path}/change-line", change, lambda: len(manager().get(path).json["lines"]))
        body = {"as_of": "2026-01-31", "contracts": [id_of(path)]}
        ran = self.is_done_once(manager(), "/v1/run-contracts", body, lambda: len(self.periods(path)))
        self.assertEqual(len(ran.json["items"]), 1)
        self.assertEqual(self.run_to("2026-01-31", path), [])
        self.is_done_once(manager(), f"{path}/terminate", {"noticed_on": "2026-09-01"}, lambda: manager().get(path).json["ends_on"])


class CommandLine(OfContract):
    """`mandant run-contracts`, in a company of its own."""

    @classmethod
    def setUpClass(cls):
        cls.code = company(own("lease").lower())
        cls.login = f"{cls.code}_books"
        sql(f"create role {cls.login} login; select mandant.bind_login('{cls.login}', '{cls.code}', 'tenant_manager', read_only => false)")
        cls.addClassCleanup(sql, f"select mandant.unbind_login('{cls.login}'); drop role {cls.login}")

    def mandant(self, *arguments, user=None, said=None):
        environment = {**os.environ, "DATABASE_URL": url(user or self.login, os.environ["PGDATABASE"])}
        return subprocess.run([MANDANT, "run-contracts", *arguments], env=environment, input=said, capture_output=True, text=True, timeout=60,
                              check=False)

    def test_it_bills_what_is_due_and_says_what_was_refused(self):
        fine = self.activate(starts_on="2026-06-01", billing_anchor=None)
        told = self.mandant("--as-of", "2026-07-31")
        self.assertEqual((told.returncode, told.stdout, told.stderr), (0, "2 invoices of 1 contracts.\n", ""))
        self.assertEqual([period["first_day"] for period in self.periods(fine)], ["2026-06-01", "2026-07-01"])
        told = self.mandant("--as-of", "2026-07-31")
        self.assertEqual((told.returncode, told.stdout, told.stderr), (0, "0 invoices of 0 contracts.\n", ""))
        self.customer = self.other_customer()
        blocked = self.activate(starts_on="2026-08-01", billing_anchor=None)
        number = manager(self.code).get(blocked).json["number"]
        self.block()
        told = self.mandant("--as-of", "2026-08-31", "--tenant", self.code, "--at-once", "1")
        self.assertEqual((told.returncode, told.stdout), (1, "1 invoices of 2 contracts.\n"), told)
        refused, end = told.stderr.splitlines()
        self.assertTrue(refused.startswith(f"mandant: {number} of {self.code}, 2026-08-01 to 2026-08-31: customer "), refused)
        self.assertIn("is blocked (SQLSTATE 22023); hint: ", refused)
        self.assertEqual(end, "mandant: 1 of 2 contracts were refused")
        self.block("active")
        self.assertEqual(self.mandant("--as-of", "2026-08-31").stdout, "1 invoices of 1 contracts.\n")
        self.assertEqual((len(self.periods(fine)), len(self.periods(blocked))), (3, 1))

    def test_who_may_not_is_told_so_in_a_sentence(self):
        path = self.activate()
        for role, sees in (("reader", True), ("sales_rep", False)):
            email = f"{role}@{self.code}.example"
            client = employee(email, self.code, role)
            self.assertEqual(client.get(path).status, 200 if sees else 404)
            told = self.mandant("--as", email, user="mandant_psql", said="demo\n")
            self.assertEqual((told.returncode, told.stdout), (1, ""), told)
            self.assertRegex(told.stderr, r"\Amandant: [^\n]*right[^\n]* \(SQLSTATE 42501\); hint: [^\n]+\n\Z")
        manager_ = f"manager@{self.code}.example"
        self.assertEqual(self.periods(path), [])
        told = self.mandant("--as", manager_, "--as-of", "2026-01-31", user="mandant_psql", said="demo\n")
        self.assertEqual((told.returncode, told.stdout, told.stderr), (0, "1 invoices of 1 contracts.\n", ""))

    def test_nonsense_is_one_clear_sentence(self):
        for day in ("2026-02-30", "tomorrow", ""):
            told = self.mandant("--as-of", day)
            self.assertEqual((told.returncode, told.stdout), (2, ""), told)
            self.assertIn("--as-of", told.stderr)
        for tenant in ("nowhere", "de"):
            told = self.mandant("--tenant", tenant)
            self.assertEqual((told.returncode, told.stdout), (1, ""))
            self.assertEqual(told.stderr, f'mandant: tenant "{tenant}" is not available to you (SQLSTATE 42501); hint: available: {self.code}\n')


if __name__ == "__main__":
    unittest.main()
