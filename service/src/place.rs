//! Where the private cluster's files are and whom they belong to. The folder `.mandant` is ours;
//! the server's files are in it too, unless root starts a server that cannot reach it.

use std::{
    env,
    fs::{self, DirBuilder},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use nix::unistd::{Uid, User};
use sha2::{Digest, Sha256};

/// How long the name of a socket's folder may be, on every system that PostgreSQL knows.
const SOCKET_FOLDER_LIMIT: usize = 103 - "/.s.PGSQL.54321".len();

/// The folders of a private cluster.
pub struct Place {
    /// What the service writes.
    pub home: PathBuf,
    /// What the server writes; usually the same folder.
    pub server: PathBuf,
    /// Whom the server runs as, if not as who runs this.
    pub owner: Option<User>,
}

impl Place {
    /// Decides where the files for `home` are.
    pub fn of(home: PathBuf) -> Result<Self> {
        if !Uid::effective().is_root() {
            let server = home.clone();
            return Ok(Self {
                home,
                server,
                owner: None,
            });
        }
        let owner = server_user(&home)?;
        let elsewhere = Path::new("/var/lib/mandant").join(short_hash(&home));
        let reached = !elsewhere.exists() && can_reach(&owner, &home)?;
        let server = if reached { home.clone() } else { elsewhere };
        Ok(Self {
            home,
            server,
            owner: Some(owner),
        })
    }

    /// PostgreSQL's data directory.
    pub fn data(&self) -> PathBuf {
        self.server.join("data")
    }

    /// The data directory while it is being made.
    pub fn unfinished_data(&self) -> PathBuf {
        self.server.join("data.new")
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.server.join("postgres.log")
    }

    /// The folder of the server's socket, elsewhere if its name would exceed the limit.
    pub fn socket(&self) -> PathBuf {
        let folder = self.server.join("socket");
        if folder.as_os_str().len() <= SOCKET_FOLDER_LIMIT {
            return folder;
        }
        env::temp_dir().join(format!("mandant-{}", short_hash(&self.home)))
    }

    /// Makes a folder that is open to the server's owner only, if it is missing.
    pub fn make_folder(&self, path: &Path) -> Result<()> {
        let cannot_create = || format!("cannot create {}", path.display());
        if !path.exists() {
            let parent = path.parent().unwrap_or(path);
            fs::create_dir_all(parent).with_context(cannot_create)?;
            DirBuilder::new()
                .mode(0o700)
                .create(path)
                .with_context(cannot_create)?;
            self.give(path)?;
        }
        Ok(())
    }

    /// Makes sure that only the server's owner can put a socket there.
    pub fn make_socket_folder(&self) -> Result<PathBuf> {
        let folder = self.socket();
        self.make_folder(&folder)?;
        let found = fs::symlink_metadata(&folder)?;
        let owner = self
            .owner
            .as_ref()
            .map_or(Uid::effective(), |owner| owner.uid);
        ensure!(
            found.is_dir() && found.uid() == owner.as_raw() && found.mode() & 0o077 == 0,
            "{} is not the private database's own folder: remove it",
            folder.display()
        );
        Ok(folder)
    }

    /// Makes the server's owner own a file.
    pub fn give(&self, path: &Path) -> Result<()> {
        if let Some(owner) = &self.owner {
            chown(path, Some(owner.uid.as_raw()), Some(owner.gid.as_raw()))
                .with_context(|| format!("cannot give {} to {}", path.display(), owner.name))?;
        }
        Ok(())
    }
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

/// Whether somebody else may enter a folder; only trying it tells.
fn can_reach(user: &User, folder: &Path) -> Result<bool> {
    let entered = Command::new("test")
        .arg("-x")
        .arg(folder)
        .current_dir("/")
        .uid(user.uid.as_raw())
        .gid(user.gid.as_raw())
        .status()?;
    Ok(entered.success())
}

fn short_hash(path: &Path) -> String {
    let mut hash = hex::encode(Sha256::digest(path.as_os_str().as_bytes()));
    hash.truncate(12);
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_folder_has_its_socket_elsewhere() {
        let place = |home: &str| Place {
            home: home.into(),
            server: home.into(),
            owner: None,
        };
        assert_eq!(
            place("/srv/.mandant").socket(),
            Path::new("/srv/.mandant/socket")
        );
        let deep = place(&"/deep".repeat(30)).socket();
        assert!(deep.starts_with(env::temp_dir()), "{}", deep.display());
    }
}
