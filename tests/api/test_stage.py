"""The stages of opportunities over HTTP: the group's, and a company's own."""

import unittest

from client import sql
from contract import HAS_NO_RIGHT
from people import Asserts, admin, manager, reader, stranger, whole_list

PATH = "/v1/stages"
SAID = ("code", "names", "position", "probability", "forecast_category", "outcome", "active")
GROUPS = {"qualify", "develop", "propose", "negotiate", "won", "lost"}


def stages():
    return whole_list(manager(), PATH, sort="position")


def said(rows):
    """What a client says about stages that are there."""
    return [{name: row[name] for name in SAID} for row in rows]


def put(items, client=None, **headers):
    return (client or manager()).request("PUT", PATH, {"items": items}, headers)


class Stages(Asserts, unittest.TestCase):
    def setUp(self):
        self.groups = stages()
        self.addCleanup(put, [])

    def new(self, **members):
        return {"code": "verify", "names": {"de": "Prüfen", "en": "Verify"}, "position": 7, "probability": "50",
                "forecast_category": "pipeline"} | members

    def test_who_has_none_of_their_own_has_the_groups(self):
        self.assertEqual({stage["code"] for stage in self.groups}, GROUPS)
        self.assertEqual({stage["inherited"] for stage in self.groups}, {True})
        one = manager().get(f"{PATH}/tests.qualify")
        self.assertEqual((one.status, one.json), (200, self.groups[0]), one)
        self.refused(manager().get(f"{PATH}/tests.none"), 404, "P0002")
        self.refused(stranger().get(f"{PATH}/tests.qualify"), 404, "P0002")
        for answer in (manager().patch(f"{PATH}/tests.qualify", {"position": 9}), manager().delete(f"{PATH}/tests.qualify")):
            self.refused(answer, 409, "23001")
            self.assertIn("PUT", answer.json["hint"])
        self.assertEqual(stages(), self.groups)

    def test_own_ones_take_the_place_of_the_groups_and_go_again(self):
        theirs = whole_list(stranger(), PATH)
        self.assertEqual(put(said(self.groups)).status, 200)
        own = stages()
        self.assertEqual({stage["inherited"] for stage in own}, {False})
        self.assertEqual(said(own), said(self.groups))
        self.assertEqual(whole_list(stranger(), PATH), theirs)
        self.assertEqual(put([]).status, 200)
        self.assertEqual(stages(), self.groups)

    def test_one_of_their_own_is_made_changed_and_deleted(self):
        put(said(self.groups))
        made = self.is_done_once(manager(), PATH, self.new(), lambda: len(stages()))
        path = made.headers["Location"]
        self.assertEqual((made.json["id"], made.json["name"], made.json["outcome"]), ("tests.verify", "Prüfen", "open"))
        self.assertEqual(manager().get(path).json, made.json)
        self.refused(manager().post(PATH, self.new()), 409, "23505")
        changed = self.heeds_if_match(manager(), "PATCH", path, {"position": 8, "probability": "40.5", "active": False}, path)
        self.assertEqual((changed.json["position"], changed.json["probability"], changed.json["active"]), (8, "40.5", False))
        self.assertEqual([stage["code"] for stage in whole_list(manager(), PATH, active="false")], ["verify"])
        self.assertEqual(self.heeds_if_match(manager(), "DELETE", path, None, path).status, 204)
        self.refused(manager().delete(path), 404, "P0002")
        self.assertEqual(said(stages()), said(self.groups))

    def test_all_at_once_heeds_the_tag_of_the_list(self):
        before = manager().get(PATH)
        self.refused(put(said(self.groups), **{"If-Match": '"stale"'}), 412, "55000")
        self.assertEqual(stages(), self.groups)
        after = put(said(self.groups), **{"If-Match": before.headers["ETag"]})
        self.assertEqual(after.status, 200, after)
        self.assertEqual(after.headers["ETag"], manager().get(PATH).headers["ETag"])

    def test_no_opportunity_is_left_without_a_stage(self):
        customer = manager().post("/v1/customers", {"name": "Stages", "country": "DE"})
        one = manager().post("/v1/opportunities", {"customer_id": customer.json["id"], "name": "x", "stage": "develop"})
        try:
            refusals = [manager().post(PATH, self.new()), put([self.new()])]
            self.assertEqual(put(said(self.groups)).status, 200)
            refusals.append(manager().delete(f"{PATH}/tests.develop"))
            refusals.append(manager().patch(f"{PATH}/tests.develop", {"active": False}))
            for answer in refusals:
                self.refused(answer, 409, "23001")
                self.assertIn("develop", answer.json["detail"])
            self.assertEqual(said(stages()), said(self.groups))
        finally:
            manager().delete(one.headers["Location"])
            manager().delete(customer.headers["Location"])

    def test_bad_values_are_refused_and_change_nothing(self):
        self.assertEqual(put(said(self.groups)).status, 200)
        for member, field in (({"code": "Verify it"}, "code"), ({"names": {"de": "Prüfen"}}, "names"), ({"names": "x"}, "names"),
                              ({"position": 0}, "position"), ({"probability": "101"}, "probability"), ({"outcome": "x"}, "outcome"),
                              ({"forecast_category": "x"}, "forecast_category"), ({"tenant": "hk"}, "tenant")):
            answer = manager().post(PATH, self.new(**member))
            self.assertEqual((answer.status, answer.json.get("field")), (422, field), answer)
            self.assertTrue(answer.json["hint"], answer)
        self.refused(manager().post(PATH, self.new(forecast_category="closed")), 422, "23514")
        for name in ("code", "names", "position", "probability", "forecast_category"):
            body = self.new()
            del body[name]
            self.assertEqual(manager().post(PATH, body).json["field"], name)
        won = said(self.groups)
        won[0] |= {"outcome": "won", "probability": "100", "forecast_category": "closed"}
        for items in (won, said(self.groups)[:1] * 2):
            answer = put(items)
            self.assertEqual((answer.status, answer.json["field"]), (422, "items"), answer)
        self.assertEqual(manager().patch(f"{PATH}/tests.develop", {"code": "x"}).status, 422)
        self.assertEqual(said(stages()), said(self.groups))

    def test_who_may_only_read_is_told_so(self):
        put(said(self.groups))
        before = stages()
        path = f"{PATH}/tests.develop"
        for answer in (reader().post(PATH, self.new()), put([], reader()), reader().patch(path, {"position": 9}), reader().delete(path)):
            self.refused(answer, *HAS_NO_RIGHT)
            self.assertTrue(answer.json["hint"])
        self.assertEqual(stranger().patch(path, {"position": 9}).status, 404)
        self.assertEqual(stages(), before)

    def test_all_at_once_is_in_one_company(self):
        before = sql("select count(*) from crm.stage")
        self.refused(put([], admin()), 409, "55000")
        self.assertEqual(sql("select count(*) from crm.stage"), before)


if __name__ == "__main__":
    unittest.main()
