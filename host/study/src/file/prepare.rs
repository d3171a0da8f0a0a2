//! From a study file to what a study is run on.

use onchip_search::architecture::Architecture;
use onchip_search::objective::Goals;
use onchip_search::space::BoundSpace;
use onchip_train::data::Dataset;

use super::problem::{FileError, Problem};
use super::{Loaded, yaml::Node};

/// What a study file names, found and put together.
pub struct Prepared {
    /// The examples.
    pub dataset: Dataset,
    /// The networks that suit them.
    pub space: BoundSpace,
    /// Objectives and constraints.
    pub goals: Goals,
    /// What to try first, all of it in the space.
    pub initial: Vec<Architecture>,
}

impl Loaded {
    /// Loads the data, and binds the space and the networks to start from to it.
    ///
    /// # Errors
    /// The data cannot be had or is not as the file says, or the space or a network does not suit
    /// it.
    pub fn prepare(&self) -> Result<Prepared, FileError> {
        let file = &self.file;
        let fail = |problems| self.error(problems);
        let at = |path: &str, message: String| fail(vec![Problem::at(path, message)]);

        let base = self.base();
        let dataset = file.dataset.load(base);
        let dataset = dataset.map_err(|error| at("dataset", error.to_string()))?;
        let (shape, classes) = (dataset.shape, dataset.classes.len());
        if let Some(wanted) = file.channels.filter(|&wanted| wanted as usize != shape[2]) {
            let message = format!("an example has {}, not {wanted}", shape[2]);
            return Err(at("channels", message));
        }
        let space = file.space.bind(shape, classes);
        let space = space.map_err(|error| {
            let message = error.to_string();
            at("space", message.replacen("space: ", "", 1))
        })?;
        let goals = Goals::new(file.objectives.clone(), file.constraints.clone());
        let goals = goals.map_err(|error| at("objectives", error.to_string()))?;

        let (mut initial, mut problems) = (Vec::new(), Vec::new());
        for (index, start) in file.warm_start.iter().enumerate() {
            match start.architecture(base, shape, classes) {
                Ok(network) => initial.push(space.nearest(&network)),
                Err(error) => {
                    let path = format!("warm_start[{index}]");
                    problems.push(Problem::at(path, error.to_string()));
                }
            }
        }
        if !problems.is_empty() {
            return Err(fail(problems));
        }
        Ok(Prepared {
            dataset,
            space,
            goals,
            initial,
        })
    }

    /// Complaints about this file, with the places of what they are about.
    fn error(&self, mut problems: Vec<Problem>) -> FileError {
        // The keys of a TI-style file have other names: what was made of them has no place.
        if let Ok(document) = Node::parse(&self.text)
            && !super::ti::is_ti(&document)
        {
            super::read::place(&mut problems, &document);
        }
        FileError::new(&self.path, problems)
    }
}
