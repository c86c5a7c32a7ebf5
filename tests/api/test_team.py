"""Teams, who is in them, and giving rows to others over HTTP."""

import unittest

from client import UNKNOWN, as_
from people import COMPANY, Asserts, admin, employee, manager, own, reader, stranger, whole_list

MEMBER = "member@tests.example"


class Teams(Asserts, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        employee(MEMBER, COMPANY)

    def create(self, client=None, **members):
        made = (client or manager()).post("/v1/teams", {"name": own("Team"), "tenant": COMPANY} | members)
        self.assertEqual(made.status, 201, made)
        self.addCleanup(admin().delete, made.headers["Location"])
        return made.headers["Location"]

    def test_a_team_is_created_once_read_and_dropped(self):
        name = own("Team")
        body = {"name": name, "tenant": COMPANY}
        made = self.is_done_once(manager(), "/v1/teams", body, lambda: len(whole_list(manager(), "/v1/teams")))
        path = made.headers["Location"]
        self.assertEqual({one: made.json[one] for one in body}, body)
        self.assertEqual(manager().get(path).json, made.json)
        self.refused(manager().post("/v1/teams", body), 409, "42710")
        self.assertEqual(self.heeds_if_match(manager(), "DELETE", f"{path}?reason=over", None, path).status, 204)
        self.assertEqual(manager().get(path).status, 404)
        told = whole_list(manager(), "/v1/access-history", subject=name)
        self.assertEqual([(one["event"], one["reason"]) for one in told], [("drop_team", "over"), ("create_team", None)])

    def test_who_joins_is_a_member_until_they_leave(self):
        path = self.create()
        body = {"principal": MEMBER, "reason": "a test"}
        joined = self.is_done_once(manager(), f"{path}/members", body, lambda: len(whole_list(manager(), f"{path}/members")))
        self.assertEqual((joined.status, joined.json["principal"]), (201, MEMBER))
        member = joined.headers["Location"]
        self.assertEqual(manager().get(member).json, joined.json)
        self.refused(manager().post(f"{path}/members", body), 409, "42710")
        self.assertEqual(manager().post(f"{path}/members", {"principal": "reader@tests.example"}).status, 201)
        for sort in ("principal", "-principal", "joined_at", "-joined_at"):
            self.pages_in_order(manager(), f"{path}/members", lambda one, by=sort.strip("-"): one[by], limit=1, sort=sort)
        self.assertEqual(len(whole_list(manager(), f"{path}/members", principal=MEMBER)), 1)
        self.assertEqual(self.heeds_if_match(manager(), "DELETE", member, None, member).status, 204)
        self.assertEqual(manager().get(member).status, 404)
        self.refused(manager().delete(member), 404, "42704")

    def test_a_team_of_a_name_that_another_has_is_known_by_its_id(self):
        name = own("Team")
        inside, across = self.create(name=name), self.create(admin(), name=name, tenant=None)
        self.assertIsNone(admin().get(across).json["tenant"])
        self.assertEqual(admin().post(f"{across}/members", {"principal": MEMBER}).status, 201)
        self.assertEqual(whole_list(admin(), f"{inside}/members"), [])
        self.assertEqual(admin().delete(across).status, 204)
        self.assertEqual(admin().get(inside).status, 200)

    def test_another_companys_team_and_none_are_the_same(self):
        team = self.create().rsplit("/", 1)[1]
        for send in (
            lambda team: stranger().get(f"/v1/teams/{team}"),
            lambda team: stranger().delete(f"/v1/teams/{team}"),
            lambda team: stranger().get(f"/v1/teams/{team}/members"),
            lambda team: stranger().post(f"/v1/teams/{team}/members", {"principal": "manager@hk-tests.example"}),
            lambda team: stranger().delete(f"/v1/teams/{team}/members/{MEMBER}"),
        ):
            self.same_refusal(send(team), team, send(UNKNOWN), UNKNOWN, 404)
        self.assertEqual(manager().get(f"/v1/teams/{team}").status, 200)

    def test_who_may_only_read_changes_no_team(self):
        path = self.create()
        for answer in (
            reader().post("/v1/teams", {"name": own("Team"), "tenant": COMPANY}),
            reader().delete(path),
            reader().post(f"{path}/members", {"principal": MEMBER}),
            reader().delete(f"{path}/members/{MEMBER}"),
            manager().post("/v1/teams", {"name": own("Team")}),
            manager().post(f"{path}/members", {"principal": "manager@tests.example"}),
        ):
            self.refused(answer, 403, "42501")
        self.assertEqual(whole_list(manager(), f"{path}/members"), [])

    def test_bad_values_are_refused(self):
        path = self.create()
        for body in ({"name": "a/b", "tenant": COMPANY}, {"name": "", "tenant": COMPANY}, {"tenant": COMPANY}, {"name": 1}):
            self.assertEqual(admin().post("/v1/teams", body).status, 422, body)
        self.assertEqual(manager().post("/v1/teams", {"name": "x", "tenant": "hk"}).status, 403)
        self.assertEqual(manager().post(f"{path}/members", {}).json["field"], "principal")
        self.refused(manager().post(f"{path}/members", {"principal": "nobody@tests.example"}), 404, "42704")
        self.assertEqual(manager().get("/v1/teams/x").status, 422)

    def test_lists_are_filtered_sorted_and_paged(self):
        name, path = own("Team"), self.create()
        self.create(name=name)
        for sort in ("name", "-name"):
            self.pages_in_order(admin(), "/v1/teams", lambda one: one["name"], sort=sort)
        self.assertEqual({one["tenant"] for one in whole_list(admin(), "/v1/teams", tenant=COMPANY)}, {COMPANY})
        self.assertEqual(len(whole_list(admin(), "/v1/teams", name=name)), 1)
        self.assertEqual({one["tenant"] for one in whole_list(admin(), "/v1/teams", across="true")} - {None}, set())
        self.assertIn(path.rsplit("/", 1)[1], {one["id"] for one in whole_list(admin(), "/v1/teams", across="false")})


class Assigning(Asserts, unittest.TestCase):
    def setUp(self):
        self.sales = as_("sales@de.example")
        made = self.sales.post("/v1/customers", {"name": own("Assigned"), "country": "DE"})
        self.path = made.headers["Location"]
        self.addCleanup(self.sales.post, f"{self.path}/assign", {"owner": "sales@de.example"})

    def owner(self):
        return self.sales.get(self.path).json["owner_id"]

    def test_a_customer_is_given_to_another(self):
        rep = admin().get("/v1/employees/rep@de.example").json["id"]
        self.assertNotEqual(self.owner(), rep)
        self.assertEqual(as_("rep@de.example").get(self.path).status, 404)
        given = self.heeds_if_match(self.sales, "POST", f"{self.path}/assign", {"owner": "rep@de.example"}, self.path)
        self.assertEqual(given.status, 204)
        self.assertEqual(self.owner(), rep)
        self.assertEqual(as_("rep@de.example").get(self.path).status, 200)

    def test_what_cannot_be_given_stays(self):
        before = self.owner()
        for body, status in (({}, 422), ({"owner": "nobody@de.example"}, 404), ({"owner": "sales@hk.example"}, 404),
                             ({"team": "No Team"}, 404), ({"owner": 1}, 422), ({"to": "x"}, 422)):
            self.assertEqual(self.sales.post(f"{self.path}/assign", body).status, status, body)
        self.refused(as_("controller@group.example").post(f"{self.path}/assign", {"owner": "rep@de.example"}), 403, "42501")
        customer = self.path.rsplit("/", 1)[1]
        for send in (lambda key: stranger().post(f"/v1/customers/{key}/assign", {"owner": "manager@hk-tests.example"}),
                     lambda key: as_("rep@de.example").post(f"/v1/customers/{key}/assign", {"owner": "rep@de.example"})):
            self.same_refusal(send(customer), customer, send(UNKNOWN), UNKNOWN, 404)
        self.assertEqual(self.owner(), before)


if __name__ == "__main__":
    unittest.main()
