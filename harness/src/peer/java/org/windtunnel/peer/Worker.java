package org.windtunnel.peer;

import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;

/**
 * The process of one contestant. It answers each line with one line: first a description of itself, then, for every
 * number of steps it reads, {@code cpuNanos} of the burst and {@code nanos:loss} of every step. Ends with its input.
 */
final class Worker {
    private final Contestant contestant;
    private final Workload workload;
    private final OperatingSystemMXBean system =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private long steps;

    private Worker(Contestant contestant, Workload workload) {
        this.contestant = contestant;
        this.workload = workload;
    }

    /** Arguments: {@code torch} or {@code windtunnel}, the workload, threads. */
    public static void main(String[] args) throws IOException {
        PrintStream answers = System.out;
        System.setOut(System.err);
        Workload workload = Workload.parse(args[1]);
        int threads = Integer.parseInt(args[2]);
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        try (Contestant contestant = args[0].equals("torch")
                ? workload.torch()
                : new WindtunnelContestant(workload, threads)) {
            answers.println(contestant.describe());
            Worker worker = new Worker(contestant, workload);
            for (String line = orders.readLine(); line != null; line = orders.readLine()) {
                answers.println(worker.burst(Integer.parseInt(line)));
            }
        }
    }

    private String burst(int count) {
        StringBuilder answer = new StringBuilder();
        long cpu = system.getProcessCpuTime();
        for (int i = 0; i < count; i++) {
            Batch batch = workload.batch(steps++);
            long start = System.nanoTime();
            double loss = contestant.step(batch);
            answer.append(' ').append(System.nanoTime() - start).append(':').append(loss);
        }
        return system.getProcessCpuTime() - cpu + answer.toString();
    }
}
