//! Bytes as messages, orders and partitions.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| onchip_fuzz::protocol::run(bytes));
