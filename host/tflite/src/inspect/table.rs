//! An [`Inspection`] as a table for people.

use std::fmt;

use super::{Inspection, OperatorReport, Quantization, Tensor};
use crate::model::Options;
use crate::model::options::{Activation, Padding};

const COLUMNS: usize = 13;
/// "scale" and "zero" are the output's quantization, "scales" counts those of the weights.
const HEAD: [&str; COLUMNS] = [
    "#", "operator", "input", "weights", "output", "type", "scale", "zero", "scales", "MACs",
    "params", "bytes", "options",
];
/// The columns of numbers are aligned to the right.
const NUMBERS: [bool; COLUMNS] = [
    true, false, false, false, false, false, true, true, true, true, true, true, false,
];

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![HEAD.map(str::to_owned)];
        rows.extend(self.operators.iter().map(row));
        let totals = self.totals;
        let mut sums: [String; COLUMNS] = Default::default();
        sums[1] = "total".to_owned();
        sums[9] = grouped(totals.macs);
        sums[10] = grouped(totals.parameters);
        sums[11] = grouped(totals.parameter_bytes);
        rows.push(sums);
        write_table(f, &rows)?;
        writeln!(f)?;
        for (what, tensors) in [("input", &self.inputs), ("output", &self.outputs)] {
            for tensor in tensors {
                writeln!(f, "{what:<8} {}", describe(tensor))?;
            }
        }
        writeln!(f, "{:<8} {}", "file", bytes(self.bytes as u64))?;
        match self.arena {
            Some(arena) => writeln!(f, "{:<8} {}", "arena", bytes(arena as u64))?,
            None => writeln!(f, "{:<8} none: the engine does not run this model", "arena")?,
        }
        for problem in &self.problems {
            writeln!(f, "problem  {problem}")?;
        }
        let reasons = self
            .operators
            .iter()
            .filter_map(|operator| operator.problem.as_ref());
        for reason in reasons.filter(|reason| !self.problems.contains(reason)) {
            writeln!(f, "problem  {reason}")?;
        }
        Ok(())
    }
}

fn row(operator: &OperatorReport) -> [String; COLUMNS] {
    let shapes = |tensors: &[Tensor]| {
        let shapes: Vec<_> = tensors.iter().map(|tensor| shape(&tensor.shape)).collect();
        shapes.join(" ")
    };
    let number = |value: u64| {
        if value == 0 {
            String::new()
        } else {
            grouped(value)
        }
    };
    let weights = operator
        .constants
        .first()
        .filter(|_| operator.parameters > 0);
    let scales = weights.and_then(|weights| weights.quantization.as_ref());
    let output = operator.outputs.first();
    let quantization = output.and_then(|tensor| tensor.quantization.as_ref());
    let first = |quantization: &Quantization| {
        Some((
            *quantization.scales.first()?,
            *quantization.zero_points.first()?,
        ))
    };
    let (scale, zero_point) = quantization.and_then(first).unzip();
    let mut name = operator.op.clone();
    if operator.problem.is_some() {
        name.push_str(" (!)");
    }
    [
        operator.index.to_string(),
        name,
        shapes(&operator.inputs),
        weights.map_or_else(String::new, |weights| shape(&weights.shape)),
        shapes(&operator.outputs),
        output.map_or_else(String::new, |tensor| tensor.dtype.clone()),
        scale.map_or_else(String::new, rounded),
        zero_point.map_or_else(String::new, |zero_point| zero_point.to_string()),
        scales.map_or_else(String::new, |quantization| {
            quantization.scales.len().to_string()
        }),
        number(operator.macs),
        number(operator.parameters),
        number(operator.parameter_bytes),
        operator.options.clone(),
    ]
}

/// A scale with four significant digits.
fn rounded(scale: f32) -> String {
    if (0.001..10.0).contains(&scale) {
        let digits = (3 - scale.log10().floor() as i32).max(0) as usize;
        format!("{scale:.digits$}")
    } else {
        format!("{scale:.3e}")
    }
}

fn write_table(f: &mut fmt::Formatter<'_>, rows: &[[String; COLUMNS]]) -> fmt::Result {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let cell = if NUMBERS[column] {
                format!("{cell:>width$}")
            } else {
                format!("{cell:<width$}")
            };
            line.push_str(&cell);
            line.push_str("  ");
        }
        writeln!(f, "{}", line.trim_end())?;
    }
    Ok(())
}

fn shape(shape: &[i32]) -> String {
    if shape.is_empty() {
        return "scalar".to_owned();
    }
    shape
        .iter()
        .map(i32::to_string)
        .collect::<Vec<_>>()
        .join("x")
}

fn describe(tensor: &Tensor) -> String {
    let mut text = format!("{} {}", shape(&tensor.shape), tensor.dtype);
    if let Some(len) = tensor.bytes {
        text.push_str(&format!(", {}", bytes(len)));
    }
    if let Some(quantization) = &tensor.quantization
        && let [scale] = quantization.scales[..]
        && let [zero_point] = quantization.zero_points[..]
    {
        text.push_str(&format!(", scale {scale}, zero point {zero_point}"));
    }
    text
}

fn bytes(len: u64) -> String {
    let unit = if len == 1 { "byte" } else { "bytes" };
    format!("{} {unit}", grouped(len))
}

/// A number with its digits in groups of three.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The options that decide what an operator costs.
pub(super) fn options(options: &Options) -> String {
    use Options as O;
    let window = |height: i32, width: i32, padding: Padding| {
        format!(
            "stride {height}x{width} {}",
            format!("{padding:?}").to_lowercase()
        )
    };
    let fused = |text: String, activation: Activation| match activation {
        Activation::None => text,
        other => format!("{text} {other:?}").trim_start().to_lowercase(),
    };
    let dilated = |text: String, height: i32, width: i32| match (height, width) {
        (1, 1) => text,
        _ => format!("{text} dilation {height}x{width}"),
    };
    match options {
        O::Conv2D(o) => {
            let text = window(o.stride_h, o.stride_w, o.padding);
            let text = dilated(text, o.dilation_h_factor, o.dilation_w_factor);
            fused(text, o.fused_activation_function)
        }
        O::DepthwiseConv2D(o) => {
            let text = window(o.stride_h, o.stride_w, o.padding);
            let text = dilated(text, o.dilation_h_factor, o.dilation_w_factor);
            fused(text, o.fused_activation_function)
        }
        O::TransposeConv(o) => {
            let text = window(o.stride_h, o.stride_w, o.padding);
            fused(text, o.fused_activation_function)
        }
        O::Pool2D(o) => {
            let text = window(o.stride_h, o.stride_w, o.padding);
            let text = format!("{}x{} {text}", o.filter_height, o.filter_width);
            fused(text, o.fused_activation_function)
        }
        O::FullyConnected(o) => fused(String::new(), o.fused_activation_function),
        O::Add(o) | O::Sub(o) => fused(String::new(), o.fused_activation_function),
        O::Mul(o) | O::Div(o) => fused(String::new(), o.fused_activation_function),
        O::Concatenation(o) => fused(format!("axis {}", o.axis), o.fused_activation_function),
        O::Softmax(o) if o.beta != 1.0 => format!("beta {}", o.beta),
        O::LeakyRelu(o) => format!("alpha {}", o.alpha),
        _ => String::new(),
    }
}
