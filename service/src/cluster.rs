//! The private cluster: a PostgreSQL server of its own for whoever just wants to start. It lives in
//! one folder (`.mandant`), never touches another cluster, and runs as long as the service does.
//! PostgreSQL refuses to run as root; started by root, the server runs as the user `postgres`, and
//! its files are in `/var/lib/mandant` if that user cannot reach the folder.

use std::{
    env,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{ErrorKind, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, ensure};
use nix::{
    fcntl::{Flock, FlockArg},
    unistd::{Uid, User},
};
use sha2::{Digest, Sha256};
use tokio_postgres::Config;

use crate::{
    install::{ADMIN, DATABASE, Installed, checksum, install},
    postgres::Postgres,
    telemetry::say,
};

/// Where the search for a free port begins, out of the way of other servers.
const FIRST_PORT: u16 = 54321;
/// How long the name of a socket's folder may be, on every system that PostgreSQL knows.
const SOCKET_FOLDER_LIMIT: usize = 103 - "/.s.PGSQL.54321".len();

/// Who may connect: whoever can open the socket's folder, and who has a password.
const PG_HBA: &str = "\
# Written once by mandant. The socket's folder is open to its owner and root only.
local all all trust
host all all 127.0.0.1/32 scram-sha-256
";

/// A private cluster that no other process may start or stop meanwhile.
pub struct Cluster {
    /// The folder as the user named it.
    name: String,
    /// The folder: what this service writes.
    home: PathBuf,
    /// What the server writes; the same folder, if the server can reach it.
    place: PathBuf,
    /// Whom the server runs as, if not as who runs this.
    owner: Option<User>,
    _lock: Flock<File>,
}

/// A cluster with everything installed.
pub struct Running {
    name: String,
    socket: PathBuf,
    port: u16,
    installed: Installed,
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

        let elsewhere = Path::new("/var/lib/mandant").join(short_hash(&home));
        let mut place = home.clone();
        let mut owner = None;
        if Uid::effective().is_root() {
            let user = server_user(&home)?;
            if elsewhere.exists() || !can_reach(&user, &home)? {
                place = elsewhere;
            }
            owner = Some(user);
        }
        Ok(Self {
            name,
            home,
            place,
            owner,
            _lock: lock,
        })
    }

    /// Starts the server and installs what is missing. `url` is where the service will answer.
    pub async fn start(&self, url: &str, with_demo: bool) -> Result<Running> {
        let postgres = Postgres::find(self.major()?)?;
        let checksum = checksum(&postgres.extension_files()?)?;
        self.stop().await?; // it runs if its service was killed
        if !self.data().exists() {
            say(format!(
                "Creating a PostgreSQL {} cluster in {}.",
                postgres.major, self.name
            ));
            self.create(&postgres).await?;
        }
        let socket = self.socket()?;
        let port = self.configure(&socket)?;
        say(format!(
            "Starting PostgreSQL {} on port {port}.",
            postgres.major
        ));
        self.start_server(&postgres).await?;

        let superuser = login(&socket, port, "postgres");
        let installed = install(&superuser, &checksum, with_demo).await?;
        let running = Running {
            name: self.name.clone(),
            socket,
            port,
            installed,
        };
        fs::write(self.home.join("env"), running.environment(url))
            .with_context(|| format!("cannot write {}/env", self.name))?;
        Ok(running)
    }

    /// Stops the server, if it runs.
    pub async fn stop(&self) -> Result<()> {
        if !self.data().join("postmaster.pid").exists() {
            return Ok(());
        }
        let postgres = Postgres::find(self.major()?)?;
        if self
            .run(&postgres, "pg_ctl", &["status", "-D", "data"])
            .await
            .is_err()
        {
            return Ok(()); // the file is left from a crash
        }
        let stop = [
            "stop",
            "--silent",
            "--mode=fast",
            "--timeout=120",
            "-D",
            "data",
        ];
        self.run(&postgres, "pg_ctl", &stop)
            .await
            .context("cannot stop the private database")
    }

    /// Stops the server and removes everything.
    pub async fn remove(self) -> Result<()> {
        self.stop().await?;
        let folders = [
            self.place.join("data.new"),
            self.data(),
            self.socket_folder(),
        ];
        let files = [self.log(), self.home.join("env"), self.home.join("lock")];
        let emptied = [self.place.clone(), self.home.clone()];
        let removals = (folders
            .iter()
            .map(|folder| (folder, fs::remove_dir_all(folder))))
        .chain(files.iter().map(|file| (file, fs::remove_file(file))))
        .chain(
            emptied
                .iter()
                .map(|folder| (folder, fs::remove_dir(folder))),
        );
        for (path, removal) in removals {
            match removal {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", path.display()));
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// Makes the cluster aside and moves it into place when it is complete.
    async fn create(&self, postgres: &Postgres) -> Result<()> {
        let unfinished = self.place.join("data.new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        self.folder(
            &self.place.clone(),
            if self.place == self.home {
                0o755
            } else {
                0o700
            },
        )?;
        self.folder(&unfinished, 0o700)?;
        let initdb = [
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
            "--auth=reject", // until pg_hba.conf is ours
            "-D",
            "data.new",
        ];
        self.run(postgres, "initdb", &initdb)
            .await
            .context("cannot create the cluster")?;

        fs::write(unfinished.join("pg_hba.conf"), PG_HBA)?;
        let mut settings = OpenOptions::new()
            .append(true)
            .open(unfinished.join("postgresql.conf"))?;
        settings.write_all(b"\ninclude 'mandant.conf'\n")?;
        fs::rename(&unfinished, self.data())?;
        Ok(())
    }

    /// Writes what the server must know, and gives its port: the last one, or the next that is free.
    fn configure(&self, socket: &Path) -> Result<u16> {
        let file = self.data().join("mandant.conf");
        let last = fs::read_to_string(&file).ok().and_then(|settings| {
            settings
                .lines()
                .find_map(|line| line.strip_prefix("port = ")?.parse().ok())
        });
        let port = (last.unwrap_or(FIRST_PORT)..u16::MAX)
            .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
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
             port = {port}\n\
             unix_socket_directories = '\"{folder}\"'\n"
        );
        fs::write(&file, settings)?;
        self.give(&file)?;
        Ok(port)
    }

    async fn start_server(&self, postgres: &Postgres) -> Result<()> {
        let log = self.log();
        File::options().append(true).create(true).open(&log)?;
        self.give(&log)?;
        let before = fs::metadata(&log)?.len();
        let start = [
            "start",
            "--silent",
            "--wait",
            "--timeout=300",
            "-D",
            "data",
            "-l",
            "postgres.log",
        ];
        self.run(postgres, "pg_ctl", &start).await.map_err(|_| {
            let text = fs::read(&log).unwrap_or_default();
            let text = String::from_utf8_lossy(text.get(before as usize..).unwrap_or_default());
            let cause = text
                .lines()
                .rev()
                .find_map(|line| Some(line.split_once("FATAL:  ")?.1));
            anyhow!(
                "the private database does not start: {} ({})",
                cause.unwrap_or("the reason is in its log"),
                log.display()
            )
        })
    }

    /// Runs one of PostgreSQL's programs as the server's owner.
    async fn run(&self, postgres: &Postgres, program: &str, arguments: &[&str]) -> Result<()> {
        postgres
            .run(program, arguments, &self.place, self.owner.as_ref())
            .await
    }

    fn data(&self) -> PathBuf {
        self.place.join("data")
    }

    fn log(&self) -> PathBuf {
        self.place.join("postgres.log")
    }

    /// The version that made the cluster, if it was made.
    fn major(&self) -> Result<Option<String>> {
        let file = self.data().join("PG_VERSION");
        if !self.data().exists() {
            return Ok(None);
        }
        let version =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Some(version.trim().to_owned()))
    }

    /// The name of a socket has a limit that a deep folder may exceed.
    fn socket_folder(&self) -> PathBuf {
        let folder = self.place.join("socket");
        if folder.as_os_str().len() <= SOCKET_FOLDER_LIMIT {
            return folder;
        }
        env::temp_dir().join(format!("mandant-{}", short_hash(&self.home)))
    }

    fn socket(&self) -> Result<PathBuf> {
        let folder = self.socket_folder();
        self.folder(&folder, 0o700)?;
        let found = fs::symlink_metadata(&folder)?;
        let owner = self
            .owner
            .as_ref()
            .map_or(Uid::effective(), |owner| owner.uid);
        ensure!(
            found.is_dir() && found.uid() == owner.as_raw() && found.mode() & 0o077 == 0,
            "{} is not the server's own folder: remove it",
            folder.display()
        );
        Ok(folder)
    }

    /// Makes a folder of the server's, if it is missing.
    fn folder(&self, path: &Path, mode: u32) -> Result<()> {
        if !path.exists() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(path.parent().unwrap_or(path))
                .and_then(|()| DirBuilder::new().mode(mode).create(path))
                .with_context(|| format!("cannot create {}", path.display()))?;
            self.give(path)?;
        }
        Ok(())
    }

    /// Makes the server's owner own a file.
    fn give(&self, path: &Path) -> Result<()> {
        if let Some(owner) = &self.owner {
            chown(path, Some(owner.uid.as_raw()), Some(owner.gid.as_raw()))
                .with_context(|| format!("cannot give {} to {}", path.display(), owner.name))?;
        }
        Ok(())
    }
}

impl Running {
    /// The login that the service connects as.
    pub fn service_login(&self) -> Config {
        let mut config = login(&self.socket, self.port, "mandant_service");
        config.dbname(DATABASE);
        config
    }

    /// What a shell needs to know: `set -a; . .mandant/env` makes `psql` connect as administrator.
    fn environment(&self, url: &str) -> String {
        format!(
            "PGHOST={}\nPGPORT={}\nPGDATABASE={DATABASE}\nPGUSER={ADMIN}\nMANDANT_URL={url}\n",
            shell_word(&self.socket.display().to_string()),
            self.port
        )
    }

    /// What a person wants to know when everything runs.
    pub fn welcome(&self, url: &str) -> String {
        let Self { name, port, .. } = self;
        let database = format!("127.0.0.1:{port}/{DATABASE}");
        let demo = format!(
            "\n\
             Sign-ins, password demo:\n  \
               sales@us.example  sales@de.example  sales@hk.example  controller@group.example\n\
             \n\
             Connections for reporting tools:\n  \
               postgresql://report_us:demo@{database}\n  \
               postgresql://report_de:demo@{database}\n  \
               postgresql://report_hk:demo@{database}\n  \
               postgresql://report_group:demo@{database}\n\
             \n\
             Try the same query as one company and as the group:\n  \
               psql postgresql://report_de:demo@{database} \
                 -c 'select * from report.revenue_by_month'\n  \
               psql postgresql://report_group:demo@{database} \
                 -c 'select * from report.revenue_by_month'\n"
        );
        format!(
            "\n\
             Serving {url}\n\
             {}\n\
             Administer it:\n  \
               (set -a; . {name}/env; psql)\n\
             \n\
             Ctrl-C stops; data stay in {name}/",
            if self.installed.demo { &demo } else { "" }
        )
    }
}

fn login(socket: &Path, port: u16, user: &str) -> Config {
    let mut config = Config::new();
    config.host_path(socket).port(port).user(user);
    config
}

/// Whom the server runs as when root starts it: who owns the cluster, at first `postgres`.
fn server_user(home: &Path) -> Result<User> {
    let user = match fs::metadata(home.join("data")) {
        Ok(data) => User::from_uid(Uid::from_raw(data.uid()))?.filter(|user| !user.uid.is_root()),
        Err(_) => None,
    };
    user.map_or_else(|| User::from_name("postgres"), |user| Ok(Some(user)))?
        .context("PostgreSQL does not run as root, and there is no user `postgres` to run it as")
}

fn can_reach(user: &User, folder: &Path) -> Result<bool> {
    let test = std::process::Command::new("test")
        .arg("-x")
        .arg(folder)
        .current_dir("/")
        .uid(user.uid.as_raw())
        .gid(user.gid.as_raw())
        .status()?;
    Ok(test.success())
}

fn short_hash(path: &Path) -> String {
    let mut hash = hex::encode(Sha256::digest(path.as_os_str().as_bytes()));
    hash.truncate(12);
    hash
}

/// Quotes a word for `sh`, if it needs quotes.
fn shell_word(word: &str) -> String {
    if word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
    {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_a_space_is_quoted_for_the_shell() {
        assert_eq!(shell_word("/srv/main/.mandant"), "/srv/main/.mandant");
        assert_eq!(shell_word("/srv/it's here"), r"'/srv/it'\''s here'");
    }

    #[test]
    fn a_home_is_claimed_once() {
        let home = env::temp_dir().join(format!("mandant-claim-{}", std::process::id()));
        let first = Cluster::claim(&home).unwrap();
        assert!(Cluster::claim(&home).is_err());
        drop(first);
        assert!(Cluster::claim(&home).is_ok());
        fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn the_welcome_names_every_login_of_the_demo() {
        let mut running = Running {
            name: ".mandant".into(),
            socket: "/s".into(),
            port: 54321,
            installed: Installed { demo: true },
        };
        let text = running.welcome("http://127.0.0.1:8080");
        for login in ["report_us", "report_de", "report_hk", "report_group"] {
            assert!(text.contains(&format!(
                "postgresql://{login}:demo@127.0.0.1:54321/mandant"
            )));
        }
        running.installed.demo = false;
        assert!(!running.welcome("http://127.0.0.1:8080").contains("demo"));
    }
}
