//! The loop that most movements are: runs of bytes, each at a place of its own in the source and in the target.

/// Most dimensions of a copy: of a tensor, or of one whose pixels are blocks.
const RANK: usize = 6;

/// How often something is repeated, and how many bytes further it starts each time.
#[derive(Clone, Copy)]
struct Repeat {
    count: usize,
    from: isize,
    to: isize,
}

impl Repeat {
    const ONCE: Self = Self {
        count: 1,
        from: 0,
        to: 0,
    };
}

/// Which bytes go where.
pub(crate) struct Copy {
    /// Bytes that lie side by side in both.
    run: usize,
    /// Innermost first, only the first `rank` in use.
    repeats: [Repeat; RANK],
    rank: usize,
    /// Where the first run lies.
    from: usize,
    to: usize,
}

impl Copy {
    /// Nothing at all.
    pub(super) const NOTHING: Self = Self {
        run: 0,
        repeats: [Repeat::ONCE; RANK],
        rank: 0,
        from: 0,
        to: 0,
    };

    /// One run, from the start of the source to the start of the target.
    pub(crate) fn run(bytes: usize) -> Self {
        Self {
            run: bytes,
            ..Self::NOTHING
        }
    }

    /// Repeats all of it `count` times, `from` and `to` bytes further each time. At most six times in a copy's making.
    #[inline(never)]
    pub(crate) fn repeat(&mut self, count: usize, from: isize, to: isize) {
        let run = self.run as isize;
        let inner = self
            .rank
            .checked_sub(1)
            .and_then(|i| self.repeats.get_mut(i));
        match inner {
            _ if count == 1 => {}
            None if (from, to) == (run, run) => self.run *= count,
            Some(inner)
                if (from, to)
                    == (
                        inner.from * inner.count as isize,
                        inner.to * inner.count as isize,
                    ) =>
            {
                inner.count *= count;
            }
            _ => {
                if let Some(repeat) = self.repeats.get_mut(self.rank) {
                    *repeat = Repeat { count, from, to };
                    self.rank += 1;
                }
            }
        }
    }

    /// Moves its start.
    pub(crate) fn start(&mut self, from: usize, to: usize) {
        self.from += from;
        self.to += to;
    }

    /// Makes it the copy back.
    #[inline(never)]
    pub(crate) fn reverse(&mut self) {
        (self.from, self.to) = (self.to, self.from);
        for repeat in &mut self.repeats {
            (repeat.from, repeat.to) = (repeat.to, repeat.from);
        }
    }

    pub(crate) fn copy(&self, source: &[i8], target: &mut [i8]) {
        let (inner, outer) = match self.repeats.get(..self.rank) {
            Some([inner, outer @ ..]) => (*inner, outer),
            _ => (Repeat::ONCE, &[] as &[Repeat]),
        };
        if inner.count == 0 || outer.iter().any(|repeat| repeat.count == 0) {
            return;
        }
        let line = match self.run {
            1 => elements::<1>,
            2 => elements::<2>,
            4 => elements::<4>,
            _ => runs,
        };
        let mut done = [0; RANK];
        let (mut from, mut to) = (self.from, self.to);
        loop {
            line(self.run, inner, (source, from), (target, to));
            let mut dims = outer.iter().zip(&mut done);
            // The innermost dimension that does not wrap around.
            loop {
                let Some((repeat, done)) = dims.next() else {
                    return;
                };
                *done += 1;
                from = from.wrapping_add_signed(repeat.from);
                to = to.wrapping_add_signed(repeat.to);
                if *done < repeat.count {
                    break;
                }
                let count = *done as isize;
                from = from.wrapping_add_signed(-repeat.from * count);
                to = to.wrapping_add_signed(-repeat.to * count);
                *done = 0;
            }
        }
    }
}

/// Repeats a run of any length.
fn runs(
    run: usize,
    repeat: Repeat,
    (source, mut from): (&[i8], usize),
    (target, mut to): (&mut [i8], usize),
) {
    for _ in 0..repeat.count {
        // Both are there: places come from checked shapes.
        let source = from.checked_add(run).and_then(|end| source.get(from..end));
        let target = to.checked_add(run).and_then(|end| target.get_mut(to..end));
        if let (Some(source), Some(target)) = (source, target) {
            target.copy_from_slice(source);
        }
        from = from.wrapping_add_signed(repeat.from);
        to = to.wrapping_add_signed(repeat.to);
    }
}

/// Repeats a run of `N` bytes: an element, which is not worth the call that copies any number of bytes.
fn elements<const N: usize>(
    _: usize,
    repeat: Repeat,
    (source, mut from): (&[i8], usize),
    (target, mut to): (&mut [i8], usize),
) {
    for _ in 0..repeat.count {
        let source = source.get(from..).and_then(<[i8]>::first_chunk::<N>);
        let target = target.get_mut(to..).and_then(<[i8]>::first_chunk_mut::<N>);
        if let (Some(source), Some(target)) = (source, target) {
            *target = *source;
        }
        from = from.wrapping_add_signed(repeat.from);
        to = to.wrapping_add_signed(repeat.to);
    }
}
