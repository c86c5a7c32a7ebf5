//! Embeds `sql/*.sql`, in the order of their names, so that the binary can install them anywhere; and
//! `sql/packs/*.json`, each as the statement that loads it, where the functions for it are there. Of `sql/updates/A--B.sql`
//! each leads from release A to release B.

use std::{
    env,
    error::Error,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// After which of the files of `sql/` packs are loaded.
const PACKS: &str = "086_pack";

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?)
        .join("../sql")
        .canonicalize()?;
    println!("cargo:rerun-if-changed={}", folder.display());

    let mut files = Vec::new();
    for file in files_of(&folder, "sql")? {
        let name = file.file_name().unwrap_or_default().to_owned();
        files.push((
            name.into_string().map_err(|_| "a name that is no text")?,
            format!("include_str!({file:?})"),
        ));
    }
    for file in files_of(&folder.join("packs"), "json")? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        files.push((
            format!("{PACKS}_{name}.json"),
            format!("concat!(\"select crm.load_country_pack($pack$\", include_str!({file:?}), \"$pack$)\")"),
        ));
    }
    files.sort();

    let mut list = String::from("&[\n");
    for (name, text) in &files {
        writeln!(list, "    ({name:?}, {text}),")?;
    }
    list.push_str("]\n");
    let out = env::var("OUT_DIR")?;
    fs::write(Path::new(&out).join("sql_files.rs"), list)?;

    let mut list = String::from("&[\n");
    for file in files_of(&folder.join("updates"), "sql")? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let (from, to) = name
            .split_once("--")
            .ok_or_else(|| format!("sql/updates/{name}.sql is not named A--B.sql"))?;
        writeln!(
            list,
            "    Update {{ from: {from:?}, to: {to:?}, text: include_str!({file:?}) }},"
        )?;
    }
    list.push_str("]\n");
    fs::write(Path::new(&out).join("sql_updates.rs"), list)?;
    Ok(())
}

/// None where the folder is not there: before the second release there are no updates.
fn files_of(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files: Vec<_> = fs::read_dir(folder)?
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|found| found == extension));
    files.sort();
    Ok(files)
}
