package org.windtunnel.backend.cuda;

/** How matrix products take their operands; they are summed up in fp32 in every case. */
public enum Operands {
    /** As they are. */
    FP32,
    /** Rounded to 10 bits of mantissa by the tensor cores. */
    TF32,
    /** Rounded to bf16 (7 bits of mantissa) beforehand; then products may be stored in bf16, else in fp32. */
    BF16
}
