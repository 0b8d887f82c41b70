package org.windtunnel.backend;

/** Work that is done again and again with the same calls of the backend; one that queues its work may replay it. */
@FunctionalInterface
public interface RepeatedWork extends AutoCloseable {

    void run();

    /** Gives back what replaying holds. */
    @Override
    default void close() {}
}
