//! Whole-system stories on real stores, without a window.

mod bindings;
