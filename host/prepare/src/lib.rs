//! Prepared models: what the host does once, so that no chip has to do it at every inference.
//!
//! [`prepare`] reads a TFLite file and gives another one that computes the same outputs, bit for bit, and costs
//! less. The source stays what it was; what was done is listed in [`Prepared::steps`].
//!
//! | module | what it does |
//! | --- | --- |
//! | `channels` | takes out channels that are constant, or that nothing depends on |
//! | `fuse` | lays operators together, and takes out those that change nothing |
//! | `order` | finds the order of operators that needs the least memory |
//! | `plan` | places tensors as TensorFlow Lite Micro's offline plan has them |
//! | `kept` | puts what the engine would compute and keep in RAM into the file |
//! | `compact` | drops what nothing refers to, and keeps equal constants once |
//! | `metadata` | puts named bytes into the file |
//! | `witness` | proves each pass by running the source and its result |
//!
//! Nothing is taken for equal that has not been run: after every pass the host's engine runs source and result on
//! several inputs, and a difference is an error, not a model.

mod channels;
mod compact;
mod cost;
mod fuse;
mod graph;
mod kept;
mod metadata;
mod order;
mod plan;
mod witness;

use onchip_tflite::{Model, hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use cost::Cost;

/// Rises whenever the same source gives another file: what was measured before is then no longer found.
pub const REVISION: u32 = 1;
use witness::Witness;

/// What is wanted beside a cheaper model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// An offline memory plan for TensorFlow Lite Micro; the engine makes its own, and pays for it with flash.
    pub tflm_plan: bool,
}

/// A model that computes what its source computes, and costs no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepared {
    /// The file. It is the source itself where that could not be bettered.
    pub bytes: Vec<u8>,
    /// What was done, in this order; nothing where the file is the source.
    pub steps: Vec<Step>,
    /// SHA-256 of the source, in hexadecimal.
    pub source: String,
    /// What the source costs.
    pub before: Cost,
    /// What the file costs.
    pub after: Cost,
    /// Why the source is left as it is although the engine runs it: what cannot be written anew.
    pub obstacle: Option<String>,
}

/// Something that was done to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which part of the work it belongs to.
    pub pass: Pass,
    /// What was done, for people.
    pub what: String,
}

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// Operators were laid together or taken out.
    Fuse,
    /// Channels were taken out.
    Channels,
    /// Operators were put in another order.
    Order,
    /// What nothing refers to was dropped.
    Compact,
    /// A memory plan was added.
    Plan,
    /// What the engine keeps for running was added.
    Kept,
}

impl Pass {
    /// Its name, as it is in a record.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fuse => "fuse",
            Self::Channels => "channels",
            Self::Order => "order",
            Self::Compact => "compact",
            Self::Plan => "plan",
            Self::Kept => "kept",
        }
    }
}

/// Why there is no prepared model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine does not run the source.
    #[error(transparent)]
    Engine(#[from] onchip_engine::Error),
    /// A pass is wrong. No model is better than this one.
    #[error(
        "the pass \"{pass}\" made a model that computes something else; this is a defect, please report it with the \
         model, and measure it with --no-prepare until then"
    )]
    Differs {
        /// Its name.
        pass: &'static str,
    },
}

/// Makes a model cheaper. The same file gives the same result.
///
/// A model that the engine runs and that cannot be read or written anew, such as one with options that only other
/// runtimes have, is its own result.
///
/// # Errors
/// The engine does not run the source, or a pass changed what it computes.
pub fn prepare(source: &[u8], options: Options) -> Result<Prepared, Error> {
    let witness = Witness::new(source)?;
    let before = cost::of(source)?;
    let unchanged = |obstacle: Option<String>| Prepared {
        bytes: source.to_vec(),
        steps: Vec::new(),
        source: hex(&Sha256::digest(source)),
        before,
        after: before,
        obstacle,
    };
    let model = match Model::read(source).and_then(|model| model.write().map(|_| model)) {
        Ok(model) => model,
        Err(error) => return Ok(unchanged(Some(error.to_string()))),
    };
    let mut work = Work::new(model.clone(), &witness);
    work.run(true)?;
    if !work.is_better_than(&before) {
        // Fewer channels may fit worse into memory.
        work = Work::new(model.clone(), &witness);
        work.run(false)?;
    }
    if !work.is_better_than(&before) {
        if !options.tflm_plan {
            return Ok(unchanged(None));
        }
        work = Work::new(model, &witness);
    }
    if options.tflm_plan {
        work.pass(Pass::Plan, plan::run)?;
    }
    let bytes = match work.model.write() {
        Ok(bytes) => bytes,
        Err(error) => return Ok(unchanged(Some(error.to_string()))),
    };
    if work.steps.is_empty() && bytes != source {
        let [from, to] = [source.len(), bytes.len()];
        work.steps.push(Step {
            pass: Pass::Compact,
            what: format!(
                "written anew, lists of numbers that are equal once: {from} to {to} bytes"
            ),
        });
    }
    let after = cost::of(&bytes)?;
    Ok(Prepared {
        bytes,
        steps: work.steps,
        after,
        ..unchanged(None)
    })
}

/// What the engine makes of an input, with as much memory as the model needs.
///
/// # Errors
/// The engine does not run the model.
pub fn run(file: &[u8], input: &[u8]) -> Result<Vec<u8>, onchip_engine::Error> {
    let model = onchip_engine::Model::new(file)?;
    let mut outputs = witness::outputs(&model, &[input.to_vec()])?;
    Ok(outputs.pop().unwrap_or_default())
}

/// A model on its way.
struct Work<'a> {
    model: Model,
    steps: Vec<Step>,
    witness: &'a Witness,
}

impl<'a> Work<'a> {
    fn new(model: Model, witness: &'a Witness) -> Self {
        let steps = Vec::new();
        Self {
            model,
            steps,
            witness,
        }
    }

    /// Runs the passes that make the model cheaper.
    fn run(&mut self, cut_channels: bool) -> Result<(), Error> {
        // What was planned for the source is about tensors that may not be there any more.
        metadata::remove(&mut self.model, plan::NAME);
        metadata::remove(&mut self.model, onchip_engine::KEPT);
        self.pass(Pass::Fuse, fuse::run)?;
        if cut_channels {
            self.pass(Pass::Channels, channels::run)?;
            self.pass(Pass::Fuse, fuse::run)?;
        }
        self.pass(Pass::Order, order::run)?;
        self.pass(Pass::Compact, compact::run)?;
        self.pass(Pass::Kept, kept::run)
    }

    fn is_better_than(&self, before: &Cost) -> bool {
        let cost = self.model.write().map(|file| cost::of(&file));
        cost.is_ok_and(|cost| cost.is_ok_and(|cost| cost.is_better_than(before)))
    }

    /// Runs a pass, which says what it did to the model, and proves it.
    fn pass(
        &mut self,
        pass: Pass,
        run: impl FnOnce(&mut Model) -> Vec<String>,
    ) -> Result<(), Error> {
        let done = run(&mut self.model);
        if done.is_empty() {
            return Ok(());
        }
        self.witness.check(&self.model, pass.name())?;
        let steps = done.into_iter().map(|what| Step { pass, what });
        self.steps.extend(steps);
        Ok(())
    }
}
