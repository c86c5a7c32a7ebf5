//! What Prometheus is told, on an address of its own: how requests, transactions and connections fare. A label is one of
//! few words: no tenant, no person, nothing that whoever sends a request makes up.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, State},
    http::{Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus::{
    Counter, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TEXT_FORMAT, TextEncoder, core::Collector, process_collector::ProcessCollector,
};
use tokio::{net::TcpListener, sync::Mutex};
use tracing::error;

use crate::{db::Db, release::VERSION, replica::Asked};

/// Upper bounds of durations, in seconds; no request lasts longer than the last.
const SECONDS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
/// What is not one of the words that are known.
const OTHER: &str = "other";
/// The status of a request whose sender did not wait for the answer.
const DROPPED: &str = "dropped";

/// How a transaction ended.
#[derive(Clone, Copy)]
pub enum Outcome {
    /// What was done is there.
    Committed,
    /// Something was refused.
    RolledBack,
    /// The connection was lost, or what was to be committed was not.
    Failed,
    /// The session was of no use; it is begun again on another.
    Discarded,
    /// Nobody waited for it any more.
    Abandoned,
}

impl Outcome {
    const ALL: [Self; 5] = [
        Self::Committed,
        Self::RolledBack,
        Self::Failed,
        Self::Discarded,
        Self::Abandoned,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::Discarded => "discarded",
            Self::Abandoned => "abandoned",
        }
    }
}

/// All that is counted.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    under_way: IntGauge,
    limited: IntCounter,
    transactions: IntCounterVec,
    retries: IntCounterVec,
    busy: IntCounter,
    numbers: IntCounter,
    number_waits: IntCounter,
    number_wait_seconds: Counter,
    sign_ins: IntCounterVec,
    pool_waits: IntCounterVec,
    pool_size: IntGaugeVec,
    up: IntGaugeVec,
    replica_reads: IntCounterVec,
}

impl Metrics {
    /// Everything at nothing.
    pub fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let new = New(&registry);
        let build = new.gauges("build_info", "1, of this version", &["version"])?;
        build.with_label_values(&[VERSION]).set(1);
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let seconds = HistogramOpts::new(
            "mandant_http_request_duration_seconds",
            "How long answers took, by what was asked and answered",
        );
        let about = ["method", "route", "status"];
        let metrics = Self {
            requests: new.counters("http_requests_total", "Requests, by what was asked and answered", &about)?,
            seconds: new.add(HistogramVec::new(seconds.buckets(SECONDS.to_vec()), &about)?)?,
            under_way: new.add(IntGauge::new(
                "mandant_http_requests_in_flight",
                "Requests that are not answered yet",
            )?)?,
            limited: new.counter("http_requests_limited_total", "Requests refused by a limit, with 429")?,
            transactions: new.counters("transactions_total", "Transactions, by how they ended", &["outcome"])?,
            retries: new.counters(
                "transaction_retries_total",
                "Transactions that were begun again, by the SQLSTATE that they met",
                &["code"],
            )?,
            busy: new.counter(
                "busy_refusals_total",
                "Refusals 55P03: a series of numbers, or another lock, was busy for too long",
            )?,
            numbers: new.counter(
                "numbers_total",
                "Numbers drawn, by whomever, since the database was started",
            )?,
            number_waits: new.counter(
                "number_waits_total",
                "Draws of a number that waited for another, since the database was started",
            )?,
            number_wait_seconds: new.add(Counter::new(
                "mandant_number_wait_seconds_total",
                "How long draws of a number waited, since the database was started",
            )?)?,
            sign_ins: new.counters("sign_ins_total", "Attempts to sign in, by what came of them", &["outcome"])?,
            pool_waits: new.counters(
                "pool_timeouts_total",
                "Waits for a connection that ended without one",
                &["pool"],
            )?,
            pool_size: new.gauges(
                "pool_connections",
                "Connections: that there may be, that there are, idle ones; and requests that wait for one",
                &["pool", "state"],
            )?,
            up: new.gauges("database_up", "1 if the server answers, 0 if not", &["server"])?,
            replica_reads: new.counters(
                "replica_reads_total",
                "Reports that were to be read from the standby, by what came of it; all but answered were the primary's",
                &["outcome"],
            )?,
            registry: registry.clone(),
        };
        // what did not happen yet is nothing, and not unknown
        for outcome in Outcome::ALL {
            metrics.transactions.with_label_values(&[outcome.as_str()]);
        }
        for asked in Asked::ALL {
            metrics.replica_reads.with_label_values(&[asked.as_str()]);
        }
        for outcome in ["succeeded", "failed", "throttled"] {
            metrics.sign_ins.with_label_values(&[outcome]);
        }
        Ok(metrics)
    }

    /// A request begins.
    pub fn request(self: &Arc<Self>, method: &Method, route: Option<&MatchedPath>) -> Request {
        self.under_way.inc();
        Request {
            metrics: self.clone(),
            method: known(method),
            route: route.map_or_else(|| OTHER.to_owned(), |route| route.as_str().to_owned()),
            began: Instant::now(),
            answered: false,
        }
    }

    /// A transaction begins.
    pub fn transaction(self: &Arc<Self>) -> Transaction {
        Transaction {
            metrics: self.clone(),
            outcome: Outcome::Abandoned,
        }
    }

    /// A transaction is begun again, for what it met.
    pub fn retry(&self, code: &str) {
        self.retries.with_label_values(&[code]).inc();
    }

    /// Something was locked for too long.
    pub fn busy(&self) {
        self.busy.inc();
    }

    /// What the database counts of numbers: it is told as it is.
    pub fn numbers(&self, drawn: i64, waits: i64, wait_seconds: f64) {
        for (counter, count) in [(&self.numbers, drawn), (&self.number_waits, waits)] {
            counter.reset();
            counter.inc_by(u64::try_from(count).unwrap_or_default());
        }
        self.number_wait_seconds.reset();
        self.number_wait_seconds.inc_by(wait_seconds.max(0.0));
    }

    /// Somebody tried to sign in; with which SQLSTATE it was refused, if so.
    pub fn sign_in(&self, refused: Option<&str>) {
        let outcome = match refused {
            None => "succeeded",
            Some("28P01") => "failed",
            Some("53400") => "throttled",
            Some(_) => OTHER,
        };
        self.sign_ins.with_label_values(&[outcome]).inc();
    }

    /// A standby was asked for a report.
    pub fn replica(&self, asked: Asked) {
        self.replica_reads
            .with_label_values(&[asked.as_str()])
            .inc();
    }

    /// Somebody waited for a connection of this pool in vain.
    pub fn pool_timeout(&self, pool: &str) {
        self.pool_waits.with_label_values(&[pool]).inc();
    }

    /// How the connections of a pool are.
    pub fn pool(&self, pool: &str, status: &deadpool_postgres::Status) {
        self.pool_waits.with_label_values(&[pool]); // there, if only as nothing
        for (state, count) in [
            ("max", status.max_size),
            ("open", status.size),
            ("idle", status.available),
            ("waiting", status.waiting),
        ] {
            let gauge = self.pool_size.with_label_values(&[pool, state]);
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Whether a server answers.
    pub fn up(&self, server: &str, up: bool) {
        self.up.with_label_values(&[server]).set(up.into());
    }

    fn text(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}

/// Makes what is counted, and enters it in the registry.
struct New<'a>(&'a Registry);

impl New<'_> {
    fn add<T: Collector + Clone + 'static>(&self, made: T) -> prometheus::Result<T> {
        self.0.register(Box::new(made.clone()))?;
        Ok(made)
    }

    fn counter(&self, name: &str, help: &str) -> prometheus::Result<IntCounter> {
        self.add(IntCounter::new(format!("mandant_{name}"), help)?)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> prometheus::Result<IntCounterVec> {
        let opts = Opts::new(format!("mandant_{name}"), help);
        self.add(IntCounterVec::new(opts, labels)?)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> prometheus::Result<IntGaugeVec> {
        let opts = Opts::new(format!("mandant_{name}"), help);
        self.add(IntGaugeVec::new(opts, labels)?)
    }
}

/// A method that there is; anybody can send another.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}

/// A request under way, counted when it is over.
pub struct Request {
    metrics: Arc<Metrics>,
    method: &'static str,
    route: String,
    began: Instant,
    answered: bool,
}

impl Request {
    /// It is answered.
    pub fn end(mut self, status: StatusCode) {
        self.answered = true;
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.metrics.limited.inc();
        }
        self.count(status.as_str());
    }

    fn count(&self, status: &str) {
        let about = [self.method, &self.route, status];
        self.metrics.requests.with_label_values(&about).inc();
        let took = self.began.elapsed().as_secs_f64();
        self.metrics.seconds.with_label_values(&about).observe(took);
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.metrics.under_way.dec();
        if !self.answered {
            self.count(DROPPED);
        }
    }
}

/// A transaction under way, counted when it is over.
pub struct Transaction {
    metrics: Arc<Metrics>,
    outcome: Outcome,
}

impl Transaction {
    /// It has ended.
    pub fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let outcome = self.outcome.as_str();
        let counter = &self.metrics.transactions;
        counter.with_label_values(&[outcome]).inc();
    }
}

/// Answers `GET /metrics`, and nothing else, for as long as the service does.
pub async fn serve(listener: TcpListener, db: Db) {
    let one = Arc::default();
    let router = Router::new()
        .route("/metrics", get(show))
        .with_state((db, one));
    if let Err(error) = axum::serve(listener, router).await {
        error!(%error, "metrics cannot be told any more");
    }
}

async fn show(State((db, one)): State<(Db, Arc<Mutex<()>>)>) -> Response {
    let _one_at_a_time = one.lock().await; // what the database counts is put in the place of what it counted
    db.observe().await;
    match db.metrics().text() {
        Ok(text) => ([(CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            error!(%error, "metrics cannot be told");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_happen_is_nothing_and_what_did_is_counted() {
        let metrics = Arc::new(Metrics::new().unwrap());
        let said = || metrics.text().unwrap();
        assert!(said().contains("mandant_transactions_total{outcome=\"committed\"} 0\n"));
        assert!(said().contains(&format!("mandant_build_info{{version=\"{VERSION}\"}} 1\n")));

        let odd = Method::from_bytes(b"BREW").unwrap();
        let request = metrics.request(&odd, None);
        assert!(said().contains("mandant_http_requests_in_flight 1\n"));
        request.end(StatusCode::TOO_MANY_REQUESTS);
        drop(metrics.request(&Method::GET, None));
        metrics.transaction().end(Outcome::Committed);
        drop(metrics.transaction());
        for line in [
            "mandant_http_requests_in_flight 0",
            "mandant_http_requests_limited_total 1",
            "mandant_http_requests_total{method=\"other\",route=\"other\",status=\"429\"} 1",
            "mandant_http_requests_total{method=\"GET\",route=\"other\",status=\"dropped\"} 1",
            "mandant_transactions_total{outcome=\"committed\"} 1",
            "mandant_transactions_total{outcome=\"abandoned\"} 1",
        ] {
            assert!(said().contains(&format!("{line}\n")), "{line}\n{}", said());
        }
    }
}
