package org.windtunnel.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.windtunnel.config.ConfigException;

class CpuFeaturesTest {
    private static final String AVX512 = "fpu sse2 avx fma avx2 avx512f avx512dq avx512cd avx512bw avx512vl";

    private static CpuFeatures cpu(String vendor, String model, String flags) {
        return CpuFeatures.parse("processor\t: 0\nvendor_id\t: " + vendor + "\nmodel name\t: " + model
                + "\ncache size\t: 1024 KB\nflags\t\t: " + flags + "\nbugs\t\t: spectre_v1\n\nprocessor\t: 1\n"
                + "flags\t\t: none\n");
    }

    @Test
    void readsTheFirstProcessor() {
        CpuFeatures zen4 = cpu("AuthenticAMD", "AMD EPYC 9R14", AVX512);
        assertThat(zen4.vendor()).isEqualTo("AuthenticAMD");
        assertThat(zen4.display()).isEqualTo("AMD EPYC 9R14, AVX-512");
        assertThat(zen4.hasAvx512()).isTrue();
        assertThat(zen4.hasFma()).isTrue();
    }

    @Test
    void onlyFullAvx512GetsAvx512Kernels() {
        assertThat(Natives.coreTypeFor(cpu("AuthenticAMD", "Zen 4", AVX512))).isEqualTo("SKYLAKEX");
        assertThat(Natives.coreTypeFor(cpu("GenuineIntel", "Xeon", AVX512))).isEqualTo("SKYLAKEX");
        assertThat(Natives.coreTypeFor(cpu("GenuineIntel", "Knights Landing", "avx fma avx2 avx512f avx512cd")))
                .isEqualTo("HASWELL");
        assertThat(Natives.coreTypeFor(cpu("AuthenticAMD", "Zen 3", "avx fma avx2"))).isEqualTo("HASWELL");
        assertThat(Natives.coreTypeFor(cpu("GenuineIntel", "Sandy Bridge", "avx"))).isNull();
    }

    @Test
    void refusesAProcessorWithoutAvx() {
        CpuFeatures old = cpu("GenuineIntel", "QEMU Virtual CPU version 2.5+", "fpu sse sse2 ssse3");
        assertThatThrownBy(old::requireAvx)
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("AVX")
                .hasMessageContaining("QEMU Virtual CPU version 2.5+")
                .hasMessageContaining("-cpu host");
        assertThatCode(cpu("GenuineIntel", "Sandy Bridge", "avx")::requireAvx).doesNotThrowAnyException();
    }

    @Test
    void anUnknownProcessorIsLeftToTheLibraries() {
        CpuFeatures arm = CpuFeatures.parse("processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\n");
        assertThat(arm.known()).isFalse();
        assertThat(Natives.coreTypeFor(arm)).isNull();
        assertThatCode(arm::requireAvx).doesNotThrowAnyException();
    }

}
