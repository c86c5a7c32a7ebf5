//! Files as rows of cells, one row at a time: CSV in UTF-8 (with or without mark), UTF-16 or Windows-1252, separated by comma,
//! semicolon or tab; and the first sheet of XLSX.

use std::{
    fs::{self, File, Metadata},
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use calamine::{DataRef, Reader as _, Xlsx, open_workbook};
use chrono::NaiveDate;
use encoding_rs::{Encoding, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;
use rust_decimal::Decimal;

/// What is in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// As it is written.
    Text(String),
    /// Of a sheet.
    Number(Decimal),
    /// Of a sheet.
    Day(NaiveDate),
    /// Of a sheet.
    Flag(bool),
}

/// What is wrong with a file: in which line, where that can be said, and what.
#[derive(Debug, PartialEq)]
pub struct Trouble {
    /// Counted from 1, the header included.
    pub line: Option<u64>,
    /// In words.
    pub reason: String,
}

impl Trouble {
    fn new(line: impl Into<Option<u64>>, reason: impl ToString) -> Self {
        Self {
            line: line.into(),
            reason: reason.to_string(),
        }
    }
}

/// Who takes the rows: the header first, then each row with its line. What it refuses ends the reading.
pub trait Taker {
    /// The names of the columns.
    fn header(&mut self, names: Vec<String>) -> Result<(), Trouble>;
    /// A row; null where a cell is empty.
    fn row(&mut self, line: u64, cells: Vec<Option<Cell>>) -> Result<(), Trouble>;
}

/// Reads all of a file, and refuses one that was changed meanwhile.
pub fn read(path: &Path, encoding: Option<&str>, taker: &mut impl Taker) -> Result<(), Trouble> {
    let before = stamp(path)?;
    if path
        .extension()
        .is_some_and(|is| is.eq_ignore_ascii_case("xlsx"))
    {
        read_sheet(path, taker)?;
    } else {
        read_csv(path, encoding, taker)?;
    }
    if stamp(path)? != before {
        return Err(Trouble::new(
            None,
            "it was changed while it was read: import it again",
        ));
    }
    Ok(())
}

/// What changes when a file does.
fn stamp(path: &Path) -> Result<(u64, Option<std::time::SystemTime>), Trouble> {
    let of = |known: Metadata| (known.len(), known.modified().ok());
    fs::metadata(path)
        .map(of)
        .map_err(|error| Trouble::new(None, error))
}

fn read_csv(path: &Path, encoding: Option<&str>, taker: &mut impl Taker) -> Result<(), Trouble> {
    let known = match encoding {
        Some(label) => Some(
            Encoding::for_label(label.as_bytes())
                .ok_or_else(|| Trouble::new(None, format!("there is no encoding \"{label}\"")))?,
        ),
        // what is no UTF-8 and has no mark is what Excel writes in the west
        None => (!is_utf_8(path)?).then_some(WINDOWS_1252),
    };
    let open = || -> Result<_, Trouble> {
        let file = File::open(path).map_err(|error| Trouble::new(None, error))?;
        let inner = DecodeReaderBytesBuilder::new()
            .encoding(known)
            .bom_override(true)
            .build(file);
        Ok(BufReader::new(Counting { inner, quotes: 0 }))
    };
    let mut first = String::new();
    open()?
        .take(64 * 1024)
        .read_line(&mut first)
        .map_err(|error| Trouble::new(1, error))?;
    let separator = [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|&one| {
            (
                first.bytes().filter(|&byte| byte == one).count(),
                one == b',',
            )
        })
        .unwrap_or(b',');
    // where lines end with two characters, a record is said to begin between the two
    let off = u64::from(first.ends_with("\r\n"));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .from_reader(open()?);
    let names = reader.headers().map_err(|error| explain(&error, 0))?;
    let width = names.len();
    taker.header(names.iter().map(|name| name.trim().to_owned()).collect())?;
    let mut record = csv::StringRecord::with_capacity(1024, width);
    let mut begun = (1, false);
    while reader
        .read_record(&mut record)
        .map_err(|error| explain(&error, off))?
    {
        let line = record.position().map_or(0, csv::Position::line) + off;
        let strange = |text: &str| {
            text.chars()
                .any(|c| c.is_control() && !"\n\r\t".contains(c))
        };
        if let Some(at) = record.iter().position(strange) {
            let reason = format!(
                "cell {} has characters that are none: is it in another encoding?",
                at + 1
            );
            return Err(Trouble::new(line, reason));
        }
        begun = (line, record.iter().any(|text| text.contains('\n')));
        let cell = |text: &str| match text.trim() {
            "" => None,
            text => Some(Cell::Text(text.to_owned())),
        };
        taker.row(line, record.iter().map(cell).collect())?;
    }
    // what is quoted to the end of the file would be taken for a cell of many lines
    if begun.1 && reader.into_inner().into_inner().quotes % 2 == 1 {
        return Err(Trouble::new(begun.0, "a quotation mark is not closed"));
    }
    Ok(())
}

/// Counts the quotation marks of what is read.
struct Counting<R> {
    inner: R,
    quotes: usize,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.quotes += buffer[..read].iter().filter(|&&byte| byte == b'"').count();
        Ok(read)
    }
}

/// Whether all of it is UTF-8, or says itself what it is.
fn is_utf_8(path: &Path) -> Result<bool, Trouble> {
    let failed = |error: io::Error| Trouble::new(None, error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut buffer, mut kept, mut begins) = ([0; 64 * 1024], 0, true);
    loop {
        let read = file.read(&mut buffer[kept..]).map_err(failed)?;
        let there = kept + read;
        if begins && Encoding::for_bom(&buffer[..there]).is_some() {
            return Ok(true);
        }
        begins = false;
        match std::str::from_utf8(&buffer[..there]) {
            Ok(_) => kept = 0,
            // a character may go on in what is read next
            Err(error) if error.error_len().is_none() && read > 0 => {
                buffer.copy_within(error.valid_up_to()..there, 0);
                kept = there - error.valid_up_to();
            }
            Err(_) => return Ok(false),
        }
        if read == 0 {
            return Ok(true);
        }
    }
}

fn explain(error: &csv::Error, off: u64) -> Trouble {
    let line = error.position().map(|at| at.line() + off);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => Trouble::new(
            line,
            format!(
                "it has {len} cells, the header has {expected_len}: is a quotation mark not closed?"
            ),
        ),
        csv::ErrorKind::Io(error) => Trouble::new(line, error),
        _ => Trouble::new(line, error),
    }
}

fn read_sheet(path: &Path, taker: &mut impl Taker) -> Result<(), Trouble> {
    let failed =
        |error: calamine::XlsxError| Trouble::new(None, format!("no sheet of Excel: {error}"));
    let mut book: Xlsx<_> = open_workbook(path).map_err(failed)?;
    let Some(name) = book.sheet_names().first().cloned() else {
        return Err(Trouble::new(None, "it has no sheet"));
    };
    let mut cells = book.worksheet_cells_reader(&name).map_err(failed)?;
    let mut names: Option<Vec<String>> = None;
    let mut row: (u32, Vec<Option<Cell>>) = (0, Vec::new());
    loop {
        let next = cells.next_cell().map_err(failed)?;
        let ends = next
            .as_ref()
            .is_none_or(|cell| cell.get_position().0 != row.0);
        if ends && row.1.iter().any(Option::is_some) {
            let line = u64::from(row.0) + 1;
            let mut found = std::mem::take(&mut row.1);
            match &names {
                None => {
                    let text = |cell: Option<Cell>| match cell {
                        Some(Cell::Text(text)) => text,
                        _ => String::new(),
                    };
                    let found: Vec<String> = found.into_iter().map(text).collect();
                    taker.header(found.clone())?;
                    names = Some(found);
                }
                Some(names) => {
                    found.resize(names.len(), None);
                    taker.row(line, found)?;
                }
            }
        }
        let Some(cell) = next else { return Ok(()) };
        let ((line, column), column_count) = (cell.get_position(), row.1.len());
        if ends {
            row = (line, Vec::new());
        }
        let at = column as usize;
        if at >= column_count || ends {
            row.1.resize(at + 1, None);
        }
        row.1[at] = of_sheet(cell.get_value(), u64::from(line) + 1)?;
    }
}

fn of_sheet(value: &DataRef<'_>, line: u64) -> Result<Option<Cell>, Trouble> {
    let text = |text: &str| match text.trim() {
        "" => None,
        text => Some(Cell::Text(text.to_owned())),
    };
    Ok(match value {
        DataRef::Empty => None,
        DataRef::Int(number) => Some(Cell::Number((*number).into())),
        // as many digits as Excel shows
        DataRef::Float(number) => match Decimal::try_from(*number) {
            Ok(number) => Some(Cell::Number(number.normalize())),
            Err(_) => text(&number.to_string()),
        },
        DataRef::Bool(flag) => Some(Cell::Flag(*flag)),
        DataRef::DateTime(time) => time.as_datetime().map(|time| Cell::Day(time.date())),
        DataRef::String(said) | DataRef::DateTimeIso(said) | DataRef::DurationIso(said) => {
            text(said)
        }
        DataRef::SharedString(said) => text(said),
        DataRef::Error(error) => {
            return Err(Trouble::new(line, format!("a cell is the error {error}")));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps what it is given, and changes the file meanwhile if it is to.
    #[derive(Default)]
    struct Kept {
        header: Vec<String>,
        rows: Vec<(u64, Vec<Option<Cell>>)>,
        meddles: Option<std::path::PathBuf>,
    }

    impl Taker for Kept {
        fn header(&mut self, names: Vec<String>) -> Result<(), Trouble> {
            self.header = names;
            Ok(())
        }

        fn row(&mut self, line: u64, cells: Vec<Option<Cell>>) -> Result<(), Trouble> {
            if let Some(path) = &self.meddles {
                fs::write(path, "a,b\n1,2\n3,4\n5,6\n").unwrap();
            }
            self.rows.push((line, cells));
            Ok(())
        }
    }

    fn written(name: &str, content: &[u8]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("mandant-{}-{name}", std::process::id()));
        fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn rows_know_their_lines_however_these_end() {
        for (name, content) in [
            ("lf.csv", "a,b\n1,\"x\ny\"\n2,z\n"),
            ("crlf.csv", "a,b\r\n1,\"x\ny\"\r\n2,z\r\n"),
        ] {
            let path = written(name, content.as_bytes());
            let mut kept = Kept::default();
            read(&path, None, &mut kept).unwrap();
            let lines: Vec<u64> = kept.rows.iter().map(|(line, _)| *line).collect();
            assert_eq!(
                (kept.header, lines),
                (vec!["a".to_owned(), "b".to_owned()], vec![2, 4]),
                "{name}"
            );
            fs::remove_file(path).unwrap();
        }
    }

    #[test]
    fn a_file_that_changes_meanwhile_is_refused() {
        let path = written("changes.csv", b"a,b\n1,2\n");
        let mut kept = Kept {
            meddles: Some(path.clone()),
            ..Kept::default()
        };
        let trouble = read(&path, None, &mut kept).unwrap_err();
        assert!(
            trouble.reason.contains("changed while it was read"),
            "{trouble:?}"
        );
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_character_may_be_in_two_parts_of_what_is_read() {
        let path = written(
            "long.csv",
            format!("a\n{}ü\n", "x".repeat(64 * 1024 - 3)).as_bytes(),
        );
        assert_eq!(is_utf_8(&path), Ok(true));
        fs::write(&path, b"a\nM\xfcller\n").unwrap();
        assert_eq!(is_utf_8(&path), Ok(false));
        fs::remove_file(path).unwrap();
    }
}
