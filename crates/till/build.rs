//! The migrations are read when the crate is compiled, which the compiler does not know of: a new one
//! would be left out of a build that goes on from an older one.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/till");
}
