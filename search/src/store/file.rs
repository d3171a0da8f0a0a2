//! Making, opening and closing the file.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::definition::differences;
use super::lock::Lock;
use super::{Definition, Store, StoreError};

/// Marks a file as ours in SQLite's header: "ONCP".
const APPLICATION_ID: i64 = 0x4f4e_4350;
/// Rises with every change of the tables.
const SCHEMA_VERSION: i64 = 1;
/// A reader may hold the file for a moment.
const PATIENCE: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE trials (
        number INTEGER PRIMARY KEY,
        key TEXT NOT NULL,
        point TEXT NOT NULL,
        same_as INTEGER REFERENCES trials (number),
        -- Filled in together when the trial is folded.
        gate TEXT,
        outcome TEXT,
        scores TEXT,
        told TEXT,
        training TEXT,
        measurement TEXT
    ) STRICT;
    CREATE INDEX trials_by_key ON trials (key);
    CREATE TABLE trainings (key TEXT PRIMARY KEY, verdict TEXT NOT NULL, model BLOB) STRICT;
    CREATE TABLE measurements (key TEXT PRIMARY KEY, verdict TEXT NOT NULL) STRICT;
    CREATE TABLE strategy (id INTEGER PRIMARY KEY CHECK (id = 0), state TEXT NOT NULL) STRICT;
    CREATE TABLE clock (trial INTEGER PRIMARY KEY, seconds REAL NOT NULL) STRICT;
";

impl Store {
    /// Makes the store of a new study.
    ///
    /// # Errors
    /// A study is there already, or the file cannot be made.
    pub fn create(path: &Path, definition: &Definition) -> Result<Self, StoreError> {
        let store = Self::open_write(path)?;
        if store.kind()? == Kind::Study {
            return Err(StoreError::Exists(path.to_owned()));
        }
        store.define(definition)
    }

    /// Whether a study was begun here, even if it was killed before anything was stored.
    pub fn is_begun(path: &Path) -> bool {
        // The lock is taken before the store is made.
        path.exists() || Lock::beside(path).exists()
    }

    /// Goes on with a study; one that was killed before it was stored is made anew.
    ///
    /// # Errors
    /// No study was begun here, or the store is another study's, is in use, or cannot be read.
    pub fn resume(path: &Path, definition: &Definition) -> Result<Self, StoreError> {
        if !Self::is_begun(path) {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let store = Self::open_write(path)?;
        if store.kind()? == Kind::Empty {
            return store.define(definition);
        }
        store.check_integrity()?;
        let differences = differences(&store.definition()?.law, &definition.law);
        if !differences.is_empty() {
            let path = path.to_owned();
            return Err(StoreError::Differs { path, differences });
        }
        store.prepare_to_write()?;
        Ok(store)
    }

    /// Opens a store to read; its study may be running. All that is read is of one instant: what
    /// is stored meanwhile is seen by those who open it later.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn open_read(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = Self::connect(path, flags, None)?;
        store
            .connection
            .execute_batch("BEGIN")
            .map_err(|source| StoreError::sqlite(path, source))?;
        match store.kind()? {
            Kind::Study => Ok(store),
            Kind::Empty => Err(StoreError::Missing(path.to_owned())),
        }
    }

    /// Leaves one file that can be copied and read from where nothing can be written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn close(self) -> Result<(), StoreError> {
        // A reader keeps the log in use; the file is whole with it, too.
        match self.set("journal_mode", "DELETE") {
            Err(StoreError::Locked(_)) | Ok(()) => {}
            Err(error) => return Err(error),
        }
        let Self {
            path,
            connection,
            lock,
            ..
        } = self;
        let closed = connection
            .close()
            .map_err(|(_, source)| StoreError::sqlite(&path, source));
        drop(lock);
        closed
    }

    fn open_write(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|source| StoreError::Inaccessible {
                path: folder.to_owned(),
                what: source.to_string(),
            })?;
        }
        let lock = Lock::acquire(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Self::connect(path, flags, Some(lock))
    }

    fn connect(path: &Path, flags: OpenFlags, lock: Option<Lock>) -> Result<Self, StoreError> {
        let failed = |source| StoreError::sqlite(path, source);
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            lock,
            #[cfg(test)]
            fuse: super::fuse::Fuse::default(),
        })
    }

    fn kind(&self) -> Result<Kind, StoreError> {
        let tables: i64 = self.one("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let application = self.header("application_id")?;
        let version = self.header("user_version")?;
        match (application, version, tables) {
            (0, 0, 0) => Ok(Kind::Empty),
            (APPLICATION_ID, SCHEMA_VERSION, _) => Ok(Kind::Study),
            (APPLICATION_ID, found, _) => Err(StoreError::Newer {
                path: self.path.clone(),
                found,
                known: SCHEMA_VERSION,
            }),
            _ => Err(StoreError::Foreign(self.path.clone())),
        }
    }

    /// The log makes writers and readers independent; what a power cut may take with it are the last
    /// transactions, never the file, and the study goes on from before them to the same result.
    fn prepare_to_write(&self) -> Result<(), StoreError> {
        self.set("journal_mode", "WAL")?;
        self.set("synchronous", "NORMAL")
    }

    /// Tables and definition come into being together.
    fn define(mut self, definition: &Definition) -> Result<Self, StoreError> {
        self.prepare_to_write()?;
        let texts = [
            ("name", definition.name.clone()),
            ("text", definition.text.clone()),
            ("law", definition.law.to_string()),
            ("digest", definition.digest()),
            ("provenance", definition.provenance.to_string()),
        ];
        self.transaction(|transaction| {
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.execute_batch(SCHEMA)?;
            for (name, value) in &texts {
                transaction.execute(
                    "INSERT INTO meta (name, value) VALUES (?1, ?2)",
                    [name, &**value],
                )?;
            }
            Ok(())
        })?;
        Ok(self)
    }

    fn check_integrity(&self) -> Result<(), StoreError> {
        let verdict: String = self.one("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        match verdict.as_str() {
            "ok" => Ok(()),
            _ => Err(StoreError::Corrupt {
                path: self.path.clone(),
                what: verdict,
            }),
        }
    }

    fn header(&self, pragma: &str) -> Result<i64, StoreError> {
        self.connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(|source| StoreError::sqlite(&self.path, source))
    }

    fn set(&self, pragma: &str, value: &str) -> Result<(), StoreError> {
        self.connection
            .pragma_update(None, pragma, value)
            .map_err(|source| StoreError::sqlite(&self.path, source))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Nothing was ever stored.
    Empty,
    /// One of ours, of a schema that we know.
    Study,
}
