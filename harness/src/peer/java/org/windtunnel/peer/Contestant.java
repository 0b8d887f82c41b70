package org.windtunnel.peer;

/** One engine with the model and the optimizer state on it. */
interface Contestant extends AutoCloseable {

    /** Engine, version and setting, on one line. */
    String describe();

    /**
     * One optimizer step.
     *
     * @param inputs token ids [B·T]
     * @param targets token ids [B·T]
     * @return mean loss before the update, nats per token
     */
    double step(int[] inputs, int[] targets);

    @Override
    void close();
}
