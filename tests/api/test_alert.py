"""What the README asks for alerts rises when there is something to be alerted of, and the logins that ask see nothing else."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

from test_service import eventually

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from cluster import runner  # noqa: E402

STEPS = {step.name: step for step in runner().readme_steps(r"^Operate it$", "operate")}
# As the README makes them, for one transaction.
LOGINS = r"""
set client_min_messages = error;
create role mandant_monitor login;
create role mandant_watch login in role pg_monitor;
select from mandant.define_role('monitor', 'Asks what alerts ask');
select mandant.allow('monitor', object, array['read']) from unnest(array['number', 'series', 'role', 'issuer']) as object \g /dev/null
select from mandant.bind_login('mandant_monitor', 'group', 'monitor', 'all');
"""
# What to be alerted of, and what makes it.
PROVOKED = {
    "chains_broken": "update mandant_internal.number set document_date = document_date + 1 where ctid = (select min(ctid) from mandant_internal.number)",
    "numbers_missing": "select mandant.next_number('invoice', '2026-11-20', tenant => 'de')",
    "lint_errors": "grant truncate on crm.customer to mandant_user",
    "series_ending": "select mandant.define_series('de', 'alert', 'AL-{n:5}', last => 1),"
                     " mandant.next_number('alert', tenant => 'de')",
    "issuer_keys_hours": "insert into mandant_internal.issuer (issuer, audience, leeway, keys, refreshed_at) values"
                         " ('https://alert.example', 'crm', '0', '[]', now() - interval '1000 hours')",
}
DRAW = "begin; select mandant.next_number('invoice', '2026-11-20', tenant => 'us');\n"


def psql(text, user="postgres"):
    ran = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-U", user, "-f", "-"], input=text,
                         capture_output=True, text=True)
    return ran.stdout if ran.returncode == 0 else ran.stderr


def asked(step):
    """The README's statement."""
    return re.sub(r"^(--|\\).*\n", "", STEPS[step].code, flags=re.M)


def figures(printed):
    return {name: int(value) for name, value in re.findall(r"^(\w+)\|(-?\d+)$", printed, re.M)}


class Alert(unittest.TestCase):
    def test_what_the_product_is_asked_rises(self):
        question = f"set local role mandant_monitor; {asked('alerts_of_the_product')} reset role;"
        before = figures(psql(f"begin; {LOGINS} {question} rollback;"))
        self.assertEqual(set(before), set(PROVOKED))
        for name, provoked in PROVOKED.items():
            with self.subTest(name):
                said = psql(f"begin; {LOGINS} {provoked}; {question} rollback;")
                self.assertGreater(figures(said).get(name, -1), before[name], said)

    def test_those_who_ask_read_no_rows_of_companies(self):
        for login in ("mandant_monitor", "mandant_watch"):
            said = psql(f"begin; {LOGINS} set local role {login}; select count(*) from crm.customer; rollback;")
            self.assertTrue(said == "0\n" or "ERROR:  42501" in said or "ERROR:  28000" in said, said)

    def test_a_session_that_holds_a_series_is_seen_and_so_are_those_who_wait(self):
        question = asked("alerts_of_the_server").replace("10 seconds", "0 seconds")

        def now():
            return figures(psql(f"begin; {LOGINS} set local role mandant_watch; {question}; rollback;"))

        before = now()
        self.assertEqual(before["series_held"], 0)
        holds, waits = self.session(), self.session()
        holds.stdin.write(DRAW)
        holds.stdin.flush()
        self.assertIn("-", holds.stdout.readline())
        eventually(lambda: now()["series_held"] == 1)
        waits.stdin.write(DRAW)
        waits.stdin.flush()
        eventually(lambda: now()["series_waited_for"] >= 1)

    def session(self):
        """psql, as the administrator, whose transaction ends with the test."""
        process = subprocess.Popen(["psql", "-XqAt", "-U", "mandant_admin"], env=dict(os.environ), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.kill)
        return process


if __name__ == "__main__":
    unittest.main()
