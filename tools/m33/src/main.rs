//! Runs the engine's golden networks on a Cortex-M33, compares each output with the file's, and says by semihosting how
//! many of each family are exact. Ends with success only if all are.
#![no_std]
#![no_main]

#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the engine's tests use more of it, and a broken golden file ends the program"
)]
#[path = "../../../firmware/engine/tests/golden/mod.rs"]
mod golden;

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, entry, exception};
use cortex_m_semihosting::debug::{EXIT_FAILURE, EXIT_SUCCESS, exit};
use cortex_m_semihosting::hprintln;
use golden::{Case, Comparison, FAMILIES};
use onchip_engine::{DataType, Error, Interpreter, Model};

/// Enough for each network.
const ARENA_BYTES: usize = 1 << 18;

#[entry]
fn main() -> ! {
    static mut ARENA: [u8; ARENA_BYTES] = [0; ARENA_BYTES];
    let (mut total, mut failed) = (0, 0);
    for (family, file) in FAMILIES {
        let (mut exact, mut close, mut refused) = (0, 0, 0);
        for case in golden::cases(file) {
            total += 1;
            match (run(&case, ARENA), case.comparison) {
                (Err(_), _) if case.is_refused() => refused += 1,
                (Ok(true), Comparison::Bytes) => exact += 1,
                (Ok(true), Comparison::Floats) => close += 1,
                (result, _) => {
                    failed += 1;
                    hprintln!("FAILED {}: {}: {:?}", family, case.name, result);
                }
            }
        }
        hprintln!(
            "{:14}{:5} byte for byte{:5} as floats{:5} refused",
            family,
            exact,
            close,
            refused
        );
    }
    hprintln!("{} networks, {} failed", total, failed);
    end(failed == 0);
}

/// Whether the engine's outputs of all invocations are the file's.
fn run(case: &Case<'_>, arena: &mut [u8]) -> Result<bool, Error> {
    arena.fill(0xa5);
    let model = Model::new(case.model)?;
    let mut interpreter = Interpreter::new(&model, arena)?;
    let is_float = model.input().dtype == DataType::Float32;
    let (mut seed, mut expected) = (case.seed, case.output);
    for _ in 0..case.invocations {
        seed = golden::fill(interpreter.input_mut(), is_float, seed);
        interpreter.invoke(&mut ())?;
        let output = interpreter.output();
        let Some(this) = expected.split_off(..output.len()) else {
            return Ok(false);
        };
        if case.comparison.differences(output, this) > 0 {
            return Ok(false);
        }
    }
    Ok(expected.is_empty())
}

/// Ends the emulation.
fn end(success: bool) -> ! {
    loop {
        exit(if success { EXIT_SUCCESS } else { EXIT_FAILURE });
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    end(false);
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    hprintln!("{:#?}", frame);
    end(false);
}
