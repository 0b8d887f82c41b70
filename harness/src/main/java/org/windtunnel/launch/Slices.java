package org.windtunnel.launch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;

/** Deals the runs of a sweep out to the tasks of an engine. */
final class Slices {
    private Slices() {}

    /** Runs of one task, or of one trunk with its branches. */
    private static final class Share {
        final List<LocalJob> jobs = new ArrayList<>();
        double cost;

        void add(LocalJob job) {
            jobs.add(job);
            cost += job.cost();
        }
    }

    /**
     * Shares of about the same cost: the costliest goes first, to the task that has the least so far. A trunk and its
     * branches stay together, since a task knows nothing of the others, and so does a pack.
     *
     * @param tasks shares, at most
     * @param workers runs that a task does at a time; there are no more tasks than it takes to keep each busy
     */
    static List<List<LocalJob>> of(List<LocalJob> jobs, int tasks, int workers) {
        List<Share> trees = trees(jobs);
        trees.sort(Comparator.comparingDouble((Share tree) -> tree.cost).reversed());
        int count = Math.min(tasks, Math.max((trees.size() + workers - 1) / workers, 1));
        List<Share> shares = new ArrayList<>();
        PriorityQueue<Share> lightest = new PriorityQueue<>(Comparator.comparingDouble((Share share) -> share.cost));
        for (int i = 0; i < count; i++) {
            shares.add(new Share());
        }
        lightest.addAll(shares);
        for (Share tree : trees) {
            Share share = lightest.remove();
            tree.jobs.forEach(share::add);
            lightest.add(share);
        }
        return shares.stream().map(share -> share.jobs).toList();
    }

    private static List<Share> trees(List<LocalJob> jobs) {
        Map<String, String> after = new HashMap<>();
        Map<String, String> packs = new HashMap<>();
        for (LocalJob job : jobs) {
            after.put(job.runId(), job.after());
            packs.put(job.runId(), job.pack());
        }
        Map<String, Share> trees = new LinkedHashMap<>();
        for (LocalJob job : jobs) {
            String root = job.runId();
            while (after.get(root) != null) {
                root = after.get(root);
            }
            String pack = packs.get(root);
            trees.computeIfAbsent(pack == null ? root : "pack " + pack, id -> new Share()).add(job);
        }
        return new ArrayList<>(trees.values());
    }
}
