package org.windtunnel.data;

import java.util.Arrays;
import java.util.Comparator;
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
    private static final int MAX_DIRECTIONS = 256;

    private final int vocab;
    private final int order;
    private final double[] law;
    private final double common;
    /** Distribution function of the rank given that the draw is not the common uniform one. */
    private final double[] distribution;

    /** Order 1: token of rank r in state i at [i · V + r]. */
    private final char[] ranked;

    private final double[] base;
    /** Order 2 and 3: lagged[l][x · V + j], weights included. */
    private final double[][] lagged;

    private final ThreadLocal<Scratch> scratch;

    MarkovChain(int vocab, int order, double zipf, double stateWeight, double spectrum, long seed) {
        this.vocab = vocab;
        this.order = order;
        this.law = law(vocab, zipf);
        this.common = vocab * law[vocab - 1];
        this.distribution = distribution(law);
        this.base = new double[vocab];
        Rng rng = new Rng(seed, Rng.stream("markov base"));
        for (int j = 0; j < vocab; j++) {
            base[j] = Math.sqrt(1 - stateWeight * stateWeight) * rng.gaussian(j);
        }
        this.lagged = new double[order][];
        double norm = Math.sqrt(IntStream.range(0, order).mapToDouble(l -> StrictMath.pow(4, -l)).sum());
        for (int l = 0; l < order; l++) {
            lagged[l] = dependence(l, stateWeight * StrictMath.pow(2, -l) / norm, spectrum, seed);
        }
        this.ranked = order == 1 ? rankAll() : null;
        this.scratch = ThreadLocal.withInitial(() -> new Scratch(new double[vocab], new int[vocab], new int[order]));
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

    private char[] rankAll() {
        char[] tokens = new char[vocab * vocab];
        Integer[] order = new Integer[vocab];
        double[] scores = new double[vocab];
        for (int state = 0; state < vocab; state++) {
            for (int j = 0; j < vocab; j++) {
                scores[j] = base[j] + lagged[0][state * vocab + j];
                order[j] = j;
            }
            Arrays.sort(order, Comparator.<Integer>comparingDouble(j -> -scores[j]).thenComparing(j -> j));
            for (int r = 0; r < vocab; r++) {
                tokens[state * vocab + r] = (char) (int) order[r];
            }
        }
        return tokens;
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

    /** Transition probability of an order-1 chain. */
    double[] transitions(int state) {
        double[] p = new double[vocab];
        for (int r = 0; r < vocab; r++) {
            p[ranked[state * vocab + r]] = law[r];
        }
        return p;
    }

    /** Stationary distribution of an order-1 chain by power iteration, to 1e-13 in total variation. */
    double[] stationary() {
        double[] p = new double[vocab];
        Arrays.fill(p, 1.0 / vocab);
        double change;
        do {
            double[] next = new double[vocab];
            for (int state = 0; state < vocab; state++) {
                for (int r = 0; r < vocab; r++) {
                    next[ranked[state * vocab + r]] += p[state] * law[r];
                }
            }
            change = 0;
            for (int j = 0; j < vocab; j++) {
                change += Math.abs(next[j] - p[j]) / 2;
            }
            p = next;
        } while (change > 1e-13);
        return p;
    }

    /** −Σ p ln p. */
    static double entropy(double[] p) {
        return -Arrays.stream(p).filter(x -> x > 0).map(x -> x * StrictMath.log(x)).sum();
    }

    /** Tokens [offset, offset + count) of the stream that {@code draws} drives. */
    void read(Rng draws, long offset, int count, int[] dst, int at) {
        Scratch s = scratch.get();
        long position = lastForgotten(draws, offset);
        for (int l = 0; l < order; l++) {
            s.past[l] = commonToken(draws.uniform(position - l));
        }
        for (position++; position < offset; position++) {
            push(s.past, next(s, draws.uniform(position)));
        }
        for (int i = 0; i < count; i++) {
            int token = next(s, draws.uniform(offset + i));
            dst[at + i] = token;
            push(s.past, token);
        }
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

    private int commonToken(double u) {
        return Math.min(vocab - 1, (int) (u / common * vocab));
    }

    private static void push(int[] past, int token) {
        for (int l = past.length - 1; l > 0; l--) {
            past[l] = past[l - 1];
        }
        past[0] = token;
    }

    private int next(Scratch s, double u) {
        if (u < common) {
            return commonToken(u);
        }
        int rank = rank((u - common) / (1 - common));
        if (order == 1) {
            return ranked[s.past[0] * vocab + rank];
        }
        for (int j = 0; j < vocab; j++) {
            double score = base[j];
            for (int l = 0; l < order; l++) {
                score += lagged[l][s.past[l] * vocab + j];
            }
            s.scores[j] = score;
            s.tokens[j] = j;
        }
        return select(s, rank);
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

    /** The token with the (rank + 1)-th largest score, by Hoare's selection; ties go to the smaller token. */
    private static int select(Scratch s, int rank) {
        int low = 0;
        int high = s.tokens.length - 1;
        while (low < high) {
            int pivot = s.tokens[(low + high) >>> 1];
            int i = low;
            int j = high;
            while (i <= j) {
                while (s.before(s.tokens[i], pivot)) {
                    i++;
                }
                while (s.before(pivot, s.tokens[j])) {
                    j--;
                }
                if (i <= j) {
                    int swap = s.tokens[i];
                    s.tokens[i++] = s.tokens[j];
                    s.tokens[j--] = swap;
                }
            }
            if (rank <= j) {
                high = j;
            } else if (rank >= i) {
                low = i;
            } else {
                break;
            }
        }
        return s.tokens[rank];
    }

    /** Working memory of one thread. @param past most recent token first */
    private record Scratch(double[] scores, int[] tokens, int[] past) {
        boolean before(int a, int b) {
            return scores[a] > scores[b] || scores[a] == scores[b] && a < b;
        }
    }
}
