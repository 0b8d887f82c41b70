package org.windtunnel.backend.cuda.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;

/** What users are told where there is no GPU, and the kernels' place on disk. */
class CudaLibrariesTest {
    private static final String CACHE = "windtunnel.cache";

    @TempDir
    private Path directory;

    private String before;

    @BeforeEach
    void cacheHere() {
        before = System.getProperty(CACHE);
        System.setProperty(CACHE, directory.toString());
    }

    @AfterEach
    void cacheBack() {
        if (before == null) {
            System.clearProperty(CACHE);
        } else {
            System.setProperty(CACHE, before);
        }
    }

    /** As JavaCPP throws it: what it tried last, caused by what it tried first. */
    private static Throwable linkError(String library) {
        return new UnsatisfiedLinkError("no jnicudart in java.library.path: /usr/lib").initCause(new UnsatisfiedLinkError(
                "/tmp/libjnicudart.so: " + library + ": cannot open shared object file: No such file or directory"));
    }

    @Test
    void aMissingDriverIsNamedFirst() {
        assertThat(CudaLibraries.explain(linkError("libcuda.so.1")))
                .contains("no NVIDIA driver", "580", "runtime.backend: cpu");
    }

    @Test
    void aMissingLibraryIsNamedWithWhereToGetIt() {
        assertThat(CudaLibraries.explain(linkError("libcublas.so.13"))).contains("libcublas.so.13", "LD_LIBRARY_PATH");
    }

    @Test
    void anOldDriverOrLibraryIsToldByWhatItLacks() {
        assertThat(CudaLibraries.explain(new UnsatisfiedLinkError(
                        "/tmp/libjnicudart.so: /tmp/libjnicudart.so: undefined symbol: cuGreenCtxCreate")))
                .contains("older than CUDA 13", "cuGreenCtxCreate", "580");
    }

    @Test
    void kernelsAreCompiledForTheCardOrForTheNearestOneBefore() {
        int[] known = {75, 80, 90, 100, 120};
        assertThat(KernelCompiler.architecture(90, known)).isEqualTo("sm_90");
        assertThat(KernelCompiler.architecture(103, known)).isEqualTo("compute_100");
        assertThat(KernelCompiler.architecture(130, known)).isEqualTo("compute_120");
        assertThatThrownBy(() -> KernelCompiler.architecture(70, known))
                .hasMessage("NVRTC compiles for compute capability 7.5 and newer, found 7.0");
    }

    @Test
    void aBuildWithoutTheBindingsSaysHowToBuild() {
        assertThat(CudaLibraries.explain(new UnsatisfiedLinkError("no jnicudart in java.library.path: /usr/lib")))
                .contains("-Pcuda");
        assertThat(CudaLibraries.explain(new NoClassDefFoundError("org/bytedeco/cuda/global/cudart"))).contains("-Pcuda");
    }

    @Test
    void aMachineWithoutAGpuIsRefusedInOneMessage() {
        RuntimeSpec cuda = new RuntimeSpec(BackendName.CUDA, 1, Precision.BF16);
        if (Files.exists(Path.of("/dev/nvidiactl"))) {
            System.out.println("skipped: this machine has an NVIDIA GPU");
            return;
        }
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatThrownBy(() -> Backends.open(cuda))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageStartingWith("runtime.backend: cuda cannot be used: ");
        }
    }

    @Test
    void precisionsBelongToBackends() {
        assertThatThrownBy(() -> Backends.open(new RuntimeSpec(BackendName.CPU, 1, Precision.BF16)))
                .isInstanceOf(ConfigException.class)
                .hasMessage("runtime.precision: the cpu backend computes in fp32, found bf16; use runtime.backend: cuda for"
                        + " bf16");
        assertThatThrownBy(() -> Backends.open(new RuntimeSpec(BackendName.ND4J, 1, Precision.TF32)))
                .hasMessageContaining("the nd4j backend computes in fp32 or fp64, found tf32");
        assertThatThrownBy(() -> Backends.open(new RuntimeSpec(BackendName.CUDA, 1, Precision.FP64)))
                .hasMessageContaining("the cuda backend computes in fp32 or tf32 or bf16, found fp64; use runtime.backend:"
                        + " nd4j");
    }

    @Test
    void compiledKernelsAreFoundAgainUnlessDamaged() throws IOException {
        String key = KernelCache.key("source", "sm_90", "13.0");
        assertThat(KernelCache.key("source", "sm_90", "13.1")).isNotEqualTo(key);
        assertThat(KernelCache.key("sources", "m_90", "13.0")).isNotEqualTo(key);
        assertThat(KernelCache.get(key)).isEmpty();
        byte[] code = {1, 2, 3};
        KernelCache.put(key, code);
        assertThat(KernelCache.get(key)).hasValue(code);
        Path file = directory.resolve("kernels").resolve(key + ".bin");
        byte[] all = Files.readAllBytes(file);
        all[all.length - 1] ^= 1;
        Files.write(file, all);
        assertThat(KernelCache.get(key)).isEmpty();
        Files.write(file, new byte[5]);
        assertThat(KernelCache.get(key)).isEmpty();
    }
}
