//! One backup file.
//!
//! | bytes | what |
//! |---|---|
//! | 21 | `punchcard hub backup` and a line feed |
//! | 2 | the format: 1 |
//! | 4 | how long the header is |
//! | … | the header, JSON: [`Header`] |
//! | 32 | SHA-256 over all of that |
//! | … | encrypted chunks (`seal.rs`), each bound to that hash |
//!
//! Decrypted and unpacked (zstd), frames: a letter, four bytes of length, and so many bytes. `T` begins
//! a table (JSON: its name and columns), `R` is a row (values as they are hashed), `E` the end.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use punchcard_protocol::{Hash, TillId, Value, sync::Known};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    check::{self, Part},
    seal::{self, Derivation, Key, Keys, Opener, Sealer},
};
use crate::{
    error::{Error, Result},
    store::{Datum, tables},
};

const MAGIC: &[u8] = b"punchcard hub backup\n";
const FORMAT: u16 = 1;
const DOMAIN: &[u8] = b"punchcard/backup/header\0";
const LONGEST_HEADER: u32 = 64 * 1024;
/// The longest row: a body in quarantine is the longest there is, and far below.
const LONGEST_FRAME: u32 = 64 * 1024 * 1024;
const LEVEL: i32 = 3;
const TABLE: u8 = b'T';
const ROW: u8 = b'R';
const END: u8 = b'E';

/// What a file says of itself without its passphrase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Its id.
    pub(crate) id: Uuid,
    /// The backup from which it goes on; none: it begins a chain.
    pub(crate) previous: Option<Uuid>,
    /// Whose it is.
    pub(crate) hub: TillId,
    /// The hub's epoch.
    pub(crate) epoch: u32,
    /// When it was begun: Unix ms.
    pub(crate) made_ms: i64,
    /// Where in the log it goes on, and the sum there.
    pub(crate) after: Known,
    /// Up to where it holds the log, and the sum there.
    pub(crate) upto: Known,
    /// The program that wrote it.
    pub(crate) program: String,
    pub(crate) key: Derivation,
    pub(crate) nonce: String,
}

/// How a table begins.
#[derive(Debug, Serialize, Deserialize)]
struct TableHead {
    table: String,
    columns: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct End {
    rows: u64,
}

/// What comes next in a file.
pub(crate) enum Item {
    /// A table begins: its name and its columns.
    Table(String, Vec<String>),
    /// A row of it.
    Row(Vec<Datum>),
}

fn bound(bytes: &[u8]) -> [u8; 32] {
    Hash::of(DOMAIN, &[bytes]).0
}

/// Writes a file.
pub(crate) struct Writer {
    packer: zstd::Encoder<'static, Sealer<BufWriter<File>>>,
    rows: u64,
    bytes: Vec<u8>,
}

impl Writer {
    /// Begins a file where there is none. Its owner alone may read it.
    pub(crate) fn create(path: &Path, header: &Header, key: &Key) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = BufWriter::new(options.open(path)?);
        let json = serde_json::to_vec(header)?;
        let length = u32::try_from(json.len()).map_err(|_| too_long())?;
        let mut head = MAGIC.to_vec();
        head.extend_from_slice(&FORMAT.to_be_bytes());
        head.extend_from_slice(&length.to_be_bytes());
        head.extend_from_slice(&json);
        let bound_to = bound(&head);
        file.write_all(&head)?;
        file.write_all(&bound_to)?;
        let nonce = nonce_of(header).ok_or_else(|| Error::Internal("a nonce".into()))?;
        let packer = zstd::Encoder::new(Sealer::new(file, key, &nonce, bound_to), LEVEL)?;
        Ok(Self { packer, rows: 0, bytes: Vec::new() })
    }

    /// Begins a table.
    pub(crate) fn table(&mut self, name: &str, columns: &[&str]) -> Result<()> {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        let head = serde_json::to_vec(&TableHead { table: name.to_owned(), columns })?;
        self.frame(TABLE, &head)
    }

    /// A row of the table that was begun last.
    pub(crate) fn row(&mut self, row: &[Datum]) -> Result<()> {
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        for value in row {
            tables::fed(value).write(&mut bytes);
        }
        self.rows += 1;
        let done = self.frame(ROW, &bytes);
        self.bytes = bytes;
        done
    }

    fn frame(&mut self, kind: u8, bytes: &[u8]) -> Result<()> {
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= LONGEST_FRAME);
        self.packer.write_all(&[kind])?;
        self.packer.write_all(&length.ok_or_else(too_long)?.to_be_bytes())?;
        Ok(self.packer.write_all(bytes)?)
    }

    /// Ends the file, and sees it on the disk.
    pub(crate) fn finish(mut self) -> Result<()> {
        let end = serde_json::to_vec(&End { rows: self.rows })?;
        self.frame(END, &end)?;
        let file = self.packer.finish()?.finish()?;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(file.sync_all()?)
    }
}

fn too_long() -> Error {
    Error::Internal("a row is too long for a backup".into())
}

fn nonce_of(header: &Header) -> Option<[u8; 19]> {
    hex::decode(&header.nonce).ok()?.try_into().ok()
}

/// A nonce for a new header.
pub(crate) fn fresh_nonce() -> Result<String> {
    Ok(hex::encode(seal::fresh_nonce()?))
}

/// Reads a file.
pub(crate) struct Reader {
    name: String,
    /// Decrypted and unpacked.
    frames: Box<dyn Read>,
    rows: u64,
    done: bool,
}

/// Reads what a file says of itself.
///
/// # Errors
/// [`Error::BadBackup`], [`Error::BackupNewer`], those of the disk.
pub(crate) fn read_header(path: &Path) -> Result<Header> {
    let name = name_of(path);
    let mut file = BufReader::new(File::open(path)?);
    Ok(header_in(&mut file, &name)?.0)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn header_in(file: &mut impl Read, name: &str) -> Result<(Header, [u8; 32])> {
    let mut head = vec![0; MAGIC.len() + 6];
    let mut take = |bytes: &mut [u8]| {
        file.read_exact(bytes).map_err(|error| bad_read(name, error, "it is cut short"))
    };
    take(&mut head)?;
    let (magic, numbers) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(bad(name, "it is not a backup of a hub, or its beginning is damaged"));
    }
    let format = u16::from_be_bytes([numbers[0], numbers[1]]);
    if format > FORMAT {
        return Err(Error::BackupNewer(name.to_owned()));
    }
    let length = u32::from_be_bytes([numbers[2], numbers[3], numbers[4], numbers[5]]);
    if format != FORMAT || length > LONGEST_HEADER {
        return Err(bad(name, "its beginning is damaged"));
    }
    let mut json = vec![0; length as usize];
    take(&mut json)?;
    let mut seal = [0; 32];
    take(&mut seal)?;
    head.extend_from_slice(&json);
    if bound(&head) != seal {
        return Err(bad(name, "its beginning is damaged"));
    }
    let header: Header =
        serde_json::from_slice(&json).map_err(|_| bad(name, "its beginning is damaged"))?;
    Ok((header, seal))
}

impl Reader {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::WrongPassphrase`], [`Error::BadBackup`], [`Error::BackupNewer`], those of the disk.
    pub(crate) fn open(path: &Path, keys: &mut Keys<'_>) -> Result<(Header, Self)> {
        let (mut file, name) = (BufReader::new(File::open(path)?), name_of(path));
        let (header, bound_to) = header_in(&mut file, &name)?;
        let key = keys.open(&header.key).ok_or_else(|| Error::WrongPassphrase(name.clone()))?;
        let nonce = nonce_of(&header).ok_or_else(|| bad(&name, "its beginning is damaged"))?;
        let opener = Opener::new(file, &key, &nonce, bound_to)?;
        Ok((header, Self::of_frames(name, zstd::Decoder::new(opener)?)))
    }

    fn of_frames(name: String, frames: impl Read + 'static) -> Self {
        Self { name, frames: Box::new(frames), rows: 0, done: false }
    }

    /// What comes next; none at the end, and only if it is the end.
    ///
    /// # Errors
    /// [`Error::BadBackup`], [`Error::BackupNewer`], those of the disk.
    pub(crate) fn next(&mut self) -> Result<Option<Item>> {
        if self.done {
            return Ok(None);
        }
        let mut head = [0; 5];
        self.fill(&mut head)?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        if length > LONGEST_FRAME {
            return Err(self.bad("a row in it is longer than any"));
        }
        let mut bytes = Vec::new();
        let read = (&mut self.frames).take(length.into()).read_to_end(&mut bytes);
        if read.map_err(|error| bad_read(&self.name, error, "it ends too early"))? < length as usize
        {
            return Err(self.bad("it ends too early"));
        }
        match head[0] {
            TABLE => {
                let head: TableHead = serde_json::from_slice(&bytes)
                    .map_err(|_| self.bad("a table in it cannot be read"))?;
                Ok(Some(Item::Table(head.table, head.columns)))
            }
            ROW => {
                self.rows += 1;
                values(&bytes)
                    .map(|row| Some(Item::Row(row)))
                    .ok_or_else(|| self.bad("a row in it cannot be read"))
            }
            END => self.end(&bytes).map(|()| None),
            _ => Err(Error::BackupNewer(self.name.clone())),
        }
    }

    fn end(&mut self, bytes: &[u8]) -> Result<()> {
        let end: End =
            serde_json::from_slice(bytes).map_err(|_| self.bad("its end cannot be read"))?;
        if end.rows != self.rows {
            return Err(self.bad("rows are missing in it"));
        }
        // The mark of the last chunk is looked at when it is read.
        let more = self.frames.read(&mut [0]);
        let more = more.map_err(|error| bad_read(&self.name, error, "it is cut short"))?;
        if more > 0 {
            return Err(self.bad("something follows its end"));
        }
        self.done = true;
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.frames
            .read_exact(bytes)
            .map_err(|error| bad_read(&self.name, error, "it ends too early"))
    }

    /// That this file is not what it should be.
    pub(crate) fn bad(&self, why: &str) -> Error {
        bad(&self.name, why)
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Reads bytes as the beginning of a file, and as what is in one, for a fuzzer: both are answers, never
/// a crash, and the second asks for no passphrase.
pub(super) fn read_whatever(bytes: &[u8]) -> Result<u64> {
    let _ = header_in(&mut &*bytes, "fuzz");
    let start = Known { seq: 0, hash: Hash::ZERO };
    let header = Header {
        id: Uuid::nil(),
        previous: None,
        hub: TillId(Uuid::nil()),
        epoch: 1,
        made_ms: 0,
        after: start,
        upto: start,
        program: String::new(),
        key: Derivation::none(),
        nonce: String::new(),
    };
    let reader = Reader::of_frames("fuzz".into(), io::Cursor::new(bytes.to_vec()));
    check::read_through(&header, reader, Part::All, &mut |_| Ok(()))
}

fn values(mut bytes: &[u8]) -> Option<Vec<Datum>> {
    let mut row = Vec::new();
    while !bytes.is_empty() {
        row.push(match Value::read(&mut bytes)? {
            Value::Null => Datum::Null,
            Value::Integer(number) => Datum::Int(number),
            Value::Text(text) => Datum::Text(std::str::from_utf8(text).ok()?.to_owned()),
            Value::Blob(bytes) => Datum::Blob(bytes.to_vec()),
        });
    }
    Some(row)
}

/// That a file is not what it should be.
pub(crate) fn bad(file: &str, why: &str) -> Error {
    Error::BadBackup { file: file.to_owned(), why: why.to_owned() }
}

/// What the disk says stays what it says; all else is about the file.
fn bad_read(name: &str, error: io::Error, early: &str) -> Error {
    if error.raw_os_error().is_some() {
        return error.into();
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => bad(name, early),
        _ => bad(name, &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::Passphrase;

    fn header(key: Derivation) -> Header {
        let start = Known { seq: 0, hash: Hash::ZERO };
        Header {
            id: Uuid::from_bytes([1; 16]),
            previous: None,
            hub: TillId::from_bytes([2; 16]),
            epoch: 1,
            made_ms: 1_795_406_400_000,
            after: start,
            upto: start,
            program: "0".into(),
            key,
            nonce: fresh_nonce().expect("random"),
        }
    }

    fn read(path: &Path, words: &Passphrase) -> Result<Vec<Vec<Datum>>> {
        let (_, mut reader) = Reader::open(path, &mut Keys::of(words))?;
        let mut rows = Vec::new();
        while let Some(item) = reader.next()? {
            if let Item::Row(row) = item {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    #[test]
    fn a_file_holds_its_rows_and_belongs_to_its_header() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("one");
        let words = Passphrase::given("vier gute alte Worte");
        let (how, key) = Keys::of(&words).fresh().expect("random");
        let header = header(how);
        let rows = vec![
            vec![Datum::Int(-7), Datum::Null, "王堃".into(), Datum::Blob(vec![0, 255])],
            Vec::new(),
            vec![Datum::Blob(vec![9; 300_000])],
        ];
        let mut writer = Writer::create(&path, &header, &key).expect("room");
        writer.table("till", &["id"]).expect("room");
        for row in &rows {
            writer.row(row).expect("room");
        }
        writer.finish().expect("room");
        assert_eq!(read(&path, &words).expect("whole"), rows);
        assert_eq!(read_header(&path).expect("whole"), header);
        // Nothing of it can be read on the disk.
        let bytes = std::fs::read(&path).expect("there");
        assert!(!bytes.windows(6).any(|part| part == "王堃".as_bytes()));
        // Somebody gives it another header, with the right hash over it: of another day, say.
        let json =
            serde_json::to_vec(&Header { made_ms: header.made_ms + 1, ..header }).expect("JSON");
        let begins = MAGIC.len() + 6;
        let mut forged = bytes[..begins].to_vec();
        forged.extend_from_slice(&json);
        let seal = bound(&forged);
        forged.extend_from_slice(&seal);
        forged.extend_from_slice(&bytes[begins + json.len() + 32..]);
        assert_eq!(forged.len(), bytes.len());
        let mut file = File::create(&path).expect("room");
        file.write_all(&forged).expect("room");
        assert!(read_header(&path).is_ok(), "by itself it is a header");
        assert!(matches!(read(&path, &words), Err(Error::BadBackup { .. })));
    }

    #[test]
    fn a_file_without_its_end_is_none() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("one");
        let words = Passphrase::given("vier gute alte Worte");
        let (how, key) = Keys::of(&words).fresh().expect("random");
        let mut writer = Writer::create(&path, &header(how), &key).expect("room");
        writer.row(&[Datum::Int(1)]).expect("room");
        // As whoever writes it dies: everything is there but the mark of the last chunk.
        drop(writer.packer.finish().expect("room"));
        assert!(matches!(read(&path, &words), Err(Error::BadBackup { .. })));
    }
}
