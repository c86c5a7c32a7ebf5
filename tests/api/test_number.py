"""Number series and the register over HTTP."""

import unittest
import uuid

from client import as_
from people import COMPANY, Asserts, admin, company, own, reader, stranger, whole_list


def here():
    """The administrator, in the company of the tests."""
    company()
    return admin().selecting(COMPANY)


class Series(Asserts, unittest.TestCase):
    def define(self, **members):
        kind = own("kind")
        made = here().post("/v1/series", {"kind": kind, "pattern": f"{kind[-4:].upper()}-{{n:4}}"} | members)
        self.assertEqual(made.status, 201, made)
        return f"/v1/series/{kind}"

    def test_a_series_is_defined_once_and_read(self):
        kind = own("kind")
        body = {"kind": kind, "pattern": "X{yyyy}-{n:3}", "reset": "year", "start": 7, "branch": "SUED"}
        made = self.is_done_once(here(), "/v1/series", body, lambda: len(whole_list(here(), "/v1/series")))
        self.assertEqual((made.status, made.headers["Location"]), (201, f"/v1/series/{kind}?branch=SUED"))
        self.assertEqual({one: made.json[one] for one in body}, body)
        self.assertEqual((made.json["tenant"], made.json["policy"]), (COMPANY, "gapless"))
        self.assertEqual(here().get(made.headers["Location"]).json, made.json)
        self.assertEqual(here().get(f"/v1/series/{kind}").status, 404)
        self.refused(here().post("/v1/series", body), 409, "42710")
        self.assertEqual(here().get(f"/v1/series/{kind}/next", branch="SUED", on_date="2031-05-01").json, {"number": "X2031-007"})

    def test_a_series_changes_from_a_date_on_and_closes(self):
        path = self.define()
        change = {"from_date": "2097-01-01", "pattern": "NEW-{n}", "start": 5, "reason": "a test"}
        altered = self.heeds_if_match(here(), "POST", f"{path}/alter", change, path)
        self.assertEqual(altered.json["next_change"], "2097-01-01")
        self.assertEqual(here().get(f"{path}/next", on_date="2097-01-02").json, {"number": "NEW-5"})
        closed = self.heeds_if_match(here(), "POST", f"{path}/close", {"from_date": "2098-01-01"}, path)
        self.assertEqual(closed.status, 200)
        self.refused(here().get(f"{path}/next", on_date="2098-01-02"), 404, "42704")
        kind = path.rsplit("/", 1)[1]
        versions = whole_list(here(), "/v1/series-versions", kind=kind)
        self.assertEqual([(one["valid_from"], one["pattern"]) for one in versions],
                         [(None, versions[0]["pattern"]), ("2097-01-01", "NEW-{n}"), ("2098-01-01", None)])

    def test_who_may_not_changes_no_series(self):
        path = self.define()
        before = here().get(path).text
        for answer in (
            reader().post("/v1/series", {"kind": own("kind"), "pattern": "{n}"}),
            reader().post(f"{path}/alter", {"from_date": "2097-01-01"}),
            reader().post(f"{path}/close", {"from_date": "2097-01-01"}),
            reader().post(f"{path}/reserve", {"count": 1, "holder": "x", "valid_until": "2099-01-01T00:00:00Z"}),
        ):
            self.refused(answer, 403, "42501")
        self.assertEqual(here().get(path).text, before)
        kind = path.rsplit("/", 1)[1]
        for send in (
            lambda kind: stranger().get(f"/v1/series/{kind}"),
            lambda kind: stranger().post(f"/v1/series/{kind}/alter", {"from_date": "2097-01-01"}),
            lambda kind: stranger().post(f"/v1/series/{kind}/close", {"from_date": "2097-01-01"}),
        ):
            self.same_refusal(send(kind), kind, send("nothing"), "nothing", 404)

    def test_bad_values_are_refused(self):
        path = self.define()
        for body in ({"pattern": "{n}"}, {"kind": "Bad Kind", "pattern": "{n}"}, {"kind": own("kind"), "pattern": "no number"},
                     {"kind": own("kind"), "pattern": "{n}", "reset": "year"}, {"kind": own("kind"), "pattern": "{n}", "policy": "lax"},
                     {"kind": own("kind"), "pattern": "{n}", "start": 0}, {"kind": own("kind"), "pattern": "{n}", "start": "x"}):
            self.assertEqual(here().post("/v1/series", body).status, 422, body)
        for body in ({}, {"from_date": "2097-02-30"}, {"from_date": "2097-01-01", "pattern": "x"}):
            self.assertEqual(here().post(f"{path}/alter", body).status, 422, body)
        self.assertEqual(here().post(f"{path}/close", {}).json["field"], "from_date")
        self.refused(admin().get(path), 409, "55000")

    def test_lists_are_filtered_sorted_and_paged(self):
        self.pages_in_order(admin(), "/v1/series", lambda one: (one["tenant"], one["kind"], one["branch"] or ""), limit=5)
        self.pages_in_order(admin(), "/v1/series", lambda one: one["kind"], sort="-kind", limit=5)
        self.assertEqual({one["tenant"] for one in whole_list(admin(), "/v1/series", kind="invoice", tenant="de")}, {"de"})
        self.assertEqual({one["policy"] for one in whole_list(admin(), "/v1/series", policy="gapless")}, {"gapless"})
        versions = whole_list(admin(), "/v1/series-versions")
        self.assertEqual(whole_list(admin(), "/v1/series-versions", limit=4), versions)
        self.assertEqual({one["tenant"] for one in whole_list(as_("sales@de.example"), "/v1/series")}, {"de"})


class Numbers(Asserts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kind = own("kind")
        made = here().post("/v1/series", {"kind": cls.kind, "pattern": f"{cls.kind[-4:]}/{{n:4}}"})
        assert made.status == 201, made
        cls.series = f"/v1/series/{cls.kind}"

    def listed(self, **query):
        return whole_list(here(), "/v1/numbers", kind=self.kind, **query)

    def reserve(self, count=1):
        body = {"count": count, "holder": "a fair", "valid_until": "2099-01-01T00:00:00Z"}
        reserved = self.is_done_once(here(), f"{self.series}/reserve", body, lambda: len(self.listed()))
        self.assertEqual((reserved.status, len(reserved.json["numbers"])), (200, count))
        return reserved.json

    def address(self, number):
        return f"/v1/numbers/{self.kind}/{number.replace('/', '%2F')}"

    def test_a_number_is_imported_once_and_found_at_its_address(self):
        last = max((one["n"] for one in self.listed()), default=0)
        number = f"{self.kind[-4:]}/{last + 10:04}"
        body = {"kind": self.kind, "number": number, "reason": "the old system"}
        made = self.is_done_once(here(), "/v1/numbers", body, lambda: len(self.listed()))
        self.assertEqual((made.status, made.headers["Location"]), (201, self.address(number)))
        self.assertEqual((made.json["number"], made.json["state"], made.json["tenant"]), (number, "open", COMPANY))
        self.assertEqual(here().get(self.address(number)).json, made.json)
        self.refused(here().post("/v1/numbers", body), 422, "22023")
        self.refused(here().post("/v1/numbers", body | {"number": f"{self.kind[-4:]}/0001"}), 422, "22023")
        foreign = body | {"number": f"ALT {last} a"}
        self.assertEqual(here().post("/v1/numbers", foreign).headers["Location"], f"/v1/numbers/{self.kind}/ALT%20{last}%20a")
        self.assertEqual(here().get(f"/v1/numbers/{self.kind}/ALT%20{last}%20a").json["period"], -1)
        self.refused(here().post("/v1/numbers", foreign), 409, "42710")
        gaps = whole_list(here(), "/v1/number-gaps", kind=self.kind)
        self.assertIn("the old system", "".join(gap["reason"] for gap in gaps))
        self.pages_in_order(here(), "/v1/number-gaps", lambda gap: (gap["period"], gap["first"]), limit=1, kind=self.kind)

    def test_a_reserved_number_is_used_or_void(self):
        first, second = self.reserve(2)["numbers"]
        document = str(uuid.uuid4())
        used = self.heeds_if_match(here(), "POST", f"{self.address(first)}/use", {"document": document}, self.address(first))
        self.assertEqual((used.json["state"], used.json["document"]), ("used", document))
        self.refused(here().post(f"{self.address(first)}/void", {"reason": "x"}), 409, "23001")
        self.refused(here().post(f"{self.address(second)}/void", {"reason": " "}), 422, "22023")
        void = self.heeds_if_match(here(), "POST", f"{self.address(second)}/void", {"reason": "torn"}, self.address(second))
        self.assertEqual((void.json["state"], void.json["reason"]), ("void", "torn"))
        self.refused(here().post(f"{self.address(second)}/use", {"document": document}), 409, "23001")
        self.assertEqual([one["number"] for one in self.listed(state="void", number=second)], [second])
        self.assertEqual([one["number"] for one in self.listed(document=document)], [first])

    def test_a_released_reservation_is_void_but_for_what_was_used(self):
        reserved = self.reserve(3)
        self.assertEqual(here().post(f"{self.address(reserved['numbers'][1])}/use", {"document": str(uuid.uuid4())}).status, 200)
        body = {"reservation": reserved["reservation"], "reason": "over"}
        released = self.is_done_once(here(), "/v1/numbers/release", body, lambda: len(self.listed(state="void")))
        self.assertEqual([one["number"] for one in released.json["items"]], [reserved["numbers"][0], reserved["numbers"][2]])
        self.assertEqual({(one["state"], one["reason"]) for one in released.json["items"]}, {("void", "over")})
        self.assertEqual(here().post("/v1/numbers/release", {}).json, {"items": []})
        self.refused(here().post("/v1/numbers/release", {"reservation": str(uuid.uuid4())}), 404, "P0002")

    def test_chains_are_verified(self):
        self.reserve()
        chains = whole_list(here(), "/v1/number-chains")
        of_numbers = [one for one in chains if one["kind"] == self.kind]  # one for each period
        of_events = [one for one in chains if one["kind"] == f"{self.kind} (events)"]
        self.assertTrue(of_numbers and of_events)
        self.assertTrue(all(one["intact"] for one in of_numbers + of_events), chains)
        self.assertEqual(sum(one["rows"] for one in of_numbers), len(self.listed()))
        newest = max(self.listed(), key=lambda one: one["issued_at"])
        self.assertIn(newest["chain"], [one["head"] for one in of_numbers])
        self.assertEqual(whole_list(here(), "/v1/number-chains", intact="false"), [])
        self.pages_in_order(admin(), "/v1/number-chains", lambda one: (one["tenant"], one["kind"]), limit=4)

    def test_who_may_not_changes_no_number(self):
        number = self.reserve()["numbers"][0]
        address = self.address(number)
        before = here().get(address).text
        for answer in (
            reader().post(f"{address}/void", {"reason": "x"}),
            reader().post(f"{address}/use", {"document": str(uuid.uuid4())}),
            reader().post("/v1/numbers", {"kind": self.kind, "number": "MINE-1"}),
        ):
            self.refused(answer, 403, "42501")
        for send in (
            lambda number: stranger().get(self.address(number)),
            lambda number: stranger().post(f"{self.address(number)}/void", {"reason": "x"}),
            lambda number: stranger().post(f"{self.address(number)}/use", {"document": str(uuid.uuid4())}),
        ):
            self.same_refusal(send(number), number, send("NONE"), "NONE", 404)
        self.assertEqual(here().get(address).text, before)
        self.assertNotIn(self.kind, {one["kind"] for one in whole_list(stranger(), "/v1/numbers")})

    def test_lists_are_filtered_sorted_and_paged(self):
        self.reserve(3)
        listed = self.pages_in_order(here(), "/v1/numbers", lambda one: one["number"], kind=self.kind)
        for sort in ("number", "-number", "issued_at", "-issued_at"):
            self.pages_in_order(here(), "/v1/numbers", lambda one, by=sort.strip("-"): one[by], sort=sort, kind=self.kind)
        self.assertEqual(self.listed(tenant=COMPANY), listed)
        self.assertEqual(self.listed(tenant="hk"), [])
        day = listed[0]["document_date"]
        self.assertEqual(self.listed(**{"from": day, "to": day}), [one for one in listed if one["document_date"] == day])
        self.assertEqual(self.listed(period=1), [])
        self.assertEqual({one["kind"] for one in whole_list(admin(), "/v1/numbers", kind="invoice", issued_by="mandant_admin")}, {"invoice"})
        self.assertLessEqual({one["issued_by"] for one in whole_list(as_("rep@de.example"), "/v1/numbers")}, {"rep@de.example"})
        for client in (as_("rep@de.example"), stranger().selecting("de")):
            self.refused(client.get("/v1/number-gaps"), 403, "42501")


if __name__ == "__main__":
    unittest.main()
