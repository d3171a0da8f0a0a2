//! Running the partition's network as ordered, and reporting what that took.

use core::ops::Range;

use onchip_engine::{Interpreter, Model};
use onchip_invoke::invoke;
use onchip_protocol::order::Order;
use onchip_protocol::partition::{Header, Part};
use onchip_protocol::{Message, Refusal, crc32};

use crate::report::{send, send_output};
use crate::stopwatch::{self, Elapsed, MAX_OPERATORS};
use crate::{board, paint};

/// Follows `order` to its end.
pub(crate) fn all(order: &Order) -> Result<(), Refusal> {
    let partition = board::partition();
    let header = Header::decode(partition).map_err(Refusal::Partition)?;
    let part = |part| header.read(part, partition).map_err(Refusal::Partition);
    let input = part(Part::Input)?;
    let model = open(part(Part::Model)?)?;

    let operators = model.operator_count();
    let cycles = cortex_m::singleton!(: [u32; MAX_OPERATORS] = [0; MAX_OPERATORS]);
    let cycles = cycles
        .and_then(|cycles| cycles.get_mut(..operators))
        .ok_or(Refusal::Operators {
            found: operators as u32,
            capacity: MAX_OPERATORS as u32,
        })?;
    // SAFETY: this function is called once.
    let arena = unsafe { paint::arena() };
    plan(&header, &model, input, arena)?;

    let mut used = Used::default();
    let mut output = 0..0;
    for _ in 0..order.warmups {
        output = once(&model, input, arena, cycles)?.output;
    }
    for index in 0..order.runs {
        let run = once(&model, input, arena, cycles)?;
        send_run(&model, index, run.elapsed, cycles);
        used = used.max(run.used);
        output = run.output;
    }
    let output = &arena[output];

    send(Message::Memory {
        arena: used.arena as u32,
        stack: used.stack as u32,
        statics: paint::statics() as u32,
    });
    send_output(output);
    send(Message::Done {
        nonce: order.nonce,
        runs: order.runs,
        output_crc32: crc32(output),
    });
    Ok(())
}

/// Reads and checks the network. Not inlined, lest what that takes stay on the stack.
#[inline(never)]
fn open(file: &[u8]) -> Result<Model<'_>, Refusal> {
    Model::new(file).map_err(engine)
}

/// Plans the network, without running it, and reports the plan.
#[inline(never)]
fn plan(header: &Header, model: &Model, input: &[u8], arena: &mut [u8]) -> Result<(), Refusal> {
    let network = Interpreter::new(model, arena).map_err(engine)?;
    let wanted = model.input().bytes;
    if input.len() != wanted {
        return Err(Refusal::InputLength {
            wanted: wanted as u32,
            found: input.len() as u32,
        });
    }
    send(Message::Plan {
        model_crc32: header.model.crc32,
        input_crc32: header.input.crc32,
        arena: network.arena_used() as u32,
        operators: model.operator_count() as u32,
        input: wanted as u32,
        output: model.output().bytes as u32,
    });
    Ok(())
}

/// What came of one inference.
struct Run {
    elapsed: Elapsed,
    used: Used,
    /// Where in the arena the output is.
    output: Range<usize>,
}

/// Bytes that an inference wrote to.
#[derive(Clone, Copy, Default)]
struct Used {
    arena: usize,
    stack: usize,
}

impl Used {
    fn max(self, other: Self) -> Self {
        Self {
            arena: self.arena.max(other.arena),
            stack: self.stack.max(other.stack),
        }
    }
}

/// One inference from a fresh start: arena and stack painted, network planned, flash
/// caches empty. Writes each operator's cycles to its place in `cycles`.
#[inline(never)]
fn once(model: &Model, input: &[u8], arena: &mut [u8], cycles: &mut [u32]) -> Result<Run, Refusal> {
    paint::arena_fill(arena);
    paint::stack_fill();
    let arena_start = arena.as_ptr().addr();
    let mut network = Interpreter::new(model, arena).map_err(engine)?;
    network.input_mut().copy_from_slice(input);
    let counter = board::counter();
    board::forget_caches();
    // SAFETY: the counter is a register, and reading it has no side effects.
    let (done, elapsed) = stopwatch::time(|| unsafe { invoke(&mut network, counter, cycles) });
    done.map_err(engine)?;
    let stack = paint::stack_used();
    let output = network.output();
    let start = output.as_ptr().addr() - arena_start;
    let output = start..start + output.len();
    let used = Used {
        arena: paint::arena_used(arena),
        stack,
    };
    Ok(Run {
        elapsed,
        used,
        output,
    })
}

/// Reports one inference. Not inlined, lest what reading operators takes stay on the stack while the next one runs.
#[inline(never)]
fn send_run(model: &Model, run: u32, elapsed: Elapsed, operators: &[u32]) {
    for (operator, &cycles) in model.operators().zip(operators) {
        send(Message::Operator {
            run,
            index: operator.index as u32,
            opcode: operator.opcode.0,
            cycles: u64::from(cycles),
        });
    }
    let (cycles, ticks) = elapsed.unwrapped(operators);
    send(Message::Run {
        index: run,
        cycles,
        ticks,
        tick_hz: board::TICK_HZ,
    });
}

fn engine(error: onchip_engine::Error) -> Refusal {
    Refusal::Engine(error.encode())
}
