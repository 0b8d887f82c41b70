package org.windtunnel.data;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.windtunnel.tensor.Rng;

/**
 * A stationary Markov chain over V tokens whose entropy rate is known in closed form.
 *
 * <p>In every state the next token follows the same Zipf law p(r) ∝ r^−s over ranks r = 1..V; the state decides only
 * which token has which rank. Each state's distribution is a permutation of one law, so the entropy rate is exactly
 * that law's entropy −Σ p(r) ln p(r), whatever the stationary distribution.
 *
 * <p>Tokens are ranked by the score √(1−w²) · b[j] + w · Σ_l c_l A_l[x_{t−l}, j] with standard normal entries b,
 * lag weights c_l ∝ 2^−l of unit norm, and A_l = Σ_r r^−a u_r v_rᵀ, scaled to unit variance. The power law of
 * the singular values makes the dependence on the past learnable bit by bit: a model of width d can hold about d of
 * its directions.
 *
 * <p>Random access without block borders: with probability ε = V · p(V) a draw is uniform over all tokens whatever
 * the state (the part that every state's law has in common), so after {@code order} such draws in a row the past is
 * forgotten. A read goes back to the last such place and runs forward; since that place depends on the counter-based
 * draws alone, every read sees the same endless stationary stream.
 */
final class MarkovChain {
    /** Largest vocab^(order + 1), the size of the table of rankings (2 bytes each). */
    static final int MAX_TABLE = 1 << 25;

    private static final int MAX_DIRECTIONS = 256;

    private final int vocab;
    private final int order;
    /** vocab^order; a state is the past as digits in base vocab, the most recent token lowest. */
    private final int states;

    private final double[] law;
    private final double common;
    /** Distribution function of the rank given that the draw is not the common uniform one. */
    private final double[] distribution;

    /** Token of rank r in a state at [state · V + r]. */
    private final char[] ranked;

    /** @param vocab such that vocab^(order + 1) is at most {@link #MAX_TABLE} */
    MarkovChain(int vocab, int order, double zipf, double stateWeight, double spectrum, long seed) {
        this.vocab = vocab;
        this.order = order;
        this.states = (int) Math.round(StrictMath.pow(vocab, order));
        this.law = law(vocab, zipf);
        this.common = vocab * law[vocab - 1];
        this.distribution = distribution(law);
        Rng rng = new Rng(seed, Rng.stream("markov base"));
        double[] base = new double[vocab];
        for (int j = 0; j < vocab; j++) {
            base[j] = Math.sqrt(1 - stateWeight * stateWeight) * rng.gaussian(j);
        }
        double[][] lagged = new double[order][];
        double norm = Math.sqrt(
                IntStream.range(0, order).mapToDouble(l -> StrictMath.pow(4, -l)).sum());
        for (int l = 0; l < order; l++) {
            lagged[l] = dependence(l, stateWeight * StrictMath.pow(2, -l) / norm, spectrum, seed);
        }
        this.ranked = new char[states * vocab];
        IntStream.range(0, states).parallel().forEach(state -> rank(state, base, lagged));
    }

    private static double[] law(int vocab, double zipf) {
        double[] p = new double[vocab];
        for (int r = 0; r < vocab; r++) {
            p[r] = StrictMath.pow(r + 1.0, -zipf);
        }
        double sum = Arrays.stream(p).sum();
        return Arrays.stream(p).map(x -> x / sum).toArray();
    }

    private static double[] distribution(double[] law) {
        double[] cumulative = new double[law.length];
        double least = law[law.length - 1];
        double sum = 0;
        for (int r = 0; r < law.length; r++) {
            sum += law[r] - least;
            cumulative[r] = sum;
        }
        for (int r = 0; r < law.length && sum > 0; r++) {
            cumulative[r] /= sum;
        }
        return cumulative;
    }

    private double[] dependence(int lag, double weight, double spectrum, long seed) {
        int directions = Math.min(vocab, MAX_DIRECTIONS);
        Rng left = new Rng(seed, Rng.stream("markov left " + lag));
        Rng right = new Rng(seed, Rng.stream("markov right " + lag));
        double[] u = new double[vocab * directions];
        double[] v = new double[vocab * directions];
        double norm = 0;
        for (int r = 0; r < directions; r++) {
            double strength = StrictMath.pow(r + 1.0, -spectrum);
            norm += strength * strength;
            for (int i = 0; i < vocab; i++) {
                u[i * directions + r] = strength * left.gaussian((long) i * directions + r);
                v[i * directions + r] = right.gaussian((long) i * directions + r);
            }
        }
        double scale = weight / Math.sqrt(norm);
        double[] a = new double[vocab * vocab];
        for (int i = 0; i < vocab; i++) {
            for (int j = 0; j < vocab; j++) {
                double sum = 0;
                for (int r = 0; r < directions; r++) {
                    sum += u[i * directions + r] * v[j * directions + r];
                }
                a[i * vocab + j] = scale * sum;
            }
        }
        return a;
    }

    /** Sorts the tokens of one state by falling score (rounded to float, so that it sorts as an int); ties by token. */
    private void rank(int state, double[] base, double[][] lagged) {
        long[] keys = new long[vocab];
        for (int j = 0; j < vocab; j++) {
            double score = base[j];
            for (int l = 0, past = state; l < order; l++, past /= vocab) {
                score += lagged[l][past % vocab * vocab + j];
            }
            int bits = Float.floatToIntBits((float) score);
            int rising = bits ^ (bits >> 31 & Integer.MAX_VALUE);
            keys[j] = (long) ~rising << 32 | j;
        }
        Arrays.sort(keys);
        for (int r = 0; r < vocab; r++) {
            ranked[state * vocab + r] = (char) keys[r];
        }
    }

    /** Nats per token: the entropy of the Zipf law. */
    double entropyRate() {
        return entropy(law);
    }

    /** Expected number of tokens a read goes back: the waiting time for {@code order} common draws in a row. */
    double expectedLookBack() {
        double wait = 0;
        for (int l = 1; l <= order; l++) {
            wait += StrictMath.pow(common, -l);
        }
        return wait;
    }

    /** Distribution of the token that follows a state (the past as digits in base V, the most recent token lowest). */
    double[] transitions(int state) {
        double[] p = new double[vocab];
        for (int r = 0; r < vocab; r++) {
            p[ranked[state * vocab + r]] = law[r];
        }
        return p;
    }

    /** −Σ p ln p. */
    static double entropy(double[] p) {
        return -Arrays.stream(p).filter(x -> x > 0).map(x -> x * StrictMath.log(x)).sum();
    }

    /** Tokens [offset, offset + count) of the stream that {@code draws} drives. */
    void read(Rng draws, long offset, int count, int[] dst, int at) {
        long position = lastForgotten(draws, offset);
        int state = 0;
        for (int l = order - 1; l >= 0; l--) {
            state = push(state, next(state, draws.uniform(position - l)));
        }
        for (position++; position < offset; position++) {
            state = push(state, next(state, draws.uniform(position)));
        }
        for (int i = 0; i < count; i++) {
            int token = next(state, draws.uniform(offset + i));
            dst[at + i] = token;
            state = push(state, token);
        }
    }

    /** −Σ ln p(token | past) over tokens [offset, offset + count) of the stream, in nats. */
    double surprisal(Rng draws, long offset, int count) {
        int[] tokens = new int[order + count];
        read(draws, offset - order, tokens.length, tokens, 0);
        int state = 0;
        double nats = 0;
        for (int i = 0; i < tokens.length; i++) {
            if (i >= order) {
                int rank = 0;
                while (ranked[state * vocab + rank] != tokens[i]) {
                    rank++;
                }
                nats -= StrictMath.log(law[rank]);
            }
            state = push(state, tokens[i]);
        }
        return nats;
    }

    /** The last position before {@code offset} at which {@code order} common draws in a row end. */
    private long lastForgotten(Rng draws, long offset) {
        long position = offset - 1;
        int row = 0;
        for (long p = position; row < order; p--) {
            if (draws.uniform(p) < common) {
                row++;
            } else {
                row = 0;
                position = p - 1;
            }
        }
        return position;
    }

    private int push(int state, int token) {
        return (int) (((long) state * vocab + token) % states);
    }

    private int next(int state, double u) {
        if (u < common) {
            return Math.min(vocab - 1, (int) (u / common * vocab));
        }
        return ranked[state * vocab + rank((u - common) / (1 - common))];
    }

    /** Smallest rank whose distribution function exceeds u. */
    private int rank(double u) {
        int low = 0;
        int high = vocab - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (distribution[middle] > u) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
