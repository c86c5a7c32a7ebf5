//! What can be imported: the fields of each entity, their types, and what they are called where they come from. The names of
//! Microsoft Dynamics are those of its Common Data Model: logical name, English display name.

/// What a cell is.
pub enum Kind {
    /// A GUID; of other sources any key, which becomes one.
    Id,
    /// As it is.
    Text,
    /// Another row, by its GUID or name.
    Lookup,
    /// Decimal.
    Number,
    /// A day.
    Date,
    /// Yes or no.
    Flag,
    /// One of a list, each with what it is called there: value, labels.
    Choice(&'static [(&'static str, &'static [&'static str])]),
}

/// A field, by our name, and the names of columns that it is read from.
pub struct Field {
    /// Ours.
    pub name: &'static str,
    /// What is in its cells.
    pub kind: Kind,
    /// Theirs, in lower case: logical names and display names.
    pub columns: &'static [&'static str],
}

/// What the rows of a file are.
pub struct Entity {
    /// Ours.
    pub name: &'static str,
    /// What files and the hidden column of an Excel export call it, in lower case, the first as Dynamics does.
    pub names: &'static [&'static str],
    /// Its fields.
    pub fields: &'static [Field],
}

const fn field(name: &'static str, kind: Kind, columns: &'static [&'static str]) -> Field {
    Field {
        name,
        kind,
        columns,
    }
}

const ACTIVE: Kind = Kind::Choice(&[
    ("active", &["0", "active"]),
    ("inactive", &["1", "inactive"]),
]);
const TERMS: Kind = Kind::Choice(&[
    ("30", &["1", "net 30", "30"]),
    ("30/10/2", &["2", "2% 10, net 30"]),
    ("45", &["3", "net 45", "45"]),
    ("60", &["4", "net 60", "60"]),
]);
const CURRENCY: Field = field(
    "currency",
    Kind::Lookup,
    &[
        "transactioncurrencyid",
        "_transactioncurrencyid_value",
        "currency",
    ],
);
const OWNER: Field = field(
    "owner",
    Kind::Lookup,
    &["ownerid", "_ownerid_value", "owner"],
);
const UNIT: Field = field(
    "unit",
    Kind::Lookup,
    &[
        "owningbusinessunit",
        "_owningbusinessunit_value",
        "owning business unit",
        "businessunitid",
        "_businessunitid_value",
        "business unit",
    ],
);
const TENANT: Field = field("tenant", Kind::Text, &[]);
const CUSTOMER: Field = field(
    "customer",
    Kind::Lookup,
    &[
        "customerid",
        "_customerid_value",
        "potential customer",
        "customer",
        "parentaccountid",
        "_parentaccountid_value",
        "accountid",
        "_accountid_value",
        "account",
        "parentcontactid",
        "_parentcontactid_value",
        "contactid",
        "_contactid_value",
        "contact",
    ],
);
const STREET: Field = field(
    "street",
    Kind::Text,
    &["address1_line1", "address 1: street 1", "street 1"],
);
const STREET2: Field = field(
    "street2",
    Kind::Text,
    &["address1_line2", "address 1: street 2", "street 2"],
);
const STREET3: Field = field(
    "street3",
    Kind::Text,
    &["address1_line3", "address 1: street 3", "street 3"],
);
const POSTAL_CODE: Field = field(
    "postal_code",
    Kind::Text,
    &[
        "address1_postalcode",
        "address 1: zip/postal code",
        "zip/postal code",
    ],
);
const CITY: Field = field(
    "city",
    Kind::Text,
    &["address1_city", "address 1: city", "city"],
);
const REGION: Field = field(
    "region",
    Kind::Text,
    &[
        "address1_stateorprovince",
        "address 1: state/province",
        "state/province",
    ],
);
const COUNTRY: Field = field(
    "country",
    Kind::Text,
    &[
        "address1_country",
        "address 1: country/region",
        "country/region",
    ],
);
const EMAIL: Field = field("email", Kind::Text, &["emailaddress1", "email"]);
const LANGUAGE: Field = field("language", Kind::Text, &[]);

/// What quotes, orders and invoices have in common; `$own` differs.
macro_rules! document {
    ($name:literal, $names:expr, $id:expr, $number:expr, $states:expr, [$($own:expr),*]) => {
        Entity {
            name: $name,
            names: $names,
            fields: &[
                field("id", Kind::Id, $id),
                field("number", Kind::Text, $number),
                field("name", Kind::Text, &["name"]),
                field("state", $states, &["statecode", "status"]),
                field("reason", Kind::Text, &["statuscode", "status reason"]),
                field("date", Kind::Date, &["overriddencreatedon", "record created on", "createdon", "created on"]),
                field("total", Kind::Number, &["totalamount", "total amount"]),
                field("freight", Kind::Number, &["freightamount", "freight amount"]),
                field("tax", Kind::Number, &["totaltax", "total tax"]),
                field("discount", Kind::Number, &["discountamount", concat!($name, " discount amount")]),
                field("discount_percent", Kind::Number, &["discountpercentage", concat!($name, " discount (%)")]),
                field("rate", Kind::Number, &["exchangerate", "exchange rate"]),
                field("terms", TERMS, &["paymenttermscode", "payment terms"]),
                field("billing_name", Kind::Text, &["billto_name", "bill to name"]),
                field("billing_street", Kind::Text, &["billto_line1", "bill to street 1"]),
                field("billing_postal_code", Kind::Text, &["billto_postalcode", "bill to zip/postal code"]),
                field("billing_city", Kind::Text, &["billto_city", "bill to city"]),
                field("billing_region", Kind::Text, &["billto_stateorprovince", "bill to state/province"]),
                field("billing_country", Kind::Text, &["billto_country", "bill to country/region"]),
                CURRENCY, CUSTOMER, OWNER, UNIT, TENANT, $($own),*
            ],
        }
    };
}

/// The lines of one kind of document.
macro_rules! lines {
    ($names:expr, $id:expr, $document:expr) => {
        Entity {
            name: "line",
            names: $names,
            fields: &[
                field("id", Kind::Id, $id),
                field("document", Kind::Lookup, $document),
                field(
                    "position",
                    Kind::Number,
                    &["lineitemnumber", "line item number"],
                ),
                field(
                    "sequence",
                    Kind::Number,
                    &["sequencenumber", "sequence number"],
                ),
                field(
                    "product",
                    Kind::Lookup,
                    &[
                        "productid",
                        "_productid_value",
                        "existing product",
                        "product",
                    ],
                ),
                field(
                    "description",
                    Kind::Text,
                    &["productdescription", "write-in product"],
                ),
                field(
                    "text",
                    Kind::Text,
                    &["description", "productname", "product name"],
                ),
                field("quantity", Kind::Number, &["quantity"]),
                field("price", Kind::Number, &["priceperunit", "price per unit"]),
                field(
                    "discount",
                    Kind::Number,
                    &["manualdiscountamount", "manual discount"],
                ),
                field(
                    "volume_discount",
                    Kind::Number,
                    &["volumediscountamount", "volume discount"],
                ),
                field("tax", Kind::Number, &["tax"]),
                field(
                    "amount",
                    Kind::Number,
                    &["extendedamount", "extended amount"],
                ),
                field("uom", Kind::Lookup, &["uomid", "_uomid_value", "unit"]),
            ],
        }
    };
}

/// All that can be imported; what is in several files comes in this order.
pub const ENTITIES: &[Entity] = &[
    Entity {
        name: "unit",
        names: &["businessunit", "business unit"],
        fields: &[
            field("id", Kind::Id, &["businessunitid", "business unit"]),
            field("name", Kind::Text, &["name"]),
            field(
                "parent",
                Kind::Lookup,
                &[
                    "parentbusinessunitid",
                    "_parentbusinessunitid_value",
                    "parent business",
                    "parent business unit",
                ],
            ),
        ],
    },
    Entity {
        name: "user",
        names: &["systemuser", "user"],
        fields: &[
            field("id", Kind::Id, &["systemuserid", "user"]),
            field("name", Kind::Text, &["fullname", "full name"]),
            field(
                "email",
                Kind::Text,
                &["internalemailaddress", "primary email"],
            ),
            field("inactive", Kind::Flag, &["isdisabled", "status"]),
            UNIT,
            TENANT,
        ],
    },
    Entity {
        name: "currency",
        names: &["transactioncurrency", "transaction currency", "currency"],
        fields: &[
            field(
                "id",
                Kind::Id,
                &["transactioncurrencyid", "transaction currency"],
            ),
            field("name", Kind::Text, &["currencyname", "currency name"]),
            field("code", Kind::Text, &["isocurrencycode", "currency code"]),
            field("rate", Kind::Number, &["exchangerate", "exchange rate"]),
        ],
    },
    Entity {
        name: "product",
        names: &["product"],
        fields: &[
            field("id", Kind::Id, &["productid", "product"]),
            field("code", Kind::Text, &["productnumber", "product id"]),
            field("name", Kind::Text, &["name"]),
            field("price", Kind::Number, &["price", "list price"]),
            field(
                "uom",
                Kind::Lookup,
                &["defaultuomid", "_defaultuomid_value", "default unit"],
            ),
            field("tax_code", Kind::Text, &[]),
            field(
                "state",
                Kind::Choice(&[
                    ("active", &["0", "active", "3", "under revision"]),
                    ("inactive", &["1", "retired", "2", "draft", "inactive"]),
                ]),
                &["statecode", "status"],
            ),
            CURRENCY,
            TENANT,
        ],
    },
    Entity {
        name: "customer",
        names: &["account", "customer"],
        fields: &[
            field("id", Kind::Id, &["accountid", "account"]),
            field("name", Kind::Text, &["name", "account name"]),
            STREET,
            STREET2,
            STREET3,
            POSTAL_CODE,
            CITY,
            REGION,
            COUNTRY,
            EMAIL,
            LANGUAGE,
            field("tax_id", Kind::Text, &[]),
            field("terms", TERMS, &["paymenttermscode", "payment terms"]),
            field("payment_terms_days", Kind::Number, &[]),
            field(
                "credit_limit",
                Kind::Number,
                &["creditlimit", "credit limit"],
            ),
            field("on_hold", Kind::Flag, &["creditonhold", "credit hold"]),
            field("state", ACTIVE, &["statecode", "status"]),
            field(
                "parent",
                Kind::Lookup,
                &[
                    "parentaccountid",
                    "_parentaccountid_value",
                    "parent account",
                ],
            ),
            CURRENCY,
            OWNER,
            UNIT,
            TENANT,
        ],
    },
    Entity {
        name: "contact",
        names: &["contact"],
        fields: &[
            field("id", Kind::Id, &["contactid", "contact"]),
            field("name", Kind::Text, &["fullname", "full name"]),
            field("first_name", Kind::Text, &["firstname", "first name"]),
            field("last_name", Kind::Text, &["lastname", "last name"]),
            field("function", Kind::Text, &["jobtitle", "job title"]),
            field(
                "phone",
                Kind::Text,
                &[
                    "telephone1",
                    "business phone",
                    "mobilephone",
                    "mobile phone",
                ],
            ),
            field(
                "customer",
                Kind::Lookup,
                &[
                    "parentcustomerid",
                    "_parentcustomerid_value",
                    "company name",
                    "accountid",
                    "account",
                ],
            ),
            field("state", ACTIVE, &["statecode", "status"]),
            STREET,
            STREET2,
            STREET3,
            POSTAL_CODE,
            CITY,
            REGION,
            COUNTRY,
            EMAIL,
            LANGUAGE,
            CURRENCY,
            OWNER,
            UNIT,
            TENANT,
        ],
    },
    Entity {
        name: "lead",
        names: &["lead"],
        fields: &[
            field("id", Kind::Id, &["leadid", "lead"]),
            field("name", Kind::Text, &["subject", "topic"]),
            field("company", Kind::Text, &["companyname", "company name"]),
            field("person", Kind::Text, &["fullname", "name"]),
            field("amount", Kind::Number, &["estimatedamount", "est. value"]),
            field(
                "expected_close",
                Kind::Date,
                &["estimatedclosedate", "est. close date"],
            ),
            field("source", Kind::Text, &["leadsourcecode", "lead source"]),
            field(
                "state",
                Kind::Choice(&[
                    ("open", &["0", "open"]),
                    ("qualified", &["1", "qualified"]),
                    ("lost", &["2", "disqualified"]),
                ]),
                &["statecode", "status"],
            ),
            field("reason", Kind::Text, &["statuscode", "status reason"]),
            STREET,
            STREET2,
            STREET3,
            POSTAL_CODE,
            CITY,
            REGION,
            COUNTRY,
            EMAIL,
            CURRENCY,
            OWNER,
            UNIT,
            TENANT,
        ],
    },
    Entity {
        name: "opportunity",
        names: &["opportunity"],
        fields: &[
            field("id", Kind::Id, &["opportunityid", "opportunity"]),
            field("name", Kind::Text, &["name", "topic"]),
            field("amount", Kind::Number, &["estimatedvalue", "est. revenue"]),
            field(
                "won_amount",
                Kind::Number,
                &["actualvalue", "actual revenue"],
            ),
            field(
                "expected_close",
                Kind::Date,
                &["estimatedclosedate", "est. close date"],
            ),
            field(
                "closed_on",
                Kind::Date,
                &["actualclosedate", "actual close date"],
            ),
            field(
                "probability",
                Kind::Number,
                &["closeprobability", "probability"],
            ),
            field("stage", Kind::Text, &["stepname", "pipeline phase"]),
            field("source", Kind::Text, &[]),
            field(
                "state",
                Kind::Choice(&[
                    ("open", &["0", "open"]),
                    ("won", &["1", "won"]),
                    ("lost", &["2", "lost"]),
                ]),
                &["statecode", "status"],
            ),
            field("reason", Kind::Text, &["statuscode", "status reason"]),
            CURRENCY,
            CUSTOMER,
            OWNER,
            UNIT,
            TENANT,
        ],
    },
    document!(
        "quote",
        &["quote"],
        &["quoteid", "quote"],
        &["quotenumber", "quote id"],
        Kind::Choice(&[
            ("draft", &["0", "draft"]),
            ("posted", &["1", "active", "posted"]),
            ("accepted", &["2", "won", "accepted"]),
            ("declined", &["3", "closed", "declined"]),
        ]),
        [field(
            "valid_until",
            Kind::Date,
            &["effectiveto", "effective to"]
        )]
    ),
    document!(
        "order",
        &["salesorder", "sales order", "order"],
        &["salesorderid", "order"],
        &["ordernumber", "order id"],
        Kind::Choice(&[
            (
                "posted",
                &[
                    "0",
                    "active",
                    "1",
                    "submitted",
                    "3",
                    "fulfilled",
                    "4",
                    "invoiced",
                    "posted"
                ]
            ),
            ("cancelled", &["2", "canceled", "cancelled"]),
        ]),
        [
            field(
                "supplied_on",
                Kind::Date,
                &["datefulfilled", "date fulfilled"]
            ),
            field(
                "source",
                Kind::Lookup,
                &["quoteid", "_quoteid_value", "quote"]
            )
        ]
    ),
    document!(
        "invoice",
        &["invoice"],
        &["invoiceid", "invoice"],
        &["invoicenumber", "invoice id"],
        Kind::Choice(&[
            (
                "posted",
                &[
                    "0",
                    "active",
                    "1",
                    "closed (deprecated)",
                    "closed",
                    "posted"
                ]
            ),
            ("paid", &["2", "paid"]),
            ("cancelled", &["3", "canceled", "cancelled"]),
        ]),
        [
            field(
                "supplied_on",
                Kind::Date,
                &["datedelivered", "date delivered"]
            ),
            field("due_date", Kind::Date, &["duedate", "due date"]),
            field(
                "source",
                Kind::Lookup,
                &["salesorderid", "_salesorderid_value", "order"]
            )
        ]
    ),
    lines!(
        &["quotedetail", "quote product", "quote line"],
        &["quotedetailid", "quote product"],
        &["quoteid", "_quoteid_value", "quote"]
    ),
    lines!(
        &["salesorderdetail", "order product", "order line"],
        &["salesorderdetailid", "order product"],
        &["salesorderid", "_salesorderid_value", "order"]
    ),
    lines!(
        &["invoicedetail", "invoice product", "invoice line"],
        &["invoicedetailid", "invoice product"],
        &["invoiceid", "_invoiceid_value", "invoice"]
    ),
];
