"""Targets over HTTP: set for an employee, team, tenant or group and a period of the calendar. SS-01"""

import itertools
import unittest
from concurrent.futures import ThreadPoolExecutor

from client import UNKNOWN, sql
from contract import HAS_NO_RIGHT, Contract, rep
from people import COMPANY, Asserts, admin, employee, manager, own, reader, stranger, whole_list

WHO = "target@tests.example"
# backwards, so that one that is set later is not later
MONTHS = itertools.cycle((2035 - n // 12, 12 - n % 12) for n in range(35 * 12))


def id_of(email):
    return sql(f"select id from mandant_internal.principal where name = '{email}'")


def team(*members):
    """One of the test's own in the company of the tests, with its members."""
    made = manager().post("/v1/teams", {"name": own("Team"), "tenant": COMPANY})
    assert made.status == 201, made
    for email in members:
        joined = manager().post(f"{made.headers['Location']}/members", {"principal": email})
        assert joined.status == 201, joined
    return made.json


class Targets(Contract, unittest.TestCase):
    path = "/v1/targets"
    required = {"scope": "galaxy", "subject": 5, "measure": "profit", "amount": 1.5, "fiscal_year": "x"}
    change = {"amount": "2500.00", "rate_date": "2026-11-16"}
    sorts = ("scope", "measure", "period_type", "fiscal_year", "first_day", "last_day", "currency", "group_amount", "created_at", "updated_at")
    wrong = (
        ({"period_type": "week"}, "period_type"), ({"period": "first"}, "period"), ({"rate_date": "2026-02-30"}, "rate_date"),
        ({"currency": 5}, "currency"), ({"employee_id": UNKNOWN}, "employee_id"), ({"tenant_amount": "1"}, "tenant_amount"),
    )

    def setUp(self):
        super().setUp()
        employee(WHO, COMPANY)

    def new(self, **members):
        year, month = next(MONTHS)
        return {"scope": "employee", "subject": WHO, "measure": "revenue", "amount": "1000.00", "fiscal_year": year,
                "period_type": "month", "period": month} | members

    def mine(self):
        return {"employee_id": id_of(WHO)}

    def fixed(self):
        return {"scope", "measure", "fiscal_year", "period_type", "period", "employee_id"}

    def finds(self, row):
        mine = self.mine()
        return ([mine, mine | {"scope": "employee", "measure": "revenue", "period_type": "month", "currency": "EUR"},
                 mine | {"fiscal_year": row["fiscal_year"], "period": row["period"]}, {"on": row["first_day"]}, {"on": row["last_day"]}],
                [mine | {"scope": "team"}, mine | {"measure": "bookings"}, mine | {"period_type": "year"}, mine | {"currency": "USD"},
                 mine | {"fiscal_year": 2000}, {"on": "2000-01-31"}, {"team_id": UNKNOWN}, {"employee_id": UNKNOWN}])

    def test_what_is_made_meanwhile_neither_hides_nor_repeats_a_row(self):
        self.sorts = ("first_day", "created_at")  # each other doubles what is there
        super().test_what_is_made_meanwhile_neither_hides_nor_repeats_a_row()

    def test_each_scope_and_period_has_its_days_and_amounts(self):
        south = team(WHO)
        self.addCleanup(manager().delete, f"/v1/teams/{south['id']}")
        for members, days, shown in (
            ({"period_type": "year", "period": None}, ("2034-01-01", "2034-12-31"), {"employee_id": id_of(WHO), "team_id": south["id"]}),
            ({"period_type": "quarter", "period": 2, "team": ""}, ("2034-04-01", "2034-06-30"), {"team_id": None}),
            ({"period": 2, "team": f"{COMPANY}/{south['name']}"}, ("2034-02-01", "2034-02-28"), {"team_id": south["id"]}),
            ({"scope": "team", "subject": south["name"], "period": 3}, ("2034-03-01", "2034-03-31"),
             {"scope": "team", "employee_id": None, "team_id": south["id"]}),
            ({"scope": "tenant", "subject": COMPANY, "period": 3}, ("2034-03-01", "2034-03-31"), {"employee_id": None, "team_id": None}),
            ({"scope": "group", "subject": COMPANY, "period": 3, "amount": 1000}, ("2034-03-01", "2034-03-31"), {"currency": "EUR"}),
        ):
            made = self.make(**{"fiscal_year": 2034, "amount": "1000.005"} | members)
            self.assertEqual((made.json["first_day"], made.json["last_day"]), days)
            self.assertEqual({name: made.json[name] for name in shown}, shown)
            self.assertEqual({made.json[name] for name in ("amount", "tenant_amount", "group_amount")},
                             {"1000.00" if "amount" in members else "1000.01"})
        # a team that a target names stays
        self.refused(manager().delete(f"/v1/teams/{south['id']}"), 409, "23001")

    def test_another_currency_is_translated_at_the_rate_of_its_day(self):
        rate = manager().get("/v1/exchange-rates/USD/EUR", on_date="2026-09-30").json["rate"]
        made = self.make(currency="USD", rate_date="2026-09-30")
        self.assertAlmostEqual(float(made.json["tenant_amount"]), 1000 * float(rate), delta=0.005)
        changed = manager().patch(made.headers["Location"], {"amount": "2000.00"}).json
        self.assertEqual((changed["currency"], changed["rate_date"]), ("USD", "2026-09-30"))
        self.assertAlmostEqual(float(changed["tenant_amount"]), 2000 * float(rate), delta=0.005)
        changed = manager().patch(made.headers["Location"], {"currency": "EUR"}).json
        self.assertEqual((changed["amount"], changed["tenant_amount"]), ("2000.00", "2000.00"))

    def test_what_overlaps_another_is_refused(self):
        made = self.make().json
        again = {"fiscal_year": made["fiscal_year"], "period": made["period"]}
        answer = manager().post(self.path, self.new(**again, amount="5"))
        self.refused(answer, 409, "42710")
        self.assertIn(made["id"], answer.json["hint"])
        self.assertEqual(self.rows(), [made])
        # another measure, and a period that contains it, are others
        self.make(**again, measure="bookings")
        self.make(fiscal_year=made["fiscal_year"], period_type="year", period=None)

    def test_bad_values_are_refused(self):
        made = self.make()
        path = made.headers["Location"]
        for members in ({"fiscal_year": 1999}, {"fiscal_year": 2147483647}, {"period": 0}, {"period": 13}, {"period": None},
                        {"period_type": "year", "period": 1}, {"period_type": "quarter", "period": 5}, {"amount": "-0.01"},
                        {"amount": "1" + "0" * 15}, {"currency": "XXX"}, {"currency": "no"}, {"currency": "JPY", "rate_date": "1998-12-31"},
                        {"scope": "tenant", "subject": COMPANY, "team": "x"}):
            answer = manager().post(self.path, self.new(**members))
            self.refused(answer, 422, "22023")
            self.assertTrue(answer.json["detail"] and answer.json["hint"], answer)
        for change, code, field in (({"amount": "-1"}, "23514", "amount"), ({"amount": None}, "23502", "amount"),
                                    ({"currency": "XXX"}, "22023", None), ({"currency": None}, "22023", None),
                                    ({"currency": "JPY", "rate_date": "1998-12-31"}, "22023", None)):
            answer = manager().patch(path, change)
            self.refused(answer, 422, code)
            self.assertEqual(answer.json.get("field"), field, answer)
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(self.rows(), [made.json])

    def test_whoever_is_out_of_sight_is_unknown(self):
        nobody, de = "nobody@tests.example", "sales@de.example"
        for members, known, unknown, status in (
            ({"scope": "employee"}, de, nobody, 404), ({"scope": "team"}, "de/Vertrieb Süd", "de/Nothing", 404),
            ({"scope": "tenant"}, "de", "xx", 403), ({"scope": "group"}, "de", "xx", 403),
        ):
            answers = [manager().post(self.path, self.new(**members, subject=subject)) for subject in (known, unknown)]
            self.same_refusal(answers[0], f'\\"{known}\\"', answers[1], f'\\"{unknown}\\"', status)
            self.assertTrue(answers[0].json["code"] in ("42704", "42501") and answers[0].json["hint"], answers[0])
        answers = [manager().post(self.path, self.new(team=name)) for name in ("Vertrieb Süd", "Nothing")]
        self.same_refusal(answers[0], "Vertrieb Süd", answers[1], "Nothing", 404)
        self.assertEqual(self.rows(), [])

    def test_a_team_that_one_is_not_in_is_refused(self):
        other = team()
        self.addCleanup(manager().delete, f"/v1/teams/{other['id']}")
        self.refused(manager().post(self.path, self.new(team=other["name"])), 422, "22023")

    def test_a_key_is_for_one_request(self):
        headers = {"Idempotency-Key": own("key")}
        body = self.new()
        made = manager().request("POST", self.path, body, headers)
        self.assertEqual(made.status, 201, made)
        self.addCleanup(manager().delete, made.headers["Location"])
        self.refused(manager().request("POST", self.path, self.new(), headers), 422, "22023")
        self.assertEqual(manager().request("POST", self.path, body, headers).text, made.text)
        self.assertEqual(self.rows(), [made.json])
        answer = manager().request("POST", self.path, self.new(), {"If-Match": "*"})
        self.assertEqual((answer.status, answer.json["field"]), (422, "if-match"), answer)

    def test_of_many_who_set_the_same_at_once_one_does(self):
        body = self.new()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: manager().post(self.path, body | {"amount": n}), range(8)))
        self.assertEqual(sorted(answer.status for answer in answers), [201] + [409] * 7)
        [made] = [answer for answer in answers if answer.status == 201]
        self.addCleanup(manager().delete, made.headers["Location"])
        self.assertEqual({answer.json["code"] for answer in answers if answer is not made}, {"42710"})
        self.assertEqual(self.rows(), [made.json])

    def test_own_depth_is_to_see_ones_own(self):
        mine = self.make(subject=rep() and "rep@tests.example")
        self.make()
        self.make(scope="tenant", subject=COMPANY)
        self.assertEqual(whole_list(rep(), self.path), [mine.json])
        path = mine.headers["Location"]
        self.assertEqual(rep().get(path).json, mine.json)
        for answer in (rep().post(self.path, self.new(subject="rep@tests.example")), rep().patch(path, self.change), rep().delete(path)):
            self.refused(answer, *HAS_NO_RIGHT)
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(manager().get(path).json, mine.json)

    def test_who_leads_a_team_sets_what_its_members_are_to_reach(self):
        lead = employee("team_lead@tests.example", COMPANY, "team_lead")
        rep()
        led = team("team_lead@tests.example", "rep@tests.example")
        self.addCleanup(manager().delete, f"/v1/teams/{led['id']}")
        made = lead.post(self.path, self.new(subject="rep@tests.example", team=led["name"]))
        self.assertEqual((made.status, made.json["team_id"]), (201, led["id"]), made)
        self.addCleanup(manager().delete, made.headers["Location"])
        self.assertEqual(lead.patch(made.headers["Location"], self.change).status, 200)
        other = self.make()
        self.refused(lead.post(self.path, self.new()), *HAS_NO_RIGHT)
        self.same_refusal(lead.patch(other.headers["Location"], self.change), other.json["id"],
                          lead.patch(f"{self.path}/{UNKNOWN}", self.change), UNKNOWN, 404)
        self.assertEqual([row["id"] for row in whole_list(lead, self.path)], [made.json["id"]])
        self.assertEqual(lead.delete(made.headers["Location"]).status, 204)


class OfSeveralCompanies(Asserts, unittest.TestCase):
    def test_the_subject_says_of_which(self):
        employee(WHO, COMPANY)
        year, month = next(MONTHS)
        body = {"scope": "employee", "subject": WHO, "measure": "bookings", "amount": "1", "fiscal_year": year, "period_type": "month",
                "period": month}
        made = admin().post("/v1/targets", body)
        self.addCleanup(admin().delete, made.headers["Location"])
        self.assertEqual((made.status, made.json["tenant"]), (201, COMPANY), made)
        across = admin().post("/v1/teams", {"name": own("Across")})
        self.addCleanup(admin().delete, across.headers["Location"])
        of_team = body | {"scope": "team", "subject": across.json["name"]}
        self.refused(admin().post("/v1/targets", of_team), 409, "55000")
        made = admin().selecting(COMPANY).post("/v1/targets", of_team)
        self.addCleanup(admin().delete, made.headers["Location"])
        self.assertEqual((made.status, made.json["tenant"], made.json["team_id"]), (201, COMPANY, across.json["id"]), made)


if __name__ == "__main__":
    unittest.main()
