//! How fast the emulator is: millions of instructions per second of wall time.
//!
//!     cargo run --release -p onchip-vboard --example mips
//!
//! Runs two loops of the kind that inference spends its time in, with full timing: a dot
//! product of bytes by single loads and multiply-accumulates, and one by words with the
//! DSP extension, both from flash at five wait states with caches on.

use std::time::Instant;

use onchip_vboard::{
    core::model::{Core, Fpu, Model},
    machine::Machine,
    memory::{
        AccessError, Chip, Context, Device, FlashMap, MapError, Peripheral, RamMap, Reset, Size,
    },
    timing::{FlashConfig, FlashGeometry},
};

const FLASH: u32 = 0x0800_0000;
const RAM: u32 = 0x2000_0000;

/// The flash controller: configures the accelerator at reset and has no registers.
struct Controller;

impl Peripheral for Controller {
    fn name(&self) -> &str {
        "FLASH"
    }

    fn read(&mut self, _: u32, _: Size, _: &mut Context<'_>) -> Result<u32, AccessError> {
        Err(AccessError::Fault)
    }

    fn write(&mut self, _: u32, _: Size, _: u32, _: &mut Context<'_>) -> Result<(), AccessError> {
        Err(AccessError::Fault)
    }

    fn reset(&mut self, _: Reset, context: &mut Context<'_>) {
        context.flash.accelerator.configure(FlashConfig {
            wait_states: 5,
            prefetch: true,
            instruction_cache: true,
            data_cache: true,
            read_bytes: 8,
        });
    }
}

/// ```text
/// outer: movs r0, #0x20000000; movw r2, #1000; movs r3, #0
/// inner: ldrsb.w r4, [r0], #1; ldrsb.w r5, [r0, #256]; smlabb r3, r4, r5, r3
///        subs r2, #1; bne inner
///        b outer
/// ```
const BYTES: [u16; 16] = [
    0xf04f, 0x5000, 0xf240, 0x32e8, 0x2300, 0xf910, 0x4b01, 0xf990, 0x5100, 0xfb14, 0x3305, 0x3a01,
    0xd1f7, 0xe7f1, 0xbf00, 0xbf00,
];

/// ```text
/// outer: movs r0, #0x20000000; movw r2, #1000; movs r3, #0
/// inner: ldr r4, [r0, #0]; ldr r5, [r0, #4]; adds r0, #8
///        sxtb16 r6, r4; sxtb16 r7, r5; smlad r3, r6, r7, r3
///        sxtb16 r6, r4, ror #8; sxtb16 r7, r5, ror #8; smlad r3, r6, r7, r3
///        subs r2, #1; bne inner
///        b outer
/// ```
const WORDS: [u16; 24] = [
    0xf04f, 0x5000, 0xf240, 0x32e8, 0x2300, 0x6804, 0x6845, 0x3008, 0xfa2f, 0xf684, 0xfa2f, 0xf785,
    0xfb26, 0x3307, 0xfa2f, 0xf694, 0xfa2f, 0xf795, 0xfb26, 0x3307, 0x3a01, 0xd1ee, 0xe7e8, 0xbf00,
];

fn main() -> Result<(), MapError> {
    for (name, code) in [("bytes", BYTES.as_slice()), ("words", WORDS.as_slice())] {
        let mut machine = machine(code)?;
        machine.run(1_000_000);
        let (before, cycles, start) = (machine.instructions(), machine.cycles(), Instant::now());
        let stop = machine.run(200_000_000);
        let seconds = start.elapsed().as_secs_f64();
        let instructions = machine.instructions() - before;
        let cycles = machine.cycles() - cycles;
        report(&format!(
            "{name}: {:.0} MIPS, {:.0} MHz, {:.3} cycles per instruction ({stop:?})",
            instructions as f64 / seconds / 1e6,
            cycles as f64 / seconds / 1e6,
            cycles as f64 / instructions as f64,
        ));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "printing is what it is for")]
fn report(line: &str) {
    println!("{line}");
}

fn machine(code: &[u16]) -> Result<Machine, MapError> {
    let mut machine = Machine::new(Chip {
        name: "bench",
        core: Core {
            model: Model::CortexM4,
            cpuid: 0x410f_c241,
            interrupts: 16,
            priority_bits: 4,
            bit_band: true,
            fpu: Some(Fpu::Fpv4Sp),
            mpu_regions: 8,
            vectors: 0,
            io_port: None,
        },
        flash: FlashMap {
            base: FLASH,
            len: 0x1_0000,
            aliases: vec![0],
            accelerator: FlashGeometry::STM32L4,
            controller: 0,
        },
        rams: vec![RamMap {
            base: RAM,
            len: 0x2_0000,
            cached_from: None,
            aliases: vec![],
        }],
        devices: vec![Device {
            windows: vec![(0x4000_0000, 0x400)],
            peripheral: Box::new(Controller),
        }],
        unmodelled: vec![],
    })?;
    let vectors = [RAM + 0x1000, FLASH + 0x101];
    let vectors: Vec<u8> = vectors.iter().flat_map(|w| w.to_le_bytes()).collect();
    let code: Vec<u8> = code.iter().flat_map(|h| h.to_le_bytes()).collect();
    machine.load_flash(0, &vectors);
    machine.load_flash(0x100, &code);
    Ok(machine)
}
