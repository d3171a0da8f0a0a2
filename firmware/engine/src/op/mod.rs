//! The operators: what each one reads from the file, what it checks, and how it runs.
//!
//! An operator is read twice: by [`Model::new`](crate::Model::new), which thereby checks it, and again just before
//! it runs, since keeping what was read would cost RAM and reading costs less than a thousandth of running.
//!
//! An operator with any number of inputs or outputs, such as CONCATENATION or SPLIT, runs in *steps*, each with one
//! output. It is read anew for each ([`Context::step`]).

mod axis;
mod batch_matmul;
mod binary;
mod broadcast;
mod context;
mod conv;
mod convert;
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
use crate::error::{self, OperatorProblem};
use crate::flatbuffer::Result;
use crate::linked::LINKED;
use crate::opcode::Opcode;
pub(crate) use operands::{MAX_INPUTS, MAX_STATES, Operand, Operands, Reuse, Wiring};
pub(crate) use scales::{ChannelScales, Factors};
pub(crate) use window::Window;

/// How a kind of operator is read and run.
pub(crate) trait Kernel<'m>: Sized {
    /// Whether the part of the kernel that this operator needs is built in.
    fn is_linked(&self) -> bool {
        true
    }

    /// The name of that part, if it can be left out.
    fn part(&self) -> Option<&'static str> {
        None
    }

    /// Reads the operator, and checks all that running it relies on.
    fn read(cx: &Context<'m>) -> Result<Self>;

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

    /// Runs it.
    fn run(&self, views: Views<'_>);

    /// The operator, if what it does is compiled with the program that runs it, not with this crate (see the crate's page).
    fn hot(&self) -> Option<Hot<'_, 'm>> {
        None
    }
}

/// An operator, read and checked.
pub(crate) struct Op<'m> {
    /// Where its operands are.
    pub(crate) operands: Operands<'m>,
    kind: Kind<'m>,
}

impl<'m> Op<'m> {
    /// Reads an operator with all that it needs to run.
    pub(crate) fn read(cx: &Context<'m>) -> error::Result<Self> {
        Self::checked(cx).map_err(|fault| cx.explain(fault))
    }
}

/// Reads an operator by one kernel. A function for each kernel is less code than all of them in one.
#[inline(never)]
fn read_by<'m, K: Kernel<'m>>(
    cx: &Context<'m>,
    kind: impl FnOnce(K) -> Kind<'m>,
) -> Result<Op<'m>> {
    let kernel = K::read(cx)?;
    cx.ensure(kernel.is_linked(), OperatorProblem::Unsupported, 0)?;
    let operands = Operands::read(cx, kernel.wiring(cx))?;
    Ok(Op {
        operands,
        kind: kind(kernel),
    })
}

/// The kernels that most inferences spend their time in.
pub(crate) enum Hot<'k, 'm> {
    Conv(&'k conv::Conv<'m>),
    Depthwise(&'k depthwise::Depthwise<'m>),
    FullyConnected(&'k fully_connected::FullyConnected<'m>),
    Pool(&'k pool::Pool),
}

impl Hot<'_, '_> {
    #[inline]
    fn run(self, views: Views<'_>) {
        match self {
            Self::Conv(kernel) if const { LINKED.kernel("Conv") } => run_by(kernel, views),
            Self::Depthwise(kernel) if const { LINKED.kernel("Depthwise") } => {
                run_by(kernel, views);
            }
            Self::FullyConnected(kernel) if const { LINKED.kernel("FullyConnected") } => {
                run_by(kernel, views);
            }
            Self::Pool(kernel) if const { LINKED.kernel("Pool") } => run_by(kernel, views),
            _ => {}
        }
    }
}

/// Runs an operator by one kernel; being generic, it is compiled where [`Hot::run`] is.
#[inline(never)]
fn run_by<'m, K: Kernel<'m>>(kernel: &K, views: Views<'_>) {
    kernel.run(views);
}

/// Declares [`Kind`], and hands all that operators do to the kernel that is responsible: the first one whose guard,
/// if it has one, accepts the operator.
macro_rules! kernels {
    ($($kind:ident($kernel:ty): $($opcode:ident)|+ $(if $guard:path)?;)*) => {
        enum Kind<'m> {
            $($kind($kernel),)*
        }

        impl<'m> Op<'m> {
            fn checked(cx: &Context<'m>) -> Result<Self> {
                match cx.opcode {
                    $($(Opcode::$opcode)|+ if const { LINKED.kernel(stringify!($kind)) } $(&& $guard(cx))? => {
                        read_by(cx, Kind::$kind)
                    })*
                    Opcode::CUSTOM => cx.fail(OperatorProblem::Custom, 0),
                    _ => cx.fail(OperatorProblem::Unsupported, 0),
                }
            }

            /// The names of the kernel that is responsible, and of the part of it that is needed.
            pub(crate) fn kernel(&self) -> [Option<&'static str>; 2] {
                match &self.kind { $(Kind::$kind(kernel) => [Some(stringify!($kind)), kernel.part()],)* }
            }

            /// Multiply-accumulates.
            pub(crate) fn macs(&self) -> u64 {
                match &self.kind {
                    $(Kind::$kind(kernel) if const { LINKED.kernel(stringify!($kind)) } => kernel.macs(),)*
                    _ => 0,
                }
            }

            /// Bytes of working memory it needs while it runs, and how many it can make use of.
            pub(crate) fn scratch_bytes(&self) -> (usize, usize) {
                match &self.kind {
                    $(Kind::$kind(kernel) if const { LINKED.kernel(stringify!($kind)) } => kernel.scratch_bytes(),)*
                    _ => (0, 0),
                }
            }

            /// The output channels that have a factor each, to be computed once and kept.
            pub(crate) fn scales(&self) -> Option<&ChannelScales<'m>> {
                match &self.kind {
                    $(Kind::$kind(kernel) if const { LINKED.kernel(stringify!($kind)) } => kernel.scales(),)*
                    _ => None,
                }
            }

            /// The bytes by which the output must start before an input whose memory it takes.
            pub(crate) fn lead(&self) -> Option<usize> {
                match &self.kind {
                    $(Kind::$kind(kernel) if const { LINKED.kernel(stringify!($kind)) } => kernel.lead(),)*
                    _ => None,
                }
            }

            fn hot(&self) -> Option<Hot<'_, 'm>> {
                match &self.kind {
                    $(Kind::$kind(kernel) if const { LINKED.kernel(stringify!($kind)) } => kernel.hot(),)*
                    _ => None,
                }
            }

            #[inline]
            pub(crate) fn run(&self, views: Views<'_>) {
                match self.hot() {
                    Some(hot) => hot.run(views),
                    None => self.run_other(views),
                }
            }

            fn run_other(&self, views: Views<'_>) {
                match &self.kind {
                    // That of hot kernels is not to be built in twice.
                    $(Kind::$kind(kernel) if const { LINKED.kernel(stringify!($kind)) } && kernel.hot().is_none() => kernel.run(views),)*
                    _ => {}
                }
            }
        }
    };
}

kernels! {
    FloatLayer(general::Layer<general::Float<'m>>): CONV_2D | DEPTHWISE_CONV_2D | FULLY_CONNECTED | TRANSPOSE_CONV if general::is_float;
    Int16Layer(general::Layer<general::Int16<'m>>): CONV_2D | DEPTHWISE_CONV_2D | FULLY_CONNECTED | TRANSPOSE_CONV if general::is_int16;
    Int4(general::Int4<'m>): CONV_2D | DEPTHWISE_CONV_2D | FULLY_CONNECTED if general::has_int4_weights;
    Convert(convert::Convert): QUANTIZE | DEQUANTIZE if convert::applies;
    Conv(conv::Conv<'m>): CONV_2D;
    TransposeConv(transpose_conv::TransposeConv<'m>): TRANSPOSE_CONV;
    Depthwise(depthwise::Depthwise<'m>): DEPTHWISE_CONV_2D;
    FullyConnected(fully_connected::FullyConnected<'m>): FULLY_CONNECTED;
    GeneralPool(pool::General): AVERAGE_POOL_2D | MAX_POOL_2D if pool::applies;
    Pool(pool::Pool): AVERAGE_POOL_2D | MAX_POOL_2D;
    FloatUnary(float::elementwise::Unary): RELU | RELU6 | RELU_N1_TO_1 | LEAKY_RELU | LOGISTIC | TANH | HARD_SWISH | ELU | ABS | SQRT | RSQRT if float::applies;
    FloatBinary(float::elementwise::Binary): ADD | SUB | MUL | MAXIMUM | MINIMUM | PRELU if float::applies;
    Requantize(unary::Unary): QUANTIZE if unary::requantizes;
    Unary(unary::Unary): RELU | RELU6 | RELU_N1_TO_1 | LEAKY_RELU | LOGISTIC | TANH | HARD_SWISH | ELU | ABS | SQRT | RSQRT;
    Binary(binary::Binary): ADD | SUB | MUL | MAXIMUM | MINIMUM | PRELU;
    FloatSoftmax(softmax::Float): SOFTMAX if softmax::is_float;
    Int16Softmax(softmax::Int16): SOFTMAX if softmax::is_int16;
    Softmax(softmax::Softmax): SOFTMAX;
    Reshape(reshape::Reshape): RESHAPE | SQUEEZE | EXPAND_DIMS;
    Variable(variable::Variable): VAR_HANDLE | READ_VARIABLE | ASSIGN_VARIABLE | CALL_ONCE;
    BatchMatMul(batch_matmul::BatchMatMul): BATCH_MATMUL;
    Svdf(recurrent::svdf::Svdf<'m>): SVDF;
    Lstm(recurrent::lstm::Lstm<'m>): UNIDIRECTIONAL_SEQUENCE_LSTM;
    Join(movement::Join): CONCATENATION | PACK;
    Split(movement::Split): SPLIT | SPLIT_V | UNPACK;
    Slice(movement::Slice): SLICE;
    StridedSlice(movement::StridedSlice): STRIDED_SLICE;
    Pad(movement::Pad): PAD | PADV2;
    MirrorPad(movement::MirrorPad): MIRROR_PAD;
    Transpose(movement::Transpose): TRANSPOSE;
    Gather(movement::Gather): GATHER;
    Blocks(movement::Blocks): SPACE_TO_DEPTH | DEPTH_TO_SPACE;
    Batches(movement::Batches): SPACE_TO_BATCH_ND | BATCH_TO_SPACE_ND;
    Nearest(resize::Nearest): RESIZE_NEAREST_NEIGHBOR;
    Bilinear(resize::Bilinear): RESIZE_BILINEAR;
    Reduce(reduce::Reduce): MEAN | SUM | REDUCE_MAX | REDUCE_MIN;
    ArgReduce(reduce::ArgReduce): ARG_MAX | ARG_MIN;
}
