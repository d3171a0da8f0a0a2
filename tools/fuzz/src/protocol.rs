//! Reading bytes as everything that host and image say to each other.

use onchip_protocol::info::Info;
use onchip_protocol::order::{self, Order};
use onchip_protocol::partition::{HEADER_LEN, Header, Part};
use onchip_protocol::{Message, Refusal, crc32};

/// Reads bytes as each thing that there is: as they are and, so that all that is behind a checksum is reached, with
/// the checksum corrected.
///
/// # Panics
/// If what was read is not what is written again, or an error has no text.
pub fn run(bytes: &[u8]) {
    order(bytes);
    partition(bytes);
    with_checksum(bytes, order::LEN, order);
    with_checksum(bytes, HEADER_LEN, partition);
    match Info::decode(bytes) {
        Ok(info) => assert_eq!(Info::decode(&info.encode()), Ok(info)),
        Err(error) => check_text(&error),
    }
    if let Ok(text) = str::from_utf8(bytes) {
        match text.parse::<Message>() {
            Ok(message) => assert_eq!(message.to_string().parse(), Ok(message)),
            Err(error) => check_text(&error),
        }
    }
    if let Some(words) = bytes.first_chunk::<16>() {
        let mut numbers = words.chunks_exact(4).map(|word| {
            let word = word.first_chunk().copied().unwrap_or_default();
            u32::from_le_bytes(word)
        });
        let words = [(); 4].map(|()| numbers.next().unwrap_or(0));
        if let Some(refusal) = Refusal::decode(words) {
            assert_eq!(Refusal::decode(refusal.encode()), Some(refusal));
            let message = refusal.message();
            assert_eq!(message.to_string().parse(), Ok(message));
        }
    }
}

/// Hands on a copy whose first `len` bytes end in the checksum of those before it.
fn with_checksum(bytes: &[u8], len: usize, read: impl FnOnce(&[u8])) {
    let mut bytes = bytes.to_vec();
    if let Some((head, rest)) = bytes.split_at_mut_checked(len - 4)
        && let Some(stated) = rest.first_chunk_mut()
    {
        *stated = crc32(head).to_le_bytes();
        read(&bytes);
    }
}

fn order(bytes: &[u8]) {
    match Order::decode(bytes) {
        Ok(order) => assert_eq!(Order::decode(&order.encode()), Ok(order)),
        Err(error) => check_text(&error),
    }
}

fn partition(bytes: &[u8]) {
    match Header::decode(bytes) {
        Ok(header) => {
            assert!(header.partition_len() <= bytes.len());
            assert_eq!(header.encode(), bytes[..HEADER_LEN]);
            for part in [Part::Model, Part::Input] {
                if let Err(error) = header.read(part, bytes) {
                    check_text(&error);
                }
            }
        }
        Err(error) => check_text(&error),
    }
}

fn check_text(error: &impl std::error::Error) {
    assert!(error.to_string().len() > 10, "{error}");
}
