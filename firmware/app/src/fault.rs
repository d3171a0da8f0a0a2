//! Faults, stray interrupts and panics: all of them end in one `Fault` message.

use core::arch::naked_asm;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use onchip_protocol::Message;

use crate::paint;
use crate::report::send;

/// The handler's own stack: the one that was in use may be what overflowed.
const STACK_BYTES: usize = 2048;

#[repr(C, align(8))]
struct Stack(UnsafeCell<MaybeUninit<[u8; STACK_BYTES]>>);

// SAFETY: only the core itself uses it, once it is in a fault.
unsafe impl Sync for Stack {}

#[unsafe(link_section = ".uninit.fault_stack")]
static STACK: Stack = Stack(UnsafeCell::new(MaybeUninit::uninit()));

/// Entered from the vector table on a hard fault, to which all other faults escalate.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn HardFault() -> ! {
    naked_asm!(
        "mrs r0, msp",
        "ldr r1, 2f",
        "msr msp, r1",
        "ldr r1, 3f",
        "bx r1",
        ".balign 4",
        "2: .word {stack} + {bytes}",
        "3: .word {report}",
        stack = sym STACK,
        bytes = const STACK_BYTES,
        report = sym report,
    )
}

/// The chip's interrupts in the vector table. As none is ever enabled, the table ends with the first, which the runtime asks
/// for.
#[used]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".vector_table.interrupts")]
static __INTERRUPTS: [unsafe extern "C" fn() -> !; 1] = [DefaultHandler];

/// Entered on any exception that has no handler. None is ever enabled: this is a fault.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn DefaultHandler() -> ! {
    naked_asm!(
        "ldr r0, 2f",
        "bx r0",
        ".balign 4",
        "2: .word {handler}",
        handler = sym HardFault,
    )
}

/// Words of an exception frame that are of interest: R0-R3, R12, LR, PC.
const FRAME_WORDS: usize = 7;

/// CFSR.STKERR and CFSR.MSTKERR: the exception's entry could not write its frame, because
/// the stack has overflowed. PC and LR are lost and reported as zero.
const STACKING_FAILED: u32 = 1 << 12 | 1 << 4;

/// CFSR, HFSR, MMFAR and BFAR.
#[cfg(not(armv6m))]
fn status() -> [u32; 4] {
    // SAFETY: reads of status registers, without side effects.
    let scb = unsafe { &*cortex_m::peripheral::SCB::PTR };
    [
        scb.cfsr.read(),
        scb.hfsr.read(),
        scb.mmfar.read(),
        scb.bfar.read(),
    ]
}

/// Zeros: Armv6-M has no status registers of faults.
#[cfg(armv6m)]
fn status() -> [u32; 4] {
    [0; 4]
}

/// Reports the fault whose exception frame is at `frame`, and stops.
extern "C" fn report(frame: usize) -> ! {
    static REPORTED: AtomicBool = AtomicBool::new(false);
    // A fault while reporting one would come back here for ever.
    if !REPORTED.load(Ordering::Relaxed) {
        REPORTED.store(true, Ordering::Relaxed);
        let [cfsr, hfsr, mmfar, bfar] = status();
        let is_written = cfsr & STACKING_FAILED == 0
            && paint::is_on_stack(frame, FRAME_WORDS * size_of::<u32>());
        let stacked = if is_written {
            let frame = core::ptr::with_exposed_provenance::<[u32; FRAME_WORDS]>(frame);
            // SAFETY: within the stack, aligned, and written by the exception's entry.
            unsafe { frame.read_volatile() }
        } else {
            [0; FRAME_WORDS]
        };
        let [.., lr, pc] = stacked;
        send(Message::Fault {
            pc,
            lr,
            cfsr,
            hfsr,
            mmfar,
            bfar,
        });
    }
    loop {
        cortex_m::asm::nop();
    }
}

/// A panic is a defect of the image. It is reported like a fault: LR leads to the place, to be looked up in the image's
/// symbols. Nothing is made of the message, so that messages and places are not linked, which would take a twentieth of
/// the flash.
#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    cortex_m::asm::udf();
}
