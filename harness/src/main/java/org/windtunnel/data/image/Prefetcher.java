package org.windtunnel.data.image;

/**
 * Fills one micro-batch ahead on a thread of its own, while the step computes. What is in a batch depends on its number
 * only, so results do not depend on timing; without a request that matches, the batch is filled by whoever asks.
 */
final class Prefetcher implements AutoCloseable {
    private final Filler filler;
    private final MicroBatch batch;
    private final Thread thread;
    private long step;
    private int first;
    private State state = State.IDLE;
    private RuntimeException failure;

    /** Fills {@code into} with the micro-batch that starts with example {@code first} of a step. */
    @FunctionalInterface
    interface Filler {
        void fill(long step, int first, MicroBatch into);
    }

    private enum State {
        IDLE,
        REQUESTED,
        READY,
        CLOSED
    }

    /** @param batch belongs to this */
    Prefetcher(Filler filler, MicroBatch batch) {
        this.filler = filler;
        this.batch = batch;
        this.thread = new Thread(this::work, "images");
        thread.setDaemon(true);
        thread.start();
    }

    /** The micro-batch, which stays as it is until {@link #request}. */
    synchronized MicroBatch get(long wantedStep, int wantedFirst) {
        while (state == State.REQUESTED) {
            await();
        }
        if (failure != null) {
            throw failure;
        }
        if (state != State.READY || step != wantedStep || first != wantedFirst) {
            filler.fill(wantedStep, wantedFirst, batch);
        }
        state = State.IDLE;
        return batch;
    }

    /** Starts on the one that will be asked for next. */
    synchronized void request(long nextStep, int nextFirst) {
        step = nextStep;
        first = nextFirst;
        state = State.REQUESTED;
        notifyAll();
    }

    private void work() {
        while (awaitRequest()) {
            RuntimeException error = null;
            try {
                filler.fill(step, first, batch);
            } catch (RuntimeException e) {
                error = e;
            }
            done(error);
        }
    }

    private synchronized boolean awaitRequest() {
        while (state != State.REQUESTED && state != State.CLOSED) {
            await();
        }
        return state == State.REQUESTED;
    }

    private synchronized void done(RuntimeException error) {
        failure = error;
        if (state == State.REQUESTED) {
            state = State.READY;
        }
        notifyAll();
    }

    private void await() {
        try {
            wait();
        } catch (InterruptedException e) {
            // Nobody interrupts these threads to end them: runs end on a request that the trainer looks at.
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a batch", e);
        }
    }

    @Override
    public synchronized void close() {
        state = State.CLOSED;
        notifyAll();
    }
}
