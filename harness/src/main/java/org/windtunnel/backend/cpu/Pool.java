package org.windtunnel.backend.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Fork and join over numbered chunks, without allocation and without locks.
 *
 * <p>Each thread starts with a contiguous share of the chunks, so that successive kernels find the same rows in the
 * same core's cache, and takes chunks from the others' shares when its own is done. Which thread runs a chunk is not
 * determined; what the chunk computes must not depend on it. The caller's thread takes part as thread 0.
 *
 * <p>A share is one long: epoch, end and next chunk. Taking a chunk is a compare-and-set on it, which fails for a
 * thread that is still in an earlier epoch; so nobody has to wait for threads that have not woken up yet.
 */
final class Pool implements AutoCloseable {
    /** Work that can be cut into chunks. */
    interface Task {
        /** Computes one chunk; {@code thread} in [0, threads) identifies scratch memory. */
        void run(int chunk, int thread);
    }

    /** Most chunks one run can have. */
    static final int MAX_CHUNKS = (1 << 20) - 1;

    private static final VarHandle SHARE = MethodHandles.arrayElementVarHandle(long[].class);
    /** Longs between two shares, so that they lie on different cache lines. */
    private static final int STRIDE = 16;
    private static final int EPOCH_MASK = (1 << 24) - 1;
    /** About 0.1 ms of waiting: longer than the gap between two kernels of a step, shorter than a page of logging. */
    private static final int SPINS = 4000;

    private final int threads;
    private final long[] shares;
    private final AtomicInteger pending = new AtomicInteger();
    private final Thread[] workers;
    private final boolean[] parked;
    private volatile int epoch;
    private volatile boolean closed;
    private volatile Throwable failure;
    private Task task;

    private static final VarHandle PARKED = MethodHandles.arrayElementVarHandle(boolean[].class);

    Pool(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, found " + threads);
        }
        this.threads = threads;
        this.shares = new long[(threads + 1) * STRIDE];
        this.workers = new Thread[threads - 1];
        this.parked = new boolean[threads];
        for (int i = 1; i < threads; i++) {
            int id = i;
            Thread worker = new Thread(() -> work(id), "windtunnel-cpu-" + id);
            worker.setDaemon(true);
            workers[i - 1] = worker;
            worker.start();
        }
    }

    int threads() {
        return threads;
    }

    /** Runs all chunks and returns when they are done; an exception of a chunk is rethrown here. */
    void run(Task work, int chunks) {
        if (threads == 1 || chunks == 1) {
            for (int i = 0; i < chunks; i++) {
                work.run(i, 0);
            }
            return;
        }
        if (chunks > MAX_CHUNKS) {
            throw new IllegalArgumentException("at most " + MAX_CHUNKS + " chunks, found " + chunks);
        }
        task = work;
        failure = null;
        pending.set(chunks);
        int e = (epoch + 1) & EPOCH_MASK;
        for (int t = 0; t < threads; t++) {
            long from = (long) chunks * t / threads;
            long to = (long) chunks * (t + 1) / threads;
            SHARE.setVolatile(shares, t * STRIDE, (long) e << 40 | to << 20 | from);
        }
        epoch = e;
        for (int t = 1; t < threads; t++) {
            if ((boolean) PARKED.getVolatile(parked, t)) {
                LockSupport.unpark(workers[t - 1]);
            }
        }
        takeAll(e, 0);
        for (int spin = 0; pending.get() > 0; spin++) {
            if (spin < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
        task = null;
        rethrow();
    }

    private void rethrow() {
        Throwable t = failure;
        if (t instanceof RuntimeException r) {
            throw r;
        }
        if (t instanceof Error error) {
            throw error;
        }
    }

    private void work(int id) {
        int seen = 0;
        while (true) {
            int e = await(seen, id);
            if (closed) {
                return;
            }
            seen = e;
            takeAll(e, id);
        }
    }

    private int await(int seen, int id) {
        for (int spin = 0; spin < SPINS; spin++) {
            int e = epoch;
            if (e != seen || closed) {
                return e;
            }
            Thread.onSpinWait();
        }
        PARKED.setVolatile(parked, id, true);
        while (epoch == seen && !closed) {
            LockSupport.park(this);
        }
        PARKED.setVolatile(parked, id, false);
        return epoch;
    }

    private void takeAll(int e, int id) {
        for (int i = 0; i < threads; i++) {
            int at = (id + i) % threads * STRIDE;
            long share = (long) SHARE.getVolatile(shares, at);
            while ((int) (share >>> 40) == e && (share & MAX_CHUNKS) < (share >>> 20 & MAX_CHUNKS)) {
                Task current = task;
                if (SHARE.compareAndSet(shares, at, share, share + 1)) {
                    runChunk(current, (int) (share & MAX_CHUNKS), id);
                }
                share = (long) SHARE.getVolatile(shares, at);
            }
        }
    }

    private void runChunk(Task current, int chunk, int id) {
        try {
            current.run(chunk, id);
        } catch (RuntimeException | Error t) {
            failure = t;
        } finally {
            pending.decrementAndGet();
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread w : workers) {
            LockSupport.unpark(w);
        }
        for (Thread w : workers) {
            boolean interrupted = false;
            while (w.isAlive()) {
                try {
                    w.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
