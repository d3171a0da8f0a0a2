//! A campaign: many cases, on several threads.

use std::{
    rc::Rc,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    bench::{self, Bench, BenchError, Verdict},
    case::Case,
    coverage::Coverage,
    generate::Generator,
    isa::Isa,
    profile::Profile,
    shrink::shrink,
    unicorn::Api,
};

/// States with which a program is run. Unicorn translates once for all of them.
const STATES: u64 = 8;
/// Programs between two looks at the clock.
const BATCH: u64 = 256;
/// Cases of each kind of difference after which more of them are not worth their time: each is
/// made simple.
const ENOUGH: u64 = 20;

/// What to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The library.
    pub library: std::path::PathBuf,
    /// The core.
    pub profile: Profile,
    /// Cases in all.
    pub cases: u64,
    /// The seed.
    pub seed: u64,
    /// Threads.
    pub jobs: u64,
    /// Kinds of differences to show before giving up.
    pub show: usize,
    /// Only encodings whose names contain this.
    pub only: Option<String>,
}

/// A difference found.
#[derive(Debug)]
pub struct Finding {
    /// The names of its encodings, and in what it differs.
    pub title: String,
    /// A case, made simple.
    pub case: Case,
    /// How it differs.
    pub how: String,
    /// Cases that differ likewise.
    pub count: u64,
}

/// What came of it.
pub struct Report {
    /// What was covered.
    pub coverage: Coverage,
    /// What differs.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether no more differences are wanted.
    fn is_enough(&self, show: usize) -> bool {
        let cases: u64 = self.findings.iter().map(|f| f.count).sum();
        self.findings.len() >= show || cases >= ENOUGH * show as u64
    }

    fn add(&mut self, finding: Finding) {
        match self.findings.iter_mut().find(|f| f.title == finding.title) {
            Some(known) => known.count += 1,
            None => self.findings.push(finding),
        }
    }
}

/// Runs `plan`; `progress` is told the cases done now and then.
pub fn run(plan: &Plan, progress: &(dyn Fn(u64) + Sync)) -> Result<Report, BenchError> {
    let isa = plan.isa();
    let done = AtomicU64::new(0);
    let report = Mutex::new(Report {
        coverage: Coverage::new(&isa),
        findings: Vec::new(),
    });
    let results = thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.jobs)
            .map(|job| {
                let (report, done) = (&report, &done);
                scope.spawn(move || work(plan, job, done, report, progress))
            })
            .collect();
        workers
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect::<Vec<_>>()
    });
    for result in results {
        match result {
            Ok(result) => result?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    Ok(report
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner))
}

impl Plan {
    /// The instructions to test.
    pub fn isa(&self) -> Isa {
        self.profile.isa()
    }

    fn wants(&self, name: &str) -> bool {
        self.only
            .as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
    }
}

fn work(
    plan: &Plan,
    job: u64,
    done: &AtomicU64,
    report: &Mutex<Report>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(), BenchError> {
    let api = Rc::new(Api::load(&plan.library)?);
    let isa = Rc::new(plan.isa());
    let mut bench = Bench::new(&api, &plan.profile, &isa)?;
    let seed = plan.seed.wrapping_mul(0x1_0000_0000).wrapping_add(job);
    let mut generator = Generator::new(&isa, seed);
    let mut coverage = Coverage::new(&isa);
    let share = plan.cases / plan.jobs + u64::from(job < plan.cases % plan.jobs);
    let mut left = share;
    let mut batch = 0;
    let mut told = Instant::now();
    while left > 0 {
        let program = generator.program();
        if program.code.is_empty()
            || !program
                .instructions
                .iter()
                .any(|&(i, _)| plan.wants(&isa.encodings[i].name))
        {
            continue;
        }
        let mut enough = false;
        for _ in 0..STATES.min(left) {
            batch += 1;
            coverage.cases += 1;
            let case = generator.case(&program);
            match bench.judge(&case) {
                Verdict::Same => {}
                Verdict::Known(i) => coverage.known[i] += 1,
                Verdict::Stray => {
                    coverage.strays += 1;
                    continue;
                }
                Verdict::Different { kind, .. } => {
                    let finding = finding(&mut bench, &isa, case, &kind);
                    let mut report = report
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    report.add(finding);
                    enough |= report.is_enough(plan.show);
                }
            }
            let counts = match program.instructions.len() {
                1 => &mut coverage.alone,
                _ => &mut coverage.in_it,
            };
            for &(i, _) in &program.instructions {
                counts[i] += 1;
            }
        }
        left = if enough { 0 } else { left - STATES.min(left) };
        if batch >= BATCH * STATES {
            let total = done.fetch_add(batch, Ordering::Relaxed) + batch;
            batch = 0;
            if job == 0 && told.elapsed() > Duration::from_secs(5) {
                told = Instant::now();
                progress(total);
            }
            let report = report
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if report.is_enough(plan.show) {
                left = 0;
            }
        }
    }
    report
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .coverage += &coverage;
    Ok(())
}

/// Makes a case that differs simple.
fn finding(bench: &mut Bench, isa: &Isa, case: Case, kind: &str) -> Finding {
    let mut shrunk = shrink(bench, isa, &case, kind);
    let mut verdict = bench.judge(&shrunk);
    if !matches!(verdict, Verdict::Different { .. }) {
        verdict = bench.judge(&case);
        shrunk = case;
    }
    let how = match verdict {
        Verdict::Different { how, .. } => how,
        _ => "    only after the cases before it\n".to_owned(),
    };
    let instructions = bench::decode(isa, shrunk.at, &shrunk.code);
    let names: Vec<&str> = instructions
        .iter()
        .map(|&(_, i, _)| isa.encodings[i].name.as_str())
        .collect();
    Finding {
        title: format!("{}: {}", names.join("; "), kind),
        case: shrunk,
        how,
        count: 1,
    }
}
