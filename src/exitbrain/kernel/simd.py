"""Which of a row of bars leave a band, asked of many bars at once.

Vectors are written in LLVM's terms, which makes of them what the machine has (AVX-512, AVX2, SSE2, NEON). Importing
this module loads Numba.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


def _loaded(context: Any, builder: Any, array: Any, kind: Any, at: Any, width: int) -> Any:
    vector = ir.VectorType(ir.IntType(64), width)
    start = builder.gep(context.make_array(kind)(context, builder, array).data, [at])
    values = builder.load(builder.bitcast(start, vector.as_pointer()))
    values.align = 8
    return values


def _repeated(builder: Any, value: Any, width: int) -> Any:
    vector = ir.VectorType(ir.IntType(64), width)
    nothing = ir.Constant(vector, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width))


def _mask(width: int, *, highs: bool = True) -> Any:
    """Bit i is set where h[j + i] >= hi (with `highs`) or l[j + i] <= lo; j + width bars must be there."""

    @intrinsic
    def mask(typing: Any, h: Any, l: Any, j: Any, hi: Any, lo: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            h_, l_, j_, hi_, lo_ = arguments
            low = _loaded(context, builder, l_, signature.args[1], j_, width)
            out = builder.icmp_signed("<=", low, _repeated(builder, lo_, width))
            if highs:
                high = _loaded(context, builder, h_, signature.args[0], j_, width)
                out = builder.or_(out, builder.icmp_signed(">=", high, _repeated(builder, hi_, width)))
            bits = builder.bitcast(out, ir.IntType(width))
            return bits if width == 64 else builder.zext(bits, ir.IntType(64))

        return types.uint64(h, l, types.int64, types.int64, types.int64), generate

    return mask


mask16, mask32 = _mask(16), _mask(32)
lows16, lows32 = _mask(16, highs=False), _mask(32, highs=False)


@intrinsic
def lowest_bit(typing: Any, bits: Any) -> Any:
    """The place of the lowest bit that is set; `bits` must not be 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [ir.IntType(64), ir.IntType(1)])
        count = cgutils.get_or_insert_function(builder.module, kind, "llvm.cttz.i64")
        return builder.call(count, [arguments[0], ir.Constant(ir.IntType(1), 1)])

    return types.int64(types.uint64), generate
