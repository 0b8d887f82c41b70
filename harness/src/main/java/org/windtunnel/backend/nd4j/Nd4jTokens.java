package org.windtunnel.backend.nd4j;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.shape.OneHot;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.windtunnel.tensor.Tensor;

/** The two ends of a language model: embedding tables and cross entropy. */
final class Nd4jTokens {
    private Nd4jTokens() {}

    static void embeddingForward(Tensor ids, int t, Tensor tokenTable, Tensor positionTable, double mult, Tensor out) {
        long n = ids.size();
        long width = tokenTable.dim(1);
        checkIds(ids.toInts(), tokenTable.dim(0));
        INDArray rows = Ops.gather(Ops.view(tokenTable, tokenTable.dim(0), width), Ops.flat(ids));
        if (positionTable != null) {
            for (long at = 0; at < n; at += t) {
                long count = Math.min(t, n - at);
                window(rows, at, count).addi(Ops.matrix(positionTable, 0, count, width, width));
            }
        }
        Ops.view(out, n, width).assign(rows.muli(mult));
    }

    static void embeddingBackward(
            Tensor ids,
            int t,
            Tensor dOut,
            double mult,
            Tensor dTokenTable,
            boolean accumulateTokens,
            Tensor dPositionTable,
            boolean accumulatePositions) {
        int n = ids.intSize();
        int width = dTokenTable.dim(1);
        int[] tokens = ids.toInts();
        checkIds(tokens, dTokenTable.dim(0));
        INDArray gradient = Ops.view(dOut, n, width).mul(mult);
        if (!accumulateTokens) {
            Ops.flat(dTokenTable).assign(0);
        }
        for (int i = 0; i < n; i++) {
            Ops.matrix(dTokenTable, (long) tokens[i] * width, 1, width, width).addi(window(gradient, i, 1));
        }
        if (dPositionTable == null) {
            return;
        }
        if (!accumulatePositions) {
            Ops.flat(dPositionTable).assign(0);
        }
        for (int at = 0; at < n; at += t) {
            int count = Math.min(t, n - at);
            Ops.matrix(dPositionTable, 0, count, width, width).addi(window(gradient, at, count));
        }
    }

    /** Rows [at, at + count) of a matrix that is not itself a view. */
    private static INDArray window(INDArray matrix, long at, long count) {
        long width = matrix.size(1);
        return Nd4j.create(matrix.data(), new long[] {count, width}, new long[] {width, 1}, at * width, 'c');
    }

    private static void checkIds(int[] ids, int vocabulary) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= vocabulary) {
                throw new IllegalArgumentException(
                        "expected token ids in [0, " + vocabulary + "), found " + ids[i] + " at " + i);
            }
        }
    }

    static void crossEntropy(
            Tensor logits, Tensor targets, double zWeight, double gradScale, boolean writeGradient, double[] sums) {
        int n = targets.intSize();
        int vocabulary = Math.toIntExact(logits.size() / n);
        int[] target = targets.toInts();
        INDArray x = Ops.view(logits, n, vocabulary);
        INDArray max = x.max(true, 1);
        INDArray probabilities = Ops.exp(x.sub(max));
        INDArray total = probabilities.sum(true, 1);
        INDArray lse = Transforms.log(total, true).addi(max);
        INDArray picked = pick(logits, target, vocabulary);
        sum(lse.toDoubleVector(), picked.toDoubleVector(), target, sums);
        if (writeGradient) {
            INDArray oneHot = Nd4j.createUninitialized(x.dataType(), n, vocabulary);
            Nd4j.exec(new OneHot(Ops.flat(targets), oneHot, vocabulary));
            INDArray weight = lse.muli(2 * zWeight).addi(1);
            INDArray gradient = probabilities.divi(total).muli(weight).subi(oneHot).muli(gradScale);
            x.assign(gradient);
            clearIgnored(target, logits, vocabulary);
        }
    }

    static void squaredError(
            Tensor logits, Tensor targets, double gradScale, boolean writeGradient, double[] sums) {
        int n = targets.intSize();
        int vocabulary = Math.toIntExact(logits.size() / n);
        int[] target = targets.toInts();
        INDArray x = Ops.view(logits, n, vocabulary);
        double[] squares = x.mul(x).sum(1).toDoubleVector();
        double[] picked = pick(logits, target, vocabulary).toDoubleVector();
        Arrays.fill(sums, 0, 3, 0);
        for (int i = 0; i < n; i++) {
            if (target[i] >= 0) {
                sums[0] += (squares[i] + 1) / 2 - picked[i];
                sums[1] += squares[i];
                sums[2] += 1;
            }
        }
        if (writeGradient) {
            INDArray oneHot = Nd4j.createUninitialized(x.dataType(), n, vocabulary);
            Nd4j.exec(new OneHot(Ops.flat(targets), oneHot, vocabulary));
            x.subi(oneHot).muli(gradScale);
            clearIgnored(target, logits, vocabulary);
        }
    }

    /** The logit of each row's target, and that of class 0 where the row is left out. */
    private static INDArray pick(Tensor logits, int[] target, int vocabulary) {
        long[] index = new long[target.length];
        for (int i = 0; i < target.length; i++) {
            if (target[i] >= vocabulary) {
                throw new IllegalArgumentException(
                        "expected targets below " + vocabulary + ", found " + target[i] + " at " + i);
            }
            index[i] = (long) i * vocabulary + Math.max(0, target[i]);
        }
        return Ops.gather(Ops.flat(logits), Nd4j.createFromArray(index));
    }

    private static void sum(double[] lse, double[] picked, int[] target, double[] sums) {
        double nll = 0;
        double squares = 0;
        int count = 0;
        for (int i = 0; i < target.length; i++) {
            if (target[i] >= 0) {
                nll += lse[i] - picked[i];
                squares += lse[i] * lse[i];
                count++;
            }
        }
        sums[0] = nll;
        sums[1] = squares;
        sums[2] = count;
    }

    /** Zeroes the gradient of rows left out; an assignment, because their logits may be anything. */
    private static void clearIgnored(int[] target, Tensor gradient, int vocabulary) {
        for (int i = 0; i < target.length; i++) {
            if (target[i] < 0) {
                Ops.matrix(gradient, (long) i * vocabulary, 1, vocabulary, vocabulary).assign(0);
            }
        }
    }
}
