//! Releases: which one this is, which one a database was installed from, and which updates lead from there to here. What
//! a release installs is known by its checksum, which is the same wherever it was built, so that the folder which one
//! database exports is restored in another.

use std::collections::{HashMap, VecDeque};

use semver::Version;

/// The version of this release.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// `sql/updates/*.sql`.
pub const UPDATES: &[Update] = include!(concat!(env!("OUT_DIR"), "/sql_updates.rs"));

/// What a database was, or would be, installed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Such as `0.1.0`.
    pub version: String,
    /// SHA-256 of what was installed.
    pub checksum: String,
}

/// What brings the CRM of one release to another.
#[derive(Debug, PartialEq, Eq)]
pub struct Update {
    /// The version it begins with.
    pub from: &'static str,
    /// The version it leads to.
    pub to: &'static str,
    /// What is to be run.
    pub text: &'static str,
}

impl Update {
    /// Its file in `sql/updates`.
    pub fn name(&self) -> String {
        format!("sql/updates/{}--{}.sql", self.from, self.to)
    }
}

/// Why a database cannot be brought to this release.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWay {
    /// Made while a release was in the making, or changed since.
    #[error(
        "the database was made by other code than this `mandant`, of the same version {0}, and no update leads from one to \
         the other: use the `mandant` that made it"
    )]
    OtherCode(String),
    /// This release is the older one.
    #[error(
        "the database is of version {0}, which is newer than this `mandant` ({VERSION}): use one of that version"
    )]
    Newer(String),
    /// This release does not know the way.
    #[error(
        "the database is of version {0}, from which no update leads to {VERSION}: update it to a version between first"
    )]
    NoUpdate(String),
}

/// The updates that lead from what is recorded to this release, in their order and as few as possible; none if they are
/// the same.
pub fn way<'a>(
    recorded: &Release,
    own: &Release,
    updates: &'a [Update],
) -> Result<Vec<&'a Update>, NoWay> {
    let from = recorded.version.as_str();
    if from == own.version {
        return match recorded.checksum == own.checksum {
            true => Ok(Vec::new()),
            false => Err(NoWay::OtherCode(from.to_owned())),
        };
    }
    match (Version::parse(from), Version::parse(&own.version)) {
        (Ok(recorded), Ok(own)) if recorded > own => Err(NoWay::Newer(from.to_owned())),
        _ => shortest(from, &own.version, updates).ok_or_else(|| NoWay::NoUpdate(from.to_owned())),
    }
}

fn shortest<'a>(from: &str, to: &str, updates: &'a [Update]) -> Option<Vec<&'a Update>> {
    // the update by which each version was reached first
    let mut reached: HashMap<&str, &Update> = HashMap::new();
    let mut waiting = VecDeque::from([from]);
    while let Some(here) = waiting.pop_front().filter(|here| *here != to) {
        for update in updates.iter().filter(|update| update.from == here) {
            if update.to != from && !reached.contains_key(update.to) {
                reached.insert(update.to, update);
                waiting.push_back(update.to);
            }
        }
    }
    let mut way = Vec::new();
    let mut here = to;
    while here != from {
        let update = *reached.get(here)?;
        way.push(update);
        here = update.from;
    }
    way.reverse();
    Some(way)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Update; 5] = [
        update("0.1.0", "0.2.0"),
        update("0.2.0", "0.9.0"),
        update("0.9.0", "0.10.0"),
        update("0.2.0", "0.10.0"),
        update("0.10.0", "0.2.0"),
    ];

    const fn update(from: &'static str, to: &'static str) -> Update {
        let text = "";
        Update { from, to, text }
    }

    fn release(version: &str, checksum: &str) -> Release {
        Release {
            version: version.to_owned(),
            checksum: checksum.to_owned(),
        }
    }

    fn names(recorded: &str, own: &str) -> Result<Vec<String>, NoWay> {
        let way = way(&release(recorded, "old"), &release(own, "new"), &KNOWN)?;
        Ok(way.iter().map(|update| update.name()).collect())
    }

    #[test]
    fn the_same_needs_nothing_and_the_same_version_of_other_code_has_no_way() {
        let here = release("0.2.0", "a");
        assert_eq!(way(&here, &here, &KNOWN), Ok(Vec::new()));
        let other = way(&here, &release("0.2.0", "b"), &KNOWN);
        assert_eq!(other, Err(NoWay::OtherCode("0.2.0".to_owned())));
    }

    #[test]
    fn updates_follow_each_other_and_are_as_few_as_possible() {
        let chain = ["0.1.0--0.2.0", "0.2.0--0.10.0"].map(|name| format!("sql/updates/{name}.sql"));
        assert_eq!(names("0.1.0", "0.10.0").unwrap(), chain);
        assert_eq!(names("0.1.0", "0.2.0").unwrap(), chain[..1]);
    }

    #[test]
    fn there_is_no_way_back_and_none_that_nobody_knows() {
        // ten is more than two, and the update that leads back is not taken
        let newer = names("0.10.0", "0.2.0");
        assert_eq!(newer, Err(NoWay::Newer("0.10.0".to_owned())));
        for (from, to) in [("0.0.9", "0.2.0"), ("0.1.0", "0.11.0"), ("", "0.2.0")] {
            assert_eq!(names(from, to), Err(NoWay::NoUpdate(from.to_owned())));
        }
    }

    #[test]
    fn embedded_updates_lead_forwards() {
        for update in UPDATES {
            let [from, to] =
                [update.from, update.to].map(|version| Version::parse(version).unwrap());
            assert!(from < to, "{}", update.name());
        }
    }
}
