package org.windtunnel.backend.registry;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.windtunnel.backend.CpuFeatures;

class DoctorTest {
    private static CpuFeatures cpu(String flags) {
        return CpuFeatures.parse("processor\t: 0\nvendor_id\t: x\nmodel name\t: y\nflags\t\t: " + flags + "\n");
    }

    @Test
    void slowProductsAreReported() {
        CpuFeatures avx512 = cpu("avx fma avx2 avx512f avx512cd avx512bw avx512dq avx512vl");
        assertThat(Doctor.warnings(avx512, 29))
                .singleElement()
                .asString()
                .contains("29 GFLOPS", "40", "OPENBLAS_CORETYPE");
        assertThat(Doctor.warnings(avx512, 120)).isEmpty();
        assertThat(Doctor.warnings(cpu("avx fma avx2"), 29)).isEmpty();
    }
}
