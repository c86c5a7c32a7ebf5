//! The private cluster: a PostgreSQL server of its own for whoever just wants to start. It lives in
//! one folder (`.mandant`), never touches another cluster, and runs as long as the service does.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use nix::fcntl::{Flock, FlockArg};
use tokio_postgres::Client;

use crate::{
    config::Demo,
    database::Database,
    error::reason,
    install::{self, ADMIN, Found},
    place::Place,
    postgres::Postgres,
    release::{NoWay, VERSION},
    telemetry::say,
    welcome::Running,
};

/// Where the search for a free port begins, out of the way of other servers.
const FIRST_PORT: u16 = 54321;

/// Who may connect: whoever can open the socket's folder, and who has a password.
const PG_HBA: &str = "\
# Written once by mandant. The socket's folder is open to its owner and root only.
local all all trust
host all all 127.0.0.1/32 scram-sha-256
";

/// The database in it.
pub const DATABASE: &str = "mandant";
/// Superuser of the private cluster.
const SUPERUSER: &str = "postgres";
/// The relay as which people connect to it who use psql.
const PERSON: &str = "mandant_psql";

/// How its superuser reaches the private database of a `mandant serve` that runs.
pub fn superuser_of_running(home: &Path) -> Result<Database> {
    login_of_running(home, SUPERUSER)
}

/// How people reach it who use psql.
pub fn person_of_running(home: &Path) -> Result<Database> {
    login_of_running(home, PERSON)
}

/// How a login of it, or its administrator, reaches it.
pub fn anybody_of_running(home: &Path, name: Option<&str>) -> Result<Database> {
    login_of_running(home, name.unwrap_or(ADMIN))
}

fn login_of_running(home: &Path, name: &str) -> Result<Database> {
    let place = home
        .canonicalize()
        .map_err(anyhow::Error::from)
        .and_then(Place::of);
    let port = place.as_ref().ok().and_then(last_port);
    match (place, port) {
        (Ok(place), Some(port)) => login(name, &place.socket(), port),
        _ => Err(anyhow!(
            "there is no private database in {}: start it with `mandant serve`, or set DATABASE_URL",
            home.display()
        )),
    }
}

fn login(name: &str, socket: &Path, port: u16) -> Result<Database> {
    Database::on_socket(socket, port, name, DATABASE)
}

/// The port that the server had last.
fn last_port(place: &Place) -> Option<u16> {
    let settings = fs::read_to_string(place.data().join("mandant.conf")).ok()?;
    settings
        .lines()
        .find_map(|line| line.strip_prefix("port = ")?.parse().ok())
}

/// A private cluster that no other process may start or stop meanwhile.
pub struct Cluster {
    /// The folder as the user named it.
    name: String,
    place: Place,
    _lock: Flock<File>,
}

impl Cluster {
    /// Takes hold of the folder `home`, which is made if missing.
    pub fn claim(home: &Path) -> Result<Self> {
        let name = home.display().to_string();
        let cannot_use = || format!("cannot use the folder {name}");
        fs::create_dir_all(home).with_context(cannot_use)?;
        let home = home.canonicalize().with_context(cannot_use)?;
        let lock = File::create(home.join("lock")).with_context(cannot_use)?;
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock).map_err(|_| {
            anyhow!("another `mandant` works in {name}: stop it first (Ctrl-C in its terminal)")
        })?;
        let place = Place::of(home)?;
        Ok(Self {
            name,
            place,
            _lock: lock,
        })
    }

    /// Starts the server and installs what is missing. `url` is where the service will answer.
    pub async fn start(&self, url: &str, demo: Demo) -> Result<Running> {
        let (socket, port) = self.start_postgres().await?;
        let demo = install(&socket, port, demo).await?;
        let running = Running {
            name: self.name.clone(),
            socket,
            port,
            demo,
        };
        fs::write(self.place.home.join("env"), running.environment(url))
            .with_context(|| format!("cannot write {}/env", self.name))?;
        Ok(running)
    }

    /// Starts the server and brings what an older release installed to this one; the version that it had, if another.
    pub async fn update(&self) -> Result<Option<String>> {
        if !self.place.data().exists() {
            bail!(
                "there is no private database in {}: name another in DATABASE_URL",
                self.name
            );
        }
        let (socket, port) = self.start_postgres().await?;
        let mut database = login(SUPERUSER, &socket, port)?.connect().await?;
        install::update(&mut database).await
    }

    /// Starts the server, of a cluster that is made if missing; where its socket is, and its port.
    async fn start_postgres(&self) -> Result<(PathBuf, u16)> {
        let postgres = Postgres::find(self.major()?)?;
        self.stop().await?; // it runs if its service was killed
        if !self.place.data().exists() {
            say(format!(
                "Creating a PostgreSQL {} cluster in {}.",
                postgres.major, self.name
            ));
            self.create(&postgres).await?;
        }
        let socket = self.place.make_socket_folder()?;
        loop {
            let port = self.configure(&socket)?;
            say(format!(
                "Starting PostgreSQL {} on port {port}.",
                postgres.major
            ));
            match self.start_server(&postgres).await {
                Ok(()) => return Ok((socket, port)),
                // another program was quicker to take the port
                Err(_) if !is_free(port) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Stops the server, if it runs.
    pub async fn stop(&self) -> Result<()> {
        if !self.place.data().join("postmaster.pid").exists() {
            return Ok(());
        }
        let postgres = Postgres::find(self.major()?)?;
        if self
            .run(&postgres, "pg_ctl", "status -D data")
            .await
            .is_err()
        {
            return Ok(()); // the file is left from a crash
        }
        self.run(
            &postgres,
            "pg_ctl",
            "stop --silent --mode=fast --timeout=120 -D data",
        )
        .await
        .context("cannot stop the private database")
    }

    /// Stops the server and removes everything.
    pub async fn remove(self) -> Result<()> {
        self.stop().await?;
        let Place { home, server, .. } = &self.place;
        let gone = |path: &Path| {
            let removed = match path.symlink_metadata() {
                Ok(found) if !found.is_dir() => fs::remove_file(path),
                // what others put beside our files stays, and is named by the error
                Ok(_) if path == home || path == server => fs::remove_dir(path),
                Ok(_) => fs::remove_dir_all(path),
                Err(error) => Err(error),
            };
            match removed {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(error).with_context(|| format!("cannot remove {}", path.display()))
                }
                _ => Ok(()),
            }
        };
        gone(&self.place.unfinished_data())?;
        gone(&self.place.data())?;
        gone(&self.place.socket())?;
        gone(&self.place.log())?;
        gone(&home.join("env"))?;
        gone(&home.join("lock"))?;
        gone(server)?;
        gone(home)
    }

    /// Makes the cluster aside and moves it into place when it is complete.
    async fn create(&self, postgres: &Postgres) -> Result<()> {
        let unfinished = self.place.unfinished_data();
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        self.place.make_folder(&self.place.server)?;
        self.place.make_folder(&unfinished)?;
        let initdb = "--username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
                      --no-instructions --auth=trust -D data.new";
        self.run(postgres, "initdb", initdb)
            .await
            .context("cannot create the cluster")?;

        fs::write(unfinished.join("pg_hba.conf"), PG_HBA)?;
        let settings = unfinished.join("postgresql.conf");
        let mut settings = OpenOptions::new().append(true).open(settings)?;
        settings.write_all(b"\ninclude 'mandant.conf'\n")?;
        Ok(fs::rename(&unfinished, self.place.data())?)
    }

    /// Writes what the server must know, and gives its port: the last one, or the next that is free.
    fn configure(&self, socket: &Path) -> Result<u16> {
        let file = self.place.data().join("mandant.conf");
        let port = (last_port(&self.place).unwrap_or(FIRST_PORT)..u16::MAX)
            .find(|port| is_free(*port))
            .context("no port is free for the private database")?;
        let folder = socket
            .display()
            .to_string()
            .replace('"', "\"\"")
            .replace('\'', "''");
        let settings = format!(
            "# Written by mandant at every start: your own settings belong into postgresql.conf.\n\
             shared_preload_libraries = 'pg_mandant'\n\
             listen_addresses = '127.0.0.1'\n\
             jit = off # compiling the plan of a report takes longer than running it\n\
             random_page_cost = 1.1 # small tables are in memory: their index, not all their rows\n\
             port = {port}\n\
             unix_socket_directories = '\"{folder}\"'\n"
        );
        fs::write(&file, settings)?;
        self.place.give(&file)?;
        Ok(port)
    }

    async fn start_server(&self, postgres: &Postgres) -> Result<()> {
        let log = self.place.log();
        File::options().append(true).create(true).open(&log)?;
        self.place.give(&log)?;
        let before = fs::metadata(&log)?.len();
        let start = "start --silent --wait --timeout=300 -D data -l postgres.log";
        self.run(postgres, "pg_ctl", start).await.map_err(|_| {
            let text = fs::read(&log).unwrap_or_default();
            let text = String::from_utf8_lossy(text.get(before as usize..).unwrap_or_default());
            let cause = text
                .lines()
                .rev()
                .find_map(|line| Some(line.split_once("FATAL:  ")?.1));
            anyhow!(
                "the private database does not start: {} ({})",
                cause.unwrap_or("its log says why"),
                log.display()
            )
        })
    }

    /// Runs one of PostgreSQL's programs as the server's owner, among the server's files.
    async fn run(&self, postgres: &Postgres, program: &str, arguments: &str) -> Result<()> {
        postgres
            .run(
                program,
                arguments,
                &self.place.server,
                self.place.owner.as_ref(),
            )
            .await
    }

    /// The version that made the cluster, if it was made.
    fn major(&self) -> Result<Option<String>> {
        if !self.place.data().exists() {
            return Ok(None);
        }
        let file = self.place.data().join("PG_VERSION");
        let version =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Some(version.trim().to_owned()))
    }
}

/// Installs what is missing, and tells whether the demo companies are there; refuses what other code has made.
async fn install(socket: &Path, port: u16, demo: Demo) -> Result<bool> {
    let superuser = login(SUPERUSER, socket, port)?;
    let server = superuser.clone().named("postgres").connect().await?;
    create_database(&server)
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    let mut database = superuser.connect().await?;
    match install::install(&mut database, demo).await? {
        Found::Nothing | Found::Same => {}
        Found::Older(version) => bail!(
            "the database is of version {version}, and this is {VERSION}: `mandant update` brings it here"
        ),
        Found::Other(newer @ NoWay::Newer(_)) => return Err(newer.into()),
        Found::Other(_) => bail!(
            "the database was made by other code than this: `make fresh` removes it with its data, \
             then `make run` makes a new one"
        ),
    }
    let demo = database
        .query_one("select to_regrole('report_group') is not null", &[])
        .await
        .map_err(|error| anyhow!(reason(&error)))?;
    Ok(demo.try_get(0)?)
}

async fn create_database(server: &Client) -> Result<(), tokio_postgres::Error> {
    let exists = "select from pg_roles where rolname = $1";
    if server.query_opt(exists, &[&ADMIN]).await?.is_none() {
        server
            .batch_execute(&format!("create role {ADMIN} login"))
            .await?;
    }
    let exists = "select from pg_database where datname = $1";
    if server.query_opt(exists, &[&DATABASE]).await?.is_none() {
        server
            .batch_execute(&format!("create database {DATABASE} owner {ADMIN}"))
            .await?;
    }
    Ok(())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_claimed_once() {
        let home = std::env::temp_dir().join(format!("mandant-claim-{}", std::process::id()));
        let first = Cluster::claim(&home).unwrap();
        assert!(Cluster::claim(&home).is_err());
        drop(first);
        assert!(Cluster::claim(&home).is_ok());
        fs::remove_dir_all(home).unwrap();
    }
}
