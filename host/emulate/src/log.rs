//! What a program says by RTT: text, or defmt's frames.

use defmt_decoder::{DecodeError, StreamDecoder, Table};

/// Turns bytes of RTT into text.
pub(crate) struct Log<'program> {
    decoder: Option<Box<dyn StreamDecoder + Send + Sync + 'program>>,
    /// Behind a malformed frame another one can be found.
    recovers: bool,
}

impl<'program> Log<'program> {
    /// A log with these format strings; without, it is text.
    pub(crate) fn new(table: Option<&'program Table>) -> Self {
        Log {
            decoder: table.map(Table::new_stream_decoder),
            recovers: table.is_some_and(|table| table.encoding().can_recover()),
        }
    }

    /// The text of these bytes. A frame that has not come in full waits for the rest.
    pub(crate) fn text(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let Some(decoder) = &mut self.decoder else {
            return bytes;
        };
        decoder.received(&bytes);
        let mut text = Vec::new();
        loop {
            match decoder.decode() {
                Ok(frame) => text.extend(format!("{}\n", frame.display(false)).bytes()),
                Err(DecodeError::UnexpectedEof) => return text,
                Err(DecodeError::Malformed) => {
                    text.extend(b"(malformed defmt frame)\n");
                    if !self.recovers {
                        // What follows can only be shown as it is.
                        self.decoder = None;
                        return text;
                    }
                }
            }
        }
    }
}
