//! Operators whose operands contradict each other, one file each: refused for what is wrong, and sound without it.

mod file;
mod movement;
mod resizing;

use file::{FLOAT32, INT8, INT32, Table, Tensor, file, int8, list, numbers};
use onchip_engine::{Error, Interpreter, Model, OperatorProblem as Problem};

/// Runs a file that must be sound, or says why it is not.
fn run(file: &[u8]) -> Result<(), Error> {
    let model = Model::new(file)?;
    let mut arena = vec![0; 1 << 14];
    let mut interpreter = Interpreter::new(&model, &mut arena)?;
    interpreter.input_mut().fill(0x35);
    interpreter.invoke(&mut ())
}

/// An operator and its option table, by the schema's numbers.
struct Operator(i32, i8);

impl Operator {
    #[track_caller]
    fn check(
        &self,
        inputs: &[Tensor],
        outputs: &[Tensor],
        options: Table,
        expected: Option<Problem>,
    ) {
        let found = match run(&file(self.0, inputs, outputs, (self.1, options))) {
            Ok(()) => None,
            Err(Error::Operator { problem, .. }) => Some(problem),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(found, expected);
    }
}

fn none() -> Table {
    Table::default()
}
