//! What a folder of `mandant export` says of itself, and what is counted of each of its files while it is written and while
//! it is read: the same code, so that both mean the same.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The format that is written, and the only one that is read.
pub const FORMAT: u32 = 1;
/// Its file in the folder, written last.
pub const MANIFEST: &str = "manifest.json";
/// How the files say that there is no value.
pub const NULL: &str = "a field without anything; an empty text is \"\"";

/// All that the manifest says.
#[derive(Serialize, Deserialize)]
pub struct Manifest {
    /// Of the folder.
    pub format: u32,
    /// As `crm.export_head` gave it: version, company, when and by whom.
    #[serde(flatten)]
    pub head: Map<String, Value>,
    /// How the files say that there is no value.
    pub null: String,
    /// A file per table.
    pub files: Vec<File>,
    /// Tables that stayed.
    pub left_out: Vec<LeftOut>,
}

/// A file of the folder.
#[derive(Serialize, Deserialize)]
pub struct File {
    /// Its name.
    pub file: String,
    /// Of which table.
    pub table: String,
    /// `tenant`, rows of the company and what they name, or `shared`.
    pub kind: String,
    /// In the order of the file.
    pub columns: Vec<String>,
    /// Without the header line.
    pub rows: u64,
    /// Of the whole file, in hexadecimal.
    pub sha256: String,
    /// What of the table is not in it, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A table that stayed, and why.
#[derive(Serialize, Deserialize)]
pub struct LeftOut {
    /// The table.
    pub table: String,
    /// Why.
    pub reason: String,
}

impl Manifest {
    /// Of a folder; one that names files elsewhere is none.
    pub fn of(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read(&path).with_context(|| {
            format!(
                "cannot read {}, which every whole export has",
                path.display()
            )
        })?;
        let manifest: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not the manifest of an export", path.display()))?;
        ensure!(
            manifest.format == FORMAT,
            "the folder is of format {}, and not of {FORMAT}",
            manifest.format
        );
        for file in &manifest.files {
            ensure!(
                file.file == format!("{}.csv", file.table)
                    && !file.file.contains(['/', '\\', '\0']),
                "the manifest names \"{}\", which is no file of an export",
                file.file
            );
        }
        Ok(manifest)
    }
}

/// Counts the rows of a CSV file and hashes it, part by part.
#[derive(Default)]
pub struct Tally {
    hash: Sha256,
    lines: u64,
    quoted: bool,
}

impl Tally {
    /// The next part, cut anywhere.
    pub fn add(&mut self, part: &[u8]) {
        self.hash.update(part);
        for byte in part {
            match byte {
                b'"' => self.quoted = !self.quoted, // a doubled one twice, which is never
                b'\n' if !self.quoted => self.lines += 1,
                _ => (),
            }
        }
    }

    /// Rows without the header line, and the hash in hexadecimal.
    pub fn close(self) -> (u64, String) {
        (
            self.lines.saturating_sub(1),
            hex::encode(self.hash.finalize()),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_goes_on_in_quotes_is_one_row() {
        let text = b"a,b\n1,\"x\ny \"\"z\"\"\n\"\n,\"\"\n";
        for at in 0..text.len() {
            let mut tally = Tally::default();
            tally.add(&text[..at]);
            tally.add(&text[at..]);
            assert_eq!(tally.close().0, 2, "cut at {at}");
        }
    }

    #[test]
    fn a_manifest_names_files_of_its_folder_only() {
        let folder = std::env::temp_dir().join(format!("mandant-manifest-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let of = |format: u32, table: &str| {
            let file = serde_json::json!({"file": format!("{table}.csv"), "table": table, "kind": "tenant", "columns": [],
                "rows": 0, "sha256": ""});
            let text = serde_json::json!({"format": format, "null": NULL, "files": [file], "left_out": []});
            std::fs::write(folder.join(MANIFEST), text.to_string()).unwrap();
            Manifest::of(&folder).is_ok()
        };
        assert!(of(FORMAT, "crm.customer"));
        assert!(!of(FORMAT + 1, "crm.customer"));
        assert!(!of(FORMAT, "../crm.customer"));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(Manifest::of(&folder).is_err());
    }
}
