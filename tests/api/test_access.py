"""Rights as many sessions have them at once, and as the log tells of what was refused."""

import contextlib
import os
import pathlib
import subprocess
import unittest

from client import as_, sql


class Session:
    """A psql that stays open and answers line by line."""

    def __init__(self, login):
        environment = {**os.environ, "PGUSER": login}
        self.psql = subprocess.Popen(["psql", "-XAtq"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, text=True, bufsize=1)

    def ask(self, statement):
        self.psql.stdin.write(f"{statement};\n\\echo .\n")
        lines = []
        while (line := self.psql.stdout.readline().rstrip("\n")) != ".":
            lines.append(line)
        return "\n".join(lines)

    def close(self):
        self.psql.stdin.close()
        self.psql.wait(10)
        self.psql.stdout.close()


class Access(unittest.TestCase):
    def test_a_change_reaches_fifty_open_sessions_at_their_next_statement(self):
        with contextlib.ExitStack() as stack:
            sql("create role access_fifty login; select mandant.bind_login('access_fifty', 'de', 'sales_rep')")
            stack.callback(sql, "select mandant.unbind_login('access_fifty'); drop role access_fifty")
            sessions = []
            for number in range(50):
                session = Session("access_fifty")
                stack.callback(session.close)
                sessions.append(session)
                # half of them in an open transaction, half with a prepared statement
                session.ask("begin" if number % 2 else "set plan_cache_mode = force_generic_plan")
                session.ask("prepare seen as select count(*) > 0 from crm.customer")

            def seen():
                return {session.ask("execute seen" if n % 2 else "select count(*) > 0 from crm.customer")
                        for n, session in enumerate(sessions)}

            self.assertEqual(seen(), {"f"})  # own customers, of which there are none
            sql("select mandant.grant_role('access_fifty', 'reader')")
            self.assertEqual(seen(), {"t"})
            sql("select mandant.revoke_role('access_fifty', 'reader')")
            self.assertEqual(seen(), {"f"})
            sql("select mandant.allow('sales_rep', 'customer', array['read'], 'tenant')")
            self.assertEqual(seen(), {"t"})
            sql("select mandant.allow('sales_rep', 'customer', array['read'], 'own')")
            self.assertEqual(seen(), {"f"})
            sql("select mandant.create_team('Fifty', 'de'); select mandant.allow('sales_rep', 'customer', array['read'], 'team')")
            stack.callback(sql, "select mandant.allow('sales_rep', 'customer', array['read'], 'own');"
                                " select mandant.leave_team('access_fifty', 'Vertrieb Süd'); select mandant.drop_team('Fifty')")
            sql("select mandant.join_team('access_fifty', 'Vertrieb Süd')")
            self.assertEqual(seen(), {"t"})

    def test_refusals_are_in_the_log_with_the_principal(self):
        log = pathlib.Path(os.environ["MANDANT_HOME"]) / "postgres.log"
        before = log.stat().st_size

        def told():
            with open(log, encoding="utf-8") as file:
                file.seek(before)
                return file.read()

        answer = as_("rep@de.example").selecting("us").get("/v1/customers")
        self.assertEqual(answer.status, 403, answer)
        self.assertIn("refused with 42501 to rep@de.example, login mandant_service", told())
        self.assertNotIn("refused", answer.text)
        self.assertNotIn(as_("rep@de.example").token, told())
        session = Session("report_de")
        self.addCleanup(session.close)
        session.ask("set default_transaction_read_only = off")
        session.ask("select count(*) from crm.customer")
        said = session.ask("update crm.customer set name = 'x'; delete from crm.country")
        self.assertNotIn("refused", said)
        self.assertIn("refused with 42501 to report_de, login report_de", told())
        # PostgreSQL's own detail stays, and so does what a kept row says
        sql("do $$ begin update crm.document set reference = 'x' where status = 'posted'; exception when restrict_violation then null; end $$")
        psql = subprocess.run(["psql", "-XqAt", "-c", "set mandant.tenant = 'de'",
                               "-c", "update crm.document set reference = 'x' where status = 'posted'"],
                              env={**os.environ, "PGUSER": "mandant_admin"}, capture_output=True, text=True, check=False)
        self.assertIn("is posted, cannot change", psql.stderr)
        self.assertIn("refused with 23001 to mandant_admin, login mandant_admin", told())
        # what is no refusal is left alone
        session.ask("select 1 / 0")
        self.assertNotIn("refused with 22012", told())

    def test_a_rep_sees_own_rows_and_a_lead_those_of_the_team(self):
        def names(email):
            return {item["name"] for item in as_(email).get("/v1/customers", limit=100).json["items"]}

        rep, lead, sales = names("rep@de.example"), names("lead@de.example"), names("sales@de.example")
        self.assertEqual(rep, {"Alpenländische Seilbahn AG", "Bäckerei Größinger KG"})
        self.assertTrue(rep < lead < sales, (rep, lead))
        for email in ("rep@de.example", "lead@de.example"):
            answer = as_(email).get("/v1/documents", limit=100)
            self.assertTrue({item["customer_name"] for item in answer.json["items"] if item["status"] == "posted"} <= lead)
            self.assertEqual({item["tenant"] for item in answer.json["items"]}, {"de"})
