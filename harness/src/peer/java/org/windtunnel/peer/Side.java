package org.windtunnel.peer;

import java.util.List;
import java.util.Locale;

/** The contestants. */
enum Side {
    TORCH("DJL PyTorch", 1),
    OPENBLAS("OpenBLAS", 1.0),
    MKL("MKL", 1.2);

    private final String title;
    private final double wanted;

    Side(String title, double wanted) {
        this.title = title;
        this.wanted = wanted;
    }

    /** Heading in the tables. */
    String title() {
        return title;
    }

    /** How many times as fast as PyTorch this side is meant to be at least. */
    double wanted() {
        return wanted;
    }

    /** First argument of {@link Worker}. */
    String engine() {
        return this == TORCH ? "torch" : "windtunnel";
    }

    /** JVM options of its process. */
    List<String> options(int threads) {
        return switch (this) {
            case TORCH -> List.of(
                    "-Dai.djl.pytorch.num_threads=" + threads, "-Dai.djl.pytorch.num_interop_threads=1");
            case OPENBLAS -> List.of("--add-modules=jdk.incubator.vector");
            case MKL -> List.of("--add-modules=jdk.incubator.vector", "-Dorg.bytedeco.openblas.load=mkl_rt");
        };
    }

    static Side parse(String name) {
        return valueOf(name.trim().toUpperCase(Locale.ROOT));
    }
}
