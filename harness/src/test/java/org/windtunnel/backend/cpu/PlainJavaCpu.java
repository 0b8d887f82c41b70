package org.windtunnel.backend.cpu;

import org.windtunnel.backend.Backend;

/** Opens the {@code cpu} backend without the Vector API, for tests outside this package. */
public final class PlainJavaCpu {
    private PlainJavaCpu() {}

    public static Backend open(int threads) {
        return new CpuBackend(threads, new Lanes());
    }
}
