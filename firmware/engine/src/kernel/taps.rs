//! What neighbouring output pixels of a depthwise convolution are computed from.

/// The same taps for some pixels, row by row. Places and steps are in elements, and steps are those from row to row, then from
/// tap to tap.
pub(crate) struct Taps {
    pub(crate) channels: usize,
    /// Rows, and taps in each.
    pub(crate) count: [usize; 2],
    pub(crate) input: usize,
    pub(crate) input_steps: [usize; 2],
    pub(crate) weights: usize,
    pub(crate) weights_steps: [usize; 2],
    pub(crate) pixels: usize,
    /// Elements from a pixel's input to the next one's. Outputs lie one behind the other.
    #[cfg_attr(
        not(any(armv6m, armv7em)),
        expect(dead_code, reason = "only the assembly takes several pixels at once")
    )]
    pub(crate) pixel_step: usize,
    pub(crate) output: usize,
}

impl Taps {
    /// Where each tap's elements and weights start, for the first pixel.
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

    /// Where the last pixel's last tap's start, if there is one.
    #[cfg(any(armv6m, armv7em))]
    #[inline]
    pub(crate) fn ends(&self) -> [usize; 2] {
        let [rows, row] = self.count;
        let [input, weights] = self.place(rows - 1, row - 1);
        [input + (self.pixels - 1) * self.pixel_step, weights]
    }

    /// Count, input steps and weights' steps, a column of taps taken for a row, which is as good and quicker.
    #[cfg(any(armv6m, armv7em))]
    #[inline]
    pub(crate) fn by_rows(&self) -> [[usize; 2]; 3] {
        let mut all = [self.count, self.input_steps, self.weights_steps];
        if self.count[1] == 1 {
            all.iter_mut().for_each(|two| two.reverse());
        }
        all
    }
}
