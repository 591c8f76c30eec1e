use std::sync::mpsc;

use super::*;

/// As the daemon of 1.5.0 makes it.
const TABLES: &str = "
    pragma journal_mode = wal;
    create table ValidPaths (id integer primary key autoincrement not null,
        path text unique not null, hash text not null, registrationTime integer not null,
        deriver text, narSize integer);
    create table Refs (referrer integer not null, reference integer not null,
        primary key (referrer, reference),
        foreign key (referrer) references ValidPaths(id) on delete cascade,
        foreign key (reference) references ValidPaths(id) on delete restrict);
    create index IndexReferrer on Refs(referrer);
    create index IndexReference on Refs(reference);
    create trigger DeleteSelfRefs before delete on ValidPaths
        begin delete from Refs where referrer = old.id and reference = old.id; end;";

struct Lab {
    root: tempfile::TempDir,
    store: StoreDir,
}

impl Lab {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let store = root.path().join("store");
        fs::create_dir(&store).unwrap();
        fs::write(root.path().join("schema"), "7").unwrap();
        let lab = Self {
            store: StoreDir::new(store.to_str().unwrap()).unwrap(),
            root,
        };
        lab.raw().execute_batch(TABLES).unwrap();
        lab
    }

    /// A connection as the daemon would have it.
    fn raw(&self) -> Connection {
        Connection::open(self.root.path().join("db.sqlite")).unwrap()
    }

    fn open(&self) -> Database {
        Database::open(self.root.path(), &self.store).unwrap()
    }

    fn path(&self, name: &str) -> StorePath {
        self.store
            .join(&format!("1hqp1kznhm15lxn7h668f9x88i6mzsvc-{name}"))
            .unwrap()
    }

    fn item(&self, name: &str, references: &[&str]) -> Registration {
        Registration {
            path: self.path(name),
            nar_hash: [7; 32],
            nar_size: 4711,
            deriver: None,
            references: references.iter().map(|name| self.path(name)).collect(),
        }
    }

    fn files(&self) -> usize {
        fs::read_dir(self.store.as_path()).unwrap().count()
    }
}

fn write(path: &StorePath) -> io::Result<()> {
    fs::write(path.as_path(), "contents")
}

#[test]
fn what_is_registered_is_valid_with_all_that_belongs_to_it() {
    let lab = Lab::new();
    let mut database = lab.open();
    let dependency = lab.item("dependency", &[]);
    database.register(&[dependency], &mut write).unwrap();
    let mut out = lab.item("out", &["out", "lib", "dependency"]);
    out.deriver = Some(lab.path("x.drv"));
    let lib = lab.item("lib", &["dependency"]);
    let unknown = lab.path("unknown");
    database.register(&[out.clone(), lib], &mut write).unwrap();
    assert_eq!(lab.files(), 3);
    let asked = [out.path.clone(), unknown.clone()];
    assert_eq!(
        database.valid(&asked).unwrap(),
        BTreeSet::from([out.path.clone()])
    );
    let closure = database.closure(&[out.path.clone(), unknown]).unwrap();
    assert_eq!(closure.len(), 3);
    let mut references = out.references.clone();
    references.sort();
    assert_eq!(
        closure.get(&out.path),
        Some(&ItemInfo {
            nar_hash: [7; 32],
            nar_size: 4711,
            deriver: out.deriver,
            references,
        })
    );
    assert_eq!(closure[&lab.path("dependency")].references, []);
    let row: (String, i64, Option<String>) = lab
        .raw()
        .query_row(
            "select hash, registrationTime, deriver from ValidPaths where path = ?1",
            [lab.path("lib").as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(row.0, format!("sha256:{}", "07".repeat(32)));
    assert!(row.1 > 1_700_000_000);
    assert_eq!(row.2, None);
}

#[test]
fn an_unknown_reference_moves_no_file() {
    let lab = Lab::new();
    let mut database = lab.open();
    let items = [lab.item("a", &[]), lab.item("b", &["missing"])];
    let error = database
        .register(&items, &mut |_| panic!("not placed"))
        .unwrap_err();
    assert!(matches!(error, DatabaseError::MissingReference { .. }));
    assert!(database.valid(&[lab.path("a")]).unwrap().is_empty());
}

#[test]
fn rings_are_refused() {
    let lab = Lab::new();
    let items = [lab.item("a", &["b"]), lab.item("b", &["a"])];
    assert!(matches!(
        lab.open().register(&items, &mut write),
        Err(DatabaseError::Cycle(_))
    ));
    assert_eq!(lab.files(), 0);
}

#[test]
fn a_failure_in_placing_removes_what_was_placed() {
    let lab = Lab::new();
    let mut database = lab.open();
    let items = [lab.item("a", &[]), lab.item("b", &[]), lab.item("c", &[])];
    let error = database
        .register(&items, &mut |path| {
            write(path)?;
            if path.name() == "b" {
                return Err(nix::errno::Errno::ENOSPC.into());
            }
            Ok(())
        })
        .unwrap_err();
    assert!(matches!(error, DatabaseError::DiskFull { .. }), "{error}");
    assert!(error.is_transient());
    assert_eq!(lab.files(), 0);
    // The connection is good for another try.
    database.register(&items, &mut write).unwrap();
    assert_eq!(lab.files(), 3);
}

#[test]
fn a_failing_commit_removes_what_was_placed() {
    let lab = Lab::new();
    lab.raw()
        .execute_batch(
            "create table Strict (id integer references ValidPaths(id)
                 deferrable initially deferred);
             create trigger Fail after insert on ValidPaths
                 begin insert into Strict values (-1); end;",
        )
        .unwrap();
    let error = lab
        .open()
        .register(&[lab.item("a", &[])], &mut write)
        .unwrap_err();
    assert!(matches!(error, DatabaseError::Sql { .. }), "{error}");
    assert_eq!(lab.files(), 0);
}

#[test]
fn valid_items_are_left_alone() {
    let lab = Lab::new();
    let mut database = lab.open();
    database
        .register(&[lab.item("a", &[])], &mut write)
        .unwrap();
    let mut other = lab.item("a", &["b"]);
    other.nar_size = 1;
    let mut placed = Vec::new();
    database
        .register(&[other, lab.item("b", &[])], &mut |path| {
            placed.push(path.clone());
            write(path)
        })
        .unwrap();
    assert_eq!(placed, [lab.path("b")]);
    let closure = database.closure(&[lab.path("a")]).unwrap();
    assert_eq!(closure[&lab.path("a")].nar_size, 4711);
    assert_eq!(closure.len(), 1);
    // Also when the rest fails.
    let items = [lab.item("a", &[]), lab.item("c", &[])];
    let mut fail = |_: &StorePath| Err(io::ErrorKind::Other.into());
    database.register(&items, &mut fail).unwrap_err();
    assert_eq!(lab.files(), 2);
}

#[test]
fn a_busy_database_is_waited_for_and_then_an_error() {
    let lab = Lab::new();
    let mut database = lab.open();
    let other = lab.raw();
    other.execute_batch("begin immediate").unwrap();
    database.set_busy_limit(Duration::from_millis(50)).unwrap();
    let items = [lab.item("a", &[])];
    let error = database.register(&items, &mut write).unwrap_err();
    assert!(matches!(error, DatabaseError::Busy { .. }), "{error}");
    assert!(error.is_transient());
    assert_eq!(lab.files(), 0);
    // Readers need not wait at all.
    assert!(database.valid(&[lab.path("a")]).unwrap().is_empty());
    database.set_busy_limit(BUSY_LIMIT).unwrap();
    let (begun, begins) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            begins.recv().unwrap();
            std::thread::sleep(Duration::from_millis(100));
            other.execute_batch("rollback").unwrap();
        });
        begun.send(()).unwrap();
        database.register(&items, &mut write).unwrap();
    });
}

#[test]
fn other_schemas_and_owners_are_refused() {
    let lab = Lab::new();
    fs::write(lab.root.path().join("schema"), "8\n").unwrap();
    assert!(matches!(
        Database::open(lab.root.path(), &lab.store),
        Err(DatabaseError::Schema { found }) if found == "8"
    ));
    let none = Path::new("/nonexistent");
    assert!(matches!(
        Database::open(none, &lab.store),
        Err(DatabaseError::Unreadable { .. })
    ));
    // Only root can give a file away.
    let file = lab.root.path().join("db.sqlite");
    if std::os::unix::fs::chown(&file, Some(12345), None).is_ok() {
        assert!(matches!(
            Database::open(lab.root.path(), &lab.store),
            Err(DatabaseError::NotOwner { owner: 12345, .. })
        ));
    }
}

#[test]
fn damaged_rows_are_named() {
    let lab = Lab::new();
    let mut database = lab.open();
    database
        .register(&[lab.item("a", &[])], &mut write)
        .unwrap();
    lab.raw()
        .execute("update ValidPaths set hash = 'md5:00'", [])
        .unwrap();
    assert!(matches!(
        database.closure(&[lab.path("a")]),
        Err(DatabaseError::Damaged(path)) if path == lab.path("a").as_str()
    ));
}

#[test]
fn a_large_closure_is_one_query() {
    let lab = Lab::new();
    let mut database = lab.open();
    let items: Vec<_> = (0..2000)
        .map(|index| {
            let references: Vec<_> = (0..index)
                .rev()
                .take(20)
                .map(|other| format!("n{other}"))
                .collect();
            let references: Vec<_> = references.iter().map(String::as_str).collect();
            lab.item(&format!("n{index}"), &references)
        })
        .collect();
    database.register(&items, &mut |_| Ok(())).unwrap();
    let closure = database.closure(&[lab.path("n1999")]).unwrap();
    assert_eq!(closure.len(), 2000);
    assert_eq!(closure[&lab.path("n1000")].references.len(), 20);
}
