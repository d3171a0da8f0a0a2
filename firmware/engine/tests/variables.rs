//! Named variables: what they hold, and which ways of using them are refused.
#![expect(clippy::unwrap_used, reason = "the sound network must run")]

use onchip_engine::{Error, GraphProblem, Interpreter, Model, OperatorProblem};

/// A part of a flatbuffer.
#[derive(Clone)]
enum Node {
    /// By field number.
    Table(Vec<(usize, Self)>),
    Tables(Vec<Self>),
    /// Elements and their number.
    Vector(Vec<u8>, usize),
    Number(Vec<u8>),
}

impl Node {
    /// Appends a table, then what it refers to, and returns where it starts.
    fn write(&self, file: &mut Vec<u8>) -> usize {
        let mut references = Vec::new();
        let at = match self {
            Self::Table(fields) => {
                let count = fields.iter().map(|(id, _)| id + 1).max().unwrap_or(0);
                let vtable = file.len();
                file.resize(vtable + 4 + 2 * count, 0);
                let at = file.len();
                file.extend(i32::try_from(at - vtable).unwrap().to_le_bytes());
                for (id, field) in fields {
                    let slot = vtable + 4 + 2 * id;
                    let field_at = u16::try_from(file.len() - at).unwrap();
                    put(file, slot, &field_at.to_le_bytes());
                    if let Self::Number(bytes) = field {
                        file.extend(bytes);
                    } else {
                        references.push((file.len(), field));
                        file.extend([0; 4]);
                    }
                }
                let sizes = [4 + 2 * count, file.len() - at];
                let sizes = sizes.map(|size| u16::try_from(size).unwrap().to_le_bytes());
                put(file, vtable, &sizes.concat());
                at
            }
            Self::Tables(tables) => {
                let at = file.len();
                file.extend(u32::try_from(tables.len()).unwrap().to_le_bytes());
                for table in tables {
                    references.push((file.len(), table));
                    file.extend([0; 4]);
                }
                at
            }
            Self::Vector(bytes, count) => {
                let at = file.len();
                file.extend(u32::try_from(*count).unwrap().to_le_bytes());
                file.extend(bytes);
                at
            }
            Self::Number(_) => unreachable!("numbers lie in their table"),
        };
        for (slot, node) in references {
            let offset = node.write(file) - slot;
            put(file, slot, &u32::try_from(offset).unwrap().to_le_bytes());
        }
        at
    }
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

fn word(number: i32) -> Node {
    Node::Number(number.to_le_bytes().to_vec())
}

fn byte(number: u8) -> Node {
    Node::Number(vec![number])
}

fn words(numbers: &[i32]) -> Node {
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
    Node::Vector(bytes.collect(), numbers.len())
}

fn text(text: &[u8]) -> Node {
    Node::Vector(text.to_vec(), text.len())
}

const INT8: u8 = 9;
const RESOURCE: u8 = 13;
const CODES: [i32; 5] = [129, 142, 143, 144, 22];
const CALL_ONCE: i32 = 0;
const VAR_HANDLE: i32 = 1;
const READ: i32 = 2;
const ASSIGN: i32 = 3;
const RESHAPE: i32 = 4;

/// A tensor of this type and length, in this buffer.
fn tensor(dtype: u8, length: i32, buffer: i32) -> Node {
    Node::Table(vec![
        (0, words(&[length])),
        (1, byte(dtype)),
        (2, word(buffer)),
    ])
}

fn operator(code: i32, inputs: &[i32], outputs: &[i32]) -> Node {
    Node::Table(vec![
        (0, word(code)),
        (1, words(inputs)),
        (2, words(outputs)),
    ])
}

fn with_options(code: i32, outputs: &[i32], kind: u8, options: Vec<(usize, Node)>) -> Node {
    let options = [(3, byte(kind)), (4, Node::Table(options))];
    match operator(code, &[], outputs) {
        Node::Table(fields) => Node::Table(fields.into_iter().chain(options).collect()),
        other => other,
    }
}

fn call(subgraph: i32) -> Node {
    with_options(CALL_ONCE, &[], 103, vec![(0, word(subgraph))])
}

fn handle(name: &[u8], output: i32) -> Node {
    with_options(VAR_HANDLE, &[output], 111, vec![(1, text(name))])
}

/// A network that puts out its latest input, and the subgraph that says what it puts out first.
#[derive(Clone)]
struct Network {
    tensors: Vec<Node>,
    operators: Vec<Node>,
    first_tensors: Vec<Node>,
    first_operators: Vec<Node>,
}

impl Network {
    fn sound() -> Self {
        Self {
            tensors: vec![
                tensor(INT8, 2, 0),
                tensor(RESOURCE, 1, 0),
                tensor(INT8, 2, 0),
            ],
            operators: vec![
                call(1),
                handle(b"v", 1),
                operator(READ, &[1], &[2]),
                operator(ASSIGN, &[1, 0], &[]),
            ],
            first_tensors: vec![tensor(RESOURCE, 1, 0), tensor(INT8, 2, 1)],
            first_operators: vec![handle(b"v", 0), operator(ASSIGN, &[0, 1], &[])],
        }
    }

    fn file(&self) -> Vec<u8> {
        let graph = |tensors: &[Node], operators: &[Node]| {
            Node::Table(vec![
                (0, Node::Tables(tensors.to_vec())),
                (1, words(&[0])),
                (2, words(&[2])),
                (3, Node::Tables(operators.to_vec())),
            ])
        };
        let buffer = |data: &[u8]| Node::Table(vec![(0, text(data))]);
        let root = Node::Table(vec![
            (0, word(3)),
            (
                1,
                Node::Tables(
                    CODES
                        .map(|code| Node::Table(vec![(3, word(code))]))
                        .to_vec(),
                ),
            ),
            (
                2,
                Node::Tables(vec![
                    graph(&self.tensors, &self.operators),
                    graph(&self.first_tensors, &self.first_operators),
                ]),
            ),
            (
                4,
                Node::Tables(vec![buffer(&[]), buffer(&[7, 8]), buffer(&[7, 8, 9])]),
            ),
        ]);
        let mut file = b"\0\0\0\0TFL3".to_vec();
        let at = root.write(&mut file);
        put(&mut file, 0, &u32::try_from(at).unwrap().to_le_bytes());
        file
    }

    /// The problem of the operator that is refused.
    fn problem(&self) -> OperatorProblem {
        match Model::new(&self.file()).map(drop) {
            Err(Error::Operator { problem, .. }) => problem,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn variables_last_until_they_are_reset() {
    let file = Network::sound().file();
    let model = Model::new(&file).unwrap();
    let mut arena = [0xa5; 1024];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    for _ in 0..2 {
        let mut latest = [7, 8];
        for input in [[1, 2], [3, 4], [5, 6]] {
            interpreter.input_mut().copy_from_slice(&input);
            interpreter.invoke(&mut ()).unwrap();
            assert_eq!(interpreter.output(), latest);
            latest = input;
        }
        interpreter.reset();
    }
}

#[test]
fn a_variable_that_is_not_initialised_is_zero() {
    let mut network = Network::sound();
    network.first_operators.pop();
    let file = network.file();
    let model = Model::new(&file).unwrap();
    let mut arena = [0xa5; 1024];
    let mut interpreter = Interpreter::new(&model, &mut arena).unwrap();
    interpreter.invoke(&mut ()).unwrap();
    assert_eq!(interpreter.output(), [0, 0]);
}

#[test]
fn other_subgraphs_must_initialise_variables() {
    let mut network = Network::sound();
    network.operators.remove(0);
    let error = Model::new(&network.file()).map(drop);
    let expected = Error::Graph {
        problem: GraphProblem::Subgraphs,
        value: 2,
    };
    assert_eq!(error, Err(expected));
}

#[test]
fn unsound_variables_are_refused() {
    type Change = fn(&mut Network);
    let cases: [(&str, OperatorProblem, Change); 11] = [
        (
            "initialised by an operator",
            OperatorProblem::Initialisation,
            |network| {
                network.first_tensors.push(tensor(INT8, 2, 0));
                network.first_operators.push(operator(RESHAPE, &[1], &[2]));
            },
        ),
        (
            "initialised with another size",
            OperatorProblem::Initialisation,
            |network| {
                network.first_tensors[1] = tensor(INT8, 3, 2);
            },
        ),
        (
            "initialised with no constant",
            OperatorProblem::Initialisation,
            |network| {
                network.first_tensors[1] = tensor(INT8, 2, 0);
            },
        ),
        (
            "initialised by itself",
            OperatorProblem::Initialisation,
            |network| {
                network.operators.insert(0, call(0));
            },
        ),
        (
            "initialised by nothing",
            OperatorProblem::Initialisation,
            |network| {
                network.operators.push(call(2));
            },
        ),
        (
            "initialised late",
            OperatorProblem::Initialisation,
            |network| {
                network.operators.rotate_left(1);
            },
        ),
        ("two handles", OperatorProblem::Handle, |network| {
            network.tensors.push(tensor(RESOURCE, 1, 0));
            network.operators.push(handle(b"v", 3));
        }),
        ("read without handle", OperatorProblem::Handle, |network| {
            network.operators.swap(1, 2);
        }),
        ("a handle of numbers", OperatorProblem::Handle, |network| {
            network.tensors[1] = tensor(INT8, 1, 0);
        }),
        (
            "assigned another size",
            OperatorProblem::VariableType,
            |network| {
                network.tensors[0] = tensor(INT8, 3, 0);
            },
        ),
        ("used as a tensor", OperatorProblem::DataType, |network| {
            network.tensors.push(tensor(RESOURCE, 1, 0));
            network.operators.push(operator(RESHAPE, &[1], &[3]));
        }),
    ];
    for (name, problem, change) in cases {
        let mut network = Network::sound();
        change(&mut network);
        assert_eq!(network.problem(), problem, "{name}");
    }
}
