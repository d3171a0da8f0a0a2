//! Writes TFLite files of one operator.

/// What a field of a table holds.
#[derive(Clone)]
enum Field {
    Scalar(Vec<u8>),
    Numbers(usize, Vec<u8>),
    Table(Table),
    Tables(Vec<Table>),
}

/// Fields by the schema's numbers.
#[derive(Clone, Default)]
pub(crate) struct Table(Vec<(usize, Field)>);

fn words(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

impl Table {
    pub(crate) fn byte(mut self, id: usize, value: i8) -> Self {
        self.0.push((id, Field::Scalar(vec![value as u8])));
        self
    }

    pub(crate) fn word(mut self, id: usize, value: i32) -> Self {
        self.0.push((id, Field::Scalar(words(&[value]))));
        self
    }

    fn numbers(mut self, id: usize, count: usize, bytes: Vec<u8>) -> Self {
        self.0.push((id, Field::Numbers(count, bytes)));
        self
    }

    fn words(self, id: usize, values: &[i32]) -> Self {
        self.numbers(id, values.len(), words(values))
    }

    fn table(mut self, id: usize, table: Table) -> Self {
        self.0.push((id, Field::Table(table)));
        self
    }

    fn tables(mut self, id: usize, tables: Vec<Table>) -> Self {
        self.0.push((id, Field::Tables(tables)));
        self
    }

    /// Appends the table and all below it; returns where it starts.
    fn write(&self, out: &mut Vec<u8>) -> usize {
        let fields = self.0.iter().map(|(id, _)| id + 1).max().unwrap_or(0);
        let vtable = out.len();
        out.extend(((4 + 2 * fields) as u16).to_le_bytes());
        out.resize(vtable + 4 + 2 * fields, 0);
        let start = out.len();
        out.extend(((start - vtable) as u32).to_le_bytes());
        let mut slots = Vec::new();
        for (id, field) in &self.0 {
            let slot = out.len();
            out[vtable + 4 + 2 * id..][..2].copy_from_slice(&((slot - start) as u16).to_le_bytes());
            match field {
                Field::Scalar(bytes) => out.extend(bytes),
                _ => out.extend([0; 4]),
            }
            slots.push(slot);
        }
        for ((_, field), slot) in self.0.iter().zip(slots) {
            let child = match field {
                Field::Scalar(_) => continue,
                Field::Numbers(count, bytes) => {
                    let at = out.len();
                    out.extend((*count as u32).to_le_bytes());
                    out.extend(bytes);
                    at
                }
                Field::Table(table) => table.write(out),
                Field::Tables(tables) => {
                    let at = out.len();
                    out.extend((tables.len() as u32).to_le_bytes());
                    out.resize(at + 4 + 4 * tables.len(), 0);
                    for (i, table) in tables.iter().enumerate() {
                        let slot = at + 4 + 4 * i;
                        let child = table.write(out);
                        link(out, slot, child);
                    }
                    at
                }
            };
            link(out, slot, child);
        }
        start
    }
}

fn link(out: &mut [u8], slot: usize, child: usize) {
    out[slot..slot + 4].copy_from_slice(&((child - slot) as u32).to_le_bytes());
}

/// Element types by the schema's numbers.
pub(crate) const FLOAT32: i8 = 0;
pub(crate) const INT32: i8 = 2;
pub(crate) const INT8: i8 = 9;

#[derive(Clone)]
pub(crate) struct Tensor {
    shape: Vec<i32>,
    dtype: i8,
    scale: f32,
    data: Vec<u8>,
}

/// An int8 tensor.
pub(crate) fn int8(shape: &[i32]) -> Tensor {
    Tensor {
        shape: shape.to_vec(),
        dtype: INT8,
        scale: 0.5,
        data: Vec::new(),
    }
}

/// A constant list.
pub(crate) fn list(values: &[i32]) -> Tensor {
    numbers(&[values.len() as i32], values)
}

/// Constant integers.
pub(crate) fn numbers(shape: &[i32], values: &[i32]) -> Tensor {
    Tensor {
        data: words(values),
        ..int8(shape).of(INT32)
    }
}

impl Tensor {
    pub(crate) fn of(self, dtype: i8) -> Self {
        Self { dtype, ..self }
    }

    /// Constant, all bytes 1.
    pub(crate) fn ones(self) -> Self {
        let width = if self.dtype == INT8 { 1 } else { 4 };
        let bytes = self.shape.iter().product::<i32>() as usize * width;
        Self {
            data: vec![1; bytes],
            ..self
        }
    }

    pub(crate) fn scaled(self, scale: f32) -> Self {
        Self { scale, ..self }
    }
}

/// The file of one operator with its options; its first input that is no constant is the network's, and its first
/// output, too.
pub(crate) fn file(
    opcode: i32,
    inputs: &[Tensor],
    outputs: &[Tensor],
    (kind, options): (i8, Table),
) -> Vec<u8> {
    let all = || inputs.iter().chain(outputs);
    let tensors = all().enumerate().map(|(i, tensor)| {
        let table = Table::default()
            .words(0, &tensor.shape)
            .byte(1, tensor.dtype)
            .word(2, i as i32 + 1);
        let quantization = Table::default()
            .numbers(2, 1, tensor.scale.to_le_bytes().to_vec())
            .numbers(3, 1, vec![0; 8]);
        table.table(4, quantization)
    });
    let buffers =
        all().map(|tensor| Table::default().numbers(0, tensor.data.len(), tensor.data.clone()));
    let range =
        |start: usize, count: usize| (start as i32..(start + count) as i32).collect::<Vec<_>>();
    let places = (range(0, inputs.len()), range(inputs.len(), outputs.len()));
    let source = inputs
        .iter()
        .position(|tensor| tensor.data.is_empty())
        .unwrap_or(0);
    let operator = Table::default()
        .words(1, &places.0)
        .words(2, &places.1)
        .byte(3, kind)
        .table(4, options);
    let graph = Table::default()
        .tables(0, tensors.collect())
        .words(1, &[source as i32])
        .words(2, &[inputs.len() as i32])
        .tables(3, vec![operator]);
    let model = Table::default()
        .word(0, 3)
        .tables(1, vec![Table::default().word(3, opcode)])
        .tables(2, vec![graph])
        .tables(4, [Table::default()].into_iter().chain(buffers).collect());
    let mut out = b"\0\0\0\0TFL3".to_vec();
    let root = model.write(&mut out);
    link(&mut out, 0, root);
    out
}
