package org.windtunnel.schedule;

import org.windtunnel.config.ScheduleSpec.DecayShape;

/**
 * A decay from 1 to the floor over {@code length} counts that start at {@code start}; constant before and after.
 *
 * <p>{@link DecayShape#HALF_LIFE} has no end of its own: it goes on halving, but never below the floor.
 *
 * @param start count at which the factor is still 1
 * @param length counts until the floor
 * @param shape how it falls in between
 * @param floor the final factor
 * @param halfLife counts in which {@link DecayShape#HALF_LIFE} halves, unused by the other shapes
 */
record Decay(double start, double length, DecayShape shape, double floor, double halfLife) {

    /** Factor at a count. */
    double at(long count) {
        double done = count - start;
        if (done <= 0) {
            return 1;
        }
        if (shape == DecayShape.HALF_LIFE) {
            return Math.max(floor, Math.pow(0.5, done / halfLife));
        }
        return done >= length ? floor : between(done / length);
    }

    private double between(double x) {
        if (shape == DecayShape.EXPONENTIAL) {
            return Math.pow(floor, x);
        }
        double cosine = 0.5 * (1 + Math.cos(Math.PI * x));
        double unit =
                switch (shape) {
                    case LINEAR -> 1 - x;
                    case COSINE -> cosine;
                    case ONE_MINUS_SQRT -> 1 - Math.sqrt(x);
                    case SQUARE -> 1 - x * x;
                    case MIRROR_COSINE -> 2 * (1 - x) - cosine;
                    case EXPONENTIAL, HALF_LIFE -> throw new AssertionError(shape);
                };
        return floor + (1 - floor) * unit;
    }
}
