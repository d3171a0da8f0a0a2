//! Files through the host's reader and writer.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use onchip_fuzz::{engine, mutate};
use onchip_tflite::{Model, inspect};

fuzz_target!(|file: &[u8]| {
    if let Err(error) = inspect(file) {
        assert!(error.to_string().len() > 20, "{error}");
    }
    // What is not carried, such as unknown options, is an error when it is written.
    let Some(written) = Model::read(file).ok().and_then(|model| model.write().ok()) else {
        return;
    };
    if let Some(output) = engine::run(file) {
        assert_eq!(engine::run(&written), Some(output));
    }
    match Model::read(&written).and_then(|model| model.write()) {
        Ok(again) => assert_eq!(written, again),
        Err(error) => panic!("written before: {error}"),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::mutate(data, size, max_size, seed, fuzzer_mutate)
});
