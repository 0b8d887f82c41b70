package org.windtunnel.backend.cpu;

import java.util.Arrays;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Token and position embeddings. */
final class EmbeddingKernels {
    private final Forward forward;
    private final TokenGradient tokenGradient;
    private final PositionGradient positionGradient;

    EmbeddingKernels(Engine engine) {
        forward = new Forward(engine);
        tokenGradient = new TokenGradient(engine);
        positionGradient = new PositionGradient(engine);
    }

    void forward(Tensor ids, int t, Tensor tokens, Tensor positions, double mult, Tensor out) {
        forward.run(ids, t, tokens, positions, mult, out);
    }

    /** Adds token rows into dTokens, which the caller has cleared if it does not accumulate, and position rows. */
    void backward(
            Tensor ids,
            int t,
            Tensor dOut,
            double mult,
            Tensor dTokens,
            Tensor dPositions,
            boolean accumulatePositions) {
        tokenGradient.run(ids, dOut, mult, dTokens);
        if (dPositions != null) {
            positionGradient.run(ids.intSize(), t, dOut, mult, dPositions, accumulatePositions);
        }
    }

    private static int[] stageIds(Tensor ids, int from, int count, Scratch s) {
        int[] v = s.ints(count);
        ((CpuStorage) ids.storage()).ints().get(Kernel.at(ids) + from, v, 0, count);
        return v;
    }

    private static int checked(int id, int vocabulary) {
        if (id < 0 || id >= vocabulary) {
            throw new IllegalArgumentException("token id " + id + " is outside the vocabulary of " + vocabulary);
        }
        return id;
    }

    private static final class Forward extends Kernel {
        private Tensor ids;
        private Tensor tokens;
        private Tensor positions;
        private Tensor out;
        private int t;
        private int width;
        private float mult;

        Forward(Engine engine) {
            super(engine);
        }

        void run(Tensor idTensor, int time, Tensor table, Tensor positionTable, double factor, Tensor result) {
            ids = idTensor;
            t = time;
            tokens = table;
            positions = positionTable;
            mult = (float) factor;
            out = result;
            width = Shapes.columns(table);
            Shapes.atLeast(result, ids.size() * width);
            if (positionTable != null) {
                Shapes.atLeast(positionTable, Math.min((long) time, ids.size()) * width);
            }
            launch(ids.intSize(), width);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int[] id = stageIds(ids, from, to - from, s);
            int vocabulary = Shapes.rows(tokens);
            float[] row = s.floats(0, width);
            float[] position = s.floats(1, width);
            for (int n = from; n < to; n++) {
                buffer(tokens).get(at(tokens) + checked(id[n - from], vocabulary) * width, row, 0, width);
                if (positions != null) {
                    buffer(positions).get(at(positions) + n % t * width, position, 0, width);
                    lanes.axpy(1f, position, 0, row, 0, width);
                }
                if (mult != 1f) {
                    lanes.scale(mult, row, 0, width);
                }
                buffer(out).put(at(out) + n * width, row, 0, width);
            }
        }
    }

    /** Item v owns the ids congruent to v, so that rows of one token are added by one chunk in the order of n. */
    private static final class TokenGradient extends Kernel {
        private static final int OWNERS = 16;
        private Tensor ids;
        private Tensor dOut;
        private Tensor table;
        private int width;
        private float mult;

        TokenGradient(Engine engine) {
            super(engine);
        }

        void run(Tensor idTensor, Tensor d, double factor, Tensor dTable) {
            ids = idTensor;
            dOut = d;
            mult = (float) factor;
            table = dTable;
            width = Shapes.columns(dTable);
            Shapes.atLeast(d, ids.size() * width);
            launchChunks(OWNERS, OWNERS);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int count = ids.intSize();
            int[] id = stageIds(ids, 0, count, s);
            int vocabulary = Shapes.rows(table);
            float[] d = s.floats(0, width);
            float[] sum = s.floats(1, width);
            for (int n = 0; n < count; n++) {
                int token = checked(id[n], vocabulary);
                int owner = token % OWNERS;
                if (owner >= from && owner < to) {
                    int at = at(table) + token * width;
                    buffer(dOut).get(at(dOut) + n * width, d, 0, width);
                    buffer(table).get(at, sum, 0, width);
                    lanes.axpy(mult, d, 0, sum, 0, width);
                    buffer(table).put(at, sum, 0, width);
                }
            }
        }
    }

    /** Item p is a position: the rows of all sequences at p are added in order. */
    private static final class PositionGradient extends Kernel {
        private Tensor dOut;
        private Tensor table;
        private int rows;
        private int t;
        private int width;
        private float mult;
        private boolean accumulate;

        PositionGradient(Engine engine) {
            super(engine);
        }

        void run(int count, int time, Tensor d, double factor, Tensor dTable, boolean add) {
            rows = count;
            t = time;
            dOut = d;
            mult = (float) factor;
            table = dTable;
            accumulate = add;
            width = Shapes.columns(dTable);
            int tableRows = Shapes.rows(dTable);
            if (tableRows < Math.min(t, rows)) {
                throw new IllegalArgumentException("expected a position table of " + t + " rows, found " + dTable);
            }
            launch(tableRows, (long) (rows / Math.max(1, t) + 1) * width);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            float[] d = s.floats(0, width);
            float[] sum = s.floats(1, width);
            for (int p = from; p < to; p++) {
                if (accumulate) {
                    buffer(table).get(at(table) + p * width, sum, 0, width);
                } else {
                    Arrays.fill(sum, 0, width, 0f);
                }
                for (int n = p; p < t && n < rows; n += t) {
                    buffer(dOut).get(at(dOut) + n * width, d, 0, width);
                    lanes.axpy(mult, d, 0, sum, 0, width);
                }
                buffer(table).put(at(table) + p * width, sum, 0, width);
            }
        }
    }
}
