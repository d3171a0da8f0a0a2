//! Ends a test's process where a kill would hurt most.

use std::cell::Cell;

/// Ends the process at a chosen commit: no destructor runs, nothing is flushed, as with a kill.
#[derive(Debug, Default)]
pub(crate) struct Fuse {
    /// Sides of commits left: every commit has one before and one after.
    left: Cell<Option<u32>>,
}

impl Fuse {
    /// Burns down at the `left`-th side of a commit from here.
    pub(crate) fn set(&self, left: u32) {
        self.left.set(Some(left));
    }

    pub(super) fn burn(&self) {
        match self.left.get() {
            Some(0) => std::process::abort(),
            left => self.left.set(left.map(|left| left - 1)),
        }
    }
}
