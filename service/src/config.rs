//! What can be set, by argument or environment; every setting has a default that works.

use std::{
    ffi::OsString,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use axum::http::HeaderValue;
use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

/// The web service of pg_mandant.
#[derive(Parser)]
#[command(version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of `mandant`.
#[derive(Subcommand)]
pub enum Command {
    /// Answer HTTP requests, on DATABASE_URL or on a private database that is made when missing
    Serve(Serve),
    /// Put extension and CRM into a database that is there and has nothing of them, in one transaction; again, it does nothing
    Install(Install),
    /// Bring a database that an older release installed to this one, in one transaction
    Update(Update),
    /// Find every way in which the database could leak; exit code 1 if there is one, 2 if it cannot be examined
    Lint(Lint),
    /// Remove the private database with all its data, so that the next start makes a new one
    Fresh(Fresh),
    /// Fetch the keys of the trusted issuers of tokens anew; for a timer, such as every hour
    RefreshKeys(RefreshKeys),
    /// Load country packs (JSON) or exchange rates (CSV of the European Central Bank), each file wholly or not at all
    Load(Load),
    /// Use SQL as an employee: ask for the password, start psql, sign out at its end; its exit code is psql's
    Psql(Psql),
    /// Print a report, a view of schema report, for people or as CSV; without a name which there are
    Report(Report),
    /// Make and post the invoices that contracts are due for; what is refused stops nothing else; exit code 1 if something is
    RunContracts(RunContracts),
    /// Move in: import files of another system, such as Microsoft Dynamics, all or nothing
    Import(Import),
    /// Write all that is of one company, and what it refers to, as CSV files with a manifest into a new folder
    Export(Export),
    /// Make a company of such a folder, wholly or not at all, in a database that does not have it
    Restore(Restore),
    /// Give an employee a password, of which the database gets the hash only
    SetPassword(SetPassword),
}

/// Options of `mandant serve`.
#[derive(Args)]
pub struct Serve {
    /// Folder of the private database
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Address to answer on
    #[arg(long, env = "MANDANT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Database to use instead of a private one, as a login that is a relay
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Standby of the database, from which reports are read when it has all that the database has, as the same login
    #[arg(
        long,
        env = "DATABASE_REPLICA_URL",
        hide_env_values = true,
        requires = "database_url"
    )]
    pub replica_url: Option<String>,
    /// Connections to each server of the database, at most
    #[arg(long, env = "MANDANT_CONNECTIONS", default_value_t = 32)]
    pub connections: usize,
    /// Address to tell Prometheus on how requests, transactions and connections fare, at /metrics; unless said, nowhere
    #[arg(long, env = "MANDANT_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// Networks of reverse proxies (192.0.2.0/24, 2001:db8::/32, an address), whose X-Forwarded-For or Forwarded is believed
    #[arg(long, env = "MANDANT_TRUST_PROXY", value_delimiter = ',', value_parser = network)]
    pub trust_proxy: Vec<IpNet>,
    /// Log level, or levels by module, such as `warn,mandant=debug`
    #[arg(long, env = "MANDANT_LOG", default_value = "info")]
    pub log: String,
    /// Log lines as JSON, for machines that read them
    #[arg(long, env = "MANDANT_LOG_JSON")]
    pub log_json: bool,
    /// Origin of a page that may call the service from a browser, such as `https://crm.example`; may be repeated
    #[arg(
        long = "allow-origin",
        env = "MANDANT_ALLOW_ORIGIN",
        value_delimiter = ','
    )]
    pub origins: Vec<HeaderValue>,
    /// The demo companies that a new private database has
    #[arg(long, env = "MANDANT_DEMO", value_enum, default_value_t = Demo::Year)]
    pub demo: Demo,
}

/// Options of `mandant install`.
#[derive(Args)]
pub struct Install {
    /// The demo companies to put there, too
    #[arg(long, value_enum, default_value_t = Demo::None)]
    pub demo: Demo,
    /// Database to install into, as a superuser; unless said, the one that PGHOST names
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// Options of `mandant update`.
#[derive(Args)]
pub struct Update {
    /// Folder of the private database, which must not be running
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Database to update instead, as a superuser
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// What demo companies there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Demo {
    /// No company at all
    None,
    /// Three companies with some dozens of documents
    Small,
    /// The same with a year of thousands of documents, contracts and opportunities
    Year,
}

/// Options of `mandant lint`.
#[derive(Args)]
pub struct Lint {
    /// Folder of the private database, which must be running
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Database to examine instead, as a superuser, its owner, or with the right read on role everywhere
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Print a JSON array
    #[arg(long)]
    pub json: bool,
}

/// Options of `mandant fresh`.
#[derive(Args)]
pub struct Fresh {
    /// Folder of the private database
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
}

/// Options of `mandant refresh-keys`.
#[derive(Args)]
pub struct RefreshKeys {
    /// Folder of the private database, which must be running
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Database to use instead of the private one, as a login that may call mandant.trust_issuer
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// Options of `mandant load`.
#[derive(Args)]
pub struct Load {
    /// Country packs as sql/packs/DE.json, or rates as eurofxref-hist.csv
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Of which type the rates are: daily, closing or average
    #[arg(long, default_value = "daily")]
    pub rates: String,
    /// Who says so
    #[arg(long, default_value = "ECB")]
    pub source: String,
    /// Folder of the private database, which must be running
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Database to use instead of the private one, as a login that keeps shared data
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// Options of `mandant psql`.
#[derive(Args)]
pub struct Psql {
    /// Whose rights to use
    pub email: String,
    /// Arguments of psql, after `--`
    #[arg(last = true)]
    pub arguments: Vec<OsString>,
    /// Folder of the private database, which must be running
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Database to use instead of the private one, as a login that is a relay
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// Options of `mandant report`.
#[derive(Args)]
pub struct Report {
    /// Which one, such as revenue_by_month
    pub name: Option<String>,
    /// Print CSV, quoted as RFC 4180 says, the names of columns first
    #[arg(long)]
    pub csv: bool,
    /// By whose rights, and where
    #[command(flatten)]
    pub who: Who,
}

/// Options of `mandant run-contracts`.
#[derive(Args)]
pub struct RunContracts {
    /// The date of the invoices, such as 2026-11-30; today in each tenant unless said
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<NaiveDate>,
    /// Connections that work side by side
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub at_once: u16,
    /// By whose rights, and where
    #[command(flatten)]
    pub who: Who,
}

/// Options of `mandant import`.
#[derive(Args)]
pub struct Import {
    /// Folder of CSV and XLSX files
    pub folder: PathBuf,
    /// Whose files they are
    #[arg(long, value_enum, default_value_t = Source::Csv)]
    pub from: Source,
    /// Do all of it, say what would come of it, and take it back
    #[arg(long)]
    pub dry_run: bool,
    /// What stands for what there (TOML): files, columns, options, tenants, users, units, countries, stages, default, read
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Write all problems into this file (CSV); the first are said anyway
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// By whose rights, and where
    #[command(flatten)]
    pub who: Who,
}

/// Where files come from.
#[derive(Clone, Copy, ValueEnum)]
pub enum Source {
    /// Microsoft Dynamics CRM, as it exports CSV and Excel
    Dynamics,
    /// Anything: columns have our names, or those that the map says
    Csv,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dynamics => "dynamics",
            Self::Csv => "csv",
        })
    }
}

/// Options of `mandant export`.
#[derive(Args)]
pub struct Export {
    /// The company's code, such as de
    #[arg(value_name = "TENANT")]
    pub code: String,
    /// Where to write, which must not be there yet, or be empty
    pub folder: PathBuf,
    /// By whose rights, and where
    #[command(flatten)]
    pub by: By,
}

/// Options of `mandant restore`.
#[derive(Args)]
pub struct Restore {
    /// What `mandant export` wrote
    pub folder: PathBuf,
    /// Leave rows of shared data as they are where they differ from the folder's, instead of refusing it
    #[arg(long)]
    pub keep_shared: bool,
    /// Folder of the private database, which must be running
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Database to use instead of the private one, as a superuser
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// By whose rights something is done, where, and for which tenants.
#[derive(Args)]
pub struct Who {
    /// Tenants to select: a code, several with commas, or `*` for all that are available
    #[arg(long)]
    pub tenant: Option<String>,
    /// By whose rights, and where
    #[command(flatten)]
    pub by: By,
}

/// By whose rights something is done, and where.
#[derive(Args)]
pub struct By {
    /// Use the rights of this employee: ask for the password, sign out at the end
    #[arg(long = "as", value_name = "EMAIL")]
    pub email: Option<String>,
    /// Folder of the private database, which must be running
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Database to use instead of the private one, or of the one that PGHOST names; with --as as a login that is a relay
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// Options of `mandant set-password`.
#[derive(Args)]
pub struct SetPassword {
    /// Whose password
    pub email: String,
    /// Folder of the private database, which must be running
    #[arg(long, env = "MANDANT_HOME", default_value = ".mandant")]
    pub home: PathBuf,
    /// Database to use instead of the private one, as a login that may call mandant.set_password
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

/// A network, or one address.
fn network(text: &str) -> std::result::Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "is no network such as 192.0.2.0/24".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_win_over_defaults() {
        let cli = Cli::parse_from([
            "mandant",
            "serve",
            "--listen",
            "127.0.0.1:9",
            "--demo",
            "none",
        ]);
        let Command::Serve(serve) = cli.command else {
            panic!("not serve")
        };
        assert_eq!(serve.listen.port(), 9);
        assert_eq!(serve.demo, Demo::None);
    }

    #[test]
    fn proxies_are_networks_or_addresses() {
        let trusted = |text: &str| {
            let cli = Cli::try_parse_from(["mandant", "serve", "--trust-proxy", text]).ok()?;
            let Command::Serve(serve) = cli.command else {
                panic!("not serve")
            };
            Some(
                serve
                    .trust_proxy
                    .iter()
                    .map(IpNet::to_string)
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(
            trusted("192.0.2.0/24,::1").unwrap(),
            ["192.0.2.0/24", "::1/128"]
        );
        for text in ["", "proxy.example", "192.0.2.0/33"] {
            assert_eq!(trusted(text), None, "{text}");
        }
    }

    #[test]
    fn a_password_in_database_url_is_not_shown_by_help() {
        for command in [
            "serve",
            "install",
            "update",
            "lint",
            "psql",
            "report",
            "export",
            "restore",
            "set-password",
        ] {
            let help = Cli::command()
                .find_subcommand_mut(command)
                .map(|command| command.render_long_help().to_string())
                .unwrap();
            assert!(help.contains("[env: DATABASE_URL]"), "{help}");
        }
    }
}
