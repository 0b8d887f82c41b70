package org.windtunnel.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;

class MarkovCorpusTest {
    private static DataSpec.Markov spec(int vocab, int order, double zipf, double weight) {
        return new DataSpec.Markov(vocab, order, zipf, weight, 1.0, null, 1 << 20, 5);
    }

    private static int[] read(TokenCorpus corpus, Split split, long offset, int count) {
        int[] tokens = new int[count];
        corpus.read(split, offset, count, tokens, 0);
        return tokens;
    }

    /** Two tokens, s = 1: p = (2/3, 1/3), so H = ln 3 − (2/3) ln 2. */
    @Test
    void entropyRateIsThatOfTheLaw() {
        assertThat(MarkovCorpus.open(spec(2, 1, 1, 1)).entropyRate())
                .isCloseTo(Math.log(3) - 2.0 / 3 * Math.log(2), within(1e-14));
        assertThat(MarkovCorpus.open(spec(64, 1, 0, 1)).entropyRate()).isCloseTo(Math.log(64), within(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"64,1,1.0", "64,2,1.0", "32,3,0.8", "256,1,1.5"})
    void anyReadSeesTheSameStream(int vocab, int order, double zipf) {
        TokenCorpus corpus = MarkovCorpus.open(spec(vocab, order, zipf, 0.7));
        for (long start : new long[] {0, 12_345_678_901L}) {
            int[] whole = read(corpus, Split.TRAIN, start, 3000);
            for (int from : new int[] {0, 1, 7, 500, 1111, 2950}) {
                assertThat(read(corpus, Split.TRAIN, start + from, 50))
                        .isEqualTo(Arrays.copyOfRange(whole, from, from + 50));
            }
        }
    }

    @Test
    void splitsDifferAndSeedsDiffer() {
        DataSpec.Markov other = new DataSpec.Markov(64, 1, 1, 0.7, 1, null, 1 << 20, 6);
        TokenCorpus corpus = MarkovCorpus.open(spec(64, 1, 1, 0.7));
        int[] train = read(corpus, Split.TRAIN, 0, 200);
        assertThat(read(corpus, Split.VALIDATION, 0, 200)).isNotEqualTo(train);
        assertThat(read(MarkovCorpus.open(other), Split.TRAIN, 0, 200)).isNotEqualTo(train);
        assertThat(read(MarkovCorpus.open(spec(64, 1, 1, 0.7)), Split.TRAIN, 0, 200)).isEqualTo(train);
    }

    /**
     * A bigram model by maximum likelihood on n tokens loses about V(V−1)/2n nats to estimation on fresh tokens
     * (Wilks) and stays within noise of the rate once that is taken off.
     */
    @Test
    void bigramModelReachesTheRate() {
        int vocab = 32;
        int n = 1_000_000;
        TokenCorpus corpus = MarkovCorpus.open(spec(vocab, 1, 1.2, 0.7));
        double[][] counts = new double[vocab][vocab];
        int[] train = read(corpus, Split.TRAIN, 77, n);
        for (int i = 1; i < n; i++) {
            counts[train[i - 1]][train[i]]++;
        }
        int[] fresh = read(corpus, Split.VALIDATION, 0, 1_000_000);
        double loss = 0;
        for (int i = 1; i < fresh.length; i++) {
            double[] row = counts[fresh[i - 1]];
            loss -= Math.log(row[fresh[i]] / Arrays.stream(row).sum());
        }
        double estimation = vocab * (vocab - 1.0) / (2.0 * n);
        assertThat(loss / (fresh.length - 1) - estimation).isCloseTo(corpus.entropyRate(), within(3e-3));
    }

    @Test
    void countsMatchTransitionsAndStationaryDistribution() {
        int vocab = 16;
        int n = 2_000_000;
        MarkovChain chain = new MarkovChain(vocab, 1, 1.0, 0.8, 1.0, 5);
        TokenCorpus corpus = MarkovCorpus.open(new DataSpec.Markov(vocab, 1, 1.0, 0.8, 1.0, null, 100, 5));
        int[] tokens = read(corpus, Split.TRAIN, 0, n);
        double[] single = new double[vocab];
        double[][] pairs = new double[vocab][vocab];
        for (int i = 1; i < n; i++) {
            single[tokens[i - 1]]++;
            pairs[tokens[i - 1]][tokens[i]]++;
        }
        double[] stationary = stationary(chain, 16);
        for (int i = 0; i < vocab; i++) {
            assertThat(single[i] / n).isCloseTo(stationary[i], within(2e-3));
            double[] p = chain.transitions(i);
            assertThat(Arrays.stream(p).sum()).isCloseTo(1, within(1e-12));
            for (int j = 0; j < vocab; j++) {
                double sigma = Math.sqrt(p[j] * (1 - p[j]) / single[i]);
                assertThat(pairs[i][j] / single[i]).isCloseTo(p[j], within(5.5 * sigma));
            }
        }
    }

    /** By power iteration to 1e-13 in total variation. */
    private static double[] stationary(MarkovChain chain, int vocab) {
        double[] p = new double[vocab];
        Arrays.fill(p, 1.0 / vocab);
        double change = 1;
        while (change > 1e-13) {
            double[] next = new double[vocab];
            for (int i = 0; i < vocab; i++) {
                double[] row = chain.transitions(i);
                for (int j = 0; j < vocab; j++) {
                    next[j] += p[i] * row[j];
                }
            }
            change = 0;
            for (int j = 0; j < vocab; j++) {
                change += Math.abs(next[j] - p[j]) / 2;
            }
            p = next;
        }
        return p;
    }

    /** Whether order 2 carries its information in two tokens: pairs predict better than the last token alone. */
    @Test
    void orderTwoNeedsBothTokens() {
        int vocab = 8;
        int n = 1_000_000;
        TokenCorpus corpus = MarkovCorpus.open(spec(vocab, 2, 1.2, 1.0));
        int[] t = read(corpus, Split.TRAIN, 0, n);
        double[][] one = new double[vocab][vocab];
        double[][] two = new double[vocab * vocab][vocab];
        for (int i = 2; i < n; i++) {
            one[t[i - 1]][t[i]]++;
            two[t[i - 2] * vocab + t[i - 1]][t[i]]++;
        }
        MarkovChain chain = new MarkovChain(vocab, 2, 1.2, 1.0, 1.0, 5);
        for (int state = 0; state < vocab * vocab; state++) {
            double visits = Arrays.stream(two[state]).sum();
            double[] p = chain.transitions(state);
            for (int j = 0; j < vocab; j++) {
                double sigma = Math.sqrt(p[j] * (1 - p[j]) / visits);
                assertThat(two[state][j] / visits).isCloseTo(p[j], within(5.5 * sigma));
            }
        }
        assertThat(conditionalEntropy(two)).isCloseTo(corpus.entropyRate(), within(3e-3));
        assertThat(conditionalEntropy(one)).isGreaterThan(corpus.entropyRate() + 0.05);
    }

    private static double conditionalEntropy(double[][] counts) {
        double sum = 0;
        double total = 0;
        for (double[] row : counts) {
            double n = Arrays.stream(row).sum();
            total += n;
            sum += n * MarkovChain.entropy(Arrays.stream(row).map(c -> c / Math.max(1, n)).toArray());
        }
        return sum / total;
    }

    /** Against the transition table, then against the rate: the varentropy of this law is below 2.5 nats². */
    @ParameterizedTest
    @CsvSource({"1", "2"})
    void entropyOfWindowsIsThatOfAPerfectModel(int order) {
        int vocab = 16;
        int context = 20;
        MarkovChain chain = new MarkovChain(vocab, order, 1.2, 0.7, 1.0, 5);
        TokenCorpus corpus = MarkovCorpus.open(spec(vocab, order, 1.2, 0.7));
        long[] few = {5, 1000, 40};
        double nats = 0;
        for (long offset : few) {
            int[] t = read(corpus, Split.VALIDATION, offset - 1, context + 2);
            for (int i = 2; i < t.length; i++) {
                int state = order == 1 ? t[i - 1] : t[i - 2] * vocab + t[i - 1];
                nats -= Math.log(chain.transitions(state)[t[i]]);
            }
        }
        assertThat(corpus.entropyOf(Split.VALIDATION, few, context)).isCloseTo(nats / 60, within(1e-12));
        long[] many = BatchPlan.evaluation(corpus, context, 20_000);
        assertThat(corpus.entropyOf(Split.VALIDATION, many, context))
                .isCloseTo(corpus.entropyRate(), within(4 * Math.sqrt(2.5 / 400_000)));
    }

    @Test
    void withoutStateWeightTheLastTokenTellsNothing() {
        MarkovChain chain = new MarkovChain(16, 1, 1.0, 0, 1.0, 5);
        assertThat(MarkovChain.entropy(stationary(chain, 16))).isCloseTo(chain.entropyRate(), within(1e-12));
        MarkovChain strong = new MarkovChain(16, 1, 1.0, 1, 1.0, 5);
        assertThat(MarkovChain.entropy(stationary(strong, 16))).isGreaterThan(strong.entropyRate() + 0.1);
    }

    @Test
    void limitedTrainingDataEnds() {
        TokenCorpus corpus = MarkovCorpus.open(new DataSpec.Markov(64, 1, 1, 0.7, 1, 1000L, 50, 5));
        assertThat(corpus.length(Split.TRAIN)).isEqualTo(1000);
        assertThat(corpus.length(Split.VALIDATION)).isEqualTo(50);
        assertThatThrownBy(() -> read(corpus, Split.TRAIN, 990, 11)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void impossibleChainsAreRefused() {
        assertThatThrownBy(() -> MarkovCorpus.open(spec(1, 1, 1, 0.7)))
                .isInstanceOf(ConfigException.class)
                .hasMessage("data.vocab: expected 2 to 1024, found 1");
        assertThatThrownBy(() -> MarkovCorpus.open(spec(64, 4, 1, 0.7))).hasMessageContaining("data.order");
        assertThatThrownBy(() -> MarkovCorpus.open(spec(64, 1, 1, 1.5))).hasMessageContaining("data.state_weight");
        assertThatThrownBy(() -> MarkovCorpus.open(spec(256, 2, 2, 0.7)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("too predictable");
        assertThatThrownBy(() -> MarkovCorpus.open(spec(512, 2, 1, 0.7)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("vocab may be 322 with order 2 and 76 with order 3");
    }
}
