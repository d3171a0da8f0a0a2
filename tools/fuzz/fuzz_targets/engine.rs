//! Files through the engine.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|file: &[u8]| {
    onchip_fuzz::engine::run(file);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    onchip_fuzz::mutate::mutate(data, size, max_size, seed, fuzzer_mutate)
});
