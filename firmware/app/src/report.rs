//! Sending messages.

use onchip_protocol::Message;
use onchip_protocol::message::Bytes;

/// Sends one message as one log line. Waits for the host to make room if it has asked
/// for that (RTT's blocking mode), so it must not be called within a timed region.
#[inline(never)]
pub(crate) fn send(message: Message) {
    // `println` rather than `info`: not subject to the level chosen by DEFMT_LOG.
    defmt::println!("{}", message);
}

/// Sends the output tensor, piece by piece.
pub(crate) fn send_output(output: &[u8]) {
    let mut offset = 0;
    for piece in output.chunks(Bytes::CAPACITY) {
        if let Some(bytes) = Bytes::new(piece) {
            send(Message::Output { offset, bytes });
        }
        offset += piece.len() as u32;
    }
}
