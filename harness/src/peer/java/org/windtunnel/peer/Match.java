package org.windtunnel.peer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** One model and number of threads: all contestants stand ready in their processes and take turns. */
final class Match {
    /** Steps whose losses are compared. */
    static final int COMPARED_STEPS = 10;

    /** Share of the processors that other programs may take in a round that counts as quiet. */
    private static final double QUIET = 0.05;

    private static final long SAMPLE_MILLIS = 300;
    private static final long PAUSE_MILLIS = 3000;
    private static final double MILLIS_PER_SECOND = 1e3;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final int LEAST_STEPS = 3;

    private final Workload workload;
    private final int threads;
    private final Effort effort;

    /**
     * How long to measure.
     *
     * @param rounds bursts of each contestant that count
     * @param burstSeconds length of a burst, about; at least three steps
     * @param warmSeconds time each contestant runs before the first round
     * @param patienceSeconds time for rounds, to get enough of them that other programs do not disturb
     */
    record Effort(int rounds, double burstSeconds, double warmSeconds, double patienceSeconds) {}

    /**
     * A burst of every contestant.
     *
     * @param others largest share of the processors, in [0, 1], that other programs took during one of the bursts
     */
    record Round(Map<Side, Burst> bursts, double others) {}

    Match(Workload workload, int threads, Effort effort) {
        this.workload = workload;
        this.threads = threads;
        this.effort = effort;
    }

    MatchResult play(List<Side> sides) {
        List<WorkerProcess> workers = new ArrayList<>();
        try {
            for (Side side : sides) {
                workers.add(new WorkerProcess(side, workload, threads));
            }
            Map<Side, String> descriptions = new EnumMap<>(Side.class);
            Map<Side, double[]> losses = new EnumMap<>(Side.class);
            Map<Side, Integer> steps = new EnumMap<>(Side.class);
            for (WorkerProcess worker : workers) {
                descriptions.put(worker.side(), worker.description());
                losses.put(worker.side(), worker.run(COMPARED_STEPS).losses());
                steps.put(worker.side(), warm(worker));
            }
            return new MatchResult(workload, threads, descriptions, losses, quietest(workers, steps));
        } finally {
            workers.forEach(WorkerProcess::close);
        }
    }

    /** Runs until the JVM has compiled what matters; returns the steps of a burst. */
    private int warm(WorkerProcess worker) {
        long start = System.nanoTime();
        int steps = LEAST_STEPS;
        do {
            double millis = worker.run(steps).median();
            steps = (int) Math.max(LEAST_STEPS, Math.round(MILLIS_PER_SECOND * effort.burstSeconds() / millis));
        } while (seconds(start) < effort.warmSeconds());
        return steps;
    }

    /** Plays until enough rounds were quiet or patience is at its end; the quietest count, whatever their outcome. */
    private List<Round> quietest(List<WorkerProcess> workers, Map<Side, Integer> steps) {
        List<Round> rounds = new ArrayList<>();
        long start = System.nanoTime();
        int quiet = 0;
        while (quiet < effort.rounds()
                && (rounds.size() < effort.rounds() || seconds(start) < effort.patienceSeconds())) {
            Machine.awaitQuiet(QUIET, SAMPLE_MILLIS, PAUSE_MILLIS);
            Round round = round(workers, steps, rounds.size() % 2 == 1);
            rounds.add(round);
            quiet += round.others() <= QUIET ? 1 : 0;
        }
        return rounds.stream().sorted(Comparator.comparingDouble(Round::others)).limit(effort.rounds()).toList();
    }

    private static Round round(List<WorkerProcess> workers, Map<Side, Integer> steps, boolean reversed) {
        Map<Side, Burst> bursts = new EnumMap<>(Side.class);
        double others = 0;
        for (int i = 0; i < workers.size(); i++) {
            WorkerProcess worker = workers.get(reversed ? workers.size() - 1 - i : i);
            Machine.Usage before = Machine.usage();
            Burst burst = worker.run(steps.get(worker.side()));
            others = Math.max(others, Machine.usage().othersSince(before, burst.cpuMillis()));
            bursts.put(worker.side(), burst);
        }
        return new Round(bursts, others);
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / NANOS_PER_SECOND;
    }
}
