"""A folder as Microsoft Dynamics CRM exports it: made up, of any size, the same each time. Its ids say what they are."""

import csv
import uuid
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

CENT = Decimal("0.01")
UNITS = {"Contoso Germany": "de", "Contoso USA": "us", "Contoso Hong Kong": "hk"}
MONEY = {"de": ("Euro", "EUR", "1"), "us": ("US Dollar", "USD", "1.25"), "hk": ("Hong Kong Dollar", "HKD", "10")}
COUNTRY = {"de": "Germany", "us": "US", "hk": "HK"}
STATES = {"quote": ("Draft", "Active", "Won", "Closed"), "salesorder": ("Active", "Fulfilled", "Canceled"), "invoice": ("Active", "Paid", "Paid", "Canceled")}


def guid(*parts):
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


def write(folder, name, rows, encoding="utf-8-sig", delimiter=","):
    with open(Path(folder) / name, "w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def folder(path, mark, customers=3, documents=2):
    """In each of three companies so many customers, each with a contact, an opportunity, and so many quotes, orders and invoices
    of two lines. mark: makes ids, names and numbers its own. Returns how many rows there are of what."""
    path = Path(path)
    path.mkdir(parents=True, exist_ok=True)
    made = {name: [] for name in ("businessunit", "systemuser", "transactioncurrency", "account", "contact", "lead", "product", "opportunity",
                                  *STATES, "quotedetail", "salesorderdetail", "invoicedetail")}
    made["businessunit"].append({"businessunitid": guid(mark, "root"), "name": "Contoso", "parentbusinessunitid": ""})
    for unit, tenant in UNITS.items():
        made["businessunit"].append({"businessunitid": guid(mark, unit), "name": unit, "parentbusinessunitid": "Contoso"})
        made["transactioncurrency"].append({"transactioncurrencyid": guid(mark, tenant, "money"), "currencyname": MONEY[tenant][0],
                                            "isocurrencycode": MONEY[tenant][1], "exchangerate": MONEY[tenant][2]})
        made["systemuser"].append({"systemuserid": guid(mark, unit, "user"), "fullname": f"Owner {tenant} {mark}",
                                   "internalemailaddress": f"owner-{mark}@{tenant}.example", "businessunitid": unit, "isdisabled": "Enabled"})
    for n in range(5):
        made["product"].append({"productid": guid(mark, "product", n), "productnumber": f"{mark}-P{n}", "name": f"Product {n} {mark}",
                                "price": f"{100 + n}.00", "defaultuomid": "hour", "transactioncurrencyid": "Euro", "statecode": "Active"})
    for unit, tenant in UNITS.items():
        shared = {"transactioncurrencyid": MONEY[tenant][0], "ownerid": f"Owner {tenant} {mark}", "owningbusinessunit": unit}
        for n in range(customers):
            account = {"accountid": guid(mark, tenant, "account", n), "name": f"Account {tenant} {n} {mark}", "address1_line1": f"Street {n}",
                       "address1_postalcode": f"{10000 + n}", "address1_city": "City", "address1_stateorprovince": "",
                       "address1_country": COUNTRY[tenant], "emailaddress1": f"mail{n}@{mark}.example", "creditlimit": "5000", "creditonhold": "No",
                       "paymenttermscode": "Net 30", "statecode": "Active", "parentaccountid": "", **shared}
            made["account"].append(account)
            made["contact"].append({"contactid": guid(mark, tenant, "contact", n), "firstname": "Kim", "lastname": f"Person {n}", "jobtitle": "CFO",
                                    "emailaddress1": f"kim{n}@{mark}.example", "telephone1": "+49 30 1", "statecode": "0",
                                    "parentcustomerid": account["accountid"] if n % 2 else account["name"], **shared})
            state = ("Open", "Won", "Lost")[n % 3]
            made["opportunity"].append({"opportunityid": guid(mark, tenant, "opportunity", n), "name": f"Opportunity {n}", "customerid": account["name"],
                                        "estimatedvalue": "1000.00", "estimatedclosedate": "2025-06-30", "closeprobability": "40",
                                        "actualclosedate": "" if state == "Open" else "2025-05-31", "actualvalue": "900.00" if state == "Won" else "",
                                        "statecode": state, "statuscode": "Canceled", "stepname": "2-Develop", **shared})
            for kind, number in (("quote", "quotenumber"), ("salesorder", "ordernumber"), ("invoice", "invoicenumber")):
                for m in range(documents):
                    add_document(made, mark, tenant, kind, number, n * documents + m, account, shared)
        made["lead"].append({"leadid": guid(mark, tenant, "lead"), "subject": f"Lead {mark}", "companyname": f"Lead {tenant} {mark}", "fullname": "Kim Lead",
                             "address1_country": COUNTRY[tenant], "estimatedamount": "300", "estimatedclosedate": "2027-01-31",
                             "statecode": "Open", "leadsourcecode": "Trade Show", **shared})
    for name, rows in made.items():
        write(path, f"{name}.csv", rows)
    return {name: len(rows) for name, rows in made.items()}


def add_document(made, mark, tenant, kind, number, n, account, shared):
    rate = Decimal("0.19") if tenant == "de" else Decimal(0)
    key, total, total_tax = guid(mark, tenant, kind, n), Decimal(0), Decimal(0)
    for position in (1, 2):
        quantity, price = Decimal(position), Decimal(100 + n % 7) + Decimal("0.50")
        discount = Decimal("10.00") if position == 2 else Decimal(0)
        net = quantity * price - discount
        tax = (net * rate).quantize(CENT, ROUND_HALF_UP)
        total, total_tax = total + net + tax, total_tax + tax
        made[f"{kind}detail"].append({f"{kind}detailid": guid(key, position), f"{kind}id": key, "lineitemnumber": position,
                                      "productid": f"Product {n % 5} {mark}" if position == 1 else "", "productdescription": "" if position == 1 else "Written in",
                                      "quantity": quantity, "priceperunit": price, "manualdiscountamount": discount, "tax": tax,
                                      "extendedamount": net + tax, "uomid": "hour"})
    states = STATES[kind]
    made[kind].append({f"{kind}id": key, number: f"{mark}-{kind[0].upper()}{tenant}-{n:06}", "name": f"Business {n}", "customerid": account["name"],
                       "statecode": states[n % len(states)], "statuscode": "x", "createdon": f"{2023 + n % 3}-0{1 + n % 9}-15T10:00:00Z",
                       "totalamount": total, "totaltax": total_tax, "freightamount": "", "discountamount": "", "discountpercentage": "",
                       "exchangerate": MONEY[tenant][2], "paymenttermscode": "", "duedate": f"{2023 + n % 3}-10-31", **shared})
    if kind != "invoice":
        del made[kind][-1]["duedate"]


def tenants(codes):
    """What the map says of them. codes: of the companies, by country."""
    return "[tenants]\n" + "\n".join(f'"{unit}" = "{codes[tenant]}"' for unit, tenant in UNITS.items()) + "\n"
