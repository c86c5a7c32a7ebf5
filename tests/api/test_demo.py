"""The year of the demo: every report has rows for the group and each company, which make up the group's, and it is the same again."""

import json
import os
import subprocess
import unittest
from pathlib import Path

from cluster import product

EMPTY = "demo_none"
DATABASES = ("demo_year", "demo_year_again")
FILES = sorted((Path(__file__).resolve().parents[2] / "sql").glob("9*.sql"))
COMPANIES = ("us", "de", "hk")
# What nothing is wrong with has no rows there; a gap is where somebody had a reason.
MAY_BE_EMPTY = {"missing_rate": (*COMPANIES, "group"), "number_gap": COMPANIES}
# Of the companies that one has selected, what they bill each other counts for the one and not for all.
NO_SUM = {"consolidated_revenue", "consolidated_revenue_kept"}

VIEWS = """
select c.relname, coalesce(string_agg(a.attname, ',' order by a.attnum) filter (where a.attname ~ '_group$' and a.atttypid = 'numeric'::regtype), ''),
       bool_or(a.attname = 'tenant'), bool_or(a.attname = 'tenant_id')
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'report'::regnamespace and c.relkind = 'v' group by c.relname order by c.relname
"""

# What two installations have in common, without ids and moments, and in an order that is no id's.
SAME = {
    "documents": """select t.code, d.kind, d.number, d.status, d.document_date, d.due_date, c.name, d.currency, d.net, d.tax, d.gross, d.open_amount,
        d.credited, d.tenant_net, d.group_net, d.reference, p.name as owner, m.name as team
        from crm.document d join mandant_internal.tenant t on t.id = d.tenant_id join crm.customer c on c.tenant_id = d.tenant_id and c.id = d.customer_id
        left join mandant_internal.principal p on p.id = d.owner_id left join mandant_internal.team m on m.id = d.team_id""",
    "lines": """select t.code, d.kind, d.number, d.document_date, l.position, l.description, l.quantity, l.unit_price, l.discount_percent, l.tax_rate, l.net
        from crm.document_line l join crm.document d on d.tenant_id = l.tenant_id and d.id = l.document_id join mandant_internal.tenant t on t.id = d.tenant_id""",
    "settlements": """select t.code, d.kind, d.number, b.number as by, s.purpose, s.amount, s.settled_on from crm.settlement s
        join crm.document d on d.tenant_id = s.tenant_id and d.id = s.document_id join crm.document b on b.tenant_id = s.tenant_id and b.id = s.by_id
        join mandant_internal.tenant t on t.id = s.tenant_id""",
    "contracts": """select t.code, c.number, c.title, c.starts_on, c.ends_on, p.first_day, p.last_day, d.number as invoice from crm.contract c
        join mandant_internal.tenant t on t.id = c.tenant_id left join crm.contract_period p on p.tenant_id = c.tenant_id and p.contract_id = c.id
        left join crm.document d on d.tenant_id = p.tenant_id and d.id = p.document_id""",
    "reminders": """select t.code, r.number, r.reminder_date, r.level, r.currency, r.total, r.withdrawn_reason, r.customer_name, i.number as item, i.level as item_level,
        i.open_amount from crm.reminder r join crm.reminder_item i on i.tenant_id = r.tenant_id and i.reminder_id = r.id join mandant_internal.tenant t on t.id = r.tenant_id""",
    "opportunities": """select t.code, o.name, o.amount, o.currency, o.stage, o.outcome, o.expected_close, o.source, o.lost_reason, c.name as customer
        from crm.opportunity o join mandant_internal.tenant t on t.id = o.tenant_id join crm.customer c on c.tenant_id = o.tenant_id and c.id = o.customer_id""",
    "activities": """select t.code, a.kind, a.subject, a.due_at, a.done_at, c.name from crm.activity a join mandant_internal.tenant t on t.id = a.tenant_id
        join crm.customer c on c.tenant_id = a.tenant_id and c.id = a.customer_id""",
    "targets": """select t.code, g.scope, p.name as employee, m.name as team, g.measure, g.period_type, g.period, g.amount, g.tenant_amount, g.group_amount
        from crm.target g join mandant_internal.tenant t on t.id = g.tenant_id left join mandant_internal.principal p on p.id = g.employee_id
        left join mandant_internal.team m on m.id = g.team_id""",
    "numbers": "select t.code, n.kind, n.period, n.n, n.number, n.document_date from mandant_internal.number n join mandant_internal.tenant t on t.id = n.tenant_id",
}


def psql(database, text, stop=True):
    """What it prints; a failure with its words."""
    command = ["psql", "-XqAt", "-v", f"ON_ERROR_STOP={int(stop)}", "-U", "postgres", "-d", database]
    run = subprocess.run(command, input=text, capture_output=True, text=True,
                         env={**os.environ, "PGOPTIONS": "-c client_min_messages=error"})
    if run.returncode or stop and run.stderr:
        raise AssertionError(run.stderr)
    return run.stdout.strip()


def create(database, template):
    psql("postgres", f"create database {database} owner mandant_admin template {template}")


def drop():
    for database in (EMPTY, *DATABASES):
        psql("postgres", f"drop database if exists {database} with (force)")


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(drop)
        drop()
        create(EMPTY, "template0")
        psql(EMPTY, product())
        for database in DATABASES:
            create(database, EMPTY)
            psql(database, "\n".join(["begin;", *(file.read_text() for file in FILES), "commit;"]))
        cls.views = {}
        for line in psql(DATABASES[0], VIEWS).splitlines():
            name, amounts, by_code, by_id = line.split("|")
            cls.views[name] = (amounts.split(",") if amounts else [], "tenant" if by_code == "t" else "tenant_id" if by_id == "t" else None)
        cls.seen = {who: cls.look(who) for who in (*COMPANIES, "group")}

    @classmethod
    def look(cls, who):
        """By view: its rows, and the sum of each amount in the group's currency; of what the companies have, not the group itself."""
        asked = []
        for name, (amounts, key) in cls.views.items():
            group = {"tenant": "tenant is distinct from 'group'", None: "true",
                     "tenant_id": "tenant_id is distinct from (select id from mandant.tenant where code = 'group')"}[key]
            sums = "".join(f", '{amount}', sum({amount})" for amount in amounts)
            asked.append(f"select '{name}', jsonb_build_object('rows', count(*){sums}) from report.{name} where {group};")
        answer = psql(DATABASES[0], f"set role report_{who};\n" + "\n".join(asked))
        return dict(line.split("|", 1) for line in answer.splitlines())

    def values(self, name, who):
        return json.loads(self.seen[who][name])

    def test_every_report_has_something_to_show(self):
        empty = [(name, who) for name in self.views for who in (*COMPANIES, "group")
                 if self.values(name, who)["rows"] == 0 and who not in MAY_BE_EMPTY.get(name, ())]
        self.assertEqual(empty, [])
        self.assertGreater(len(self.views), 40)

    def test_the_companies_make_up_the_group(self):
        different = []
        for name, (amounts, key) in self.views.items():
            if key is None or name in NO_SUM:
                continue
            whole, parts = self.values(name, "group"), [self.values(name, who) for who in COMPANIES]
            for what in ("rows", *amounts):
                total = sum(part[what] or 0 for part in parts)
                if abs(total - (whole[what] or 0)) > 0.005:
                    different.append((name, what, total, whole[what]))
        self.assertEqual(different, [])

    def test_it_is_some_thousand_documents_of_a_year(self):
        documents, months, companies = psql(DATABASES[0], """select count(*), count(distinct date_trunc('month', document_date))
            filter (where document_date between '2025-12-01' and '2026-11-30'), count(distinct tenant_id) from crm.document""").split("|")
        self.assertTrue(1500 <= int(documents) < 10000, documents)
        self.assertEqual((months, companies), ("12", "3"))

    def test_it_is_the_same_in_every_installation(self):
        for what, rows in SAME.items():
            with self.subTest(what):
                asked = f"select r::text from ({rows}) r order by r::text collate \"C\""
                one, other = (psql(database, asked).splitlines() for database in DATABASES)
                self.assertGreater(len(one), 20)
                self.assertEqual(sorted(set(one) ^ set(other))[:10], [])
                self.assertEqual(len(one), len(other))
