//! What an output pixel of a depthwise convolution is computed from.

/// Taps, row by row. Places and steps are in elements, and steps are those from row to row, then from tap to tap.
pub(crate) struct Taps {
    pub(crate) channels: usize,
    /// Rows, and taps in each.
    pub(crate) count: [usize; 2],
    pub(crate) input: usize,
    pub(crate) input_steps: [usize; 2],
    pub(crate) weights: usize,
    pub(crate) weights_steps: [usize; 2],
    pub(crate) output: usize,
}

impl Taps {
    /// Where each tap's elements and weights start.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = [usize; 2]> + Clone {
        let [rows, row] = self.count;
        (0..rows).flat_map(move |i| (0..row).map(move |j| self.place(i, j)))
    }

    #[inline]
    fn place(&self, i: usize, j: usize) -> [usize; 2] {
        let on = |[line, step]: [usize; 2]| i * line + j * step;
        [
            self.input + on(self.input_steps),
            self.weights + on(self.weights_steps),
        ]
    }

    /// Where the last tap's start, if there is one.
    #[cfg(armv7em)]
    #[inline]
    pub(crate) fn ends(&self) -> [usize; 2] {
        let [rows, row] = self.count;
        self.place(rows - 1, row - 1)
    }
}
