//! A TFLite file as a tree of tables that can be changed and written again.
//!
//! Only what the engine may read is kept. The tree is read leniently and may contradict itself in every way; what is
//! lost by writing it anew, damaged offsets, is left to mutations of bytes.

/// Which table of the schema it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The root.
    Model,
    /// An operator code.
    Code,
    /// A subgraph.
    Graph,
    /// A tensor.
    Tensor,
    /// How a tensor is quantized.
    Quantization,
    /// An operator.
    Operator,
    /// The member of the union of options with this number.
    Options(u8),
    /// Constant data.
    Buffer,
    /// A named buffer.
    Metadata,
}

/// What a field holds, by the schema.
#[derive(Clone, Copy)]
enum Form {
    Scalar(usize),
    Numbers(usize),
    Table(Kind),
    Tables(Kind),
}

impl Kind {
    /// What the field of this number holds; `None` if it is not kept.
    fn form(self, id: usize) -> Option<Form> {
        use Form::{Numbers, Scalar, Table, Tables};
        Some(match (self, id) {
            (Self::Model, 1) => Tables(Self::Code),
            (Self::Model, 2) => Tables(Self::Graph),
            (Self::Model, 4) => Tables(Self::Buffer),
            (Self::Model, 6) => Tables(Self::Metadata),
            (Self::Code, 0) => Scalar(1),
            (Self::Code, 1) => Numbers(1),
            (Self::Graph, 0) => Tables(Self::Tensor),
            (Self::Graph, 1 | 2) => Numbers(4),
            (Self::Graph, 3) => Tables(Self::Operator),
            (Self::Tensor, 0) => Numbers(4),
            (Self::Tensor, 1 | 5) => Scalar(1),
            (Self::Tensor, 2) => Scalar(4),
            (Self::Tensor, 4) => Table(Self::Quantization),
            (Self::Quantization, 2) => Numbers(4),
            (Self::Quantization, 3) => Numbers(8),
            (Self::Quantization, 6) => Scalar(4),
            (Self::Operator, 1 | 2) => Numbers(4),
            (Self::Operator, 3) => Scalar(1),
            // Of which kind, the field before it says.
            (Self::Operator, 4) => Table(Self::Options(0)),
            (Self::Buffer, 0) => Numbers(1),
            (Self::Metadata, 0) => Numbers(1),
            // Lists of dimensions, and names of variables.
            (Self::Options(17 | 30), 0) => Numbers(4),
            (Self::Options(111), 0 | 1) => Numbers(1),
            (Self::Model | Self::Operator, 0) => Scalar(4),
            (Self::Code, 2 | 3) | (Self::Metadata, 1) => Scalar(4),
            (Self::Options(_), _) => Scalar(0),
            _ => return None,
        })
    }
}

/// What a field holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number's bytes.
    Scalar(Vec<u8>),
    /// Numbers of so many bytes each.
    Numbers(usize, Vec<u8>),
    /// A table.
    Table(Table),
    /// Several.
    Tables(Vec<Table>),
}

/// A table with its fields by the schema's numbers.
#[derive(Clone, Debug)]
pub struct Table {
    /// Which one.
    pub kind: Kind,
    /// Its fields.
    pub fields: Vec<(usize, Value)>,
}

impl Table {
    /// An empty table.
    pub fn new(kind: Kind) -> Self {
        let fields = Vec::new();
        Self { kind, fields }
    }

    /// Reads a file; `None` if it is damaged.
    pub fn read(file: &[u8]) -> Option<Self> {
        let mut reader = Reader { file, left: 4096 };
        reader.table(Kind::Model, word(file, 0)?)
    }

    /// The file that holds this tree.
    pub fn write(&self) -> Vec<u8> {
        let mut out = b"\0\0\0\0TFL3".to_vec();
        let root = self.append(&mut out);
        link(&mut out, 0, root);
        out
    }

    fn append(&self, out: &mut Vec<u8>) -> usize {
        let count = self.fields.iter().map(|(id, _)| id + 1).max().unwrap_or(0);
        let vtable = out.len();
        out.extend(((4 + 2 * count) as u16).to_le_bytes());
        out.resize(vtable + 4 + 2 * count, 0);
        let start = out.len();
        out.extend(((start - vtable) as u32).to_le_bytes());
        let mut children = Vec::new();
        for (id, value) in &self.fields {
            let slot = out.len();
            let offset = ((slot - start) as u16).to_le_bytes();
            out[vtable + 4 + 2 * id..][..2].copy_from_slice(&offset);
            if let Value::Scalar(bytes) = value {
                out.extend(bytes);
            } else {
                out.extend([0; 4]);
                children.push((slot, value));
            }
        }
        let size = ((out.len() - start) as u16).to_le_bytes();
        out[vtable + 2..][..2].copy_from_slice(&size);
        for (slot, value) in children {
            let child = match value {
                Value::Scalar(_) => continue,
                Value::Numbers(width, bytes) => {
                    let child = out.len();
                    out.extend(((bytes.len() / width) as u32).to_le_bytes());
                    out.extend(bytes);
                    child
                }
                Value::Table(table) => table.append(out),
                Value::Tables(tables) => {
                    let child = out.len();
                    out.extend((tables.len() as u32).to_le_bytes());
                    out.resize(child + 4 + 4 * tables.len(), 0);
                    for (i, table) in tables.iter().enumerate() {
                        let start = table.append(out);
                        link(out, child + 4 + 4 * i, start);
                    }
                    child
                }
            };
            link(out, slot, child);
        }
        start
    }

    /// The value of a field, if there is one.
    pub fn get(&self, id: usize) -> Option<&Value> {
        let field = self.fields.iter().find(|(field, _)| *field == id);
        field.map(|(_, value)| value)
    }

    /// The field, made if it was missing.
    pub fn field(&mut self, id: usize, default: Value) -> &mut Value {
        let i = self.fields.iter().position(|(field, _)| *field == id);
        let i = i.unwrap_or_else(|| {
            self.fields.push((id, default));
            self.fields.len() - 1
        });
        &mut self.fields[i].1
    }

    /// The tables in a field.
    pub fn tables(&mut self, id: usize) -> &mut Vec<Table> {
        let value = self.field(id, Value::Tables(Vec::new()));
        if !matches!(value, Value::Tables(_)) {
            *value = Value::Tables(Vec::new());
        }
        match value {
            Value::Tables(tables) => tables,
            _ => unreachable!("made so above"),
        }
    }

    /// The bytes of the numbers in a field.
    pub fn numbers(&mut self, id: usize, width: usize) -> &mut Vec<u8> {
        let value = self.field(id, Value::Numbers(width, Vec::new()));
        if !matches!(value, Value::Numbers(..)) {
            *value = Value::Numbers(width, Vec::new());
        }
        match value {
            Value::Numbers(_, bytes) => bytes,
            _ => unreachable!("made so above"),
        }
    }

    /// The integer in a field of up to four bytes; 0 if it is missing.
    pub fn integer(&self, id: usize) -> i32 {
        let Some(Value::Scalar(bytes)) = self.get(id) else {
            return 0;
        };
        let mut word = [0; 4];
        let count = bytes.len().min(4);
        word[..count].copy_from_slice(&bytes[..count]);
        i32::from_le_bytes(word)
    }

    /// Sets the integer in a field of `width` bytes.
    pub fn set(&mut self, id: usize, width: usize, value: i32) {
        let bytes = value.to_le_bytes()[..width].to_vec();
        *self.field(id, Value::Scalar(Vec::new())) = Value::Scalar(bytes);
    }
}

/// The 32-bit integers that bytes hold.
pub fn integers(bytes: &[u8]) -> Vec<i32> {
    let words = bytes.as_chunks().0.iter();
    words.map(|&word| i32::from_le_bytes(word)).collect()
}

/// Makes the offset at `at` lead to `to`.
fn link(out: &mut [u8], at: usize, to: usize) {
    out[at..at + 4].copy_from_slice(&((to - at) as u32).to_le_bytes());
}

fn word(file: &[u8], at: usize) -> Option<usize> {
    let bytes = file.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes) as usize)
}

fn half(file: &[u8], at: usize) -> Option<usize> {
    let bytes = file.get(at..)?.first_chunk()?;
    Some(usize::from(u16::from_le_bytes(*bytes)))
}

struct Reader<'a> {
    file: &'a [u8],
    /// Tables that may still be read: those that several offsets lead to are read as often.
    left: usize,
}

impl Reader<'_> {
    fn table(&mut self, kind: Kind, at: usize) -> Option<Table> {
        self.left = self.left.checked_sub(1)?;
        let back = word(self.file, at)? as u32 as i32;
        let vtable = usize::try_from(i64::try_from(at).ok()? - i64::from(back)).ok()?;
        let size = half(self.file, vtable)?;
        let slots: Vec<usize> = (4..size)
            .step_by(2)
            .map(|slot| half(self.file, vtable + slot))
            .collect::<Option<_>>()?;
        let end = half(self.file, vtable + 2)?;
        let mut table = Table::new(kind);
        for (id, &slot) in slots.iter().enumerate().filter(|(_, slot)| **slot != 0) {
            let Some(form) = kind.form(id) else {
                continue;
            };
            let form = match form {
                // Which options have which width is not known here, only where the next one starts.
                Form::Scalar(0) => {
                    let next = slots.iter().chain([&end]).filter(|&&other| other > slot);
                    let space = next.min().map_or(4, |next| next - slot);
                    Form::Scalar(if space < 4 { 1 } else { 4 })
                }
                Form::Table(Kind::Options(_)) => Form::Table(Kind::Options(table.integer(3) as u8)),
                other => other,
            };
            table.fields.push((id, self.value(form, at + slot)?));
        }
        Some(table)
    }

    fn value(&mut self, form: Form, at: usize) -> Option<Value> {
        let target = || at.checked_add(word(self.file, at)?);
        Some(match form {
            Form::Scalar(width) => Value::Scalar(self.file.get(at..at + width)?.to_vec()),
            Form::Table(kind) => Value::Table(self.table(kind, target()?)?),
            Form::Numbers(width) => {
                let start = target()?;
                let bytes = word(self.file, start)?.checked_mul(width)?;
                let bytes = self.file.get(start + 4..)?.get(..bytes)?;
                Value::Numbers(width, bytes.to_vec())
            }
            Form::Tables(kind) => {
                let start = target()?;
                let count = word(self.file, start)?;
                let tables = (0..count.min(self.left + 1)).map(|i| {
                    let at = start + 4 + 4 * i;
                    self.table(kind, at + word(self.file, at)?)
                });
                Value::Tables(tables.collect::<Option<_>>()?)
            }
        })
    }
}
