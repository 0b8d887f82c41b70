package org.windtunnel.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** How busy the machine's processors are, from /proc/stat; counts as idle where there is none. */
final class Machine {
    private static final Path STAT = Path.of("/proc/stat");
    /** Milliseconds of one unit in /proc/stat. */
    private static final double TICK_MILLIS = 10;

    private static final int IDLE = 3;
    private static final int IO_WAIT = 4;
    private static final int STEAL = 7;

    private Machine() {}

    /** Processor time so far. @param busy all of it that was used or stolen, ms @param total idle time included, ms */
    record Usage(double busy, double total) {

        /** Share of the processors, in [0, 1], that others than {@code ownMillis} took since an earlier reading. */
        double othersSince(Usage before, double ownMillis) {
            double elapsed = total - before.total;
            return elapsed <= 0 ? 0 : Math.max(0, Math.min(1, (busy - before.busy - ownMillis) / elapsed));
        }
    }

    static Usage usage() {
        try {
            String line = Files.readAllLines(STAT).get(0);
            double[] ticks = Arrays.stream(line.trim().split("\\s+")).skip(1).limit(STEAL + 1)
                    .mapToDouble(Double::parseDouble).toArray();
            double total = TICK_MILLIS * Arrays.stream(ticks).sum();
            return new Usage(total - TICK_MILLIS * (ticks[IDLE] + ticks[IO_WAIT]), total);
        } catch (IOException e) {
            return new Usage(0, 0);
        }
    }

    /** Waits until others take less than {@code share} for {@code sampleMillis}, but no longer than {@code mostMillis}. */
    static void awaitQuiet(double share, long sampleMillis, long mostMillis) {
        long start = System.nanoTime();
        double others;
        do {
            Usage before = usage();
            try {
                Thread.sleep(sampleMillis);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            others = usage().othersSince(before, 0);
        } while (others > share && System.nanoTime() - start < mostMillis * 1_000_000);
    }
}
