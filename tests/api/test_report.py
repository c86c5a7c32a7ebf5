"""Reports over HTTP and by `mandant report`: what they show is what the database shows the same login or person. RP-01"""

import csv
import io
import json
import os
import subprocess
import unittest
import uuid

from client import Client, as_, sql
from people import employee, whole_list
from test_lint import url
from test_service import MANDANT

DE, CONTROLLER, REP = "sales@de.example", "controller@group.example", "rep@de.example"


def views():
    return sql("select relname from pg_class where relnamespace = 'report'::regnamespace and relkind = 'v' order by 1").split()


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def columns(view):
    """Name, type and comment of each."""
    return json.loads(sql(f"""select json_agg(json_build_array(a.attname, format_type(a.atttypid, null),
                                  col_description(a.attrelid, a.attnum)) order by a.attnum)
                                from pg_attribute a where a.attrelid = 'report.{quoted(view)}'::regclass and a.attnum > 0"""))


def as_login(login, statement, **more):
    told = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement], capture_output=True, text=True,
                          env={**os.environ, "PGUSER": login, **more}, check=True)
    return told.stdout


def raw(client, path, **headers):
    """Status, headers and text: not everything is JSON."""
    connection = client.send("GET", path, headers=headers)
    try:
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


def report(*arguments, said=None, user="report_de", **more):
    """Runs `mandant report` as a login of the database."""
    return subprocess.run([MANDANT, "report", *arguments], env={**os.environ, "DATABASE_URL": url(user, os.environ["PGDATABASE"]), **more},
                          input=said, capture_output=True, text=True, timeout=60, check=False)


class Http(unittest.TestCase):
    def test_all_reports_are_listed_as_their_comments_say(self):
        found = whole_list(as_(DE), "/v1/reports")
        self.assertEqual([one["name"] for one in found], views())
        for one in found:
            comment = sql(f"select obj_description('report.{quoted(one['name'])}'::regclass)")
            self.assertEqual(one["description"], comment)
            self.assertTrue(comment.startswith(one["title"]) and one["title"].endswith("."), one["title"])
            self.assertNotIn("\n", one["title"])
            self.assertEqual([[c["name"], c["type"], c["description"]] for c in one["columns"]], columns(one["name"]))

    def test_each_report_shows_each_person_what_the_database_does(self):
        for email in (DE, REP, CONTROLLER):
            for view in views():
                with self.subTest(email=email, report=view):
                    answer = as_(email).get(f"/v1/reports/{view}", limit=10000)
                    script = f"""begin; select from mandant.enter('{as_(email).token}');
                                 select count(*) from report.{quoted(view)};"""
                    counted = subprocess.run(["psql", "-XqAt", "-v", "VERBOSITY=sqlstate"], input=script, text=True, capture_output=True,
                                             env={**os.environ, "PGUSER": "mandant_service"}, check=False)
                    if answer.status != 200:
                        self.assertIn(answer.json["code"], counted.stderr, answer)
                        continue
                    self.assertEqual(len(answer.json["items"]), min(int(counted.stdout.split()[-1]), 10000))
                    self.assertEqual(answer.json["name"], view)
                    names = [name for name, _, _ in columns(view)]
                    for item in answer.json["items"][:5]:
                        self.assertEqual(list(item), names)

    def test_a_value_is_what_its_type_says(self):
        view = f"test_{uuid.uuid4().hex}"
        sql(f"""create view report.{view} with (security_invoker = true) as
                  select 12345678901234567890.1234567890::numeric as amount, 9007199254740993 as many, 7 as few, null::text as nothing,
                         '' as "emp""ty", true as yes, date '2026-09-30' as day, timestamptz '2026-09-30 10:15+02' as at, 'a, "b"' as said;
                comment on view report.{view} is 'For e.g. tests. More follows.';
                grant select on report.{view} to mandant_user""")
        self.addCleanup(sql, f"drop view report.{view}")
        answer = as_(DE).get(f"/v1/reports/{view}")
        self.assertEqual(answer.json["items"], [{
            "amount": "12345678901234567890.1234567890", "many": 9007199254740993, "few": 7, "nothing": None, 'emp"ty': "", "yes": True,
            "day": "2026-09-30", "at": "2026-09-30T08:15:00.000000Z", "said": 'a, "b"'}])
        lines = ('amount,many,few,nothing,"emp""ty",yes,day,at,said\r\n'
                 '12345678901234567890.1234567890,9007199254740993,7,,"",true,2026-09-30,2026-09-30T08:15:00.000000Z,"a, ""b"""\r\n')
        self.assertEqual(raw(as_(DE), f"/v1/reports/{view}?format=csv")[2], lines)
        self.assertEqual(report(view, "--csv").stdout, lines.replace("\r\n", "\n"))

    def test_a_report_that_one_may_not_read_is_not_there(self):
        view = f"test_{uuid.uuid4().hex}"
        sql(f"create view report.{view} with (security_invoker = true) as select 1 as one; revoke all on report.{view} from mandant_user")
        self.addCleanup(sql, f"drop view report.{view}")
        self.assertNotIn(view, [one["name"] for one in whole_list(as_(DE), "/v1/reports")])
        for name in (view, "nothing", "revenue_by_month%22", "revenue_by_month%22%20r%3B%20drop%20view%20report.revenue_by_month%3B--",
                     "crm.customer", "pg_class"):
            answer = as_(DE).get(f"/v1/reports/{name}")
            self.assertEqual((answer.status, answer.json["code"]), (404, "P0002"), answer)

    def test_csv_is_what_the_database_writes(self):
        path = "/v1/reports/revenue_by_month"
        script = f"""begin; select from mandant.enter('{as_(CONTROLLER).token}');
                     copy (select * from report.revenue_by_month order by 1, 2, 3, 4, 5) to stdout (format csv, header);"""
        written = subprocess.run(["psql", "-XqAt"], input=script, env={**os.environ, "PGUSER": "mandant_service"}, text=True,
                                 capture_output=True, check=True).stdout.lstrip("\n")
        for how, headers in ((path + "?format=csv", {}), (path, {"Accept": "text/csv"}), (path, {"Accept": "text/csv, */*;q=0.1"})):
            status, told, text = raw(as_(CONTROLLER), how, **headers)
            self.assertEqual((status, text), (200, written.replace("\n", "\r\n")), how)
            self.assertEqual(told["Content-Type"], "text/csv; charset=utf-8; header=present")
            self.assertEqual(told["Content-Disposition"], 'attachment; filename="revenue_by_month.csv"')
            self.assertEqual(told["Vary"].lower(), "accept")
            self.assertEqual(raw(as_(CONTROLLER), how, **headers, **{"If-None-Match": told["ETag"]})[0], 304)
        self.assertGreater(len(list(csv.DictReader(io.StringIO(written)))), 5)
        status, told, _ = raw(as_(CONTROLLER), path + "?format=json", Accept="text/csv")
        self.assertEqual((status, told["Content-Type"]), (200, "application/json"))

    def test_as_many_rows_as_are_asked_for(self):
        whole = as_(CONTROLLER).get("/v1/reports/revenue_by_month").json
        self.assertFalse(whole["more"])
        some = as_(CONTROLLER).get("/v1/reports/revenue_by_month", limit=2).json
        self.assertEqual((some["items"], some["more"]), (whole["items"][:2], True))
        self.assertEqual(len(raw(as_(CONTROLLER), "/v1/reports/revenue_by_month?format=csv&limit=2")[2].splitlines()), 3)
        for query in ("limit=0", "limit=10001", "limit=x", "format=xml", "month=2026-09-01"):
            answer = as_(CONTROLLER).request("GET", f"/v1/reports/revenue_by_month?{query}")
            self.assertEqual((answer.status, answer.json["code"]), (422, "22023"), answer)
            self.assertEqual(answer.json["field"], query.split("=")[0])

    def test_csv_is_whole_or_refused(self):
        view = f"test_{uuid.uuid4().hex}"
        sql(f"""create view report.{view} with (security_invoker = true) as select n from generate_series(1, 10001) n;
                grant select on report.{view} to mandant_user""")
        self.addCleanup(sql, f"drop view report.{view}")
        answer = as_(DE).get(f"/v1/reports/{view}", format="csv")
        self.assertEqual((answer.status, answer.json["field"]), (422, "limit"), answer)
        self.assertEqual(raw(as_(DE), f"/v1/reports/{view}?format=csv&limit=10000")[2].count("\r\n"), 10001)
        self.assertEqual(report(view, "--csv").stdout.count("\n"), 10002)

    def test_a_selection_narrows_a_report_and_never_widens_it(self):
        tenants = lambda client: {item["tenant"] for item in client.get("/v1/reports/revenue_by_month").json["items"]}  # noqa: E731
        self.assertEqual(tenants(as_(DE)), {"de"})
        self.assertLess({"de", "us"}, tenants(as_(CONTROLLER)))
        self.assertEqual(tenants(as_(CONTROLLER).selecting("us")), {"us"})
        answer = as_(DE).selecting("us").get("/v1/reports/revenue_by_month")
        self.assertEqual((answer.status, answer.json["code"]), (403, "42501"), answer)
        self.assertEqual(Client().get("/v1/reports").status, 401)

    def test_what_a_report_refuses_is_a_problem(self):
        view = f"test_{uuid.uuid4().hex}"
        sql(f"""create function report.{view}() returns int language plpgsql stable as $$
                begin raise exception using errcode = '22023', message = 'no rate for CHF', hint = 'load one'; end $$;
                create view report.{view} with (security_invoker = true) as select report.{view}() as one;
                grant select on report.{view} to mandant_user""")
        self.addCleanup(sql, f"drop view report.{view}; drop function report.{view}")
        for query in ("", "?format=csv"):
            answer = as_(DE).get(f"/v1/reports/{view}{query}")
            self.assertEqual((answer.status, answer.json["code"], answer.json["detail"], answer.json["hint"]),
                             (422, "22023", "no rate for CHF", "load one"))
        for how in ((), ("--csv",)):
            told = report(view, *how)
            self.assertEqual((told.returncode, told.stderr), (1, "mandant: no rate for CHF (SQLSTATE 22023); hint: load one\n"))


class CommandLine(unittest.TestCase):
    def test_a_report_is_printed_as_its_login_sees_it(self):
        for login in ("report_de", "report_group"):
            for view in views():
                with self.subTest(login=login, report=view):
                    names = [name for name, _, _ in columns(view)]
                    told = report(view, "--csv", user=login)
                    self.assertEqual((told.returncode, told.stderr), (0, ""))
                    rows = list(csv.reader(io.StringIO(told.stdout)))
                    self.assertEqual(rows[0], names)
                    self.assertEqual(len(rows) - 1, int(as_login(login, f"select count(*) from report.{quoted(view)}")))
                    shown = report(view, user=login)
                    self.assertEqual(shown.returncode, 0, shown.stderr)
                    self.assertEqual(shown.stdout.splitlines()[0].split(), names)
                    self.assertRegex(shown.stdout.splitlines()[-1], rf"^\({len(rows) - 1} rows?\)$")

    def test_csv_is_what_copy_writes(self):
        for login in ("report_de", "report_group"):
            written = as_login(login, "copy (select * from report.revenue_by_month order by 1, 2, 3, 4, 5) to stdout (format csv, header)")
            for name in ("revenue_by_month", "report.revenue_by_month"):
                self.assertEqual(report(name, "--csv", user=login).stdout, written)

    def test_a_table_is_aligned(self):
        view = f"test_{uuid.uuid4().hex}"
        sql(f"""create view report.{view} with (security_invoker = true) as
                  select * from (values ('Größe', 1.5), (E'a\\nb\\x1b[2J', 1000.25), ('陳嘉欣', null)) v (name, net);
                grant select on report.{view} to mandant_user""")
        self.addCleanup(sql, f"drop view report.{view}")
        self.assertEqual(report(view).stdout.splitlines(), [
            "name               net",
            "-------------  -------",
            "Größe              1.5",
            "a\\nb\\u{1b}[2J  1000.25",
            "陳嘉欣",
            "(3 rows)"])

    def test_one_without_a_name_says_which_there_are_and_so_does_an_unknown_one(self):
        listed = report()
        self.assertEqual((listed.returncode, listed.stderr), (0, ""))
        self.assertEqual([line.split()[0] for line in listed.stdout.splitlines()], views())
        self.assertIn("Net revenue by company, month and currency, from posted documents.", listed.stdout)
        for name in ("nothing", 'x"; drop view report.revenue_by_month; --', "crm.customer"):
            told = report(name)
            self.assertEqual((told.returncode, told.stdout), (1, ""))
            self.assertTrue(told.stderr.startswith(f'mandant: there is no report "{name}" (SQLSTATE P0002); hint: '), told.stderr)
            self.assertIn("Net revenue by company", told.stderr)

    def test_tenants_are_selected(self):
        tenants = lambda *arguments, **more: {row["tenant"] for row in csv.DictReader(io.StringIO(  # noqa: E731
            report("revenue_by_month", "--csv", *arguments, **more).stdout))}
        self.assertEqual(tenants("--tenant", "us", user="report_group"), {"us"})
        self.assertEqual(tenants("--tenant", "us,de", user="report_group"), {"us", "de"})
        self.assertLess({"us", "de"}, tenants("--tenant", "*", user="report_group"))
        self.assertEqual(tenants("--tenant", "*"), {"de"})
        for tenant in ("us", "nothing"):
            told = report("revenue_by_month", "--tenant", tenant)
            self.assertEqual(told.returncode, 1)
            self.assertEqual(told.stderr, f'mandant: tenant "{tenant}" is not available to you (SQLSTATE 42501); hint: available: de\n')
        self.assertIn("SQLSTATE 22023", report("revenue_by_month", "--tenant", "de; us").stderr)

    def test_an_employee_reads_with_the_own_rights_and_signs_out(self):
        email = f"{uuid.uuid4()}@de.example"
        employee(email, "de", "sales_rep")
        before = int(sql(f"""select count(*) from mandant_internal.token t join mandant_internal.principal p on p.id = t.principal_id
                             where p.name = '{email}'"""))
        told = report("revenue_by_month", "--csv", "--as", email, user="mandant_psql", said="demo\n")
        self.assertEqual((told.returncode, told.stdout, told.stderr), (0, ",".join(name for name, _, _ in columns("revenue_by_month")) + "\n", ""))
        self.assertEqual(int(sql(f"""select count(*) from mandant_internal.token t join mandant_internal.principal p on p.id = t.principal_id
                                     where p.name = '{email}'""")), before)
        told = report("revenue_by_month", "--as", email, user="mandant_psql", said="mistaken\n")
        self.assertEqual(told.returncode, 1)
        self.assertIn("(SQLSTATE 28P01)", told.stderr)
        self.assertNotIn("mistaken", told.stderr)

    def test_a_relay_without_an_employee_is_nobody(self):
        told = report("revenue_by_month", user="mandant_psql")
        self.assertEqual(told.returncode, 1)
        self.assertIn("(SQLSTATE 28000)", told.stderr)

    def test_the_database_is_the_one_that_the_environment_names(self):
        environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        told = subprocess.run([MANDANT, "report", "revenue_by_month", "--csv"], env={**environment, "PGUSER": "report_us"}, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual({row["tenant"] for row in csv.DictReader(io.StringIO(told.stdout))}, {"us"}, told.stderr)
        told = report(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
        self.assertEqual((told.returncode, told.stdout), (1, ""))
        self.assertTrue(told.stderr.startswith("mandant: cannot connect to the database: "), told.stderr)

    def test_who_does_not_read_on_has_seen_enough(self):
        view = f"test_{uuid.uuid4().hex}"
        sql(f"""create view report.{view} with (security_invoker = true) as select n from generate_series(1, 200000) n;
                grant select on report.{view} to mandant_user""")
        self.addCleanup(sql, f"drop view report.{view}")
        environment = {**os.environ, "DATABASE_URL": url("report_de", os.environ["PGDATABASE"])}
        told = subprocess.run(["bash", "-o", "pipefail", "-c", f"'{MANDANT}' report {view} --csv | head -2"], env=environment, text=True,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual((told.returncode, told.stdout, told.stderr), (0, "n\n1\n", ""))


if __name__ == "__main__":
    unittest.main()
