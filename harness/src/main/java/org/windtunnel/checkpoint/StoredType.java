package org.windtunnel.checkpoint;

import java.nio.ByteBuffer;
import org.windtunnel.tensor.DType;

/**
 * How a safetensors file stores an element. Half precision can be read, as numbers of single precision.
 */
enum StoredType {
    F64(DType.FLOAT64, 8),
    F32(DType.FLOAT32, 4),
    I32(DType.INT32, 4),
    /** The upper half of a single-precision number. */
    BF16(DType.FLOAT32, 2),
    /** IEEE 754 binary16. */
    F16(DType.FLOAT32, 2);

    private static final int HALF_FRACTION = 10;
    private static final int HALF_BIAS = 15;

    private final DType dtype;
    private final int bytes;

    StoredType(DType dtype, int bytes) {
        this.dtype = dtype;
        this.bytes = bytes;
    }

    static StoredType of(DType dtype) {
        return switch (dtype) {
            case FLOAT64 -> F64;
            case FLOAT32 -> F32;
            case INT32 -> I32;
            case BFLOAT16 -> throw new IllegalArgumentException("expected a tensor of full precision, found " + dtype);
        };
    }

    /** The narrowest type of ours that holds every value. */
    DType dtype() {
        return dtype;
    }

    /** Whether the file's bytes are those of a tensor of {@link #dtype}. */
    boolean isExact() {
        return bytes == dtype.bytes();
    }

    /** Bytes per element. */
    int bytes() {
        return bytes;
    }

    /** The next element, exactly. */
    double next(ByteBuffer from) {
        return switch (this) {
            case F64 -> from.getDouble();
            case F32 -> from.getFloat();
            case I32 -> from.getInt();
            case BF16 -> DType.ofBfloat16(from.getShort());
            case F16 -> half(from.getShort());
        };
    }

    /** Stores an element; numbers are rounded to the nearest, ties to even. */
    void put(double value, ByteBuffer into) {
        switch (this) {
            case F64 -> into.putDouble(value);
            case F32 -> into.putFloat((float) value);
            case BF16 -> into.putShort(DType.toBfloat16((float) value));
            default -> throw new IllegalArgumentException(this + " is not written");
        }
    }

    private static double half(short bits) {
        int sign = bits < 0 ? -1 : 1;
        int exponent = bits >> HALF_FRACTION & 0x1F;
        int fraction = bits & (1 << HALF_FRACTION) - 1;
        if (exponent == 0x1F) {
            return fraction == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
        }
        // Numbers below the smallest normal one have no hidden bit, and its exponent.
        double significand = exponent == 0 ? fraction : fraction + (1 << HALF_FRACTION);
        return sign * Math.scalb(significand, Math.max(1, exponent) - HALF_BIAS - HALF_FRACTION);
    }
}
