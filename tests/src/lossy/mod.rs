//! A disk whose power can be cut: a small file system of our own, mounted through FUSE.
//!
//! Programs see what they wrote at once, as through any page cache. What the disk itself holds is
//! only what was synced: a file's bytes by `fsync` of that file, a name by `fsync` of its folder.
//! [`Disk::cut`] takes the power away; what was not synced is then gone, or there in part.
//!
//! What is modelled, and what is not:
//!
//! - **Names are strict**, as POSIX has it: syncing a file does not make its name last. (ext4 keeps
//!   the name of a new file along with its first sync; here a program has to sync the folder.)
//!   Where some unsynced names survive, they are the first ones: every file system in use keeps
//!   its folders in a journal, and a journal survives from its front.
//! - **Bytes are as on ext4 with `data=ordered`**: what was never written reads as zeros, never as
//!   what some other file left there, and what a file held before it was cut short does not come
//!   back once the cut is kept.
//! - **Sectors of 512 bytes are whole.** In one of them stands what was there before, or what any one of
//!   the later writes made of it; which, each sector decides for itself.
//! - **A sync that failed has dropped what it should have kept**, and the next one succeeds, as Linux
//!   does it: the program reads its bytes back, and the disk does not have them. Writing them again
//!   makes the page dirty again.
//! - Only what the kernel does for any FUSE file system is relied on: `write` goes through at once
//!   (no write-back cache), shared memory (`-shm`) lives in the kernel's pages, file locks too.
//!
//! Mounting needs `/dev/fuse`, and root or `fusermount3`. Where that is missing a test fails, and
//! says so.

mod disk;
mod fuse;
mod image;
mod torn;

pub use disk::{Cut, Disk, Fault, Room, Seen};
pub use fuse::Mounted;
