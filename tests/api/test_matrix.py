"""Every role, at home and everywhere, on every list there is: what is shown is what the database shows that principal in
SQL, and nothing of a company in which they hold no right. What one may is asked of the database, so that a new list and a
new role are looked at without being named here."""

import os
import subprocess
import unittest
from functools import cache

from client import Client, sql
from people import employee, whole_list

# where the relation is not called as the address; else /v1/open-items is open_item, in crm, mandant or report
RELATIONS = {
    "/v1/audit-log": "mandant.audit_log",
    "/v1/customer-addresses": "crm.customer_address",
    "/v1/effective-rights": "mandant.effective_right",
    "/v1/employees": "(select tenant_id from mandant.principal where kind = 'employee') e",
    "/v1/grants": "mandant.access_grant",
    "/v1/due-contracts": "crm.due_contracts()",
    "/v1/due-reminders": "crm.due_reminders()",
    "/v1/lint": "mandant.lint()",
    "/v1/logins": "(select tenant_id from mandant.principal where kind = 'login') l",
    "/v1/number-chains": "mandant.verify_numbers()",
    "/v1/number-gaps": "mandant.number_gaps()",
    "/v1/numbers": "mandant.issued_number",
    "/v1/reminder-levels": "crm.effective_reminder_level",
    "/v1/setting-values": "mandant.setting_history",
    "/v1/settings": "mandant.effective_setting",
    "/v1/stages": "crm.effective_stage",
}
# rights of one's own people, in whatever tenant they hold them
ELSEWHERE = {"/v1/effective-rights"}
SCOPES = {"home": "de", "all": "group"}
ENOUGH = 600  # rows of a long list


@cache
def lists():
    """The addresses without variables that give a list, and need not be told more."""
    description = Client().get("/openapi.json").json
    found = []
    for path, methods in description["paths"].items():
        operation = methods.get("get")
        if operation is None or not path.startswith("/v1/") or "{" in path:
            continue
        if any(parameter.get("required") for parameter in operation.get("parameters", [])):
            continue
        shown = operation["responses"]["200"]["content"].get("application/json", {}).get("schema", {})
        name = shown.get("$ref", "").rsplit("/", 1)[-1]
        if "items" in description["components"]["schemas"].get(name, {}).get("properties", {}):
            found.append(path)
    return found


def singular(word):
    return word[:-3] + "y" if word.endswith("ies") else word[:-1] if word.endswith("s") and not word.endswith("ss") else word


@cache
def relation(path):
    """What a list is a list of, in SQL; nothing if it is not known."""
    if path in RELATIONS:
        return RELATIONS[path]
    word = path.rsplit("/", 1)[1].replace("-", "_")
    names = [f"{schema}.{name}" for schema in ("crm", "mandant", "report") for name in (word, singular(word))]
    return next((name for name in names if sql(f"select to_regclass('{name}')")), None)


@cache
def objects(table):
    """What rights to a protected table are rights to: its object and the kinds of its rows."""
    return set(sql(f"""select unnest(array[p.object] || p.kinds) from mandant_internal.protected_table p
                         where p.relation = to_regclass('{table}')""").split()) if table and "(" not in table else set()


@cache
def rights(email):
    """What somebody may do where: tenant, object and action."""
    rows = sql(f"""set mandant.tenant = '*';
                   select concat_ws(' ', tenant, object, action) from mandant.effective_right where principal = '{email}'""")
    return {tuple(row.split()) for row in rows.splitlines()}


def in_sql(token, relations):
    """How many rows, up to enough, each has for whoever the token is of, or with which SQLSTATE it is refused."""
    script = [f"begin; select mandant.enter('{token}');", "\\set ON_ERROR_ROLLBACK on", "\\set VERBOSITY sqlstate"]
    for number, name in enumerate(relations):
        script += [f"\\echo of {number}", f"select count(*) from (select from {name} limit {ENOUGH}) s;"]
    psql = subprocess.run(["psql", "-XqAt"], input="\n".join(script), env={**os.environ, "PGUSER": "mandant_service"},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    counted, name = {}, None
    for line in psql.stdout.splitlines():
        if line.startswith("of "):
            name = relations[int(line[3:])]
        elif name is not None:
            counted[name] = int(line) if line.isdigit() else line.split()[-1]
    return counted


class Matrix(unittest.TestCase):
    def test_every_role_sees_what_the_database_shows_it_and_nothing_else(self):
        roles = sql("select name from mandant.role where name !~ '^role_' order by name").split()
        self.assertLessEqual({"reader", "tenant_manager", "group_controller", "group_admin", "sales_rep", "accountant"}, set(roles))
        known = {path: relation(path) for path in lists()}
        self.assertGreater(len(known), 20)
        for role in roles:
            for scope, home in SCOPES.items():
                email = f"matrix_{role}@{home}.example"
                client = employee(email, home, role, scope)
                counted = in_sql(client.token, sorted({name for name in known.values() if name}))
                for path, name in known.items():
                    with self.subTest(role=role, scope=scope, list=path):
                        self.look(client, email, path, name, counted.get(name))

    def look(self, client, email, path, name, counted):
        answer = client.get(path, limit=1)
        if answer.status != 200:
            self.assertIn(answer.status, (403, 409), answer)
            if name:
                self.assertEqual(answer.json["code"], counted, answer)
            return
        items = whole_list(client, path, at_most=ENOUGH)
        if name:
            self.assertEqual(min(len(items), ENOUGH), counted)
        if path in ELSEWHERE:
            return
        named = objects(name)
        held = {tenant for tenant, thing, action in rights(email) if not named or thing in named and action == "read"}
        self.assertLessEqual({item["tenant"] for item in items if item.get("tenant")}, held)

    def test_most_lists_are_compared_with_the_database(self):
        unknown = [path for path in lists() if relation(path) is None]
        self.assertLessEqual(len(unknown), len(lists()) // 4, unknown)

    def test_a_list_that_shows_more_would_be_found(self):
        client = employee("matrix_reader@de.example", "de", "reader", "home")
        more = employee("matrix_group_admin@group.example", "group", "group_admin", "all")
        counted = in_sql(client.token, ["crm.customer"])["crm.customer"]
        with self.assertRaises(AssertionError):
            self.look(more, "matrix_reader@de.example", "/v1/customers", "crm.customer", counted)
        with self.assertRaises(AssertionError):
            self.look(more, "matrix_reader@de.example", "/v1/customers", None, None)
        self.look(client, "matrix_reader@de.example", "/v1/customers", "crm.customer", counted)


if __name__ == "__main__":
    unittest.main()
