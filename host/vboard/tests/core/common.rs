//! A chip that is nothing but memory, and a debugger's hands on its core.

use onchip_vboard::{
    core::model::{Core, Fpu, Model},
    machine::{Machine, Stop},
    memory::{
        AccessError, Chip, Context, Device, FlashMap, Peripheral, RamMap, Reserved, Reset, Size,
    },
    timing::FlashGeometry,
};

pub(crate) const FLASH: u32 = 0x0800_0000;
pub(crate) const RAM: u32 = 0x2000_0000;
/// The window of [`Bell`].
pub(crate) const BELL: u32 = 0x4000_0000;
/// Exists and is not modelled.
pub(crate) const DARK: u32 = 0x4000_1000;
pub(crate) const STACK: u32 = RAM + 0x8000;

pub(crate) const DHCSR: u32 = 0xe000_edf0;
pub(crate) const DCRSR: u32 = 0xe000_edf4;
pub(crate) const DCRDR: u32 = 0xe000_edf8;
pub(crate) const DEMCR: u32 = 0xe000_edfc;
pub(crate) const DFSR: u32 = 0xe000_ed30;

/// A peripheral whose word 0 drives interrupt 0, and which raises interrupt 1 at the cycle
/// written to word 4. Also the flash controller: it programs without rules.
#[derive(Default)]
struct Bell {
    level: u32,
    alarm: Option<u64>,
}

impl Peripheral for Bell {
    fn name(&self) -> &str {
        "BELL"
    }

    fn read(
        &mut self,
        offset: u32,
        _: Size,
        context: &mut Context<'_>,
    ) -> Result<u32, AccessError> {
        match offset {
            0 => Ok(self.level),
            8 => Ok(context.now as u32),
            _ => Err(AccessError::unmodelled("BELL register")),
        }
    }

    fn write(
        &mut self,
        offset: u32,
        _: Size,
        value: u32,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        match offset {
            0 => {
                self.level = value;
                context.lines.set(0, value != 0);
            }
            4 => self.alarm = Some(context.now + u64::from(value)),
            _ => return Err(AccessError::unmodelled("BELL register")),
        }
        Ok(())
    }

    fn reset(&mut self, _: Reset, _: &mut Context<'_>) {
        *self = Self::default();
    }

    fn next_event(&self) -> Option<u64> {
        self.alarm
    }

    fn tick(&mut self, context: &mut Context<'_>) {
        self.alarm = None;
        context.lines.set(1, true);
        context.lines.set(1, false);
    }

    fn program(
        &mut self,
        offset: u32,
        size: Size,
        value: u32,
        context: &mut Context<'_>,
    ) -> Result<(), AccessError> {
        let bytes = value.to_le_bytes();
        context
            .flash
            .write(offset as usize, &bytes[..size.bytes() as usize]);
        Ok(())
    }
}

/// A machine halted before its first instruction.
pub(crate) fn machine() -> Machine {
    let mut machine = unstarted();
    write(&mut machine, DHCSR, 0xa05f_0003);
    machine
}

/// A machine just powered on.
pub(crate) fn unstarted() -> Machine {
    Machine::new(chip()).expect("the map is sound")
}

/// A Cortex-M4 with everything.
pub(crate) const CORTEX_M4: Core = Core {
    model: Model::CortexM4,
    cpuid: 0x410f_c241,
    interrupts: 32,
    priority_bits: 4,
    bit_band: true,
    fpu: Some(Fpu::Fpv4Sp),
    mpu_regions: 8,
    vectors: 0,
    io_port: None,
};

/// The chip that these machines are.
pub(crate) fn chip() -> Chip {
    chip_with(CORTEX_M4)
}

fn chip_with(core: Core) -> Chip {
    Chip {
        name: "test",
        core,
        flash: FlashMap {
            base: FLASH,
            len: 0x1_0000,
            aliases: vec![0],
            accelerator: FlashGeometry::STM32L4,
            controller: 0,
        },
        rams: vec![RamMap {
            base: RAM,
            len: 0x1_0000,
            cached_from: None,
            aliases: vec![],
        }],
        devices: vec![Device {
            windows: vec![(BELL, 0x400)],
            peripheral: Box::<Bell>::default(),
        }],
        unmodelled: vec![Reserved {
            name: "DARK",
            base: DARK,
            len: 0x400,
        }],
    }
}

pub(crate) fn read(machine: &mut Machine, address: u32) -> u32 {
    machine.debug_read(address, Size::Word).expect("readable")
}

pub(crate) fn write(machine: &mut Machine, address: u32, value: u32) {
    machine
        .debug_write(address, Size::Word, value)
        .expect("writable");
}

/// Core register `selector`, numbered as in DCRSR.
pub(crate) fn register(machine: &mut Machine, selector: u32) -> u32 {
    write(machine, DCRSR, selector);
    read(machine, DCRDR)
}

pub(crate) fn set_register(machine: &mut Machine, selector: u32, value: u32) {
    write(machine, DCRDR, value);
    write(machine, DCRSR, 1 << 16 | selector);
}

/// Steps one instruction with interrupts masked.
pub(crate) fn step(machine: &mut Machine) -> Stop {
    write(machine, DHCSR, 0xa05f_000d);
    machine.run(1000)
}

/// Lets a halted core run until it halts again, for `cycles` at most.
pub(crate) fn resume(machine: &mut Machine, cycles: u64) -> Stop {
    write(machine, DHCSR, 0xa05f_0001);
    machine.run(cycles)
}

/// Puts halfwords into flash at `address`.
pub(crate) fn load_code(machine: &mut Machine, address: u32, code: &[u16]) {
    let bytes: Vec<u8> = code.iter().flat_map(|h| h.to_le_bytes()).collect();
    machine.load_flash((address - FLASH) as usize, &bytes);
}

/// Puts words into flash at `address`.
pub(crate) fn load_words(machine: &mut Machine, address: u32, words: &[u32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_le_bytes()).collect();
    machine.load_flash((address - FLASH) as usize, &bytes);
}

/// Where [`boot`]'s program starts.
pub(crate) const PROGRAM: u32 = FLASH + 0x100;

/// Where the handler of exception `n` starts.
pub(crate) fn handler_of(n: u32) -> u32 {
    FLASH + 0x1000 + 0x40 * n
}

/// A machine halted at the start of `program`, with handlers that loop for ever except for
/// those given by exception number.
pub(crate) fn boot(program: &[u16], handlers: &[(u32, &[u16])]) -> Machine {
    boot_on(CORTEX_M4, program, handlers)
}

/// The same with another core.
pub(crate) fn boot_on(core: Core, program: &[u16], handlers: &[(u32, &[u16])]) -> Machine {
    boot_chip(chip_with(core), program, handlers)
}

/// The same with another chip, whose flash is as that of [`chip`].
pub(crate) fn boot_chip(chip: Chip, program: &[u16], handlers: &[(u32, &[u16])]) -> Machine {
    let mut machine = Machine::new(chip).expect("the map is sound");
    let mut vectors = vec![STACK, PROGRAM | 1];
    vectors.extend((2..48).map(|n| handler_of(n) | 1));
    load_words(&mut machine, FLASH, &vectors);
    for n in 2..48 {
        load_code(&mut machine, handler_of(n), &[BRANCH_HERE]);
    }
    for &(n, code) in handlers {
        load_code(&mut machine, handler_of(n), code);
    }
    load_code(&mut machine, PROGRAM, program);
    write(&mut machine, DHCSR, 0xa05f_0003);
    machine
}

/// `b .`
pub(crate) const BRANCH_HERE: u16 = 0xe7fe;
/// `bx lr`
pub(crate) const RETURN: u16 = 0x4770;

/// Runs a halted machine for `cycles` and halts it again.
pub(crate) fn run_for(machine: &mut Machine, cycles: u64) {
    resume(machine, cycles);
    write(machine, DHCSR, 0xa05f_0003);
}
