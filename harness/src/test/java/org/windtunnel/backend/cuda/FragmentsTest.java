package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.windtunnel.tensor.Rng;

/**
 * Which lane of a warp holds what of a tensor core's matrices. mma.cuh and the emulation follow the PTX ISA's formulas;
 * here the same is written as the strides by which CUTLASS describes these instructions ({@code MMA_Traits} of
 * {@code SM80_16x8x16_F32BF16BF16F32_TN} and {@code SM80_16x8x8_F32TF32TF32F32_TN}), in which an element's number is
 * its row plus the number of rows times its column, for A, B transposed and C.
 */
public class FragmentsTest {
    private static final int LANES = 32;
    private static final int ROWS_A = 16;
    private static final int ROWS_B = 8;

    /** Strides of lane % 4 and of the bits of the value's number, from the lowest; that of lane / 4 is 1. */
    private record Layout(int lane, int... bits) {
        int element(int inLane, int value) {
            int at = inLane % 4 * lane + inLane / 4;
            for (int i = 0; i < bits.length; i++) {
                at += (value >> i & 1) * bits[i];
            }
            return at;
        }

        int values() {
            return 1 << bits.length;
        }
    }

    private static final Layout BF16_A = new Layout(32, 16, 8, 128);
    private static final Layout BF16_B = new Layout(16, 8, 64);
    private static final Layout TF32_A = new Layout(16, 8, 64);
    private static final Layout TF32_B = new Layout(8, 32);
    private static final Layout SUMS = new Layout(32, 16, 8);

    @Test
    void lanesHoldWhatCutlassSays() {
        try (EmulatedDevice device = new EmulatedDevice()) {
            requireLayout(device, false);
            requireLayout(device, true);
        }
    }

    /** Multiplies random small integers, which every precision holds, on a device. */
    public static void requireLayout(Device device, boolean tf32) {
        Layout layoutA = tf32 ? TF32_A : BF16_A;
        Layout layoutB = tf32 ? TF32_B : BF16_B;
        int depth = tf32 ? 8 : 16;
        Rng rng = new Rng(3, 0);
        float[] a = new float[ROWS_A * depth];
        float[] b = new float[ROWS_B * depth];
        for (int i = 0; i < a.length; i++) {
            a[i] = rng.below(i, 17) - 8;
        }
        for (int i = 0; i < b.length; i++) {
            b[i] = rng.below(1000 + i, 17) - 8;
        }
        float[] found = multiply(device, registers(a, layoutA, tf32), registers(b, layoutB, tf32), tf32);
        for (int lane = 0; lane < LANES; lane++) {
            for (int value = 0; value < SUMS.values(); value++) {
                int element = SUMS.element(lane, value);
                int row = element % ROWS_A;
                int column = element / ROWS_A;
                float expected = 0;
                for (int k = 0; k < depth; k++) {
                    expected += a[row + ROWS_A * k] * b[column + ROWS_B * k];
                }
                assertThat(found[lane * SUMS.values() + value])
                        .as("lane %d, register %d: row %d, column %d", lane, value, row, column)
                        .isEqualTo(expected);
            }
        }
    }

    /** The registers of all lanes: a tf32 number each, or two of bf16, the first in the low half. */
    private static int[] registers(float[] matrix, Layout layout, boolean tf32) {
        int each = tf32 ? 1 : 2;
        int[] registers = new int[LANES * layout.values() / each];
        for (int lane = 0; lane < LANES; lane++) {
            for (int value = 0; value < layout.values(); value++) {
                int bits = Float.floatToIntBits(matrix[layout.element(lane, value)]);
                registers[(lane * layout.values() + value) / each] |=
                        tf32 ? bits : value % 2 == 0 ? bits >>> Short.SIZE : bits & 0xffff0000;
            }
        }
        return registers;
    }

    private static float[] multiply(Device device, int[] a, int[] b, boolean tf32) {
        device.load(List.of(Emulation.fragments()));
        int sums = LANES * SUMS.values();
        long at = device.allocate(4096);
        upload(device, a, at);
        upload(device, b, at + 1024);
        new Calls(device)
                .to("multiply_fragments")
                .address(at)
                .address(at + 1024)
                .address(at + 2048)
                .flag(tf32)
                .grid(1, 1, 1, LANES, 0);
        ByteBuffer found = device.download(at + 2048, sums * Float.BYTES);
        float[] values = new float[sums];
        found.asFloatBuffer().get(values);
        device.free(at);
        return values;
    }

    private static void upload(Device device, int[] values, long to) {
        ByteBuffer staged = device.staging(values.length * Integer.BYTES);
        staged.order(ByteOrder.nativeOrder()).asIntBuffer().put(values);
        device.upload(staged, to);
    }
}
