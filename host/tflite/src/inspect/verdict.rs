//! What the engine says to each operator of a model.
//!
//! The engine stops at the first thing that it does not run. To hear the rest, that operator is
//! taken out of a copy of the model, and the engine is asked again.

use onchip_engine::{Error, GraphProblem, Model as Engine, OperatorProblem};

use crate::model::{Model, Options, Quantization, Tensor, TensorType};

pub(super) struct Verdict {
    /// Per operator, why it is not run.
    pub(super) operators: Vec<Option<String>>,
    /// What else stands against running the model.
    pub(super) problems: Vec<String>,
}

pub(super) fn judge(file: &[u8], model: &Model) -> Verdict {
    let count = model
        .subgraphs
        .first()
        .map_or(0, |graph| graph.operators.len());
    let mut verdict = Verdict {
        operators: vec![None; count],
        problems: Vec::new(),
    };
    if let Err(error) = Engine::new(file) {
        let mut rest = Rest {
            model: runnable(model),
            places: (0..count).collect(),
        };
        while let Some(error) = rest.error() {
            if !rest.resolve(error, &mut verdict) {
                break;
            }
        }
        let said_something = verdict.operators.iter().any(Option::is_some);
        if !said_something && verdict.problems.is_empty() {
            verdict.problems.push(error.to_string());
        }
    }
    verdict
}

/// A copy that can be written: options that were not read belong to operators that the engine does
/// not know in the first place.
fn runnable(model: &Model) -> Model {
    let mut model = model.clone();
    for operator in model
        .subgraphs
        .iter_mut()
        .flat_map(|graph| &mut graph.operators)
    {
        if operator.options.as_ref().is_some_and(Options::is_unread) {
            operator.options = None;
        }
    }
    model
}

/// What is left of a model, and where its operators come from.
struct Rest {
    model: Model,
    places: Vec<usize>,
}

impl Rest {
    fn error(&self) -> Option<Error> {
        Engine::new(&self.model.write().ok()?).err()
    }

    /// Notes an error and removes its cause; `false` when there is nothing more to hear.
    fn resolve(&mut self, error: Error, verdict: &mut Verdict) -> bool {
        match error {
            Error::Operator {
                index,
                opcode,
                problem,
                value,
            } => {
                let index = index as usize;
                // One operator that is not supported speaks for all of its kind.
                let kind = self.model.subgraphs[0]
                    .operators
                    .get(index)
                    .map(|first| first.code);
                let all = problem == OperatorProblem::Unsupported;
                self.remove(verdict, |i, operator| {
                    let is_meant = i.now == index || (all && Some(operator.code) == kind);
                    is_meant.then(|| {
                        let index = i.before as u32;
                        Error::Operator {
                            index,
                            opcode,
                            problem,
                            value,
                        }
                        .to_string()
                    })
                })
            }
            Error::Tensor { index, .. } => {
                let number = i32::try_from(index).unwrap_or(-1);
                let text = error.to_string();
                verdict.problems.push(text.clone());
                let Some(tensor) = self.model.subgraphs[0].tensors.get_mut(index as usize) else {
                    return false;
                };
                *tensor = harmless(tensor);
                self.remove(verdict, |_, operator| {
                    let tensors = operator.inputs.iter().chain(&operator.outputs);
                    tensors
                        .clone()
                        .any(|&tensor| tensor == number)
                        .then(|| text.clone())
                });
                true
            }
            Error::Graph {
                problem: GraphProblem::Empty,
                ..
            } => {
                if verdict.operators.is_empty() {
                    verdict.problems.push(error.to_string());
                }
                false
            }
            Error::Graph { problem, .. } => {
                verdict.problems.push(error.to_string());
                self.reduce(problem)
            }
            other => {
                verdict.problems.push(other.to_string());
                false
            }
        }
    }

    /// Removes the operators to which `reason` gives a reason, and notes it; `false` if none is.
    fn remove(
        &mut self,
        verdict: &mut Verdict,
        reason: impl Fn(Index, &crate::model::Operator) -> Option<String>,
    ) -> bool {
        let before = self.places.len();
        let operators = std::mem::take(&mut self.model.subgraphs[0].operators);
        let places = std::mem::take(&mut self.places);
        for (now, (operator, place)) in operators.into_iter().zip(places).enumerate() {
            match reason(Index { now, before: place }, &operator) {
                Some(text) => verdict.operators[place] = Some(text),
                None => {
                    self.model.subgraphs[0].operators.push(operator);
                    self.places.push(place);
                }
            }
        }
        self.places.len() < before
    }

    /// Gives the model the form that the engine asks for, where that leaves its operators alone.
    fn reduce(&mut self, problem: GraphProblem) -> bool {
        let single = |list: &mut Vec<i32>| {
            let is_changed = list.len() != 1;
            list.resize(1, 0);
            is_changed
        };
        match problem {
            GraphProblem::Subgraphs => {
                let is_changed = self.model.subgraphs.len() > 1;
                self.model.subgraphs.truncate(1);
                self.model.signatures.clear();
                is_changed
            }
            GraphProblem::Inputs => single(&mut self.model.subgraphs[0].inputs),
            GraphProblem::Outputs => single(&mut self.model.subgraphs[0].outputs),
            _ => false,
        }
    }
}

/// Where an operator is in the [`Rest`], and where it was in the model.
#[derive(Clone, Copy)]
struct Index {
    now: usize,
    before: usize,
}

/// A tensor that nothing can be said against, in place of another.
fn harmless(tensor: &Tensor) -> Tensor {
    Tensor {
        name: tensor.name.clone(),
        shape: vec![1, 1, 1, 1],
        shape_signature: Vec::new(),
        has_rank: true,
        ty: TensorType::Int8,
        buffer: 0,
        quantization: Some(Quantization {
            scale: vec![1.0],
            zero_point: vec![0],
            ..Quantization::default()
        }),
        is_variable: false,
    }
}
