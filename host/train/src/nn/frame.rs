//! Images with zeros around them, so that no loop asks where the border is.

use super::geometry::Geometry;

/// How an image lies in a frame of zeros.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    height: usize,
    width: usize,
    channels: usize,
    /// Where the image starts.
    corner: [usize; 2],
    /// Height and width of the image, and how far apart its pixels are.
    image: [usize; 2],
    apart: [usize; 2],
}

impl Frame {
    /// Of what a window sees.
    pub(super) fn of_input(geometry: &Geometry) -> Self {
        let [height, width] = geometry.padded();
        let [rows, columns, channels] = geometry.from;
        Self {
            height,
            width,
            channels,
            corner: geometry.before,
            image: [rows, columns],
            apart: [1, 1],
        }
    }

    /// Of the gradient by what a window with one filter per channel made: its pixels as far apart as
    /// the windows that they come from, so that the window in reverse sees all that it gave to.
    pub(super) fn of_gradient(geometry: &Geometry) -> Self {
        let [height, width] = [0, 1].map(|axis| geometry.from[axis] + geometry.size[axis] - 1);
        let [rows, columns, channels] = geometry.to;
        Self {
            height,
            width,
            channels,
            corner: [0, 1].map(|axis| geometry.size[axis] - 1 - geometry.before[axis]),
            image: [rows, columns],
            apart: geometry.stride,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.height * self.pitch()
    }

    /// Elements of the image.
    pub(super) fn image_len(&self) -> usize {
        self.image[0] * self.image[1] * self.channels
    }

    /// Elements from a pixel to the one below.
    pub(super) fn pitch(&self) -> usize {
        self.width * self.channels
    }

    /// Where the image starts.
    pub(super) fn start(&self) -> usize {
        self.corner[0] * self.pitch() + self.corner[1] * self.channels
    }

    /// Elements from one of the image's pixels to the one below, and to the next.
    pub(super) fn steps(&self) -> [usize; 2] {
        [self.apart[0] * self.pitch(), self.apart[1] * self.channels]
    }

    /// Distances from a place's first pixel to what each tap of a window sees.
    pub(super) fn taps(&self, size: [usize; 2]) -> impl DoubleEndedIterator<Item = usize> {
        let (pitch, channels) = (self.pitch(), self.channels);
        (0..size[0] * size[1]).map(move |tap| tap / size[1] * pitch + tap % size[1] * channels)
    }

    /// Pieces of the image that lie together: where they are in it, and in the frame.
    pub(super) fn pieces(&self) -> impl Iterator<Item = [std::ops::Range<usize>; 2]> + use<> {
        let Self {
            channels, image, ..
        } = *self;
        let [down, across] = self.steps();
        let (start, is_whole) = (self.start(), across == channels);
        let (count, len) = match is_whole {
            true => (1, image[1] * channels),
            false => (image[1], channels),
        };
        (0..image[0] * count).map(move |piece| {
            let place = start + piece / count * down + piece % count * across;
            [piece * len..(piece + 1) * len, place..place + len]
        })
    }
}
