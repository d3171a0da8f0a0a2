//! Framing: requests come as `!…#`; whatever is between them is noise.

/// Longest request that fits the probe's buffer (the real probe's is 1024 bytes; memory writes of 508 bytes in hexadecimal, with
/// their 64-bit addresses, come close).
pub const CAPACITY: usize = 2048;

/// Cuts a stream of bytes into requests.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    state: State,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Noise,
    Request,
    Overlong,
}

/// What the framer has found.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The characters between `!` and `#`.
    Request(&'a [u8]),
    /// A request of more than [`CAPACITY`] characters, which were dropped.
    Overlong,
}

impl Framer {
    /// Takes the next byte of the stream; returns the frame that it completes.
    pub fn push(&mut self, byte: u8) -> Option<Frame<'_>> {
        match (byte, &self.state) {
            (b'!', _) => {
                self.state = State::Request;
                self.buffer.clear();
                None
            }
            (b'#', State::Request) => {
                self.state = State::Noise;
                Some(Frame::Request(&self.buffer))
            }
            (b'#', State::Overlong) => {
                self.state = State::Noise;
                Some(Frame::Overlong)
            }
            (_, State::Request) if self.buffer.len() == CAPACITY => {
                self.state = State::Overlong;
                None
            }
            (_, State::Request) => {
                self.buffer.push(byte);
                None
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stream: &[u8], expected: &[&[u8]]) {
        let mut framer = Framer::default();
        let mut found = Vec::new();
        for &byte in stream {
            match framer.push(byte) {
                Some(Frame::Request(request)) => found.push(request.to_vec()),
                Some(Frame::Overlong) => found.push(b"overlong".to_vec()),
                None => {}
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn frames() {
        check(b"+#!GA#", &[b"GA"]);
        check(b"!Hx!GA##", &[b"GA"]);
        check(b" !GV#\r\n!#", &[b"GV", b""]);
        check(
            &[b"!".as_slice(), &[b'a'; CAPACITY], b"#"].concat(),
            &[&[b'a'; CAPACITY]],
        );
        check(
            &[b"!".as_slice(), &[b'a'; CAPACITY + 1], b"#!b#"].concat(),
            &[b"overlong", b"b"],
        );
    }
}
