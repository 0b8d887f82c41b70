package org.windtunnel.tensor;

/** Element type of a {@link Storage}. */
public enum DType {
    FLOAT32(4),
    FLOAT64(8),
    INT32(4),
    /** The upper half of a FLOAT32: operands of matrix products that are kept rounded, on a backend that says so. */
    BFLOAT16(2);

    private static final int QUIET_NAN = 0x40;

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes per element. */
    public int bytes() {
        return bytes;
    }

    /** The bits of a number as {@link #BFLOAT16}, rounded to nearest even; NaN stays NaN. */
    public static short toBfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (short) (bits >>> Short.SIZE | QUIET_NAN);
        }
        return (short) (bits + 0x7fff + (bits >>> Short.SIZE & 1) >>> Short.SIZE);
    }

    /** The number that bits of {@link #BFLOAT16} are. */
    public static float ofBfloat16(short bits) {
        return Float.intBitsToFloat(bits << Short.SIZE);
    }
}
