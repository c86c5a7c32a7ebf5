"""What people say of the forecast, its snapshots, and what has changed since, over HTTP. SS-05 SS-07"""

import itertools
import unittest
from concurrent.futures import ThreadPoolExecutor

from client import UNKNOWN, sql
from contract import HAS_NO_RIGHT, Contract, rep
from people import COMPANY, Asserts, admin, employee, manager, own, reader, stranger, whole_list
from test_contact import customer
from test_target import id_of, team

WHO, REP = "forecast@tests.example", "rep@tests.example"
MONTHS = itertools.cycle((2035 - n // 12, 12 - n % 12) for n in range(35 * 12))


class Overrides(Contract, unittest.TestCase):
    path = "/v1/forecast-overrides"
    required = {"category": "closed", "amount": 1.5, "fiscal_year": "x", "period": "x"}
    change = {"amount": "2500.00", "reason": "They said so."}
    sorts = ("fiscal_year", "period", "category", "level", "amount", "made_at")
    wrong = (
        ({"level": "owner"}, "level"), ({"currency": "USD"}, "currency"), ({"reason": 5}, "reason"), ({"made_by": UNKNOWN}, "made_by"),
    )

    def setUp(self):
        super().setUp()
        employee(WHO, COMPANY)

    def new(self, **members):
        year, month = next(MONTHS)
        return {"category": "commit", "amount": "1000.00", "fiscal_year": year, "period": month, "employee": WHO} | members

    def mine(self):
        return {"employee_id": id_of(WHO)}

    def fixed(self):
        return {"category", "fiscal_year", "period", "level", "employee_id", "made_by"}

    def finds(self, row):
        mine = self.mine()
        return ([mine, mine | {"category": "commit", "level": "manager", "made_by": id_of("manager@tests.example")},
                 mine | {"fiscal_year": row["fiscal_year"], "period": row["period"]}],
                [mine | {"category": "pipeline"}, mine | {"level": "owner"}, mine | {"fiscal_year": 2000}, {"team_id": UNKNOWN},
                 {"employee_id": UNKNOWN}, mine | {"made_by": UNKNOWN}])

    def test_what_is_made_meanwhile_neither_hides_nor_repeats_a_row(self):
        self.sorts = ("fiscal_year", "made_at")  # each other doubles what is there
        super().test_what_is_made_meanwhile_neither_hides_nor_repeats_a_row()

    def test_what_is_said_later_takes_the_place_of_what_was_said_before(self):
        made = self.make(reason="first")
        body = {"category": "commit", "amount": "5.005", "fiscal_year": made.json["fiscal_year"], "period": made.json["period"], "employee": WHO}
        again = manager().post(self.path, body)
        self.assertEqual((again.status, again.headers["Location"]), (201, made.headers["Location"]), again)
        self.assertEqual((again.json["amount"], again.json["reason"], again.json["currency"]), ("5.01", None, "EUR"))
        self.assertEqual(self.rows(), [again.json])
        # of another category it is another
        self.make(**body | {"category": "best_case"})
        self.assertEqual(len(self.rows()), 2)

    def test_of_many_who_say_something_at_once_one_has_the_last_word(self):
        body = self.new()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: manager().post(self.path, body | {"amount": n}), range(8)))
        self.assertEqual({answer.status for answer in answers}, {201}, answers)
        self.addCleanup(manager().delete, answers[0].headers["Location"])
        [row] = self.rows()
        self.assertIn(row, [answer.json for answer in answers])

    def test_owner_and_manager_each_have_their_word(self):
        rep()
        managers = self.make(employee=REP)
        body = {name: managers.json[name] for name in ("category", "fiscal_year", "period")}
        owners = rep().post(self.path, body | {"amount": "700"})
        self.assertEqual((owners.status, owners.json["level"], managers.json["level"]), (201, "owner", "manager"), owners)
        self.addCleanup(manager().delete, owners.headers["Location"])
        self.assertEqual({row["id"] for row in whole_list(rep(), self.path, employee_id=id_of(REP))}, {owners.json["id"], managers.json["id"]})
        for answer in (rep().patch(managers.headers["Location"], self.change), rep().delete(managers.headers["Location"]),
                       manager().patch(owners.headers["Location"], self.change)):
            self.refused(answer, *HAS_NO_RIGHT)
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(rep().get(managers.headers["Location"]).json, managers.json)
        self.assertEqual(rep().patch(owners.headers["Location"], self.change).json["level"], "owner")
        # whoever leads takes back both
        for one in (owners, managers):
            self.assertEqual(manager().delete(one.headers["Location"]).status, 204)
        self.assertEqual(whole_list(rep(), self.path), [])

    def test_own_depth_is_to_speak_of_ones_own(self):
        others = self.make()
        self.refused(rep().post(self.path, self.new()), *HAS_NO_RIGHT)
        self.assertEqual(whole_list(rep(), self.path, **self.mine()), [])
        path, nowhere = others.headers["Location"], f"{self.path}/{UNKNOWN}"
        for method, body in (("GET", None), ("PATCH", self.change), ("DELETE", None)):
            self.same_refusal(rep().request(method, path, body), others.json["id"], rep().request(method, nowhere, body), UNKNOWN, 404)
        self.assertEqual(self.rows(), [others.json])

    def test_bad_values_are_refused(self):
        made = self.make()
        for members in ({"fiscal_year": 1999}, {"period": 0}, {"period": 13}, {"amount": "-1"}, {"amount": "1" + "0" * 15}, {"reason": "x" * 501}):
            answer = manager().post(self.path, self.new(**members))
            self.refused(answer, 422, "22023")
            self.assertTrue(answer.json["detail"] and answer.json["hint"], answer)
        other = team()
        self.addCleanup(manager().delete, f"/v1/teams/{other['id']}")
        self.refused(manager().post(self.path, self.new(team=other["name"])), 422, "22023")
        for change, code, field in (({"amount": "-1"}, "23514", "amount"), ({"amount": None}, "23502", "amount"),
                                    ({"reason": "x" * 501}, "23514", "reason")):
            answer = manager().patch(made.headers["Location"], change)
            self.assertEqual((answer.status, answer.json["code"], answer.json["field"]), (422, code, field), answer)
        self.assertEqual(self.rows(), [made.json])

    def test_whoever_is_out_of_sight_is_unknown(self):
        for member, known, unknown in (("employee", "sales@de.example", "nobody@tests.example"), ("team", "Vertrieb Süd", "Nothing")):
            answers = [manager().post(self.path, self.new(**{member: name})) for name in (known, unknown)]
            self.same_refusal(answers[0], known, answers[1], unknown, 404)
            self.assertEqual(answers[0].json["code"], "42704")
        self.assertEqual(self.rows(), [])


class Snapshots(Asserts, unittest.TestCase):
    path = "/v1/forecast-snapshots"

    @classmethod
    def setUpClass(cls):
        rep()
        cls.customer = customer()
        cls.reps = customer(rep())
        for one in (cls.customer, cls.reps):
            cls.addClassCleanup(manager().delete, f"/v1/customers/{one['id']}")

    def setUp(self):
        self.label = own("KW 48")

    def opportunity(self, client=None, **members):
        of = self.customer if client is None else self.reps
        made = (client or manager()).post("/v1/opportunities", {"customer_id": of["id"], "name": self.label, "amount": "1000.00"} | members)
        self.assertEqual(made.status, 201, made)
        self.addCleanup(manager().delete, made.headers["Location"])
        return made

    def take(self, **members):
        made = manager().post(self.path, {"label": self.label} | members)
        self.assertEqual(made.status, 201, made)
        return made

    def rows(self, client=None, **query):
        return whole_list(client or manager(), self.path, label=self.label, **query)

    def test_one_is_taken_once_and_stays(self):
        made = self.is_done_once(manager(), self.path, {"label": self.label}, lambda: len(self.rows()))
        path = made.headers["Location"]
        self.assertEqual((made.json["tenant"], made.json["label"], made.json["taken_by"]),
                         (COMPANY, self.label, id_of("manager@tests.example")))
        for client in (manager(), reader(), rep(), admin()):
            self.assertEqual(client.get(path).json, made.json)
            self.assertEqual(self.rows(client), [made.json])
        for query in ({"from": made.json["taken_on"], "to": made.json["taken_on"]}, {"tenant": COMPANY}, {"taken_by": made.json["taken_by"]}):
            self.assertEqual(self.rows(**query), [made.json])
        for query in ({"to": "2020-01-01"}, {"from": "2099-01-01"}, {"tenant": "de"}, {"taken_by": UNKNOWN}):
            self.assertEqual(self.rows(admin(), **query), [])
        for method in ("PATCH", "PUT", "DELETE"):
            self.assertEqual(manager().request(method, path, {}).status, 405)
        known = manager().request("GET", path, headers={"If-None-Match": made.headers["ETag"]})
        self.assertEqual((known.status, known.text), (304, ""))
        self.refused(manager().request("POST", self.path, {}, {"If-Match": "*"}), 422, "22023")
        self.assertEqual(self.rows(), [made.json])

    def test_a_key_is_for_one_request(self):
        headers = {"Idempotency-Key": own("key")}
        self.assertEqual(manager().request("POST", self.path, {"label": self.label}, headers).status, 201)
        self.refused(manager().request("POST", self.path, {"label": own("other")}, headers), 422, "22023")
        self.assertEqual(len(self.rows()), 1)

    def test_pages_make_up_the_lists_in_every_order(self):
        for n in range(5):
            self.opportunity(name=f"{self.label} {n}")
        made = [self.take() for _ in range(3)]
        for sort, key in (("id", "id"), ("taken_on", "taken_on"), ("taken_at", "taken_at")):
            for direction in ("", "-"):
                self.pages_in_order(manager(), self.path, lambda one, key=key: one[key], limit=1, label=self.label, sort=direction + sort)
        kept = f"{made[0].headers['Location']}/opportunities"
        for sort in ("opportunity_id", "name", "stage", "outcome", "currency"):
            for direction in ("", "-"):
                self.pages_in_order(manager(), kept, lambda one, key=sort: one[key], customer_id=self.customer["id"], sort=direction + sort)
        for sort in ("tenant", "opportunity_id", "change"):
            self.pages_in_order(manager(), "/v1/forecast-changes", lambda one, key=sort: one[key], limit=1, sort=sort)
        for path in (self.path, kept, "/v1/forecast-changes"):
            self.assertEqual(manager().get(path, sort="nothing").json["field"], "sort")
            self.assertEqual(manager().get(path, nothing="x").json["field"], "nothing")

    def test_it_shows_what_was_then_and_what_has_changed(self):
        stays, grows, wins, goes = (self.opportunity(expected_close="2027-06-30") for _ in range(4))
        snapshot = self.take()
        path = f"{snapshot.headers['Location']}/opportunities"
        before = whole_list(manager(), path, customer_id=self.customer["id"])
        self.assertEqual({row["opportunity_id"]: (row["name"], row["stage"], row["amount"], row["tenant_amount"], row["expected_close"])
                          for row in before},
                         {one.json["id"]: (self.label, "qualify", "1000.00", "1000.00", "2027-06-30") for one in (stays, grows, wins, goes)})
        manager().patch(grows.headers["Location"], {"amount": "2500.00", "forecast_category": "commit"})
        manager().patch(wins.headers["Location"], {"stage": "won"})
        manager().delete(goes.headers["Location"])
        comes = self.opportunity()
        self.assertEqual(whole_list(manager(), path, customer_id=self.customer["id"]), before)
        changes = {row["opportunity_id"]: row for row in whole_list(manager(), "/v1/forecast-changes", customer_id=self.customer["id"])}
        self.assertEqual({one: (row["change"], row["snapshot_id"], row["label"]) for one, row in changes.items()},
                         {one.json["id"]: (word, snapshot.json["id"], self.label)
                          for one, word in ((grows, "changed"), (wins, "won"), (goes, "gone"), (comes, "new"))})
        grown = changes[grows.json["id"]]
        self.assertEqual((grown["amount_before_document"], grown["amount_after_document"], grown["category_before"], grown["category_after"]),
                         ("1000.00", "2500.00", "pipeline", "commit"))
        for query, found in (({"change": "won"}, wins), ({"opportunity_id": grows.json["id"]}, grows), ({"tenant": COMPANY, "change": "new"}, comes)):
            rows = whole_list(manager(), "/v1/forecast-changes", customer_id=self.customer["id"], **query)
            self.assertEqual([row["opportunity_id"] for row in rows], [found.json["id"]])
        self.refused(manager().get("/v1/forecast-changes", change="nothing"), 422, "22023")
        self.take()
        self.assertEqual(whole_list(manager(), "/v1/forecast-changes", customer_id=self.customer["id"]), [])

    def test_kept_opportunities_are_found_by_what_they_were(self):
        one = self.opportunity(stage="propose")
        path = f"{self.take().headers['Location']}/opportunities"
        row = whole_list(manager(), path, opportunity_id=one.json["id"])[0]
        mine = {"customer_id": self.customer["id"]}
        for query in (mine | {"stage": "propose"}, {"outcome": "open"}, {"category": row["category"]}, {"owner_id": one.json["owner_id"]}):
            self.assertIn(row, whole_list(manager(), path, **query))
        for query in ({"stage": "won"}, {"outcome": "lost"}, {"category": "omitted"}, {"owner_id": UNKNOWN}, {"team_id": UNKNOWN}):
            self.assertNotIn(row, whole_list(manager(), path, **query))

    def test_own_depth_sees_of_a_snapshot_what_was_its_own(self):
        self.opportunity()
        mine = self.opportunity(rep())
        snapshot = self.take()
        path = f"{snapshot.headers['Location']}/opportunities"
        seen = whole_list(rep(), path)
        self.assertEqual({row["owner_id"] for row in seen}, {id_of(REP)})
        self.assertIn(mine.json["id"], {row["opportunity_id"] for row in seen})
        self.assertEqual(len(seen), int(sql(f"""select count(*) from crm.forecast_snapshot_row
                                                  where snapshot_id = '{snapshot.json['id']}' and owner_id = '{id_of(REP)}'""")))
        manager().patch(mine.headers["Location"], {"amount": "5.00"})
        manager().patch(self.opportunity().headers["Location"], {"amount": "5.00"})
        self.assertEqual([row["opportunity_id"] for row in whole_list(rep(), "/v1/forecast-changes")], [mine.json["id"]])

    def test_who_may_not_take_one_is_told_so(self):
        for client in (reader(), rep()):
            answer = client.post(self.path, {"label": self.label})
            self.refused(answer, *HAS_NO_RIGHT)
            self.assertTrue(answer.json["hint"], answer)
        self.assertEqual(self.rows(), [])

    def test_another_companys_is_not_there(self):
        made = self.take()
        for below in ("", "/opportunities"):
            foreign, unknown = (stranger().get(f"{self.path}/{one}{below}") for one in (made.json["id"], UNKNOWN))
            self.same_refusal(foreign, made.json["id"], unknown, UNKNOWN, 404)
        self.assertEqual(self.rows(stranger()), [])
        answers = [manager().post(self.path, {"tenant": code}) for code in ("hk", "xx")]
        self.same_refusal(answers[0], '\\"hk\\"', answers[1], '\\"xx\\"', 403)

    def test_bad_values_are_refused(self):
        for label in ("", " ", "x" * 501):
            answer = manager().post(self.path, {"label": label})
            self.refused(answer, 422, "22023")
            self.assertTrue(answer.json["hint"], answer)
        for body, field in (({"label": 5}, "label"), ({"tenant": ["tests"]}, "tenant"), ({"taken_on": "2020-01-01"}, "taken_on")):
            self.assertEqual(manager().post(self.path, body).json["field"], field)
        for body, status in ((b"{", 400), (b"[]", 422), (b"null", 422)):
            self.assertEqual(manager().request("POST", self.path, body).status, status)
        self.refused(manager().get(f"{self.path}/nothing"), 422, "22023")

    def test_one_is_of_one_company(self):
        self.refused(admin().post(self.path, {"label": self.label}), 409, "55000")
        self.assertEqual(self.rows(admin()), [])
        named = admin().post(self.path, {"label": self.label, "tenant": COMPANY})
        selected = admin().selecting(COMPANY).post(self.path, {"label": self.label})
        self.assertEqual([(one.status, one.json["tenant"]) for one in (named, selected)], [(201, COMPANY)] * 2)
        unnamed = manager().post(self.path, {})
        self.assertEqual((unnamed.status, unnamed.json["label"]), (201, None), unnamed)


if __name__ == "__main__":
    unittest.main()
