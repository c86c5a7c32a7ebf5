"""The totals of 10,000 random documents, recomputed here with decimals; nothing of them stays.

Some are drafts, some go the whole way: orders delivered and invoiced in parts, invoices credited in parts and cancelled.
They are made in two transactions side by side, which are rolled back; a transaction's own numbers are then never given.
"""

import json
import os
import random
import subprocess
import unittest
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal, localcontext

SEED = int(os.environ.get("RECKONING_SEED", "20261128"))
DOCUMENTS = 10_000
FLOWS = 20  # each so many-th is posted, and others are made from it
MINOR_UNIT = {"JPY": 0, "EUR": 2, "USD": 2, "HKD": 2, "KWD": 3}
RATES = ["0", "2.6", "5.5", "7", "8.1", "8.875", "10", "19", "19.000", "25.5", "100"]
# what each session works in: tax is rounded once per rate, then line by line
SESSIONS = [["de"], ["us", "hk"]]

FACTS = """
select json_build_object(
  'currencies', (select json_object_agg(t.code, t.currency) from mandant.tenant t),
  'customers', (select json_object_agg(code, ids) from (
      select t.code, json_agg(c.id order by c.id) as ids from crm.customer c join mandant.tenant t on t.id = c.tenant_id
        where c.state = 'active' and c.discount = 0 and (c.country, c.tax_id is null) <> ('DE', true) group by 1) c),
  'discounts', (select json_object_agg(d.code, d.percent) from crm.discount d
      where current_date between d.valid_from and coalesce(d.valid_until - 2, current_date)),
  'taxes', (select json_object_agg(code, taxes) from (
      select t.code, json_object_agg(c.code, json_build_array(c.category, r.rate)) as taxes
        from mandant.tenant t join crm.tax_code c on c.country = t.country, lateral (
          select r.rate from crm.tax_rate r where r.country = c.country and r.code = c.code and r.valid_from <= current_date
            order by r.valid_from desc limit 1) r group by 1) c))
"""

# Row security and audit have tests of their own; a superuser's drafts without triggers are the same numbers in less time.
SESSION = """
set client_min_messages = error;
set jit = off;
begin;
create temp table plan (n int primary key, source int, tenant text, rounding text, action text, posts bool, customer uuid,
  kind text, currency text, exchange_rate numeric, lines jsonb, document_id uuid) on commit drop;
copy plan (n, source, tenant, rounding, action, posts, customer, kind, currency, exchange_rate, lines) from stdin;
{rows}
\\.
analyze plan;
do $$
declare
  part record;
  step plan;
  origin uuid;
  document crm.document;
begin
  for part in select distinct p.tenant, p.rounding, p.source is null and not p.posts as plain from plan p order by 1, 2, 3 loop
    perform set_config('session_replication_role', 'origin', true);
    perform set_config('mandant.tenant', part.tenant, true);
    perform mandant.set_setting('tax_rounding', part.rounding);
    if part.plain then
      perform set_config('session_replication_role', 'replica', true);
    end if;
    for step in
      select p.* from plan p
        where (p.tenant, p.rounding, p.source is null and not p.posts) = (part.tenant, part.rounding, part.plain) order by p.n
    loop
      origin := (select p.document_id from plan p where p.n = step.source);
      if step.action = 'create' then
        document := crm.create_document(step.customer, step.kind, step.lines, currency => step.currency,
                                        exchange_rate => step.exchange_rate);
      elsif step.action = 'convert' then
        document := crm.convert_document(origin, step.kind, step.lines);
        if step.exchange_rate is not null then
          document := crm.change_document(document.id, exchange_rate => step.exchange_rate);
        end if;
      else
        document := crm.cancel_document(origin, 'reckoning');
      end if;
      if step.posts and step.action <> 'cancel' then
        document := crm.post_document(document.id);
      end if;
      update plan p set document_id = document.id where p.n = step.n;
    end loop;
  end loop;
end
$$;
copy (
  select json_build_object(
    'n', p.n, 'kind', d.kind, 'status', d.status, 'currency', d.currency, 'tax_rounding', d.tax_rounding,
    'net', d.net, 'tax', d.tax, 'gross', d.gross, 'exchange_rate', d.exchange_rate, 'tenant_net', d.tenant_net,
    'tenant_tax', d.tenant_tax, 'tenant_gross', d.tenant_gross,
    'lines', (select json_agg(l.net order by l.position) from crm.document_line l
                where l.tenant_id = d.tenant_id and l.document_id = d.id),
    'taxes', (select json_agg(json_build_array(t.tax_category, t.tax_rate, t.net, t.tax) order by t.position)
                from crm.document_tax t where t.tenant_id = d.tenant_id and t.document_id = d.id))
  from plan p left join crm.document d on d.id = p.document_id order by p.n
) to stdout;
rollback;
"""


def rounded(amount, digits):
    """Half away from zero: ROUND_HALF_UP looks at the magnitude."""
    return amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


class Document:
    """What is asked of the database, and what must come of it."""

    def __init__(self, n, tenant, rounding, kind, currency, lines, action="create", source=None, posts=False, **said):
        self.n, self.tenant, self.rounding, self.kind, self.currency = n, tenant, rounding, kind, currency
        self.lines, self.action, self.source, self.posts = lines, action, source, posts
        self.customer, self.exchange_rate = said.get("customer"), said.get("exchange_rate")
        self.asked = said.get("asked")  # as JSON; null: nothing is said of the lines
        self.left = [line["quantity"] for line in lines]
        self.sum_up()
        # what credit notes leave of the nets of its lines, and of net and tax of its groups
        self.taken = [Decimal(0)] * len(lines)
        self.rest = dict(self.taxes)

    def sum_up(self):
        digits = MINOR_UNIT[self.currency]
        groups = defaultdict(list)
        self.nets = []
        for line in self.lines:
            net = rounded(line["quantity"] * line["unit_price"] * (100 - line["discount_percent"]) / 100, digits)
            net = line.get("rest", net)
            self.nets.append(net)
            groups[line["category"], line["rate"]].append(net)
        self.taxes = {}
        for (category, rate), nets in groups.items():
            if self.rounding == "line":
                tax = sum(rounded(net * rate / 100, digits) for net in nets)
            else:
                tax = rounded(sum(nets) * rate / 100, digits)
            # what takes back the last of a group takes the rest of its tax
            if self.kind == "credit_note" and self.source and self.source.rest[category, rate][0] == sum(nets):
                tax = self.source.rest[category, rate][1]
            self.taxes[category, rate] = (sum(nets), tax)
        self.net = sum(self.nets)
        self.tax = sum(tax for _, tax in self.taxes.values())
        self.gross = self.net + self.tax

    def row(self):
        values = (self.n, self.source and self.source.n, self.tenant, self.rounding, self.action, self.posts, self.customer,
                  self.kind, self.currency, self.exchange_rate, self.asked)
        return "\t".join("\\N" if value is None else str(value).replace("\\", "\\\\") for value in values)


class Plan:
    """Random documents of one session."""

    def __init__(self, random, facts, tenants, first, count):
        self.random, self.facts, self.documents = random, facts, []
        self.first = first
        for i in range(len(tenants) * 2):
            self.tenant, self.rounding = tenants[i // 2], ("document", "line")[i % 2]
            until = count * (i + 1) // (len(tenants) * 2)
            while len(self.documents) < until:
                if len(self.documents) % FLOWS or len(self.documents) > until - 6:
                    self.create(self.random.choice(["quote", "order", "delivery_note", "invoice", "credit_note"]))
                else:
                    self.random.choice([self.deliver, self.credit, self.cancel, self.post])()

    def number(self, whole, decimals):
        """Up to so many digits before and after the point, never 0; every other one small."""
        top = 10 ** (self.random.randint(1, whole) + decimals)
        return Decimal(self.random.randint(1, top)).scaleb(-decimals)

    def line(self, currency, taxes):
        quantity = self.number(self.random.choice([1, 1, 2, 5]), self.random.randint(0, 4))
        price = self.number(self.random.choice([1, 2, 3, 6]), self.random.randint(0, 4))
        if self.random.random() < 0.25:
            # exactly half a minor unit over
            quantity = Decimal(1) if self.random.random() < 0.5 else Decimal("0.5")
            half = (self.random.randint(0, 9999) + Decimal("0.5")).scaleb(-MINOR_UNIT[currency])
            price = half / quantity
        asked, line = {}, {}
        line["quantity"] = quantity * self.random.choice([1, 1, 1, 1, -1])
        line["unit_price"] = price * self.random.choice([1, 1, 1, 1, -1])
        asked["description"] = "Reckoned"
        asked["quantity"], asked["unit_price"] = str(line["quantity"]), str(line["unit_price"])
        line["discount_percent"] = Decimal(0)
        chance = self.random.random()
        if chance < 0.1 and self.facts["discounts"]:
            asked["discount"], line["discount_percent"] = self.random.choice(sorted(self.facts["discounts"].items()))
        elif chance < 0.5:
            line["discount_percent"] = self.random.choice([Decimal(self.random.randint(0, 100)), self.number(2, 3) % 100])
            asked["discount_percent"] = str(line["discount_percent"])
        code = self.random.choice(taxes)
        if code:
            asked["tax_code"] = code
            line["category"], line["rate"] = self.facts["taxes"][self.tenant][code]
        else:
            asked["tax_rate"] = self.random.choice(RATES)
            line["category"], line["rate"] = None, Decimal(asked["tax_rate"])
        return line, asked

    def create(self, kind, **said):
        currency = self.random.choice(list(MINOR_UNIT))
        own = currency == self.facts["currencies"][self.tenant]
        rate = None
        if not own and (currency == "KWD" or self.random.random() < 0.7):
            rate = self.number(2, self.random.randint(1, 6))
        # what is not subject to tax does not stand beside what is
        codes = [code for code, (category, _) in self.facts["taxes"][self.tenant].items()]
        outside = [code for code in codes if self.facts["taxes"][self.tenant][code][0] == "O"]
        inside = [code for code in codes if code not in outside]
        taxes = [None] + (outside if not inside or self.random.random() < 0.2 else 2 * inside)
        lines = [self.line(currency, taxes) for _ in range(self.random.choice([1, 1, 2, 2, 3, 4, 7]))]
        return self.add(
            kind, currency, [line for line, _ in lines], exchange_rate=rate, asked=json.dumps([asked for _, asked in lines]),
            customer=self.random.choice(self.facts["customers"][self.tenant]), **said)

    def add(self, kind, currency, lines, **said):
        document = Document(self.first + len(self.documents), self.tenant, self.rounding, kind, currency, lines, **said)
        self.documents.append(document)
        return document

    def convert(self, source, kind, part, also=()):
        """Makes a posted one of a part of what is left of each line, or of all that is left; `also` loses the same."""
        lines, asked = [], []
        for place, line in enumerate(source.lines):
            left = source.left[place]
            quantity = left if part is None else rounded(left * part, 4)
            if quantity:
                made = line | {"quantity": quantity, "place": place}
                if kind == "credit_note" and quantity == left:
                    made["rest"] = source.nets[place] - source.taken[place]
                lines.append(made)
                asked.append({"source_position": place + 1, "quantity": str(quantity)})
        if not lines:
            return None
        made = Document(self.first + len(self.documents), source.tenant, source.rounding, kind, source.currency, lines,
                        action="convert", source=source, posts=True, asked=None if part is None else json.dumps(asked),
                        exchange_rate=None if kind == "credit_note" else source.exchange_rate)
        # never more is credited than was invoiced, nor with the other sign
        if kind == "credit_note" and not 0 <= made.gross * source.gross <= source.gross * (source.gross - source.credited):
            return None
        if kind == "credit_note":
            for line, net in zip(lines, made.nets):
                source.taken[line["place"]] += net
            for group, (net, tax) in made.taxes.items():
                source.rest[group] = (source.rest[group][0] - net, source.rest[group][1] - tax)
        for line in lines:
            source.left[line["place"]] -= line["quantity"]
            for other in also:
                other.left[other.lines.index(next(o for o in other.lines if o["id"] == line["id"]))] -= line["quantity"]
        self.documents.append(made)
        return made

    def deliver(self):
        """An order is delivered twice and what was delivered is invoiced, then the rest of the order."""
        order = self.create("order", posts=True)
        for place, line in enumerate(order.lines):
            line["id"] = place
        invoiced = list(order.left)
        for part in Decimal("0.3"), None:
            delivery = self.convert(order, "delivery_note", part)
            if delivery and self.random.random() < 0.7:
                for line in self.convert(delivery, "invoice", None).lines:
                    invoiced[line["id"]] -= line["quantity"]
        order.left = invoiced
        self.convert(order, "invoice", None)

    def credit(self):
        """An invoice is credited in parts."""
        invoice = self.create("invoice", posts=True)
        invoice.credited = Decimal(0)
        for part in Decimal("0.25"), Decimal("0.5"), None:
            made = self.convert(invoice, "credit_note", part)
            invoice.credited += made.gross if made else 0

    def cancel(self):
        """An invoice or an order is cancelled wholly."""
        document = self.create(self.random.choice(["invoice", "invoice", "order"]), posts=True)
        kind, sign = ("credit_note", 1) if document.kind == "invoice" else ("order", -1)
        lines = [line | {"quantity": line["quantity"] * sign} for line in document.lines]
        self.add(kind, document.currency, lines, action="cancel", source=document, posts=True)

    def post(self):
        self.create(self.random.choice(["quote", "invoice", "credit_note"]), posts=True)


class Psql:
    """psql as the server's superuser, while others work."""

    def __init__(self, text):
        self.process = subprocess.Popen(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"], env={**os.environ, "PGUSER": "postgres"},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def rows(self):
        out, err = self.process.communicate()
        assert self.process.returncode == 0, err
        return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in out.replace("\\\\", "\\").splitlines()]


class Reckoning(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"      random documents of seed {SEED}", flush=True)
        facts = Psql(FACTS).rows()[0]
        chance = random.Random(SEED)
        with localcontext() as context:
            context.prec = 60
            share = DOCUMENTS // len(SESSIONS)
            plans = [Plan(chance, facts, tenants, i * share, share) for i, tenants in enumerate(SESSIONS)]
        sessions = [Psql(SESSION.format(rows="\n".join(document.row() for document in plan.documents))) for plan in plans]
        cls.pairs = [pair for plan, session in zip(plans, sessions) for pair in zip(plan.documents, session.rows(), strict=True)]
        cls.made = {document.n: row for document, row in cls.pairs}
        cls.currencies = facts["currencies"]

    def same(self, document, what, expected, got):
        self.assertEqual(expected, got, f"{what} of document {document.n}, seed {SEED}: {document.row()}")

    def test_totals_are_those_of_another_reckoning(self):
        self.assertEqual(len(self.pairs), DOCUMENTS)
        for document, row in self.pairs:
            for what in "n", "kind", "currency":
                self.same(document, what, getattr(document, what), row[what])
            self.same(document, "tax_rounding", document.rounding, row["tax_rounding"])
            self.same(document, "line nets", document.nets, row["lines"])
            self.same(document, "number of taxes", len(document.taxes), len(row["taxes"]))
            taxes = {(category, rate): (net, tax) for category, rate, net, tax in row["taxes"]}
            self.same(document, "taxes", document.taxes, taxes)
            for what in "net", "tax", "gross":
                self.same(document, what, getattr(document, what), row[what])

    def test_a_posted_document_is_in_the_currency_of_its_tenant(self):
        posted = [(document, row) for document, row in self.pairs if document.posts]
        self.assertGreater(len(posted), DOCUMENTS // 10)
        credited = defaultdict(lambda: [Decimal(0)] * 4)  # of an invoice: net and tax, in both currencies
        for document, row in posted:
            self.assertNotEqual(row["status"], "draft")
            currency = self.currencies[document.tenant]
            rate = document.exchange_rate
            if document.currency == currency:
                rate = Decimal(1)
            elif document.source and document.kind in ("credit_note", document.source.kind):
                rate = self.made[document.source.n]["exchange_rate"]
            if rate is not None:
                self.same(document, "exchange_rate", rate, row["exchange_rate"])
            net, tax = (rounded(amount * row["exchange_rate"], MINOR_UNIT[currency]) for amount in (document.net, document.tax))
            if document.kind == "credit_note" and document.source:
                # what takes back the last of it takes the rest
                source, before = self.made[document.source.n], credited[document.source.n]
                foreign = document.currency != currency
                if foreign and [before[0] + document.net, before[1] + document.tax] == [source["net"], source["tax"]]:
                    net, tax = source["tenant_net"] - before[2], source["tenant_tax"] - before[3]
                credited[document.source.n] = [a + b for a, b in zip(before, (document.net, document.tax, net, tax))]
            got = [row[what] for what in ("tenant_net", "tenant_tax", "tenant_gross")]
            self.same(document, "amounts in the tenant's currency", [net, tax, net + tax], got)

    def test_a_cancelled_document_and_its_counter_document_are_zero(self):
        cancelled = [(document, row) for document, row in self.pairs if document.action == "cancel"]
        self.assertGreater(len(cancelled), DOCUMENTS // 100)
        for document, counter in cancelled:
            source = self.made[document.source.n]
            self.same(document, "status of the source", "cancelled", source["status"])
            sign = 1 if counter["kind"] == "order" else -1  # a credit note counts below zero by its kind
            for what in "net", "tax", "gross", "tenant_net", "tenant_tax", "tenant_gross":
                self.same(document, what, 0, source[what] + sign * counter[what])
            taxes = defaultdict(lambda: (0, 0))
            for of, factor in (source, 1), (counter, sign):
                for category, rate, net, tax in of["taxes"]:
                    before = taxes[category, rate]
                    taxes[category, rate] = before[0] + factor * net, before[1] + factor * tax
            self.same(document, "sums per tax", {(0, 0)}, set(taxes.values()))


if __name__ == "__main__":
    unittest.main()
