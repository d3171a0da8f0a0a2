//! Images that are not for this board, not ours, or damaged, each as its own error.

use crate::common::{Random, board, image, image_bytes};
use onchip_harness::{Board, Image, ImageError};
use onchip_protocol::info::{self, Info, Text};

/// What comes of an image whose bytes were changed.
fn check(change: impl FnOnce(&mut Vec<u8>)) -> Result<(), ImageError> {
    let mut bytes = image_bytes();
    change(&mut bytes);
    Image::parse(&bytes, &board()).map(|_| ())
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let at = bytes
        .windows(from.len())
        .position(|window| window == from)
        .unwrap();
    bytes[at..at + to.len()].copy_from_slice(to);
}

/// Changes what the image says about itself.
fn with_info(change: impl FnOnce(&mut Info)) -> Result<(), ImageError> {
    check(|bytes| {
        let info = image().info;
        let mut changed = info;
        change(&mut changed);
        replace(bytes, &info.encode(), &changed.encode());
    })
}

#[test]
fn the_image_says_what_it_is() {
    let image = image();
    assert_eq!(image.info.board.as_str(), board().name);
    assert!(image.flash_bytes() > 10_000, "{}", image.flash_bytes());
    assert_eq!(
        image.function_at(0x0800_0000),
        None,
        "the vector table is no function"
    );
}

#[test]
fn what_is_no_image_is_refused() {
    assert!(matches!(check(Vec::clear), Err(ImageError::NotElf)));
    assert!(matches!(
        check(|bytes| bytes[0] = 0),
        Err(ImageError::NotElf)
    ));
    // Machine: x86 instead of Arm.
    assert!(matches!(
        check(|bytes| bytes[18] = 3),
        Err(ImageError::NotElf)
    ));
    for symbol in ["ONCHIP_INFO", "ONCHIP_ORDER", "_SEGGER_RTT"] {
        let result = check(|bytes| replace(bytes, format!("\0{symbol}\0").as_bytes(), b"\0other"));
        assert!(matches!(result, Err(ImageError::Symbol(name)) if name == symbol));
    }
    let log = check(|bytes| replace(bytes, b"\0_defmt_version_ = ", b"\0_defmt_version_ = 9"));
    assert!(matches!(log, Err(ImageError::Log(_))));
}

#[test]
fn an_image_must_agree_with_the_board_file() {
    let other = with_info(|info| info.board = Text::new("nucleo-f446re").unwrap());
    assert!(matches!(other, Err(ImageError::OtherBoard { .. })));
    let clock = with_info(|info| info.clock_hz = 80_000_000);
    assert!(matches!(
        clock,
        Err(ImageError::Disagrees {
            what: "clock_hz",
            ..
        })
    ));
    let version = check(|bytes| {
        let info = image().info.encode();
        let mut newer = info;
        newer[4] += 1;
        replace(bytes, &info, &newer);
    });
    assert!(matches!(
        version,
        Err(ImageError::Info(info::Error::Version { .. }))
    ));
}

#[test]
fn an_image_must_lie_in_flash_and_off_the_partition() {
    let bytes = image_bytes();
    let moved = |change: fn(&mut Board)| {
        let mut board = board();
        change(&mut board);
        let info = Info {
            partition_address: board.partition.range.start,
            partition_len: board.partition.length(),
            ..image().info
        };
        let mut bytes = bytes.clone();
        replace(&mut bytes, &image().info.encode(), &info.encode());
        Image::parse(&bytes, &board).map(|_| ())
    };
    let overlap = moved(|board| board.partition.range = 0x0800_0000..0x0810_0000);
    assert!(matches!(overlap, Err(ImageError::OverlapsPartition { .. })));
    let outside = moved(|board| board.memories[0].range.start = 0x0810_0000);
    assert!(matches!(outside, Err(ImageError::OutsideFlash { .. })));
}

#[test]
fn a_damaged_file_is_never_more_than_an_error() {
    let bytes = image_bytes();
    let mut random = Random::new(2);
    for _ in 0..100 {
        let mut damaged = bytes.clone();
        // Most of the file is debug information that nobody reads: aim at both ends.
        let reach = bytes.len().min(4096);
        for _ in 0..3 {
            let at = random.below(reach);
            damaged[at] ^= 1 << random.below(8);
            let at = bytes.len() - 1 - random.below(reach);
            damaged[at] ^= 1 << random.below(8);
        }
        let _ = Image::parse(&damaged, &board());
        damaged.truncate(random.below(bytes.len()));
        let _ = Image::parse(&damaged, &board());
    }
}
