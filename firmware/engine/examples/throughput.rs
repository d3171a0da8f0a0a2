//! How fast this machine runs a model: `cargo run --release -p onchip-engine --example throughput -- MODEL.tflite`
#![expect(clippy::print_stdout, reason = "the figures are the purpose")]

use std::time::{Duration, Instant};

use onchip_engine::{Interpreter, Model, Observer};

/// Adds up each operator's time.
struct Stopwatch {
    started: Instant,
    spent: Vec<Duration>,
}

impl Observer for Stopwatch {
    fn begin(&mut self, _: usize) {
        self.started = Instant::now();
    }

    fn end(&mut self, op: usize) {
        self.spent[op] += self.started.elapsed();
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("name a model")?;
    let file = std::fs::read(path)?;
    let model = Model::new(&file)?;
    let mut arena = vec![0; 16 << 20];
    let mut interpreter = Interpreter::new(&model, &mut arena)?;

    let mut stopwatch = Stopwatch {
        started: Instant::now(),
        spent: vec![Duration::ZERO; model.operator_count()],
    };
    let start = Instant::now();
    let mut runs = 0;
    while start.elapsed() < Duration::from_secs(1) {
        interpreter.invoke(&mut stopwatch)?;
        runs += 1;
    }
    for (operator, spent) in model.operators().zip(&stopwatch.spent) {
        println!(
            "{:3} {:20} {:8.1} µs",
            operator.index,
            operator.name(),
            spent.as_secs_f64() * 1e6 / f64::from(runs)
        );
    }
    let seconds = start.elapsed().as_secs_f64() / f64::from(runs);
    println!(
        "{:.1} µs, {:.2} G multiply-accumulates/s",
        seconds * 1e6,
        model.macs() as f64 / seconds / 1e9
    );
    Ok(())
}
