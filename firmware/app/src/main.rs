//! The image that measures a network on a board.
//!
//! It reads the order in RAM and the model partition in flash, runs the network as often
//! as ordered, and reports with one defmt line per message over RTT. Timed regions hold
//! no I/O and no interrupt; every timed run starts from the same state (empty flash
//! caches, freshly painted arena and stack), so that its cycles can be repeated.
#![no_std]
#![no_main]

mod board;
mod fault;
mod info;
mod measure;
#[cfg(not(armv6m))]
mod memory;
mod order;
mod paint;
mod report;
mod stopwatch;

use defmt_rtt as _;
use onchip_protocol::order::Drill;
use onchip_protocol::{Message, Refusal, VERSION};

use crate::report::send;

#[cortex_m_rt::entry]
fn main() -> ! {
    board::start();
    cortex_m::interrupt::disable();
    match order::take() {
        Ok(order) => {
            send(Message::Boot {
                protocol: VERSION,
                nonce: order.nonce,
                clock_hz: board::CLOCK_HZ,
            });
            match order.drill {
                Drill::None => measure::all(&order).unwrap_or_else(refuse),
                Drill::HardFault => cortex_m::asm::udf(),
                Drill::Silence => {}
            }
        }
        Err(error) => refuse(Refusal::Order(error)),
    }
    idle();
}

fn refuse(refusal: Refusal) {
    send(refusal.message());
}

/// Nothing more to do. The core stays awake, so that a debugger reads the last messages
/// without having to wake it.
fn idle() -> ! {
    loop {
        cortex_m::asm::nop();
    }
}
