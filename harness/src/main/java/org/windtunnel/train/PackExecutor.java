package org.windtunnel.train;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.BackendStack;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.RuntimeSpec;

/**
 * Executes runs of one shape at the same time on one GPU, each in its directory as {@link RunExecutor} would, on a
 * thread and a backend of its own. As many go at once as the GPU's memory holds; the rest follow.
 */
public final class PackExecutor {
    private static final Logger LOG = LoggerFactory.getLogger(PackExecutor.class);

    private final Path baseDir;
    private final Datasets datasets;
    private final Preemption preemption;
    private final StackOpener stacks;
    private final Function<RuntimeSpec, Backend> backends;

    /** Opens a stack; see {@link Backends#openStack}. */
    @FunctionalInterface
    interface StackOpener {
        BackendStack open(RuntimeSpec spec, int runs, Consumer<Backend> rehearsal);
    }

    /** Hears of the runs, by their place in the list; called from their threads. */
    public interface Listener {

        /** See {@link ProgressListener}. */
        void progress(int run, long step, long steps, double loss, Speed speed);

        void ended(int run, RunOutcome outcome);

        /** @param cause what {@link RunExecutor#execute} throws */
        void failed(int run, Throwable cause);

        /** The run was not begun, since preemption had been requested. */
        void left(int run);
    }

    /** @param preemption ends the runs under way after their steps, and has no further one begin */
    public PackExecutor(Path baseDir, Preemption preemption) {
        this(baseDir, preemption, Backends::openStack, Backends::open);
    }

    /** @param backends opens the backend of runs that cannot be stacked */
    PackExecutor(
            Path baseDir, Preemption preemption, StackOpener stacks, Function<RuntimeSpec, Backend> backends) {
        this.baseDir = baseDir;
        this.datasets = new Datasets(baseDir);
        this.preemption = preemption;
        this.stacks = stacks;
        this.backends = backends;
    }

    /**
     * Does all the runs; returns when the last has ended.
     *
     * @param jobs with one shape, as {@link PackShape} tells, and one runtime
     * @param directories of the runs
     */
    public void execute(List<RunJob> jobs, List<Path> directories, Listener listener) {
        Deque<Integer> waiting = new ArrayDeque<>();
        for (int run = 0; run < jobs.size(); run++) {
            waiting.add(run);
        }
        while (!waiting.isEmpty() && preemption.reason() == null) {
            BackendStack opened = waiting.size() == 1 ? null : open(jobs.get(waiting.peek()), waiting.size());
            if (opened == null || opened.size() == 1) {
                if (opened != null) {
                    opened.close();
                }
                oneByOne(waiting, jobs, directories, listener);
                return;
            }
            try (BackendStack stack = opened) {
                together(stack, waiting, jobs, directories, listener);
            }
        }
        waiting.forEach(listener::left);
    }

    /** Null if the runs are better done one by one, be it to learn from each what is wrong with it. */
    private BackendStack open(RunJob job, int runs) {
        try {
            ModelPlan plan = ModelPlan.of(job.spec(), datasets.open(job.spec().data()).shape());
            return stacks.open(job.spec().runtime(), runs, backend -> {
                try (RunSession session = new RunSession(plan, datasets.open(job.spec().data()), backend)) {
                    session.rehearse();
                }
            });
        } catch (RuntimeException | LinkageError e) {
            boolean expected = e instanceof ConfigException || e instanceof OutOfMemory;
            LOG.warn("{} runs cannot be stacked and are done one by one: {}", runs, e.getMessage(),
                    expected ? null : e);
            return null;
        }
    }

    private void together(
            BackendStack stack, Deque<Integer> waiting, List<RunJob> jobs, List<Path> directories, Listener listener) {
        List<Thread> threads = new ArrayList<>();
        for (int member = 0; member < stack.size(); member++) {
            int place = member;
            if (waiting.isEmpty()) {
                stack.leave(place);
                continue;
            }
            int run = waiting.remove();
            Thread thread = new Thread(() -> {
                try (RunExecutor executor =
                        new RunExecutor(baseDir, datasets, preemption, spec -> stack.open(place))) {
                    execute(executor, run, jobs.get(run), directories.get(run), listener);
                } finally {
                    stack.leave(place);
                }
            }, jobs.get(run).slug());
            thread.start();
            threads.add(thread);
        }
        threads.forEach(PackExecutor::join);
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while runs were under way", e);
        }
    }

    private void oneByOne(Deque<Integer> waiting, List<RunJob> jobs, List<Path> directories, Listener listener) {
        try (RunExecutor executor = new RunExecutor(baseDir, datasets, preemption, backends)) {
            while (!waiting.isEmpty() && preemption.reason() == null) {
                int run = waiting.remove();
                execute(executor, run, jobs.get(run), directories.get(run), listener);
            }
        }
        waiting.forEach(listener::left);
    }

    private static void execute(RunExecutor executor, int run, RunJob job, Path directory, Listener listener) {
        RunOutcome outcome;
        try {
            outcome = executor.execute(job, directory,
                    (step, steps, loss, speed) -> listener.progress(run, step, steps, loss, speed));
        } catch (Throwable e) {
            // Whatever it is: the other runs go on, and somebody waits to hear of this one.
            listener.failed(run, e);
            return;
        }
        listener.ended(run, outcome);
    }
}
