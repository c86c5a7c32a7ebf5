"""`mandant import`: a company that leaves Microsoft Dynamics, all or nothing, again and again; and CSV of anything. LC-01 LC-02 LC-03"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
import zipfile
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import moving
from client import sql
from people import own
from test_lint import url
from test_service import MANDANT

KINDS = ("customer", "contact", "product", "opportunity", "document")
CODES = {"de": "mvde", "us": "mvus", "hk": "mvhk"}


@cache
def companies():
    """Three that nobody else works in, and a login that may move things into them."""
    for code, country, currency in (("mvde", "DE", "EUR"), ("mvus", "US", "USD"), ("mvhk", "HK", "HKD")):
        sql(f"""select mandant.create_tenant('{code}', 'Moving {country}', '{country}', '{currency}', 'group')
                  where not exists (select from mandant_internal.tenant where code = '{code}')""")
    sql("""do $$ begin
             if to_regrole('mover') is null then
               create role mover login;
               perform mandant.bind_login('mover', 'group', 'group_admin', 'all', default_selection => '*', read_only => false);
             end if;
           end $$""")
    return CODES


def notice(text):
    """What the server says meanwhile."""
    run = subprocess.run(["psql", "-XqAt", "-c", text], env={**os.environ, "PGUSER": "postgres"}, capture_output=True, text=True, check=True)
    return run.stderr


def workbook(path, rows):
    """The first sheet of an Excel file, with texts in the sheet itself, and numbers."""
    def cell(at, value):
        if isinstance(value, (int, float)):
            return f'<c r="{at}"><v>{value}</v></c>'
        return f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>' if value else ""

    lines = [f'<row r="{n}">{"".join(cell(f"{chr(65 + m)}{n}", value) for m, value in enumerate(row))}</row>' for n, row in enumerate(rows, 1)]
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    packed = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                      '<Default Extension="xml" ContentType="application/xml"/></Types>')
        book.writestr("_rels/.rels", f'<Relationships xmlns="{packed}"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>')
        book.writestr("xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{packed}"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>')
        book.writestr("xl/worksheets/sheet1.xml", f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}</sheetData></worksheet>')


class Moves(unittest.TestCase):
    def setUp(self):
        companies()
        self.mark = own("m").replace("_", "").lower()
        self.place = Path(tempfile.mkdtemp(prefix="mandant-moving-"))
        self.addCleanup(shutil.rmtree, self.place)
        self.folder, self.map = self.place / "files", self.place / "map.toml"
        self.folder.mkdir()
        self.map.write_text(moving.tenants(CODES))

    def command(self, *arguments, source="dynamics"):
        return [MANDANT, "import", str(self.folder), "--from", source, "--map", str(self.map), *arguments]

    def moves(self, *arguments, source="dynamics", user="mover"):
        environment = {**os.environ, "DATABASE_URL": url(user, os.environ["PGDATABASE"])}
        return subprocess.run(self.command(*arguments, source=source), env=environment, capture_output=True, text=True, timeout=120, check=False)

    def well(self, *arguments, source="dynamics"):
        """Runs it, and sums what it says: rows, new, changed, same."""
        told = self.moves(*arguments, source=source)
        self.assertEqual(told.returncode, 0, told)
        figures = re.findall(r" (\d+) +(\d+) +(\d+) +(\d+)(?: +-?[\d.]+ +[A-Z]{3})?$", told.stdout, re.M)
        return [sum(int(row[n]) for row in figures) for n in range(4)], told

    def refused(self, *texts, source="dynamics", arguments=()):
        """Nothing is imported, and what is wrong is said with its place."""
        before = self.count()
        told = self.moves(*arguments, source=source)
        self.assertEqual(told.returncode, 1, told)
        for text in texts:
            self.assertIn(text, told.stderr)
        self.assertEqual(self.count(), before)
        return told

    def count(self):
        return sql("; ".join(f"select count(*) from crm.{kind} where tenant_id in (select id from mandant_internal.tenant where code like 'mv__')"
                             for kind in KINDS) + "; select count(*) from mandant_internal.number where tenant_id in "
                   "(select id from mandant_internal.tenant where code like 'mv__')").split()

    def add(self, name, *rows, **how):
        moving.write(self.folder, name, rows, **how)

    def account(self, n=1, **members):
        return {"accountid": moving.guid(self.mark, n), "name": f"Kunde {n} {self.mark}", "address1_country": "DE",
                "owningbusinessunit": "Contoso Germany"} | members

    def invoice(self, **members):
        return {"invoiceid": moving.guid(self.mark, "invoice"), "invoicenumber": f"{self.mark}-1", "customerid": f"Kunde 1 {self.mark}",
                "createdon": "2025-03-01", "statecode": "Active", "totalamount": "119.00"} | members

    def line(self, **members):
        return {"invoicedetailid": moving.guid(self.mark, "line"), "invoiceid": f"{self.mark}-1", "productdescription": "Work", "quantity": "1",
                "priceperunit": "100", "tax": "19", "extendedamount": "119"} | members


class Dynamics(Moves):
    def test_it_is_tried_done_and_done_again(self):
        made = moving.folder(self.folder, self.mark)
        before = self.count()
        figures, told = self.well("--dry-run")
        self.assertEqual((figures[0], figures[1:]), (figures[1], [figures[0], 0, 0]))
        self.assertIn("A dry run: nothing was imported.", told.stdout)
        self.assertEqual(self.count(), before)
        self.assertEqual(sql(f"select count(*) from mandant_internal.principal where name like 'owner-{self.mark}@%'"), "0")
        self.assertEqual(self.well()[0], figures)
        added = [int(after) - int(was) for after, was in zip(self.count(), before)]
        cancelled = sql(f"select count(*) from mandant_internal.number n join mandant_internal.number_event e using (series_id, period, tenant_id, n) "
                        f"where e.event = 'void' and n.number like '{self.mark}-%'")
        documents = sum(made[kind] for kind in moving.STATES)
        self.assertEqual(added[:5], [made["account"] + made["lead"], made["contact"], made["product"] * 3, made["opportunity"] + made["lead"],
                                     documents - int(cancelled)])
        drafts = sql(f"select count(*) from crm.document where status = 'draft' and reference like 'Business %' and id in (select id from crm.imported)")
        self.assertGreater(int(drafts), 0)
        # ids stay, and sums are those of the files, to the cent
        self.assertEqual(sql(f"select name from crm.customer where id = '{moving.guid(self.mark, 'de', 'account', 0)}'"), f"Account de 0 {self.mark}")
        # once more changes nothing; a cell changes a row
        there = self.count()
        self.assertEqual(self.well()[0], [figures[0], 0, 0, figures[0]])
        path = self.folder / "account.csv"
        path.write_text(path.read_text(encoding="utf-8-sig").replace("Street 1,", "Street 1a,", 1), encoding="utf-8-sig")
        self.assertEqual(self.well()[0], [figures[0], 0, 1, figures[0] - 1])
        self.assertEqual(self.count(), there)
        self.assertEqual(sql(f"select street from crm.customer where name = 'Account de 1 {self.mark}'"), "Street 1a")

    def test_documents_stay_what_they_were(self):
        moving.folder(self.folder, self.mark)
        self.well()
        posted = sql(f"""select string_agg(concat_ws(' ', number, status, document_date, net, tax, gross, open_amount, tenant_net), '; ' order by number)
                           from crm.document where kind = 'invoice' and number like '{self.mark}-Ide-%'""").split("; ")
        self.assertEqual(posted[0], f"{self.mark}-Ide-000000 posted 2023-01-15 291.50 55.39 346.89 346.89 291.50")
        self.assertEqual(posted[1].split()[6], "0.00")  # paid
        self.assertFalse([row for row in posted if row.startswith(f"{self.mark}-Ide-000003")])
        self.assertEqual(sql(f"select state || ' ' || reason from mandant.issued_number where number = '{self.mark}-Ide-000003'"), "void cancelled in dynamics")
        self.assertEqual(sql(f"select state from mandant.issued_number where number = '{self.mark}-Ide-000000'"), "used")
        self.assertEqual(sql("select bool_and(intact) from mandant.verify_numbers()"), "t")
        codes = sql(f"""select string_agg(distinct concat_ws(' ', l.tax_code, l.tax_rate), ', ') from crm.document_line l join crm.document d
                          on (d.tenant_id, d.id) = (l.tenant_id, l.document_id) where d.number like '{self.mark}-Ide-%'""")
        self.assertEqual(codes, "standard 19")
        closed = sql(f"select outcome || ' ' || closed_on from crm.opportunity where id = '{moving.guid(self.mark, 'de', 'opportunity', 1)}'")
        self.assertEqual(closed, "won 2025-05-31")
        # nobody changes them here, and a change there is refused
        self.assertIn("23001", notice(f"""do $$ begin update crm.document set reference = 'x' where number = '{self.mark}-Ide-000000';
                                        raise 'changed'; exception when restrict_violation then raise notice '23001'; end $$"""))
        path = self.folder / "invoice.csv"
        path.write_text(path.read_text(encoding="utf-8-sig").replace("Business 0", "Business X", 1), encoding="utf-8-sig")
        self.refused(f"invoice.csv, line 2: invoice {self.mark}-Ide-000000 is posted here, and has changed where it comes from")

    def test_what_is_open_is_paid_here(self):
        moving.folder(self.folder, self.mark)
        self.well()
        number = f"{self.mark}-Ide-000000"
        owed = sql(f"select entry || ' ' || debit_account || ' ' || credit_account || ' ' || amount from crm.journal_line where document_id = "
                   f"(select id from crm.document where number = '{number}')")
        self.assertEqual(owed, "opening 1200 9008 346.89")
        sql(f"""set mandant.tenant = 'mvde'; select crm.record_payment((select customer_id from crm.document where number = '{number}'), 346.89,
                '2026-01-10', allocations => '[{{"number": "{number}"}}]')""")
        self.assertEqual(sql(f"select open_amount from crm.document where number = '{number}'"), "0.00")
        self.assertIn("its paper is where it was made", notice(f"""do $$ begin perform crm.render_document((select id from crm.document where number = '{number}'));
                                                               exception when others then raise notice '%', sqlerrm; end $$"""))

    def test_who_is_a_customer_of_two_companies_is_one_party(self):
        self.add("account.csv", self.account())
        self.add("transactioncurrency.csv", {"transactioncurrencyid": moving.guid(self.mark, "eur"), "currencyname": "Euro", "isocurrencycode": "EUR", "exchangerate": "1"})
        self.add("invoice.csv", self.invoice(owningbusinessunit="Contoso USA", totalamount="100", exchangerate="1.25"))
        self.add("invoicedetail.csv", self.line(tax="0", extendedamount="100"))
        self.well()
        found = sql(f"""select string_agg(t.code, ' ' order by t.code) || ' ' || count(distinct c.party_id) || ' ' || count(distinct c.id)
                          from crm.customer c join mandant_internal.tenant t on t.id = c.tenant_id where c.name = 'Kunde 1 {self.mark}'""")
        self.assertEqual(found, "mvde mvus 1 2")
        # by the rate that it had there, whose base is the group's currency
        told = sql(f"select t.code || ' ' || d.group_currency || ' ' || d.group_net from crm.document d join mandant_internal.tenant t on t.id = d.tenant_id "
                   f"where number = '{self.mark}-1'")
        self.assertEqual(told, "mvus EUR 80.00")

    def test_each_mistake_is_told_with_its_place(self):
        one = self.account()
        invoice, line = self.invoice(), self.line()
        for files, *texts in (
            ({"account.csv": [one, self.account(2, accountid=one["accountid"])]}, "account.csv, line 3, id: the same id as line 2 of account.csv"),
            ({"account.csv": [self.account(1, parentaccountid=f"Kunde 2 {self.mark}"), self.account(2, parentaccountid=f"Kunde 1 {self.mark}")]},
             "account.csv, line 2, parent: its parents go round in a circle", "line 3, parent"),
            ({"account.csv": [one | {"transactioncurrencyid": "Taler"}]}, 'account.csv, line 2, currency: no currency "Taler"'),
            ({"account.csv": [one | {"ownerid": "Nobody"}]}, 'account.csv, line 2, owner: nobody is "Nobody"'),
            ({"account.csv": [one | {"owningbusinessunit": "Contoso Mars"}]}, 'account.csv, line 2, unit: no tenant that is selected for "Contoso Mars"'),
            ({"account.csv": [one | {"owningbusinessunit": ""}]}, "account.csv, line 2, unit: nothing says to which tenant it belongs"),
            ({"account.csv": [one | {"address1_country": "Narnia"}]}, 'account.csv, line 2, country: no country "Narnia"'),
            ({"account.csv": [one | {"name": ""}]}, "account.csv, line 2, name: name"),
            ({"account.csv": [one | {"emailaddress1": "kunde"}]}, "account.csv, line 2: email must look like name@domain"),
            ({"account.csv": [one | {"creditlimit": "viel"}]}, 'account.csv, line 2, credit_limit: "viel" is no number'),
            ({"account.csv": [one | {"statecode": "Sleepy"}]}, 'account.csv, line 2, state: "Sleepy" is none of active, inactive'),
            ({"account.csv": [one], "invoice.csv": [invoice | {"createdon": "3/4/2025"}], "invoicedetail.csv": [line]},
             'invoice.csv, line 2, date: "3/4/2025" can be two days'),
            ({"account.csv": [one], "invoice.csv": [invoice | {"customerid": "Nobody"}], "invoicedetail.csv": [line]},
             'invoice.csv, line 2, customer: there is no customer "Nobody"'),
            ({"account.csv": [one], "invoice.csv": [invoice | {"totalamount": "120"}], "invoicedetail.csv": [line]},
             "invoice.csv, line 2, total: its lines and their tax are 119, it says 120"),
            ({"account.csv": [one], "invoice.csv": [invoice | {"invoicenumber": ""}]}, "invoice.csv, line 2, number: it has no number"),
            ({"account.csv": [one], "invoice.csv": [invoice]}, "invoice.csv, line 2, line: it has no lines"),
            ({"account.csv": [one], "invoice.csv": [invoice], "invoicedetail.csv": [line | {"quantity": "0"}]}, "invoicedetail.csv, line 2, quantity: it has no quantity"),
            ({"account.csv": [one], "invoice.csv": [invoice], "invoicedetail.csv": [line | {"invoiceid": "nowhere"}]},
             'invoicedetail.csv, line 2, document: there is no document "nowhere"'),
            ({"account.csv": [one, self.account(2, name=one["name"])], "invoice.csv": [invoice], "invoicedetail.csv": [line]},
             f'invoice.csv, line 2, customer: 2 are called "Kunde 1 {self.mark}"'),
        ):
            for path in self.folder.iterdir():
                path.unlink()
            for name, rows in files.items():
                moving.write(self.folder, name, [dict.fromkeys({key: "" for row in rows for key in row}, "") | row for row in rows])
            with self.subTest(texts[0]):
                told = self.refused(*texts)
                self.assertRegex(told.stderr, r"mandant: \d+ errors: nothing was imported\n\Z")

    def test_files_that_are_none(self):
        self.refused("there are no CSV or XLSX files")
        for content, text in (
            (b'accountid,name\n1,"x\n2,y\n', "a quotation mark is not closed"),
            (b"a,b\n1,2\n", "line 1: what are its rows?"),
            (b"", "what are its rows?"),
            (b"accountid,name\n1,\x00x\n", "has characters that are none"),
        ):
            (self.folder / "unknown.csv" if b"a,b" in content or not content else self.folder / "account.csv").write_bytes(content)
            self.refused(text)
            for path in self.folder.iterdir():
                path.unlink()
        (self.folder / "account.xlsx").write_bytes(b"no sheet")
        self.refused("no sheet of Excel")
        self.map.write_text("[tenant]\n")
        self.refused("is no map")
        self.map.write_text("[columns.customer]\nx = 'y'\n")
        self.refused('customer has no field "y"')

    def test_tax_that_no_code_has_is_kept_and_told(self):
        self.add("account.csv", self.account())
        self.add("invoice.csv", self.invoice(totalamount="113"))
        self.add("invoicedetail.csv", self.line(tax="13", extendedamount="113"))
        told = self.well("--report", str(self.place / "report.csv"))[1]
        self.assertIn("mandant: warning: invoicedetail.csv, line 2, tax: tax 13 of 100, 13 %, is no tax code's rate", told.stderr)
        self.assertIn("invoicedetail.csv,2,tax", (self.place / "report.csv").read_text())
        self.assertEqual(sql(f"select tax_rate || ' ' || tax from crm.document_tax where document_id = '{moving.guid(self.mark, 'invoice')}'"), "13.0000 13")
        self.add("account.csv", self.account(name="Anders"))
        self.assertIn("cannot write /dev/full", self.refused(arguments=("--report", "/dev/full")).stderr)

    def test_who_is_there_already_is_told(self):
        self.add("account.csv", self.account(1), self.account(2, name=f"KUNDE 1 {self.mark}"))
        self.assertIn(f'warning: account.csv, line 3, name: a customer "KUNDE 1 {self.mark}" is in line 2 of account.csv as well', self.well()[1].stderr)
        self.add("account.csv", self.account(3, name=f"Kunde 1 {self.mark}"))
        self.assertIn(f'warning: account.csv, line 2, name: a customer "Kunde 1 {self.mark}" is there already', self.well("--dry-run")[1].stderr)

    def test_it_is_read_however_it_was_written(self):
        name = f"Müller & Söhne {self.mark}"
        for n, how in enumerate(({"encoding": "utf-8"}, {"encoding": "utf-8-sig"}, {"encoding": "utf-16"}, {"encoding": "cp1252", "delimiter": ";"},
                                 {"encoding": "utf-8", "delimiter": "\t"})):
            self.add(f"account{n}.csv", self.account(n, name=f"{name} {n}", creditlimit="1.234,50"), **how)
        self.map.write_text(moving.tenants(CODES) + "[files]\n" + "".join(f'"account{n}.csv" = "account"\n' for n in range(5)))
        workbook(self.folder / "Active Accounts.xlsx", [
            ["(Do Not Modify) Account", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Account Name", "Address 1: Country/Region",
             "Credit Limit", "Owning Business Unit", "Status"],
            [moving.guid(self.mark, 9), "abc=", 46000.5, f"{name} 9", "Germany", 1234.5, "Contoso Germany", "Active"]])
        self.well()
        found = sql(f"select string_agg(name || ' ' || credit_limit, '; ' order by name) from crm.customer where name like '{name} %'").split("; ")
        self.assertEqual(found, [f"{name} {n} {'1234.5' if n == 9 else '1234.50'}" for n in (0, 1, 2, 3, 4, 9)])

    def test_who_may_not_is_told_so(self):
        self.add("account.csv", self.account())
        told = self.moves(user="report_de")
        self.assertEqual((told.returncode, told.stdout), (1, ""))
        self.assertIn("42501", told.stderr)
        self.refused("no tenant that is selected", arguments=("--tenant", "mvus"))

    def test_stopped_in_the_middle_nothing_is_there(self):
        moving.folder(self.folder, self.mark, customers=150, documents=1)
        before = self.count()
        environment = {**os.environ, "DATABASE_URL": url("mover", os.environ["PGDATABASE"])}
        with subprocess.Popen(self.command(), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            while sql("select count(*) from pg_stat_activity where usename = 'mover' and query like '%load_rows%'") == "0":
                self.assertIsNone(run.poll())
            run.send_signal(signal.SIGKILL)
        while sql("select count(*) from pg_stat_activity where usename = 'mover'") != "0":
            time.sleep(0.1)
        self.assertEqual(self.count(), before)


class Anything(Moves):
    def test_files_of_ones_own_are_mapped(self):
        self.add("Kunden.csv", {"Nr": f"{self.mark}-1", "Firma": f"Anders {self.mark}", "Land": "Deutschland", "Ort": "Köln"}, delimiter=";")
        self.add("contact.csv", {"id": f"{self.mark}-c", "customer": f"{self.mark}-1", "name": "Kim", "email": "kim@anders.example"})
        self.add("product.csv", {"id": f"{self.mark}-p", "code": f"{self.mark}-p", "name": "Ware", "price": "12,50", "tax_code": "reduced"})
        self.add("opportunity.csv", {"id": f"{self.mark}-o", "customer": f"Anders {self.mark}", "name": "Chance", "amount": "1.000,00",
                                     "expected_close": "31.12.2026", "stage": "Anbieten"})
        self.map.write_text("""
            [files]
            "Kunden.csv" = "customer"
            [columns.customer]
            Nr = "id"
            Firma = "name"
            Land = "country"
            Ort = "city"
            [countries]
            Deutschland = "DE"
            [default]
            tenant = "mvde"
        """)
        self.assertEqual(self.well(source="csv")[0], [4, 4, 0, 0])
        self.assertEqual(self.well(source="csv")[0], [4, 0, 0, 4])
        found = sql(f"""select concat_ws(' ', c.city, c.country, k.name, o.amount, o.stage, o.expected_close, p.unit_price, p.tax_rate)
                          from crm.customer c join crm.contact k on (k.tenant_id, k.customer_id) = (c.tenant_id, c.id)
                          join crm.opportunity o on (o.tenant_id, o.customer_id) = (c.tenant_id, c.id)
                          join crm.product p on p.tenant_id = c.tenant_id and p.code = '{self.mark}-p' where c.name = 'Anders {self.mark}'""")
        self.assertEqual(found, "Köln DE Kim 1000.00 propose 2026-12-31 12.50 7")


if __name__ == "__main__":
    unittest.main()
