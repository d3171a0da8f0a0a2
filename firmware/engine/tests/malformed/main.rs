//! Operators whose operands contradict each other, one file each: refused for what is wrong, and sound without it.

mod file;
mod movement;
mod resizing;

use file::{FLOAT32, INT8, INT32, Table, Tensor, file, int8, list, numbers};
use onchip_engine::{Error, GraphProblem, Interpreter, Model, OperatorProblem as Problem};

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

/// Joining so many tensors takes time with their number's square.
#[test]
fn lists_too_long_to_be_checked_are_refused() {
    let check = |count: usize, expected: Option<Error>| {
        let whole = int8(&[count as i32]);
        let file = file(2, &vec![int8(&[1]); count], &[whole], (10, none()));
        assert_eq!(Model::new(&file).err(), expected);
    };
    check(1000, None);
    let problem = GraphProblem::TooManyTensors;
    let value = 3001 * 3000;
    check(3000, Some(Error::Graph { problem, value }));
}
