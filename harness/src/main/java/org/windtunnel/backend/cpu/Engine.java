package org.windtunnel.backend.cpu;

/** What every kernel of one backend shares: threads, arithmetic, and scratch memory by thread. */
record Engine(Pool pool, Lanes lanes, Scratch[] scratch) implements AutoCloseable {

    static Engine of(int threads, Lanes lanes) {
        Scratch[] scratch = new Scratch[threads];
        for (int i = 0; i < threads; i++) {
            scratch[i] = new Scratch();
        }
        return new Engine(new Pool(threads), lanes, scratch);
    }

    @Override
    public void close() {
        pool.close();
        for (Scratch s : scratch) {
            s.close();
        }
    }
}
