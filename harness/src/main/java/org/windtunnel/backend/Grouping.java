package org.windtunnel.backend;

/**
 * How many elements of matrices a backend is best given at a time by updates that go through them in several passes, with
 * as much memory between the passes.
 *
 * @param neighbours of any shapes, through kernels
 * @param ofOneShape through batched products
 */
public record Grouping(int neighbours, int ofOneShape) {
    /** Neighbours with their directions stay in a core's cache; beyond a million elements a product fills the processor. */
    public static final Grouping PROCESSOR = new Grouping(1 << 16, 1 << 20);

    /** A launch costs the same however little it does, and only millions of elements fill a card. */
    public static final Grouping CARD = new Grouping(1 << 22, 1 << 23);
}
