//! The operators a TFLite file can name.

use core::fmt;

/// A `BuiltinOperator` of the TFLite schema, by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Opcode(pub u32);

impl Opcode {
    pub(crate) const ADD: Self = Self(0);
    pub(crate) const AVERAGE_POOL_2D: Self = Self(1);
    pub(crate) const CONCATENATION: Self = Self(2);
    pub(crate) const CONV_2D: Self = Self(3);
    pub(crate) const DEPTHWISE_CONV_2D: Self = Self(4);
    pub(crate) const DEPTH_TO_SPACE: Self = Self(5);
    pub(crate) const DEQUANTIZE: Self = Self(6);
    pub(crate) const FULLY_CONNECTED: Self = Self(9);
    pub(crate) const LOGISTIC: Self = Self(14);
    pub(crate) const MAX_POOL_2D: Self = Self(17);
    pub(crate) const MUL: Self = Self(18);
    pub(crate) const RELU: Self = Self(19);
    pub(crate) const RELU_N1_TO_1: Self = Self(20);
    pub(crate) const RELU6: Self = Self(21);
    pub(crate) const RESHAPE: Self = Self(22);
    pub(crate) const RESIZE_BILINEAR: Self = Self(23);
    pub(crate) const SOFTMAX: Self = Self(25);
    pub(crate) const SPACE_TO_DEPTH: Self = Self(26);
    pub(crate) const SVDF: Self = Self(27);
    pub(crate) const TANH: Self = Self(28);
    pub(crate) const CUSTOM: Self = Self(32);
    pub(crate) const PAD: Self = Self(34);
    pub(crate) const GATHER: Self = Self(36);
    pub(crate) const BATCH_TO_SPACE_ND: Self = Self(37);
    pub(crate) const SPACE_TO_BATCH_ND: Self = Self(38);
    pub(crate) const TRANSPOSE: Self = Self(39);
    pub(crate) const MEAN: Self = Self(40);
    pub(crate) const SUB: Self = Self(41);
    pub(crate) const SQUEEZE: Self = Self(43);
    pub(crate) const UNIDIRECTIONAL_SEQUENCE_LSTM: Self = Self(44);
    pub(crate) const STRIDED_SLICE: Self = Self(45);
    pub(crate) const SPLIT: Self = Self(49);
    pub(crate) const PRELU: Self = Self(54);
    pub(crate) const MAXIMUM: Self = Self(55);
    pub(crate) const ARG_MAX: Self = Self(56);
    pub(crate) const MINIMUM: Self = Self(57);
    pub(crate) const PADV2: Self = Self(60);
    pub(crate) const SLICE: Self = Self(65);
    pub(crate) const TRANSPOSE_CONV: Self = Self(67);
    pub(crate) const EXPAND_DIMS: Self = Self(70);
    pub(crate) const SUM: Self = Self(74);
    pub(crate) const SQRT: Self = Self(75);
    pub(crate) const RSQRT: Self = Self(76);
    pub(crate) const ARG_MIN: Self = Self(79);
    pub(crate) const REDUCE_MAX: Self = Self(82);
    pub(crate) const PACK: Self = Self(83);
    pub(crate) const UNPACK: Self = Self(88);
    pub(crate) const REDUCE_MIN: Self = Self(89);
    pub(crate) const RESIZE_NEAREST_NEIGHBOR: Self = Self(97);
    pub(crate) const LEAKY_RELU: Self = Self(98);
    pub(crate) const MIRROR_PAD: Self = Self(100);
    pub(crate) const ABS: Self = Self(101);
    pub(crate) const SPLIT_V: Self = Self(102);
    pub(crate) const ELU: Self = Self(111);
    pub(crate) const QUANTIZE: Self = Self(114);
    pub(crate) const HARD_SWISH: Self = Self(117);
    pub(crate) const BATCH_MATMUL: Self = Self(126);
    pub(crate) const CALL_ONCE: Self = Self(129);
    pub(crate) const VAR_HANDLE: Self = Self(142);
    pub(crate) const READ_VARIABLE: Self = Self(143);
    pub(crate) const ASSIGN_VARIABLE: Self = Self(144);

    /// The schema's name, such as `CONV_2D`; `UNKNOWN` for a number the schema did not have when this was written.
    #[must_use]
    pub fn name(self) -> &'static str {
        usize::try_from(self.0)
            .ok()
            .and_then(|i| NAMES.get(i))
            .copied()
            .unwrap_or("UNKNOWN")
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `enum BuiltinOperator` of TensorFlow Lite's schema, version 3, in order.
const NAMES: &[&str] = &[
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEPTH_TO_SPACE",
    "DEQUANTIZE",
    "EMBEDDING_LOOKUP",
    "FLOOR",
    "FULLY_CONNECTED",
    "HASHTABLE_LOOKUP",
    "L2_NORMALIZATION",
    "L2_POOL_2D",
    "LOCAL_RESPONSE_NORMALIZATION",
    "LOGISTIC",
    "LSH_PROJECTION",
    "LSTM",
    "MAX_POOL_2D",
    "MUL",
    "RELU",
    "RELU_N1_TO_1",
    "RELU6",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RNN",
    "SOFTMAX",
    "SPACE_TO_DEPTH",
    "SVDF",
    "TANH",
    "CONCAT_EMBEDDINGS",
    "SKIP_GRAM",
    "CALL",
    "CUSTOM",
    "EMBEDDING_LOOKUP_SPARSE",
    "PAD",
    "UNIDIRECTIONAL_SEQUENCE_RNN",
    "GATHER",
    "BATCH_TO_SPACE_ND",
    "SPACE_TO_BATCH_ND",
    "TRANSPOSE",
    "MEAN",
    "SUB",
    "DIV",
    "SQUEEZE",
    "UNIDIRECTIONAL_SEQUENCE_LSTM",
    "STRIDED_SLICE",
    "BIDIRECTIONAL_SEQUENCE_RNN",
    "EXP",
    "TOPK_V2",
    "SPLIT",
    "LOG_SOFTMAX",
    "DELEGATE",
    "BIDIRECTIONAL_SEQUENCE_LSTM",
    "CAST",
    "PRELU",
    "MAXIMUM",
    "ARG_MAX",
    "MINIMUM",
    "LESS",
    "NEG",
    "PADV2",
    "GREATER",
    "GREATER_EQUAL",
    "LESS_EQUAL",
    "SELECT",
    "SLICE",
    "SIN",
    "TRANSPOSE_CONV",
    "SPARSE_TO_DENSE",
    "TILE",
    "EXPAND_DIMS",
    "EQUAL",
    "NOT_EQUAL",
    "LOG",
    "SUM",
    "SQRT",
    "RSQRT",
    "SHAPE",
    "POW",
    "ARG_MIN",
    "FAKE_QUANT",
    "REDUCE_PROD",
    "REDUCE_MAX",
    "PACK",
    "LOGICAL_OR",
    "ONE_HOT",
    "LOGICAL_AND",
    "LOGICAL_NOT",
    "UNPACK",
    "REDUCE_MIN",
    "FLOOR_DIV",
    "REDUCE_ANY",
    "SQUARE",
    "ZEROS_LIKE",
    "FILL",
    "FLOOR_MOD",
    "RANGE",
    "RESIZE_NEAREST_NEIGHBOR",
    "LEAKY_RELU",
    "SQUARED_DIFFERENCE",
    "MIRROR_PAD",
    "ABS",
    "SPLIT_V",
    "UNIQUE",
    "CEIL",
    "REVERSE_V2",
    "ADD_N",
    "GATHER_ND",
    "COS",
    "WHERE",
    "RANK",
    "ELU",
    "REVERSE_SEQUENCE",
    "MATRIX_DIAG",
    "QUANTIZE",
    "MATRIX_SET_DIAG",
    "ROUND",
    "HARD_SWISH",
    "IF",
    "WHILE",
    "NON_MAX_SUPPRESSION_V4",
    "NON_MAX_SUPPRESSION_V5",
    "SCATTER_ND",
    "SELECT_V2",
    "DENSIFY",
    "SEGMENT_SUM",
    "BATCH_MATMUL",
    "PLACEHOLDER_FOR_GREATER_OP_CODES",
    "CUMSUM",
    "CALL_ONCE",
    "BROADCAST_TO",
    "RFFT2D",
    "CONV_3D",
    "IMAG",
    "REAL",
    "COMPLEX_ABS",
    "HASHTABLE",
    "HASHTABLE_FIND",
    "HASHTABLE_IMPORT",
    "HASHTABLE_SIZE",
    "REDUCE_ALL",
    "CONV_3D_TRANSPOSE",
    "VAR_HANDLE",
    "READ_VARIABLE",
    "ASSIGN_VARIABLE",
    "BROADCAST_ARGS",
    "RANDOM_STANDARD_NORMAL",
    "BUCKETIZE",
    "RANDOM_UNIFORM",
    "MULTINOMIAL",
    "GELU",
    "DYNAMIC_UPDATE_SLICE",
    "RELU_0_TO_1",
    "UNSORTED_SEGMENT_PROD",
    "UNSORTED_SEGMENT_MAX",
    "UNSORTED_SEGMENT_SUM",
    "ATAN2",
    "UNSORTED_SEGMENT_MIN",
    "SIGN",
    "BITCAST",
    "BITWISE_XOR",
    "RIGHT_SHIFT",
    "STABLEHLO_LOGISTIC",
    "STABLEHLO_ADD",
    "STABLEHLO_DIVIDE",
    "STABLEHLO_MULTIPLY",
    "STABLEHLO_MAXIMUM",
    "STABLEHLO_RESHAPE",
    "STABLEHLO_CLAMP",
    "STABLEHLO_CONCATENATE",
    "STABLEHLO_BROADCAST_IN_DIM",
    "STABLEHLO_CONVOLUTION",
    "STABLEHLO_SLICE",
    "STABLEHLO_CUSTOM_CALL",
    "STABLEHLO_REDUCE",
    "STABLEHLO_ABS",
    "STABLEHLO_AND",
    "STABLEHLO_COSINE",
    "STABLEHLO_EXPONENTIAL",
    "STABLEHLO_FLOOR",
    "STABLEHLO_LOG",
    "STABLEHLO_MINIMUM",
    "STABLEHLO_NEGATE",
    "STABLEHLO_OR",
    "STABLEHLO_POWER",
    "STABLEHLO_REMAINDER",
    "STABLEHLO_RSQRT",
    "STABLEHLO_SELECT",
    "STABLEHLO_SUBTRACT",
    "STABLEHLO_TANH",
    "STABLEHLO_SCATTER",
    "STABLEHLO_COMPARE",
    "STABLEHLO_CONVERT",
    "STABLEHLO_DYNAMIC_SLICE",
    "STABLEHLO_DYNAMIC_UPDATE_SLICE",
    "STABLEHLO_PAD",
    "STABLEHLO_IOTA",
    "STABLEHLO_DOT_GENERAL",
    "STABLEHLO_REDUCE_WINDOW",
    "STABLEHLO_SORT",
    "STABLEHLO_WHILE",
    "STABLEHLO_GATHER",
    "STABLEHLO_TRANSPOSE",
    "DILATE",
    "STABLEHLO_RNG_BIT_GENERATOR",
    "REDUCE_WINDOW",
    "STABLEHLO_COMPOSITE",
    "STABLEHLO_SHIFT_LEFT",
    "STABLEHLO_CBRT",
    "STABLEHLO_CASE",
];
