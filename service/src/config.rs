//! What can be set, by argument or environment; every setting has a default that works.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

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
    /// Find every way in which the database could leak; exit code 1 if there is one, 2 if it cannot be examined
    Lint(Lint),
    /// Remove the private database with all its data, so that the next start makes a new one
    Fresh(Fresh),
    /// Fetch the keys of the trusted issuers of tokens anew; for a timer, such as every hour
    RefreshKeys(RefreshKeys),
    /// Load country packs (JSON) or exchange rates (CSV of the European Central Bank), each file wholly or not at all
    Load(Load),
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
    /// Connections to the database, at most
    #[arg(long, env = "MANDANT_CONNECTIONS", default_value_t = 32)]
    pub connections: usize,
    /// Log level, or levels by module, such as `warn,mandant=debug`
    #[arg(long, env = "MANDANT_LOG", default_value = "info")]
    pub log: String,
    /// Make the private database without the demo companies
    #[arg(long)]
    pub no_demo: bool,
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
        let cli = Cli::parse_from(["mandant", "serve", "--listen", "127.0.0.1:9", "--no-demo"]);
        let Command::Serve(serve) = cli.command else {
            panic!("not serve")
        };
        assert_eq!(serve.listen.port(), 9);
        assert!(serve.no_demo);
    }

    #[test]
    fn a_password_in_database_url_is_not_shown_by_help() {
        for command in ["serve", "lint"] {
            let help = Cli::command()
                .find_subcommand_mut(command)
                .map(|command| command.render_long_help().to_string())
                .unwrap();
            assert!(help.contains("[env: DATABASE_URL]"), "{help}");
        }
    }
}
