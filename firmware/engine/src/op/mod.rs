//! The operators: what each one reads from the file, what it checks, and how it runs.
//!
//! An operator is read twice: by [`Model::new`](crate::Model::new), which thereby checks it, and again just before
//! it runs, since keeping what was read would cost RAM and reading costs less than a hundredth of running.
//!
//! An operator with any number of inputs or outputs, such as CONCATENATION or SPLIT, runs in *steps*, each with one
//! output. It is read anew for each ([`Context::step`]).

mod axis;
mod batch_matmul;
mod binary;
mod broadcast;
mod context;
mod conv;
mod depthwise;
mod element;
mod float;
mod fully_connected;
mod general;
mod layer;
mod movement;
mod operands;
mod pool;
mod recurrent;
mod reduce;
mod reshape;
mod resize;
mod scales;
mod softmax;
#[cfg(test)]
mod tests;
mod transpose_conv;
mod unary;
pub(crate) mod variable;
mod window;

pub(crate) use broadcast::Broadcast;
pub(crate) use context::{Clamp, Context};

use crate::arena::Views;
use crate::error::OperatorProblem;
use crate::flatbuffer::Result;
use crate::linked::LINKED;
use crate::opcode::Opcode;
pub(crate) use operands::{MAX_INPUTS, MAX_STATES, Operand, Operands, Reuse, Wiring};
pub(crate) use scales::{ChannelScales, Factors};
pub(crate) use window::Window;

/// How a kind of operator is read and run.
pub(crate) trait Kernel<'m> {
    /// Whether the part of the kernel that this operator needs is built in.
    fn is_linked(&self) -> bool {
        true
    }

    /// The name of that part, if it can be left out.
    fn part(&self) -> Option<&'static str> {
        None
    }

    /// Reads the operator, and checks all that running it relies on.
    fn read(cx: &Context<'m>) -> Result<Self>
    where
        Self: Sized;

    /// The operands that are read and written at run time.
    fn wiring(&self, _: &Context<'m>) -> Wiring {
        Wiring::input(0)
    }

    /// Multiply-accumulates, padding counted as if it were data.
    fn macs(&self) -> u64 {
        0
    }

    /// Bytes of working memory it needs while it runs, and how many it can make use of.
    fn scratch_bytes(&self) -> (usize, usize) {
        (0, 0)
    }

    /// The output channels that have a factor each, to be computed once and kept.
    fn scales(&self) -> Option<&ChannelScales<'m>> {
        None
    }

    /// The bytes by which the output must start before the first input, if it may [trail](Reuse::Trail) it; `None` if
    /// nothing is gained by that.
    fn lead(&self) -> Option<usize> {
        Some(0)
    }

    /// Runs it, unless it is [hot](Self::hot).
    fn run(&self, _: Views<'_>) {}

    /// Runs it; or hands back what is compiled with the program that runs it, not with this crate (see the crate's page).
    fn hot<'k>(&'k self, views: Views<'k>) -> Option<(Hot<'k>, Views<'k>)> {
        self.run(views);
        None
    }
}

/// An operator, read and checked.
pub(crate) struct Op<'a, 'm> {
    /// Its position in the order of execution.
    pub(crate) index: usize,
    /// Which of its steps this is.
    pub(crate) step: usize,
    /// Where its operands are.
    pub(crate) operands: Operands<'m>,
    /// What it does. It stays where it was read, since it is large.
    pub(crate) kernel: &'a dyn Kernel<'m>,
}

impl Op<'_, '_> {
    #[inline]
    pub(crate) fn run(&self, views: Views<'_>) {
        if let Some((hot, views)) = self.kernel.hot(views) {
            hot.run(views);
        }
    }
}

/// The kernels that most inferences spend their time in.
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it was made"
)]
pub(crate) enum Hot<'k> {
    Conv(&'k conv::Conv<'k>),
    Depthwise(depthwise::Depthwise<'k>),
    FullyConnected(&'k fully_connected::FullyConnected<'k>),
    Pool(&'k pool::Pool),
}

impl Hot<'_> {
    #[inline]
    fn run(self, views: Views<'_>) {
        match self {
            Self::Conv(kernel) if const { LINKED.kernel("Conv") } => kernel.compute(views),
            Self::Depthwise(kernel) if const { LINKED.kernel("Depthwise") || LINKED.kernel("Int4") } =>
            {
                kernel.compute(views);
            }
            Self::FullyConnected(kernel) if const { LINKED.kernel("FullyConnected") } => {
                kernel.compute(views);
            }
            Self::Pool(kernel) if const { pool::IS_LINKED } => kernel.compute(views),
            _ => {}
        }
    }
}

/// What is to be done with an operator.
pub(crate) type Then<'a, 'm> = &'a mut dyn FnMut(&Op<'_, 'm>) -> Result<()>;

/// Reads an operator as this kernel, and hands it on. There is a function of this kind for each kernel: it is to hold
/// nothing but the reading, which stays where it was written.
#[inline(never)]
fn with<'m, K: Kernel<'m>>(cx: &Context<'m>, then: Then<'_, 'm>) -> Result<()> {
    match &K::read(cx) {
        Ok(kernel) => hand_on(cx, kernel, then),
        Err(fault) => Err(cx.explain(*fault)),
    }
}

/// Hands on an operator, if what it needs is built in.
#[inline(never)]
fn hand_on<'m>(cx: &Context<'m>, kernel: &dyn Kernel<'m>, then: Then<'_, 'm>) -> Result<()> {
    let operands = cx
        .ensure(
            cx.checked || kernel.is_linked(),
            OperatorProblem::Unsupported,
            0,
        )
        .and_then(|()| Operands::read(cx, kernel.wiring(cx)))
        .map_err(|fault| cx.explain(fault))?;
    then(&Op {
        index: cx.index,
        step: cx.step,
        operands,
        kernel,
    })
}

/// Lists the kernels: responsible for an operator is the first one whose guard, if it has one, accepts it.
macro_rules! kernels {
    ($($kind:ident($kernel:ty): $($opcode:ident)|+ $(if $guard:path)?;)*) => {
        impl<'m> Op<'_, 'm> {
            /// Reads an operator, and hands it on.
            pub(crate) fn with(cx: &Context<'m>, then: Then<'_, 'm>) -> Result<()> {
                let problem = match cx.opcode {
                    $($(Opcode::$opcode)|+ if const { LINKED.kernel(stringify!($kind)) } $(&& $guard(cx))? => {
                        return with::<$kernel>(cx, then);
                    })*
                    Opcode::CUSTOM => OperatorProblem::Custom,
                    _ => OperatorProblem::Unsupported,
                };
                Err(cx.explain(cx.error(problem, 0)))
            }

            /// The name of the kernel that is responsible.
            pub(crate) fn name(cx: &Context<'m>) -> Option<&'static str> {
                match cx.opcode {
                    $($(Opcode::$opcode)|+ $(if $guard(cx))? => Some(stringify!($kind)),)*
                    _ => None,
                }
            }
        }
    };
}

kernels! {
    FloatLayer(general::Layer<general::Float<'m>>): CONV_2D | DEPTHWISE_CONV_2D | FULLY_CONNECTED | TRANSPOSE_CONV if general::is_float;
    Int16Layer(general::Layer<general::Int16<'m>>): CONV_2D | DEPTHWISE_CONV_2D | FULLY_CONNECTED | TRANSPOSE_CONV if general::is_int16;
    Int4(general::Int4<'m>): CONV_2D | DEPTHWISE_CONV_2D | FULLY_CONNECTED if general::has_int4_weights;
    Convert(unary::Unary): QUANTIZE | DEQUANTIZE if unary::converts;
    Conv(conv::Conv<'m>): CONV_2D;
    TransposeConv(transpose_conv::TransposeConv<'m>): TRANSPOSE_CONV;
    Depthwise(depthwise::Depthwise<'m>): DEPTHWISE_CONV_2D;
    FullyConnected(fully_connected::FullyConnected<'m>): FULLY_CONNECTED;
    GeneralPool(pool::Pool): AVERAGE_POOL_2D | MAX_POOL_2D if pool::is_wide;
    Pool(pool::Pool): AVERAGE_POOL_2D | MAX_POOL_2D;
    FloatUnary(unary::Unary): RELU | RELU6 | RELU_N1_TO_1 | LEAKY_RELU | LOGISTIC | TANH | HARD_SWISH | ELU | ABS | SQRT | RSQRT if float::applies;
    FloatBinary(binary::Binary): ADD | SUB | MUL | MAXIMUM | MINIMUM | PRELU if float::applies;
    Requantize(unary::Unary): QUANTIZE;
    Unary(unary::Unary): RELU | RELU6 | RELU_N1_TO_1 | LEAKY_RELU | LOGISTIC | TANH | HARD_SWISH | ELU | ABS | SQRT | RSQRT;
    Binary(binary::Binary): ADD | SUB | MUL | MAXIMUM | MINIMUM | PRELU;
    FloatSoftmax(softmax::Softmax): SOFTMAX if softmax::is_float;
    Int16Softmax(softmax::Softmax): SOFTMAX if softmax::is_int16;
    Softmax(softmax::Softmax): SOFTMAX;
    Reshape(reshape::Reshape): RESHAPE | SQUEEZE | EXPAND_DIMS;
    Variable(variable::Variable): VAR_HANDLE | READ_VARIABLE | ASSIGN_VARIABLE | CALL_ONCE;
    BatchMatMul(batch_matmul::BatchMatMul): BATCH_MATMUL;
    Svdf(recurrent::svdf::Svdf<'m>): SVDF;
    Lstm(recurrent::lstm::Lstm<'m>): UNIDIRECTIONAL_SEQUENCE_LSTM;
    Join(movement::Move): CONCATENATION | PACK;
    Split(movement::Move): SPLIT | SPLIT_V | UNPACK;
    Slice(movement::Move): SLICE;
    StridedSlice(movement::Move): STRIDED_SLICE;
    Pad(movement::Move): PAD | PADV2;
    MirrorPad(movement::MirrorPad): MIRROR_PAD;
    Transpose(movement::Move): TRANSPOSE;
    Gather(movement::Gather): GATHER;
    Blocks(movement::Move): SPACE_TO_DEPTH | DEPTH_TO_SPACE;
    Batches(movement::Batches): SPACE_TO_BATCH_ND | BATCH_TO_SPACE_ND;
    Nearest(resize::Nearest): RESIZE_NEAREST_NEIGHBOR;
    Bilinear(resize::Bilinear): RESIZE_BILINEAR;
    Reduce(reduce::Reduce): MEAN | SUM | REDUCE_MAX | REDUCE_MIN;
    ArgReduce(reduce::ArgReduce): ARG_MAX | ARG_MIN;
}
