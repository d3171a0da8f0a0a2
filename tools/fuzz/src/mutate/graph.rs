//! Changes of what a network is: shapes, types, operators, and what is wired to what.

use super::leaf::{float, integer};
use crate::random::Random;
use crate::tree::{Kind, Table, Value, integers};

/// Codes of operators and the number of their options in the schema's union, 0 where they have none.
#[rustfmt::skip]
const OPERATORS: &[(i32, u8)] = &[
    (0, 11), (1, 5), (2, 10), (3, 1), (4, 2), (5, 94), (6, 38), (9, 8), (14, 0), (17, 5), (18, 21),
    (19, 0), (20, 0), (21, 0), (22, 17), (23, 15), (25, 9), (26, 19), (27, 6), (28, 0), (34, 22),
    (36, 23), (37, 24), (38, 25), (39, 26), (40, 27), (41, 28), (43, 30), (44, 71), (45, 32),
    (49, 35), (54, 0), (55, 39), (56, 40), (57, 39), (60, 43), (65, 48), (67, 49), (70, 52),
    (74, 27), (75, 0), (76, 0), (79, 57), (82, 27), (83, 59), (88, 64), (89, 27), (97, 74),
    (98, 75), (100, 77), (101, 78), (102, 79), (111, 0), (114, 89), (117, 0), (126, 101),
    (129, 103), (142, 111), (143, 112), (144, 113),
];

/// Types of tensors, by the schema's numbers.
const TYPES: [i32; 11] = [0, 1, 2, 3, 4, 6, 7, 9, 9, 13, 17];

/// Most bytes that constants are brought to.
const MOST_DATA: usize = 2048;

/// The first subgraph, which is the network.
fn network(model: &mut Table) -> Option<&mut Table> {
    model.tables(2).first_mut()
}

/// One of the tables in a field.
fn any<'a>(table: &'a mut Table, id: usize, random: &mut Random) -> Option<&'a mut Table> {
    let tables = table.tables(id);
    let i = random.below(tables.len());
    tables.get_mut(i)
}

/// Changes the network in one way.
pub(super) fn change(model: &mut Table, random: &mut Random) {
    match random.below(14) {
        0 | 1 => dimension(model, random),
        2 | 3 => all_dimensions(model, random),
        4 => rank(model, random),
        5 => types(model, random),
        6 => operator_code(model, random),
        7 => operators(model, random),
        8 => wiring(model, random),
        9 | 10 => quantization(model, random),
        11 => constant(model, random),
        _ => options(model, random),
    }
}

/// One dimension of one tensor.
fn dimension(model: &mut Table, random: &mut Random) {
    let Some(tensor) = network(model).and_then(|graph| any(graph, 0, random)) else {
        return;
    };
    let mut shape = integers(tensor.numbers(0, 4));
    let i = random.below(shape.len());
    if let Some(dimension) = shape.get_mut(i) {
        *dimension = integer(*dimension, random);
    }
    set_integers(tensor, 0, &shape);
}

/// A dimension, wherever there is an equal one: so shapes stay consistent.
fn all_dimensions(model: &mut Table, random: &mut Random) {
    let Some(graph) = network(model) else { return };
    let Some(tensor) = any(graph, 0, random) else {
        return;
    };
    let shape = integers(tensor.numbers(0, 4));
    let Some(&old) = shape.get(random.below(shape.len())) else {
        return;
    };
    let new = 1 + random.below(12) as i32;
    for tensor in graph.tables(0) {
        let mut shape = integers(tensor.numbers(0, 4));
        let equal = shape.iter_mut().filter(|dimension| **dimension == old);
        equal.for_each(|dimension| *dimension = new);
        set_integers(tensor, 0, &shape);
    }
}

/// The number of dimensions, of one tensor or of all.
fn rank(model: &mut Table, random: &mut Random) {
    let Some(graph) = network(model) else { return };
    let all = random.once_in(2);
    let which = random.below(graph.tables(0).len());
    let (at, remove) = (random.below(5), random.once_in(2));
    for (i, tensor) in graph.tables(0).iter_mut().enumerate() {
        if !all && i != which {
            continue;
        }
        let mut shape = integers(tensor.numbers(0, 4));
        if remove && at < shape.len() {
            shape.remove(at);
        } else if !remove {
            shape.insert(at.min(shape.len()), 1 + random.below(3) as i32);
        }
        set_integers(tensor, 0, &shape);
    }
}

/// The type of one tensor, or of all that have the same.
fn types(model: &mut Table, random: &mut Random) {
    let Some(graph) = network(model) else { return };
    let Some(tensor) = any(graph, 0, random) else {
        return;
    };
    let (old, new) = (tensor.integer(1), random.of(&TYPES));
    tensor.set(1, 1, new);
    if random.once_in(2) {
        let equal = graph
            .tables(0)
            .iter_mut()
            .filter(|tensor| tensor.integer(1) == old);
        equal.for_each(|tensor| tensor.set(1, 1, new));
    }
}

/// What an operator is, and its options.
fn operator_code(model: &mut Table, random: &mut Random) {
    let (code, options) = random.of(OPERATORS);
    let codes = model.tables(1);
    let i = random.below(codes.len() + 1);
    if i == codes.len() {
        codes.push(Table::new(Kind::Code));
    }
    codes[i].set(0, 1, code.min(127));
    codes[i].set(3, 4, code);
    let Some(graph) = network(model) else { return };
    let operators = graph.tables(3);
    if i > 0 && operators.len() > 1 && random.once_in(2) {
        let which = random.below(operators.len());
        operators[which].set(0, 4, i as i32);
    }
    let concerned = operators
        .iter_mut()
        .filter(|operator| operator.integer(0) == i as i32);
    for operator in concerned {
        operator.set(3, 1, i32::from(options));
        if options == 0 {
            operator.fields.retain(|(id, _)| *id != 4);
        }
    }
}

/// Which operators there are, and their order.
fn operators(model: &mut Table, random: &mut Random) {
    let Some(graph) = network(model) else { return };
    let tensors = graph.tables(0).len();
    let operators = graph.tables(3);
    let count = operators.len();
    let Some(operator) = operators.get(random.below(count)) else {
        return;
    };
    match random.below(4) {
        0 if count > 1 => drop(operators.remove(random.below(count))),
        1 if count > 1 => operators.swap(random.below(count), random.below(count)),
        _ => {
            // One more after it, which takes its output to a new tensor that becomes the network's.
            let mut next = operator.clone();
            let outputs = next.numbers(2, 4).clone();
            let inputs = next.numbers(1, 4);
            let count = inputs.len().min(4);
            inputs.splice(..count, outputs.iter().copied().take(4));
            let output = integers(&outputs).first().copied().unwrap_or(0);
            set_integers(&mut next, 2, &[tensors as i32]);
            operators.push(next);
            let like = usize::try_from(output).unwrap_or(0);
            if let Some(tensor) = graph.tables(0).get(like).cloned() {
                graph.tables(0).push(tensor);
                set_integers(graph, 2, &[tensors as i32]);
            }
        }
    }
}

/// What an operator or the network reads or writes.
fn wiring(model: &mut Table, random: &mut Random) {
    let Some(graph) = network(model) else { return };
    let tensors = graph.tables(0).len();
    let tensor = random.below(tensors) as i32;
    let table = match random.below(8) {
        0 => Some(graph),
        _ => any(graph, 3, random),
    };
    let Some(table) = table else { return };
    let id = 1 + random.below(2);
    let mut list = integers(table.numbers(id, 4));
    let i = random.below(list.len() + 1);
    match random.below(4) {
        0 => list.insert(i, tensor),
        1 if i < list.len() => drop(list.remove(i)),
        2 if i < list.len() => list[i] = random.of(&[-1, tensors as i32, tensor]),
        _ if i < list.len() => list[i] = tensor,
        _ => list.push(tensor),
    }
    set_integers(table, id, &list);
}

/// Scales and zero points of one tensor.
fn quantization(model: &mut Table, random: &mut Random) {
    let Some(tensor) = network(model).and_then(|graph| any(graph, 0, random)) else {
        return;
    };
    let shape = integers(tensor.numbers(0, 4));
    if random.once_in(12) {
        tensor.fields.retain(|(id, _)| *id != 4);
        return;
    }
    let axis = random.below(shape.len());
    let table = tensor.field(4, Value::Table(Table::new(Kind::Quantization)));
    let Value::Table(table) = table else { return };
    let channels = shape
        .get(axis)
        .map_or(1, |&dimension| dimension.clamp(1, 64)) as usize;
    match random.below(4) {
        // Along an axis, or as a whole.
        0 => {
            let count = random.of(&[1, channels]);
            let scales = table.numbers(2, 4);
            let first = scales.first_chunk().copied().unwrap_or([0, 0, 0x80, 0x3c]);
            *scales = first.repeat(count);
            *table.numbers(3, 8) = vec![0; 8 * count];
            table.set(6, 4, axis as i32);
        }
        1 => {
            let zero_point = i64::from(random.below(256) as i32 - 128);
            *table.numbers(3, 8) = zero_point.to_le_bytes().to_vec();
        }
        _ => {
            let scales = table.numbers(2, 4);
            let i = random.below(scales.len() / 4);
            if let Some(scale) = scales.as_chunks_mut().0.get_mut(i) {
                *scale = float(f32::from_le_bytes(*scale), random).to_le_bytes();
            }
        }
    }
}

/// Whether a tensor is constant, or the integers in one.
fn constant(model: &mut Table, random: &mut Random) {
    let buffers = model.tables(4).len();
    let Some(tensor) = network(model).and_then(|graph| any(graph, 0, random)) else {
        return;
    };
    let buffer = tensor.integer(2);
    match random.below(6) {
        0 => tensor.set(2, 4, 0),
        1 => {
            tensor.set(2, 4, buffers as i32);
            let mut buffer = Table::new(Kind::Buffer);
            buffer.numbers(0, 1).push(random.below(4) as u8);
            model.tables(4).push(buffer);
        }
        2 => {
            let is_variable = tensor.integer(5) == 0;
            tensor.set(5, 1, i32::from(is_variable));
        }
        3 => tensor.set(2, 4, random.below(buffers) as i32),
        _ => {
            let data = model
                .tables(4)
                .get_mut(usize::try_from(buffer).unwrap_or(0));
            let Some(data) = data.map(|buffer| buffer.numbers(0, 1)) else {
                return;
            };
            let i = random.below(data.len() / 4);
            if let Some(word) = data.as_chunks_mut::<4>().0.get_mut(i) {
                *word = integer(i32::from_le_bytes(*word), random).to_le_bytes();
            }
        }
    }
}

/// A number among an operator's options, which may be missing so far.
fn options(model: &mut Table, random: &mut Random) {
    let Some(operator) = network(model).and_then(|graph| any(graph, 3, random)) else {
        return;
    };
    let kind = Kind::Options(operator.integer(3) as u8);
    let table = operator.field(4, Value::Table(Table::new(kind)));
    let Value::Table(table) = table else { return };
    let id = match table.fields.len() {
        0 => random.below(8),
        count if random.once_in(2) => table.fields[random.below(count)].0,
        _ => random.below(8),
    };
    // Where a list is expected a number would only damage the file.
    if matches!(kind, Kind::Options(17 | 30 | 111)) && id < 2 {
        let list = table.numbers(id, 4);
        list.extend(integer(0, random).to_le_bytes());
        return;
    }
    let new = integer(table.integer(id), random);
    let width = match table.get(id) {
        Some(Value::Scalar(bytes)) => bytes.len().min(4),
        _ => 4,
    };
    table.set(id, width, new);
}

/// Brings constants to the length that their shapes and types ask for, and zero points to the number of scales.
pub(super) fn fit(model: &mut Table) {
    let mut wanted = Vec::new();
    for tensor in network(model).into_iter().flat_map(|graph| graph.tables(0)) {
        let shape = integers(tensor.numbers(0, 4));
        let bits = match tensor.integer(1) {
            17 => 4,
            3 | 6 | 9 => 8,
            1 | 7 => 16,
            4 => 64,
            _ => 32,
        };
        let length = shape.iter().try_fold(bits, |product: usize, &dimension| {
            product.checked_mul(usize::try_from(dimension).ok()?)
        });
        wanted.push((tensor.integer(2), length.map(|bits| bits.div_ceil(8))));
        if let Value::Table(table) = tensor.field(4, Value::Table(Table::new(Kind::Quantization))) {
            let count = table.numbers(2, 4).len() / 4;
            table.numbers(3, 8).resize(count * 8, 0);
        }
    }
    let buffers = model.tables(4);
    for (buffer, length) in wanted {
        let buffer = usize::try_from(buffer)
            .ok()
            .and_then(|i| buffers.get_mut(i));
        let (Some(buffer), Some(length)) = (buffer, length) else {
            continue;
        };
        let data = buffer.numbers(0, 1);
        if data.is_empty() || length == 0 || length > MOST_DATA {
            continue;
        }
        let old = data.len();
        while data.len() < length {
            data.push(data[data.len() - old]);
        }
        data.truncate(length);
    }
}

fn set_integers(table: &mut Table, id: usize, values: &[i32]) {
    let bytes = values.iter().flat_map(|value| value.to_le_bytes());
    let list = table.numbers(id, 4);
    list.clear();
    list.extend(bytes);
}
