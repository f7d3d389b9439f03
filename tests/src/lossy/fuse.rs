//! The disk as the kernel sees it.

use std::{
    ffi::OsStr,
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem,
    FopenFlags, Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr,
    ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs,
    ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use tempfile::TempDir;

use super::{
    disk::{self, Disk, State},
    image::{BLOCK, Ino, What},
};

/// Nothing changes but through the kernel, so it may believe what it was told.
const TTL: Duration = Duration::from_hours(1);

/// A disk that is mounted. Dropped, it is no more.
///
/// The disk is served by the process that mounts it. Where that process itself maps a file of it (a
/// store's `-shm`), the kernel may hold the map of the process's memory while it waits for an answer for
/// which more memory is needed: both wait for ever. So [`Mounted::taken_out`] is the way to look at a
/// store from inside, and [`Watch`] ends what hangs all the same.
pub struct Mounted {
    folder: TempDir,
    session: Option<BackgroundSession>,
    watch: Option<Watch>,
}

/// No disk is mounted for longer, in seconds.
const LONGEST: u32 = 600;

/// Another process, which ends a disk that is mounted for too long or whose process is gone: whoever
/// waits for it gets an error, and a test fails rather than hangs.
struct Watch {
    child: Child,
    line: Option<ChildStdin>,
}

impl Watch {
    fn over(folder: &Path) -> Self {
        // A line says that all is well; the end of all lines, or none, does not.
        let script = format!(r#"read -r -t {LONGEST} || umount --force "$0""#);
        let mut child = Command::new("bash")
            .args(["-c", &script])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("bash is there");
        let line = child.stdin.take();
        Self { child, line }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(mut line) = self.line.take() {
            drop(line.write_all(b"well\n"));
        }
        drop(self.child.wait());
    }
}

impl Mounted {
    /// Mounts a disk in a folder of its own.
    ///
    /// # Panics
    /// Where nothing can be mounted: the power cannot be cut then, and that is no pass.
    pub fn new(disk: &Disk) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let owner = std::fs::metadata(folder.path()).expect("just made");
        disk.act(|state| state.owner = (owner.uid(), owner.gid()));
        let mut config = Config::default();
        config.mount_options.push(MountOption::FSName("punchcard-lossy".into()));
        let files = Files { disk: disk.clone() };
        let session = fuser::spawn_mount(files, folder.path(), &config).unwrap_or_else(|error| {
            unreachable!(
                "no FUSE file system can be mounted here ({error}), so no power can be cut. Needed \
                 are /dev/fuse and root, or the package fuse3: run scripts/install.sh build e2e"
            )
        });
        let watch = Some(Watch::over(folder.path()));
        Self { folder, session: Some(session), watch }
    }

    /// Where.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A copy of one of its folders, on the machine's own disk: what a store that was moved there is.
    ///
    /// # Panics
    /// Where it cannot be copied.
    pub fn taken_out(&self, name: &str) -> TempDir {
        let copy = tempfile::tempdir().expect("a temporary folder");
        let whole = self.at(name).join(".");
        let done = Command::new("cp").arg("-a").arg(whole).arg(copy.path()).output();
        let done = done.expect("cp is there");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        copy
    }

    /// A path on it.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Lazily: a program that is just dying may still hold it.
        let path = self.folder.path();
        let helper = |name: &str, args: &[&str]| {
            Command::new(name).args(args).arg(path).output().is_ok_and(|done| done.status.success())
        };
        let gone = helper("umount", &["--lazy"]) || helper("fusermount3", &["-u", "-z"]);
        if let Some(session) = self.session.take() {
            // Ends as soon as the last program has let go.
            drop(session);
        }
        self.watch.take();
        if !gone && !std::thread::panicking() {
            unreachable!("{} stays mounted", path.display());
        }
    }
}

/// Answers the kernel.
struct Files {
    disk: Disk,
}

type Outcome<T> = Result<T, disk::Errno>;

impl Files {
    /// Looks, or changes something: nothing works without power.
    fn act<T>(&self, act: impl FnOnce(&mut State) -> Outcome<T>) -> Outcome<T> {
        self.disk.act(|state| {
            state.alive()?;
            act(state)
        })
    }

    fn entry(&self, reply: ReplyEntry, act: impl FnOnce(&mut State) -> Outcome<Ino>) {
        match self.act(|state| act(state).and_then(|ino| attributes(state, ino))) {
            Ok(attributes) => reply.entry(&TTL, &attributes, Generation(0)),
            Err(error) => reply.error(Errno::from_i32(error)),
        }
    }

    fn empty(&self, reply: ReplyEmpty, act: impl FnOnce(&mut State) -> Outcome<()>) {
        match self.act(act) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(Errno::from_i32(error)),
        }
    }

    fn attr(&self, reply: ReplyAttr, act: impl FnOnce(&mut State) -> Outcome<Ino>) {
        match self.act(|state| act(state).and_then(|ino| attributes(state, ino))) {
            Ok(attributes) => reply.attr(&TTL, &attributes),
            Err(error) => reply.error(Errno::from_i32(error)),
        }
    }
}

fn attributes(state: &State, ino: Ino) -> Outcome<FileAttr> {
    let node = state.live.nodes.get(&ino).ok_or(disk::ENOENT)?;
    let (kind, size) = match &node.what {
        What::File(bytes) => (FileType::RegularFile, bytes.len() as u64),
        What::Folder(_) => (FileType::Directory, 0),
    };
    Ok(FileAttr {
        ino: INodeNo(ino),
        size,
        blocks: size.div_ceil(BLOCK) * (BLOCK / 512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind,
        perm: node.mode,
        nlink: state.live.links(ino).max(1),
        uid: state.owner.0,
        gid: state.owner.1,
        rdev: 0,
        blksize: u32::try_from(BLOCK).unwrap_or(4096),
        flags: 0,
    })
}

fn permissions(mode: u32, umask: u32) -> u16 {
    u16::try_from(mode & !umask & 0o7777).unwrap_or(0o600)
}

/// The kernel may keep what it has read: shared memory of two programs is the same pages anyway.
const KEEP: FopenFlags = FopenFlags::FOPEN_KEEP_CACHE;
const HANDLE: FileHandle = FileHandle(0);

impl Filesystem for Files {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.entry(reply, |state| state.live.find(parent.0, name).ok_or(disk::ENOENT));
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        self.attr(reply, |_| Ok(ino.0));
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        self.attr(reply, |state| {
            if let Some(size) = size {
                state.set_length(ino.0, size)?;
            }
            if let (Some(mode), Some(node)) = (mode, state.live.nodes.get_mut(&ino.0)) {
                node.mode = permissions(mode, 0);
            }
            Ok(ino.0)
        });
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        reply: ReplyEntry,
    ) {
        let folder = What::Folder(std::collections::BTreeMap::new());
        self.entry(reply, |state| state.make(parent.0, name, permissions(mode, umask), folder));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.empty(reply, |state| state.remove(parent.0, name, false));
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.empty(reply, |state| state.remove(parent.0, name, true));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let replace = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        self.empty(reply, |state| {
            state.rename((parent.0, name), (new_parent.0, new_name), replace)
        });
    }

    fn link(&self, _: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.entry(reply, |state| state.link(ino.0, parent.0, name).map(|()| ino.0));
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let created = self.act(|state| {
            let mode = permissions(mode, umask);
            let ino = state.make(parent.0, name, mode, What::File(Vec::new()))?;
            state.opened(ino);
            attributes(state, ino)
        });
        match created {
            Ok(attributes) => reply.created(&TTL, &attributes, Generation(0), HANDLE, KEEP),
            Err(error) => reply.error(Errno::from_i32(error)),
        }
    }

    fn open(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let opened = self.act(|state| {
            state.opened(ino.0);
            Ok(())
        });
        match opened {
            Ok(()) => reply.opened(HANDLE, KEEP),
            Err(error) => reply.error(Errno::from_i32(error)),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let piece = self.act(|state| {
            let bytes = state.live.bytes(ino.0).ok_or(disk::ENOENT)?;
            let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            Ok(bytes[place(offset)..place(offset + u64::from(size))].to_vec())
        });
        match piece {
            Ok(piece) => reply.data(&piece),
            Err(error) => reply.error(Errno::from_i32(error)),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.act(|state| state.write(ino.0, offset, data)) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(error) => reply.error(Errno::from_i32(error)),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.disk.act(|state| state.closed(ino.0));
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.empty(reply, |state| state.sync_file(ino.0));
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        self.empty(reply, |state| state.sync_folder(ino.0));
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let listed = self.act(|state| {
            let names = state.live.names(ino.0).ok_or(disk::ENOTDIR)?;
            let kind = |ino: &Ino| match state.live.names(*ino) {
                Some(_) => FileType::Directory,
                None => FileType::RegularFile,
            };
            Ok(names.iter().map(|(name, ino)| (*ino, kind(ino), name.clone())).collect::<Vec<_>>())
        });
        let listed = match listed {
            Ok(listed) => listed,
            Err(error) => return reply.error(Errno::from_i32(error)),
        };
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        for ((number, kind, name), next) in listed.into_iter().zip(1u64..).skip(skipped) {
            if reply.add(INodeNo(number), next, kind, &name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let (all, free) = self.disk.state().space();
        let size = u32::try_from(BLOCK).unwrap_or(4096);
        reply.statfs(all / BLOCK, free / BLOCK, free / BLOCK, 1 << 20, 1 << 20, size, 255, size);
    }
}
