//! The command line of the comparison: see the library.

use std::{error::Error, path::PathBuf, process::ExitCode, rc::Rc, time::Instant};

use clap::Parser;

use onchip_difftest::{
    bench::{self, Bench, Verdict},
    campaign::{self, Plan},
    case::Case,
    profile::CoreName,
    sweep::{self, Sweep},
    unicorn::Api,
};

/// Compares the virtual boards' core with Unicorn.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Cases to run.
    #[arg(long, default_value_t = 2_000_000)]
    cases: u64,
    /// Seed of the random cases; with the same number of jobs the same cases follow.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    jobs: u64,
    /// The core.
    #[arg(long, value_enum, default_value_t = CoreName::M4)]
    core: CoreName,
    /// Give up after so many kinds of differences.
    #[arg(long, default_value_t = 10)]
    show: usize,
    /// Only programs with an instruction whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// Run this one case and show what comes of it.
    #[arg(long)]
    replay: Option<Case>,
    /// Instead of running cases compare which encodings are defined: all of them by the core and by the manual's
    /// table, and with this density by Unicorn (0: not at all).
    #[arg(long, value_name = "DENSITY")]
    sweep: Option<u32>,
    /// With --sweep: look at every STRIDEth second halfword only.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    stride: u16,
    /// Write the table of coverage to this file, in Markdown.
    #[arg(long)]
    table: Option<PathBuf>,
    /// libunicorn.so.2, as `setup` gets it.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/unicorn/libunicorn.so.2"))]
    library: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    if let Some(case) = &arguments.replay {
        return replay(arguments, case);
    }
    if let Some(per) = arguments.sweep {
        return sweep(arguments, per);
    }
    let plan = Plan {
        library: arguments.library.clone(),
        profile: arguments.core.profile(),
        cases: arguments.cases,
        seed: arguments.seed,
        jobs: arguments.jobs,
        show: arguments.show,
        only: arguments.only.clone(),
    };
    let isa = plan.isa();
    let start = Instant::now();
    let report = campaign::run(&plan, &|done| {
        let rate = done as f64 / start.elapsed().as_secs_f64();
        eprintln!("{done} of {} cases, {:.0} k/s", plan.cases, rate / 1e3);
    })?;
    let table = report.coverage.table(&isa);
    print!("{table}");
    if let Some(path) = &arguments.table {
        std::fs::write(path, &table)?;
    }
    for finding in &report.findings {
        println!(
            "\n{} ({} cases)\n    --replay '{}'",
            finding.title, finding.count, finding.case
        );
        print!("{}", finding.how);
    }
    let coverage = &report.coverage;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "\n{} cases in {seconds:.1} s ({:.0} k/s), {} of them without a result; {} differences; {} of {} encodings reached",
        coverage.cases,
        coverage.cases as f64 / seconds / 1e3,
        coverage.strays,
        report.findings.len(),
        isa.encodings.len() - coverage.missing().count(),
        isa.encodings.len(),
    );
    for i in coverage.missing() {
        println!("not reached: {}", isa.encodings[i].name);
    }
    let complete = coverage.is_complete() || arguments.only.is_some();
    Ok(complete && report.findings.is_empty())
}

fn replay(arguments: &Arguments, case: &Case) -> Result<bool, Box<dyn Error>> {
    let profile = arguments.core.profile();
    let isa = Rc::new(profile.isa());
    let api = Rc::new(Api::load(&arguments.library)?);
    let (major, minor) = api.version();
    let mut bench = Bench::new(&api, &profile, &isa)?;
    println!("Unicorn {major}.{minor}: {case}");
    for (_, i, _) in bench::decode(&isa, case.at, &case.code) {
        println!("    {}", isa.encodings[i].name);
    }
    Ok(match bench.judge(case) {
        Verdict::Different { how, .. } => {
            print!("{how}");
            false
        }
        verdict => {
            println!("    {verdict:?}");
            true
        }
    })
}

fn sweep(arguments: &Arguments, per: u32) -> Result<bool, Box<dyn Error>> {
    let profile = arguments.core.profile();
    let jobs = arguments.jobs.clamp(1, 1024) as u16;
    let ours = sweep::decoders(&profile, jobs, arguments.stride);
    println!("the core's decoder: {} encodings", ours.encodings);
    print_disagreements(&ours);
    if per > 0 {
        let api = Rc::new(Api::load(&arguments.library)?);
        let theirs = sweep::emulator(&api, &profile, per)?;
        println!("Unicorn: {} encodings", theirs.encodings);
        // Its verdicts are for people to read: the manual decides.
        print_disagreements(&theirs);
    }
    Ok(ours.disagreements.is_empty())
}

fn print_disagreements(sweep: &Sweep) {
    for (d, (count, example)) in &sweep.disagreements {
        println!(
            "    {}: {}; {} ({count}, as {example:x})",
            d.encoding, d.table, d.other
        );
    }
}
