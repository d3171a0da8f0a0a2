//! What an image reports, one log line per message.
//!
//! Each message is declared once, with a template that is at the same time the defmt format of the
//! image, the text of [`Display`](core::fmt::Display) and the grammar of
//! [`FromStr`](core::str::FromStr): `{=u32}` is a decimal number, `{=u32:#010x}` a hexadecimal one,
//! `{=[u8]:02x}` a byte string such as `[80, 9a]`. So the log of any stock tool shows
//!
//! ```text
//! onchip boot protocol=1 nonce=0x0123456789abcdef clock_hz=120000000
//! ```
//!
//! and the host parses that very text.
//!
//! An image sends, in this order: `Boot`, `Plan`, per timed run its `Operator`s and `Run`, then
//! `Memory`, `Output` as often as needed, `Done`. `Refused` or `Fault` end a run early.

mod declare;
mod text;

pub use text::{Bytes, ParseError};

use declare::messages;

messages! {
    /// The image has started and read its order.
    Boot = "onchip boot protocol={=u32} nonce={=u64:#018x} clock_hz={=u32}" {
        /// [`VERSION`](crate::VERSION) of the image.
        protocol: u32,
        /// The order's nonce.
        nonce: u64,
        /// The core's clock, in Hz.
        clock_hz: u32,
    }

    /// The model is accepted; what follows is measured on it.
    Plan = "onchip plan model_crc32={=u32:#010x} input_crc32={=u32:#010x} arena={=u32} \
            operators={=u32} input={=u32} output={=u32}" {
        /// CRC-32 of the model, computed on the chip.
        model_crc32: u32,
        /// CRC-32 of the input, computed on the chip.
        input_crc32: u32,
        /// Bytes that the engine plans to use of the arena.
        arena: u32,
        /// Number of operators.
        operators: u32,
        /// Bytes of the input tensor.
        input: u32,
        /// Bytes of the output tensor.
        output: u32,
    }

    /// An operator's time within a run.
    Operator = "onchip operator run={=u32} index={=u32} opcode={=u32} cycles={=u64}" {
        /// The run, from 0; warm-ups are not counted.
        run: u32,
        /// The operator's place in the model, from 0.
        index: u32,
        /// Its `BuiltinOperator` code in the TFLite format.
        opcode: u32,
        /// Core clock cycles.
        cycles: u64,
    }

    /// A run's time.
    Run = "onchip run index={=u32} cycles={=u64} ticks={=u64} tick_hz={=u32}" {
        /// The run, from 0; warm-ups are not counted.
        index: u32,
        /// Core clock cycles of the whole inference.
        cycles: u64,
        /// The same stretch on the chip's second clock.
        ticks: u64,
        /// The second clock's rate, in Hz.
        tick_hz: u32,
    }

    /// RAM that was used, found by painting it before and looking for the paint after.
    Memory = "onchip memory arena={=u32} stack={=u32} statics={=u32}" {
        /// Bytes of the arena that were ever written.
        arena: u32,
        /// Bytes of the stack that were ever written.
        stack: u32,
        /// Bytes of the image's variables, without the arena.
        statics: u32,
    }

    /// A piece of the output tensor after the last run.
    Output = "onchip output offset={=u32} bytes={=[u8]:02x}" {
        /// Where the piece starts.
        offset: u32,
        /// The piece.
        bytes: Bytes,
    }

    /// The core took a fault; these are the stacked registers and the fault status registers of
    /// the Armv7-M System Control Block.
    Fault = "onchip fault pc={=u32:#010x} lr={=u32:#010x} cfsr={=u32:#010x} hfsr={=u32:#010x} \
             mmfar={=u32:#010x} bfar={=u32:#010x}" {
        /// Where the fault was taken.
        pc: u32,
        /// Return address of the function it was taken in.
        lr: u32,
        /// Configurable Fault Status Register.
        cfsr: u32,
        /// HardFault Status Register.
        hfsr: u32,
        /// MemManage Fault Address Register; valid if CFSR says so.
        mmfar: u32,
        /// BusFault Address Register; valid if CFSR says so.
        bfar: u32,
    }

    /// The image does not run this model; see [`Refusal`](crate::Refusal).
    Refused = "onchip refused code={=u32:#010x} a={=u32} b={=u32} c={=u32}" {
        /// First word of the refusal.
        code: u32,
        /// Second word.
        a: u32,
        /// Third word.
        b: u32,
        /// Fourth word.
        c: u32,
    }

    /// All that was ordered is done.
    Done = "onchip done nonce={=u64:#018x} runs={=u32} output_crc32={=u32:#010x}" {
        /// The order's nonce.
        nonce: u64,
        /// Runs made.
        runs: u32,
        /// CRC-32 of the output tensor.
        output_crc32: u32,
    }
}

#[cfg(test)]
mod tests;
