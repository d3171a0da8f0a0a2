//! How fast the emulator is: `cargo bench --bench speed`.
//!
//! Prints millions of emulated instructions per second of host time, with timing on, for each kind
//! of core: on three kernels (`kernels/`, ten million rounds each, flash without wait states as
//! after reset) and on the inference of a network, as `onchip bench` makes it: by the board's image,
//! at full clock with all wait states, through the debug port.
//!
//! Where `qemu-system-arm` is installed, the kernels run there as well in the same minute, without
//! and (if there is a C compiler) with a plugin that counts instructions, and the ratio is printed.
//! QEMU has none of the boards; it runs the kernels as a Cortex-M4.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use onchip_emulate::Program;
use onchip_harness::{Board, Candidate, Drill, Image, Input, Observer, Order, Session};
use onchip_vboard::{
    VirtualBoard, chips,
    machine::{Machine, Stop},
};

/// A program that ends itself by semihosting.
struct Kernel {
    name: &'static str,
    /// Whether it needs a floating-point unit.
    float: bool,
}

const KERNELS: [Kernel; 3] = [
    Kernel {
        name: "integer",
        float: false,
    },
    Kernel {
        name: "memory",
        float: false,
    },
    Kernel {
        name: "float",
        float: true,
    },
];

/// A board for each kind of core.
const BOARDS: [(&str, &str); 3] = [
    ("Cortex-M0+", "nucleo-g0b1re"),
    ("Cortex-M4F", "nucleo-l4r5zi"),
    ("Cortex-M7F", "nucleo-f746zg"),
];

/// The best of so many tries counts: others may use the machine.
const TRIES: usize = 3;

fn main() -> Result<()> {
    // `cargo test` only wants to know that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let qemu = Qemu::find(folder.path());
    println!("millions of instructions per second, timing on; behind them the ratio to QEMU's");
    println!("(a: QEMU as it is, b: QEMU with a plugin that counts instructions)\n");
    for kernel in &KERNELS {
        let mut own = Vec::new();
        for (core, board) in BOARDS {
            if !kernel.float || core != "Cortex-M0+" {
                own.push((core, run_kernel(kernel, board)?));
            }
        }
        let counted = own.first().map_or(0, |(_, speed)| speed.instructions);
        let others = qemu
            .as_ref()
            .map(|qemu| qemu.speeds(kernel, counted))
            .transpose()?;
        for (core, speed) in own {
            let ratios = others
                .iter()
                .flatten()
                .map(|(label, other)| format!("  {label} {:.2}", speed.mips() / other.mips()));
            let ratios: String = ratios.collect();
            println!("{:8} {core:11} {:7.1}{ratios}", kernel.name, speed.mips());
        }
        for (label, other) in others.iter().flatten() {
            println!("{:8} QEMU {label:6} {:7.1}", kernel.name, other.mips());
        }
    }
    for (core, board) in BOARDS {
        let speed = infer(board)?;
        println!("{:8} {core:11} {:7.1}", "kws", speed.mips());
    }
    if qemu.is_none() {
        println!("\nqemu-system-arm is not installed: no ratios");
    }
    Ok(())
}

/// Instructions and the host time that they took.
#[derive(Clone, Copy)]
struct Speed {
    instructions: u64,
    time: Duration,
}

impl Speed {
    /// The shortest of several times; `run` returns the instructions executed.
    fn best(mut run: impl FnMut() -> Result<u64>) -> Result<Speed> {
        let mut best: Option<Speed> = None;
        for _ in 0..TRIES {
            let start = Instant::now();
            let instructions = run()?;
            let time = start.elapsed();
            if best.is_none_or(|best| time < best.time) {
                best = Some(Speed { instructions, time });
            }
        }
        best.context("nothing was tried")
    }

    fn mips(&self) -> f64 {
        self.instructions as f64 / self.time.as_secs_f64() / 1e6
    }
}

fn kernel_path(kernel: &Kernel) -> PathBuf {
    let kernels = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/kernels");
    kernels.join(kernel.name).with_extension("elf")
}

/// A kernel on the chip of a board.
fn run_kernel(kernel: &Kernel, board: &str) -> Result<Speed> {
    let program = Program::parse(&std::fs::read(kernel_path(kernel))?)?;
    let chip = Board::find(board)?.chip;
    Speed::best(|| {
        let chip = chips::by_name(&chip).context("no such chip")?;
        let mut machine = Machine::new(chip)?;
        program.load(&mut machine)?;
        machine.set_semihosting(true);
        match machine.run(u64::MAX) {
            Stop::Semihosting => Ok(machine.instructions()),
            stop => bail!(
                "{} on {board}: {stop:?}, {:?}",
                kernel.name,
                machine.error()
            ),
        }
    })
}

/// Inferences of the keyword spotting network, through the debug port.
fn infer(name: &str) -> Result<Speed> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/models");
    let model = std::fs::read(models.join("kws_ref_model.tflite"))?;
    let board = Board::find(name)?;
    let image = Image::of_board(&board)?;
    let candidate = Candidate::prepare("kws", &model, &Input::Lcg, &board, &image)?;
    let chip = VirtualBoard::new(&board.chip)?;
    let selector = chip.plug_in(&format!("speed-{name}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        let quiet: Observer = Arc::new(|_| ());
        let mut session = Session::open(board, image, selector, quiet).await?;
        let mut best: Option<Speed> = None;
        // The first one flashes.
        for nonce in 0..=TRIES as u64 {
            let order = Order {
                nonce,
                runs: 10,
                warmups: 0,
                drill: Drill::None,
            };
            let (before, start) = (chip.instructions(), Instant::now());
            session.measure(&candidate, order).await?;
            let speed = Speed {
                instructions: chip.instructions() - before,
                time: start.elapsed(),
            };
            if nonce > 0 && best.is_none_or(|best| speed.mips() > best.mips()) {
                best = Some(speed);
            }
        }
        session.close().await?;
        best.context("nothing was measured")
    })
}

/// An installed `qemu-system-arm`.
struct Qemu {
    /// The counting plugin, if it could be built.
    plugin: Option<PathBuf>,
}

impl Qemu {
    fn find(folder: &Path) -> Option<Qemu> {
        let version = Command::new("qemu-system-arm")
            .arg("--version")
            .output()
            .ok()?;
        println!(
            "{}",
            String::from_utf8_lossy(&version.stdout).lines().next()?
        );
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/kernels/count.c");
        let plugin = folder.join("count.so");
        let built = Command::new("cc")
            .args(["-O2", "-shared", "-fPIC", "-o"])
            .args([&plugin, &source])
            .status()
            .is_ok_and(|status| status.success());
        Some(Qemu {
            plugin: built.then_some(plugin),
        })
    }

    /// The speed as it is, and with the plugin, which must count what the emulator has `counted`.
    fn speeds(&self, kernel: &Kernel, counted: u64) -> Result<Vec<(&'static str, Speed)>> {
        let plain = Speed::best(|| self.run(kernel, None).map(|_| counted))?;
        let mut speeds = vec![("a", plain)];
        if let Some(plugin) = &self.plugin {
            let speed = Speed::best(|| {
                let count = self.run(kernel, Some(plugin))?;
                // Its blocks end where its blocks end: what follows the last call is in it.
                ensure!(
                    count.abs_diff(counted) < 100,
                    "{}: QEMU counts {count} instructions, the emulator {counted}",
                    kernel.name
                );
                Ok(count)
            })?;
            speeds.push(("b", speed));
        }
        Ok(speeds)
    }

    /// Runs a kernel; the plugin's count.
    fn run(&self, kernel: &Kernel, plugin: Option<&Path>) -> Result<u64> {
        let mut command = Command::new("qemu-system-arm");
        command
            .args([
                "-M",
                "netduinoplus2",
                "-nographic",
                "-monitor",
                "none",
                "-serial",
                "none",
            ])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(kernel_path(kernel))
            .stdin(Stdio::null());
        if let Some(plugin) = plugin {
            command.arg("-plugin").arg(plugin);
        }
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "QEMU on {}: {said}", kernel.name);
        let count = said
            .lines()
            .find_map(|line| line.strip_prefix("instructions "));
        Ok(count.map_or(Ok(0), str::parse)?)
    }
}
