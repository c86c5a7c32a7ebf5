//! `mandant`: starts what was asked for; a failure is one sentence on stderr and exit code 1, of
//! `mandant lint`, where 1 says that something was found, 2.

use std::{
    env, io::ErrorKind, net::SocketAddr, path::Path, pin::pin, process::ExitCode, time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Parser;
use mandant::{
    cluster::{self, Cluster},
    config::{
        self, By, Cli, Command, Demo, Export, Fresh, Install, Lint, Load, Psql, RefreshKeys,
        Restore, Serve, SetPassword, Update,
    },
    database::Database,
    db::Db,
    export, import,
    install::{self, Found},
    lint::Report,
    load, metrics, password,
    peer::Proxies,
    print_report, psql, refresh,
    release::VERSION,
    restore, run_contracts,
    telemetry::{self, say},
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::sleep,
};
use tokio_postgres::Client;

/// How often the database is asked to stop what a command does there.
const CANCEL_AGAIN: Duration = Duration::from_millis(200);
/// How long requests in flight may take to finish once the service was asked to stop.
const GRACE: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    let (outcome, failure) = match Cli::parse().command {
        Command::Serve(options) => (serve(options).await, 1),
        Command::Install(options) => (install_into(options).await, 1),
        Command::Update(options) => (update(options).await, 1),
        Command::Lint(options) => (lint(options).await, 2),
        Command::RefreshKeys(options) => (refresh_keys(options).await, 1),
        Command::Load(options) => (load_files(options).await, 1),
        Command::Fresh(options) => (fresh(options).await, 1),
        Command::Psql(options) => (psql(options).await, 1),
        Command::Report(options) => (report(options).await, 1),
        Command::RunContracts(options) => (run_contracts(options).await, 1),
        Command::Import(options) => (import(options).await, 1),
        Command::Export(options) => (export_tenant(options).await, 1),
        Command::Restore(options) => (restore_tenant(options).await, 1),
        Command::SetPassword(options) => (set_password(options).await, 1),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("mandant: {error:#}");
        ExitCode::from(failure)
    })
}

async fn serve(options: Serve) -> Result<ExitCode> {
    telemetry::start(&options.log, options.log_json)?;
    let listener = listen(options.listen, "MANDANT_LISTEN=127.0.0.1:8081").await?;
    let told = match options.metrics_listen {
        Some(address) => Some(listen(address, "MANDANT_METRICS_LISTEN=127.0.0.1:9081").await?),
        None => None,
    };
    let stop = Stop::on_signals()?;
    match &options.database_url {
        Some(url) => {
            let primary = parse(url)?;
            let replica = options.replica_url.as_deref();
            let replica = replica
                .map(|url| Database::parse(url, "DATABASE_REPLICA_URL"))
                .transpose()?;
            let db = Db::new(&primary, replica.as_ref(), options.connections)?;
            db.refuse_unfit().await?;
            say(format!(
                "Serving http://{}, Ctrl-C stops.",
                listener.local_addr()?
            ));
            answer(listener, told, db, &options, &stop).await?;
        }
        None => {
            let cluster = Cluster::claim(&options.home)?;
            let outcome = serve_embedded(&cluster, listener, told, &options, &stop).await;
            let stopped = cluster.stop().await; // whatever happened, no server is left behind
            outcome.and(stopped)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve_embedded(
    cluster: &Cluster,
    listener: TcpListener,
    told: Option<TcpListener>,
    options: &Serve,
    stop: &Stop,
) -> Result<()> {
    let url = format!("http://{}", listener.local_addr()?);
    let running = tokio::select! {
        running = cluster.start(&url, options.demo) => running?,
        () = stop.asked(1) => return Ok(()),
    };
    let db = Db::new(&running.service_login()?, None, options.connections)?;
    db.refuse_unfit().await?;
    say(running.welcome(&url));
    let outcome = answer(listener, told, db, options, stop).await;
    say("Stopping the private database.");
    outcome
}

/// Serves until asked to stop, then lets the requests in flight finish, for a while. How it fares is `told` to the end.
async fn answer(
    listener: TcpListener,
    told: Option<TcpListener>,
    db: Db,
    options: &Serve,
    stop: &Stop,
) -> Result<()> {
    if let Some(told) = told {
        say(format!("Metrics: http://{}/metrics", told.local_addr()?));
        tokio::spawn(metrics::serve(told, db.clone()));
    }
    let proxies = Proxies::new(options.trust_proxy.clone());
    let service = mandant::router(db, options.origins.clone(), proxies)?
        .into_make_service_with_connect_info::<SocketAddr>();
    let asked = {
        let stop = stop.clone();
        async move { stop.asked(1).await }
    };
    let overdue = async {
        stop.asked(1).await;
        tokio::select! { () = sleep(GRACE) => (), () = stop.asked(2) => () }
    };
    tokio::select! {
        served = axum::serve(listener, service).with_graceful_shutdown(asked) => {
            served.context("the service cannot go on")
        }
        () = overdue => Ok(()),
    }
}

async fn install_into(options: Install) -> Result<ExitCode> {
    let stop = Stop::on_signals()?;
    let database = match options.database_url.as_deref() {
        Some(url) => parse(url)?,
        None => Database::of_environment()?
            .context("which database? DATABASE_URL, or PGHOST and its like, must name one")?,
    };
    let mut client = database.connect().await?;
    let cancel = database.cancel(&client);
    let installing = install::install(&mut client, options.demo);
    let found = unless_stopped(&stop, cancel, installing, "nothing was installed").await?;
    match found {
        Found::Nothing => say(match install::has_password(&client).await? {
            true => format!("Installed {VERSION}. Serve it as mandant_service."),
            false => format!(
                "Installed {VERSION}. Serve it as mandant_service, which has no password yet."
            ),
        }),
        Found::Same if options.demo == Demo::None => {
            say(format!("Nothing to do: {VERSION} is installed."));
        }
        Found::Same => say(format!(
            "Nothing to do: {VERSION} is installed, and demo companies come with a new database only."
        )),
        Found::Older(version) => bail!(
            "the database is of version {version}, and this is {VERSION}: `mandant update` brings it here"
        ),
        Found::Other(no_way) => return Err(no_way.into()),
    }
    if let Some(warning) = install::preload_warning(&client).await? {
        eprintln!("mandant: warning: {warning}");
    }
    Ok(ExitCode::SUCCESS)
}

/// What `work` in a database comes to. Asked to stop, the database is asked to stop it; what it has committed by then is
/// done, and otherwise `nothing` is true.
async fn unless_stopped<T>(
    stop: &Stop,
    cancel: impl AsyncFn(),
    work: impl Future<Output = Result<T>>,
    nothing: &str,
) -> Result<T> {
    let mut work = pin!(work);
    tokio::select! { done = &mut work => return done, () = stop.asked(1) => () }
    loop {
        cancel().await; // in vain between two statements
        tokio::select! {
            done = &mut work => return done.map_err(|_| anyhow!("stopped: {nothing}")),
            () = sleep(CANCEL_AGAIN) => (),
        }
    }
}

async fn update(options: Update) -> Result<ExitCode> {
    let stop = Stop::on_signals()?;
    let nothing = "nothing was updated";
    let updated = match options.database_url.as_deref() {
        Some(url) => {
            let database = parse(url)?;
            let mut client = database.connect().await?;
            let cancel = database.cancel(&client);
            unless_stopped(&stop, cancel, install::update(&mut client), nothing).await?
        }
        None => {
            let cluster = Cluster::claim(&options.home)?;
            let updated = tokio::select! {
                updated = cluster.update() => updated,
                () = stop.asked(1) => Err(anyhow!("stopped: {nothing}")),
            };
            let ended = cluster.stop().await; // whatever happened, no server is left behind
            updated.and_then(|updated| ended.map(|()| updated))?
        }
    };
    say(match updated {
        Some(before) => format!("Updated from {before} to {VERSION}."),
        None => format!("Nothing to do: {VERSION} is installed."),
    });
    Ok(ExitCode::SUCCESS)
}

async fn lint(options: Lint) -> Result<ExitCode> {
    let report = Report::of(&options).await?;
    say(if options.json {
        report.json()?
    } else {
        report.text()
    });
    Ok(ExitCode::from(u8::from(report.has_errors())))
}

async fn fresh(options: Fresh) -> Result<ExitCode> {
    let home = options.home.display();
    if !options.home.exists() {
        say(format!("Nothing to remove: there is no {home}."));
        return Ok(ExitCode::SUCCESS);
    }
    Cluster::claim(&options.home)?.remove().await?;
    say(format!("Removed {home}."));
    Ok(ExitCode::SUCCESS)
}

async fn refresh_keys(options: RefreshKeys) -> Result<ExitCode> {
    let database = connect(options.database_url.as_deref(), &options.home).await?;
    refresh::refresh_keys(&database).await?;
    Ok(ExitCode::SUCCESS)
}

async fn load_files(options: Load) -> Result<ExitCode> {
    let database = connect(options.database_url.as_deref(), &options.home).await?;
    load::load(&database, &options).await?;
    Ok(ExitCode::SUCCESS)
}

async fn psql(options: Psql) -> Result<ExitCode> {
    let database = match options.database_url.as_deref() {
        Some(url) => parse(url)?,
        None => cluster::person_of_running(&options.home)?,
    };
    let password = password::ask()?;
    psql::psql(&database, &options, &password).await
}

async fn report(options: config::Report) -> Result<ExitCode> {
    let print =
        async |database: Database| print_report::print(&database.connect().await?, &options).await;
    by_rights_of(&options.who.by, print).await?;
    Ok(ExitCode::SUCCESS)
}

async fn run_contracts(options: config::RunContracts) -> Result<ExitCode> {
    let run = async |database| run_contracts::run(&database, &options).await;
    by_rights_of(&options.who.by, run).await?;
    Ok(ExitCode::SUCCESS)
}

async fn export_tenant(options: Export) -> Result<ExitCode> {
    let stop = Stop::on_signals()?;
    let write = async |database: Database| {
        let client = database.connect().await?;
        tokio::select! {
            written = export::export(&client, &options) => written,
            () = stop.asked(1) => bail!("stopped: nothing was exported"),
        }
    };
    by_rights_of(&options.by, write).await?;
    Ok(ExitCode::SUCCESS)
}

async fn restore_tenant(options: Restore) -> Result<ExitCode> {
    let stop = Stop::on_signals()?;
    let database = connect(options.database_url.as_deref(), &options.home).await?;
    tokio::select! {
        restored = restore::restore(&database, &options) => restored?,
        () = stop.asked(1) => bail!("stopped: nothing was restored"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn import(options: config::Import) -> Result<ExitCode> {
    let run = async |database| import::run(&database, &options).await;
    by_rights_of(&options.who.by, run).await?;
    Ok(ExitCode::SUCCESS)
}

/// Does it on the database that was named, as its login, or as an employee who signs in for it.
async fn by_rights_of(by: &By, work: impl AsyncFnOnce(Database) -> Result<()>) -> Result<()> {
    let url = by.database_url.as_deref();
    let Some(email) = &by.email else {
        let database = match url {
            Some(url) => parse(url)?,
            None => match Database::of_environment()? {
                Some(database) => database,
                None => {
                    let login = env::var("PGUSER").ok();
                    cluster::anybody_of_running(&by.home, login.as_deref())?
                }
            },
        };
        return work(database).await;
    };
    let relay = match url {
        Some(url) => parse(url)?,
        None => cluster::person_of_running(&by.home)?,
    };
    let token = psql::sign_in(&relay, email, &password::ask()?).await?;
    let option = psql::token_option(&token);
    let done = work(relay.clone().with_option(&option)).await;
    psql::sign_out(&relay, &token).await?;
    done
}

async fn set_password(options: SetPassword) -> Result<ExitCode> {
    let database = connect(options.database_url.as_deref(), &options.home).await?;
    let password = password::choose()?;
    password::set_password(&database, &options.email, &password).await?;
    Ok(ExitCode::SUCCESS)
}

fn parse(url: &str) -> Result<Database> {
    Database::parse(url, "DATABASE_URL")
}

/// A connection to the database that was named, or to the private one.
async fn connect(url: Option<&str>, home: &Path) -> Result<Client> {
    let database = match url {
        Some(url) => parse(url)?,
        None => cluster::superuser_of_running(home)?,
    };
    database.connect().await
}

async fn listen(address: SocketAddr, another: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => anyhow!(
                "{address} is in use by another program (perhaps `make run` in another terminal): \
             stop that one, or choose another address, such as {another}"
            ),
            _ => anyhow!("cannot listen on {address}: {error}"),
        })
}

/// Counts the signals that ask to stop: the first is polite, the second is not.
#[derive(Clone)]
struct Stop(watch::Receiver<u32>);

impl Stop {
    fn on_signals() -> Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (count, counted) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
                count.send_modify(|count| *count += 1);
            }
        });
        Ok(Self(counted))
    }

    async fn asked(&self, times: u32) {
        // it fails only without a sender, and the sender's task never ends
        let _ = self.0.clone().wait_for(|count| *count >= times).await;
    }
}
