package org.windtunnel.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.cli.SweepLedger.Row;
import org.windtunnel.launch.LocalJob;
import org.windtunnel.train.MemoryLedger;
import org.windtunnel.train.PackShape;

/** Puts the runs of a sweep together that a worker trains at once on its GPU. */
final class Packs {
    private Packs() {}

    /**
     * The runs as jobs, those of one shape in packs of about the same size.
     *
     * @param most runs of a pack
     * @param workers packs are halved while there are fewer of them, and of runs by themselves, than workers
     */
    static List<LocalJob> of(List<Row> rows, int most, int workers) {
        Map<String, List<Row>> shapes = new LinkedHashMap<>();
        for (Row row : rows) {
            String shape = most == 1 ? null : PackShape.of(row.job().spec(), row.job().branch());
            shapes.computeIfAbsent(shape == null ? "run " + row.job().runId() : shape, s -> new ArrayList<>()).add(row);
        }
        List<List<Row>> packs = new ArrayList<>();
        for (List<Row> shape : shapes.values()) {
            packs.addAll(cut(shape, (shape.size() + most - 1) / most));
        }
        spread(packs, workers);
        List<LocalJob> jobs = new ArrayList<>();
        for (int i = 0; i < packs.size(); i++) {
            String name = packs.get(i).size() == 1 ? null : Integer.toString(i + 1);
            packs.get(i).forEach(row -> jobs.add(row.localJob().in(name)));
        }
        return jobs;
    }

    private static List<List<Row>> cut(List<Row> rows, int parts) {
        List<List<Row>> cut = new ArrayList<>();
        for (int i = 0; i < parts; i++) {
            cut.add(rows.subList(i * rows.size() / parts, (i + 1) * rows.size() / parts));
        }
        return cut;
    }

    private static void spread(List<List<Row>> packs, int workers) {
        while (packs.size() < workers) {
            List<Row> largest = packs.stream().max(Comparator.comparingInt(List::size)).orElse(List.of());
            if (largest.size() < 2) {
                return;
            }
            int at = packs.indexOf(largest);
            packs.remove(at);
            packs.addAll(at, cut(largest, 2));
        }
    }

    /**
     * A line for each pack; empty if there is none.
     *
     * @param rows the runs of the jobs
     */
    static String describe(List<LocalJob> jobs, List<Row> rows) {
        Map<String, Long> memory = new HashMap<>();
        rows.forEach(row -> memory.put(row.job().runId(), row.deviceMemory()));
        Map<String, List<LocalJob>> packs = new LinkedHashMap<>();
        jobs.stream().filter(job -> job.pack() != null).forEach(
                job -> packs.computeIfAbsent(job.pack(), pack -> new ArrayList<>()).add(job));
        StringBuilder lines = new StringBuilder();
        for (List<LocalJob> pack : packs.values()) {
            long bytes = pack.stream().mapToLong(job -> memory.get(job.runId())).sum();
            lines.append(String.format(
                    "at once on one GPU, as far as its memory goes: %d runs, %s to %s; %s and more%n",
                    pack.size(), pack.get(0).runId(), pack.get(pack.size() - 1).runId(), MemoryLedger.bytes(bytes)));
        }
        return lines.toString();
    }
}
