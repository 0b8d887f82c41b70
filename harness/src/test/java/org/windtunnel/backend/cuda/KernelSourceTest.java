package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class KernelSourceTest {
    private static final String MORE = "i64 stackStride, unsigned int stackDepth) { "
            + "const i64 stackShift = shiftInStack(stackStride, stackDepth);";

    @Test
    void everyKernelMovesItsPointers() {
        assertThat(KernelSource.stacked("a.cu", """
                // A comment.
                extern "C" __global__ void scale(float* x, i64 n, float a) {
                    x[0] = a;
                }
                extern "C" __global__ void __launch_bounds__(BLOCK, 2) gather(
                        const int* ids, const double *__restrict__ y, int n) {
                }
                """)).isEqualTo("""
                // A comment.
                extern "C" __global__ void scale(float* x, i64 n, float a, %s x = inStack(x, stackShift);
                    x[0] = a;
                }
                extern "C" __global__ void __launch_bounds__(BLOCK, 2) gather(
                        const int* ids, const double *__restrict__ y, int n, %s ids = inStack(ids, stackShift); y = inStack(y, stackShift);
                }
                """.formatted(MORE, MORE));
    }

    @Test
    void kernelsThatMacrosMakeStayOnTheirLines() {
        String text = KernelSource.stacked("a.cu", "#define K(D)          \\\n"
                + "    extern \"C\" __global__ void k_##D(  \\\n            float* x) {  \\\n        f(x);  \\\n    }\n");
        assertThat(text.lines()).hasSize(5);
        assertThat(text.lines().limit(4)).allMatch(line -> line.endsWith("\\"));
        assertThat(text).contains("float* x, " + MORE + " x = inStack(x, stackShift);  \\\n");
    }

    @Test
    void theGridsZIsNotTheKernelsOwn() {
        assertThatThrownBy(() -> KernelSource.stacked("a.cu", "int z = blockIdx.z;"))
                .hasMessageStartingWith("a.cu uses blockIdx.z or gridDim.z; in a kernel's body STACK_Z is");
    }

    /** A kernel that is written in a way that the pattern does not know would stay as it is. */
    @Test
    void noKernelIsOverlooked() {
        for (KernelSource source : Emulation.sources()) {
            assertThat(count(source.text(), "__global__")).as(source.name())
                    .isEqualTo(count(source.text(), "= shiftInStack\\("))
                    .isPositive();
        }
    }

    private static long count(String text, String pattern) {
        return Pattern.compile(pattern).matcher(text).results().count();
    }
}
