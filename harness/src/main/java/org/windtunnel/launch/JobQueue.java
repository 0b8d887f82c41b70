package org.windtunnel.launch;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The runs of a sweep that are not done, longest first; a branch waits for its trunk. Thread-safe. */
final class JobQueue {
    /** A run whose process dies again and again would otherwise keep a sweep busy for good. */
    static final int ATTEMPTS = 3;

    private final LinkedList<LocalJob> waiting = new LinkedList<>();
    private final Set<String> unfinished = new HashSet<>();
    private final Map<String, Integer> attempts = new HashMap<>();
    private int underWay;
    private boolean stopped;

    JobQueue(List<LocalJob> jobs) {
        jobs.stream().sorted(Comparator.comparingDouble(LocalJob::cost).reversed()).forEach(waiting::add);
        jobs.forEach(job -> unfinished.add(job.runId()));
    }

    /**
     * The next run that can start, with those of its pack that can, waiting for one if need be; null when there is none
     * to come, or after {@link #stop}.
     */
    synchronized List<LocalJob> take() throws InterruptedException {
        while (!stopped) {
            List<LocalJob> taken = new ArrayList<>();
            for (Iterator<LocalJob> jobs = waiting.iterator(); jobs.hasNext() && mayGrow(taken); ) {
                LocalJob job = jobs.next();
                boolean wanted = taken.isEmpty() || taken.get(0).pack().equals(job.pack()) && !isLastAttempt(job);
                if (wanted && (job.after() == null || !unfinished.contains(job.after()))) {
                    jobs.remove();
                    taken.add(job);
                }
            }
            if (!taken.isEmpty()) {
                underWay += taken.size();
                taken.forEach(job -> attempts.merge(job.runId(), 1, Integer::sum));
                return taken;
            }
            // A run under way may come back, or be the trunk of one that waits.
            if (underWay == 0) {
                return null;
            }
            wait();
        }
        return null;
    }

    /** A run whose pack has died before is tried by itself in the end: another one may have been the reason. */
    private boolean mayGrow(List<LocalJob> taken) {
        return taken.isEmpty() || taken.get(0).pack() != null && !isLastAttempt(taken.get(0));
    }

    private boolean isLastAttempt(LocalJob job) {
        return attempts.getOrDefault(job.runId(), 0) >= ATTEMPTS - 1;
    }

    /** The run ended well; its branches can start. */
    synchronized void finished(LocalJob job) {
        underWay--;
        unfinished.remove(job.runId());
        notifyAll();
    }

    /** The run ended otherwise. @return its branches, directly and further on, which cannot be done now */
    synchronized List<LocalJob> abandoned(LocalJob job) {
        underWay--;
        List<LocalJob> lost = new ArrayList<>();
        Set<String> roots = new HashSet<>(Set.of(job.runId()));
        boolean more = true;
        while (more) {
            more = false;
            for (Iterator<LocalJob> jobs = waiting.iterator(); jobs.hasNext(); ) {
                LocalJob branch = jobs.next();
                if (branch.after() != null && roots.contains(branch.after())) {
                    jobs.remove();
                    lost.add(branch);
                    more |= roots.add(branch.runId());
                }
            }
        }
        notifyAll();
        return lost;
    }

    /** The process of these runs died. @return those that are not tried again */
    synchronized List<LocalJob> again(List<LocalJob> jobs) {
        List<LocalJob> lost = new ArrayList<>();
        for (LocalJob job : jobs) {
            if (attempts.get(job.runId()) >= ATTEMPTS || stopped) {
                lost.add(job);
            } else {
                underWay--;
                waiting.addFirst(job);
            }
        }
        notifyAll();
        return lost;
    }

    /** Lets no further run start. */
    synchronized void stop() {
        stopped = true;
        notifyAll();
    }

    synchronized boolean isStopped() {
        return stopped;
    }
}
