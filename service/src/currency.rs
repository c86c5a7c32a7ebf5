//! Currencies, and what they are worth to each other. All tenants share them.

use aide::axum::{ApiRouter, routing::get_with};
use chrono::{NaiveDate, Utc};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    amount::Amount,
    call::Call,
    db::Db,
    error::Error,
    extract::{Path, Query},
    list::filter,
    openapi::operation,
    record::{Record, choice, param, record},
    reply::Json,
    resource::{self, Resource, readable},
};

record! {
    /// A currency.
    pub struct Currency {
        /// Three letters (ISO 4217), such as `EUR`.
        code: String,
        /// Three digits, such as `978`.
        numeric_code: String,
        /// The English name, such as `Euro`.
        name: String,
        /// Decimals of an amount; null: no amount can be in it.
        minor_unit: Option<i32>,
        /// The first day on which it was no longer the money of its country; null: it still is.
        withdrawn: Option<NaiveDate>,
    }
}

filter! {
    /// Which currencies to list.
    pub struct CurrencyFilter sorted only by [code, name] {
        /// Part of the name, in capitals or not, such as `dollar`.
        name: String = "strpos(lower(name), lower({})) > 0",
        /// Whether amounts can be in it today.
        usable: bool = "(minor_unit is not null and (withdrawn > current_date or withdrawn is null)) = {}",
    }
}

impl Resource for Currency {
    const NAME: &'static str = "currency";
    const PLURAL: &'static str = "currencies";
    const PATH: &'static str = "/v1/currencies";
    const TABLE: &'static str = "crm.currency";
    const ID: &'static str = "code";
    type Id = String;
    type Filter = CurrencyFilter;

    fn id(&self) -> String {
        self.code.clone()
    }

    fn source(rows: &str) -> String {
        rows.to_owned()
    }
}

record! {
    /// What a currency was worth on a day.
    pub struct ExchangeRate {
        /// Three letters (ISO 4217), such as `USD`.
        currency: String,
        /// Of the day, at the end of a period, or its average, such as `daily`.
        r#type: String,
        /// The day; of a period its last.
        rate_date: NaiveDate,
        /// Units of the currency for one euro.
        rate: Amount,
        /// Who says so, such as `ECB`.
        source: String,
    }
}

choice! {
    /// What an exchange rate is of.
    pub enum RateType {
        /// A day.
        Daily = "daily",
        /// The end of a period.
        Closing = "closing",
        /// A period as a whole.
        Average = "average",
    }
}

filter! {
    /// Which exchange rates to list.
    pub struct ExchangeRateFilter sorted by [rate_date, currency] {
        /// Three letters (ISO 4217), such as `USD`.
        currency: String,
        /// Of the day, at the end of a period, or its average.
        r#type: RateType = "type = {}",
        /// Of this day and later.
        from: NaiveDate = "rate_date >= {}",
        /// Of this day and earlier.
        to: NaiveDate = "rate_date <= {}",
    }
}

impl Resource for ExchangeRate {
    const NAME: &'static str = "exchange rate";
    const PLURAL: &'static str = "exchange rates";
    const PATH: &'static str = "/v1/exchange-rates";
    const TABLE: &'static str = "crm.exchange_rate";
    const ID: &'static str = "id";
    type Id = String;
    type Filter = ExchangeRateFilter;

    fn id(&self) -> String {
        format!("{}.{}.{}", self.currency, self.r#type, self.rate_date)
    }

    fn source(rows: &str) -> String {
        format!(
            "(select r.*, concat_ws('.', r.currency, r.type, r.rate_date) as id from {rows} r) r"
        )
    }
}

/// On which day, and what of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateQuestion {
    /// The day; today (UTC) unless said.
    on_date: Option<NaiveDate>,
    /// Of the day, at the end of a period, or its average; of the day unless said.
    r#type: Option<RateType>,
}

record! {
    /// What one unit of a currency is in another on a day.
    pub struct RateOnDay {
        /// Three letters (ISO 4217), such as `USD`.
        from_currency: String,
        /// Three letters (ISO 4217), such as `EUR`.
        to_currency: String,
        /// The day.
        on_date: NaiveDate,
        /// Not rounded, from the last rate on or before the day.
        rate: Amount,
    }
}

/// Addresses.
pub fn routes() -> ApiRouter<Db> {
    ApiRouter::new()
        .merge(readable::<Currency>())
        .api_route(
            ExchangeRate::PATH,
            get_with(
                resource::list::<ExchangeRate>,
                operation("List exchange rates"),
            ),
        )
        .api_route(
            "/v1/exchange-rates/{from_currency}/{to_currency}",
            get_with(
                rate_on_day,
                operation("Read what one currency is in another on a day"),
            ),
        )
}

async fn rate_on_day(
    call: Call,
    Path((from, to)): Path<(String, String)>,
    Query(question): Query<RateQuestion>,
) -> Result<Json<RateOnDay>, Error> {
    let statement = format!(
        "select {} from (select $1, $2, $3, crm.exchange_rate_on($1, $2, $3, $4))
            as r (from_currency, to_currency, on_date, rate)",
        RateOnDay::select()
    );
    let on_date = question.on_date.unwrap_or_else(|| Utc::now().date_naive());
    let rate_type = question.r#type.unwrap_or(RateType::Daily);
    call.read(async |tx| {
        let values = [param(&from), param(&to), param(&on_date), param(&rate_type)];
        tx.row(&statement, &values).await
    })
    .await
}
