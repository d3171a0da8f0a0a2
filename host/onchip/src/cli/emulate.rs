//! The arguments of `onchip emulate`.

use std::path::PathBuf;

use clap::Args;

/// Run any Cortex-M program on an emulated chip.
///
/// The program is an ELF file of any compiler, linked for the memories of the board's chip. It
/// is put there as it is and runs from reset; no debug probe and no image of onchip's takes
/// part. If its vector table is not where the chip looks for it, the core is started with it as
/// a debugger would.
///
/// What the program writes by semihosting (BKPT 0xAB) and RTT, defmt included, appears on
/// standard output, its standard error and what the chip's UARTs send on standard error, and so
/// does what it writes to the ITM's stimulus port 0, which it has to enable itself. It can read
/// standard input and its arguments by semihosting, and no file of the host. Time is the
/// chip's: a tick is a core cycle, a second what the board file calls one, and the clock starts
/// at zero.
///
/// With --begin and --end, each passage from the one place to the other is reported: the
/// instructions and cycles of it (the instruction at BEGIN is in it, the one at END is not),
/// and how deep the stack got, by its pointer (exact) and by painting it (what was written to,
/// as a program on silicon would find). Painting needs the lowest address of the stack: the
/// symbol __StackLimit and the like, the end of the variables of a program without a heap, or
/// --stack-floor. Passages may repeat and nest. The report comes on standard error when the
/// program has ended. Marks cost the program no time.
///
/// A register that the chip has and onchip does not model ends the run, unless --lenient.
///
/// Exit codes: that of the program if it ends itself by semihosting (0 to 255; a larger status
/// is cut to its low 8 bits, 255 if these are zero; ended for another reason than an exit: 1).
/// Otherwise 2 wrong arguments, or a program that cannot run on this chip; 3 a fault that nobody
/// handles, or lockup; 4 something that is not modelled; 124 the limit is reached; 125 the
/// program loops or sleeps, and nothing will ever change that; 130 interrupted (once: with the
/// report so far, twice: at once); 141 nobody read what was printed. --json tells which it was.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  onchip emulate program.elf
  onchip emulate program.elf --begin fft_start --end fft_done --json fft.json
  onchip emulate program.elf --limit 100000000 -- first second
  onchip emulate zephyr.elf --lenient --begin main --end 0x8001234 --limit 50000000
  onchip emulate program.elf --repeat 100")]
pub(crate) struct EmulateArgs {
    /// The program, an ELF file.
    #[arg(value_name = "ELF")]
    pub(crate) program: PathBuf,

    /// The board: a name that `onchip boards` lists, or the path of a board's .toml file.
    #[arg(long, default_value = "nucleo-l4r5zi")]
    pub(crate) board: String,

    /// Where passages begin: a symbol, SYMBOL+OFFSET, or an address.
    #[arg(long, value_name = "SYM|ADDR", requires = "end")]
    pub(crate) begin: Option<String>,

    /// Where passages end. If it is where they begin, each visit ends one and begins the next.
    #[arg(long, value_name = "SYM|ADDR", requires = "begin")]
    pub(crate) end: Option<String>,

    /// Tell what the cycles of the passages (without marks, of the whole run) were spent on: issuing
    /// instructions, loads and stores, hazards, branches, wait states of flash and so on.
    #[arg(long)]
    pub(crate) explain: bool,

    /// The lowest address of the main stack, for painting.
    #[arg(long, value_name = "SYM|ADDR")]
    pub(crate) stack_floor: Option<String>,

    /// Stop after so many instructions, at the end of the straight-line code that is executing.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,

    /// Let the program read zero from registers that are not modelled and write to them without
    /// effect; they are listed at the end. Memory that is not there stays a fault.
    #[arg(long)]
    pub(crate) lenient: bool,

    /// Run the program so often, each time from power-on, and compare: all must be the same. What
    /// it prints is shown once.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) repeat: u64,

    /// Write the report as JSON, with every passage.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// The program's arguments.
    #[arg(last = true, value_name = "ARGS")]
    pub(crate) arguments: Vec<String>,
}
