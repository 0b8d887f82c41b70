package org.windtunnel.peer;

/** One engine with the model and the optimizer state on it. */
interface Contestant extends AutoCloseable {

    /** Engine, version and setting, on one line. */
    String describe();

    /** One optimizer step; returns the mean loss before the update, nats per row. */
    double step(Batch batch);

    @Override
    void close();
}
