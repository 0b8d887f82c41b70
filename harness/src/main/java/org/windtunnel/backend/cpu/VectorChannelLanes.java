package org.windtunnel.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link ChannelLanes} with the Vector API: adjacent channels in a vector, down all rows, then the next ones. */
final class VectorChannelLanes extends ChannelLanes {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();

    @Override
    void moments(float[] x, int first, int rows, int c, float[] shift, float[] sum, float[] square) {
        int j = first;
        for (; j + L <= c; j += L) {
            momentsOfVector(x, j, rows, c, shift, sum, square);
        }
        super.moments(x, j, rows, c, shift, sum, square);
    }

    /** Even and odd rows have sums of their own, so that additions do not wait for each other. */
    private static void momentsOfVector(
            float[] x, int j, int rows, int c, float[] shift, float[] sum, float[] square) {
        FloatVector k = FloatVector.fromArray(S, shift, j);
        FloatVector sum0 = FloatVector.fromArray(S, sum, j);
        FloatVector square0 = FloatVector.fromArray(S, square, j);
        FloatVector sum1 = FloatVector.zero(S);
        FloatVector square1 = FloatVector.zero(S);
        int i = j;
        int pairs = rows / 2;
        for (int r = 0; r < pairs; r++) {
            FloatVector d0 = FloatVector.fromArray(S, x, i).sub(k);
            FloatVector d1 = FloatVector.fromArray(S, x, i + c).sub(k);
            i += 2 * c;
            sum0 = sum0.add(d0);
            sum1 = sum1.add(d1);
            square0 = d0.fma(d0, square0);
            square1 = d1.fma(d1, square1);
        }
        sum0 = sum0.add(sum1);
        square0 = square0.add(square1);
        if ((rows & 1) != 0) {
            FloatVector d0 = FloatVector.fromArray(S, x, i).sub(k);
            sum0 = sum0.add(d0);
            square0 = d0.fma(d0, square0);
        }
        sum0.intoArray(sum, j);
        square0.intoArray(square, j);
    }

    @Override
    void apply(
            float[] x, float[] a, float[] b, int o, float[] skip, boolean relu, float[] y, int first, int rows, int c) {
        int j = first;
        for (; j + L <= c && x != null; j += L) {
            if (skip == null) {
                applyToVector(x, a, b, o + j, relu, y, j, rows, c);
            } else {
                applyToVector(x, a, b, o + j, skip, relu, y, j, rows, c);
            }
        }
        super.apply(x, a, b, o, skip, relu, y, j, rows, c);
    }

    private static void applyToVector(
            float[] x, float[] a, float[] b, int o, boolean relu, float[] y, int j, int rows, int c) {
        FloatVector factor = FloatVector.fromArray(S, a, o);
        FloatVector offset = FloatVector.fromArray(S, b, o);
        float least = relu ? 0f : Float.NEGATIVE_INFINITY;
        int i = j;
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(S, x, i).fma(factor, offset);
            FloatVector floor = FloatVector.broadcast(S, least);
            v.blend(floor, v.compare(VectorOperators.LT, floor)).intoArray(y, i);
            i += c;
        }
    }

    private static void applyToVector(
            float[] x, float[] a, float[] b, int o, float[] skip, boolean relu, float[] y, int j, int rows, int c) {
        FloatVector factor = FloatVector.fromArray(S, a, o);
        FloatVector offset = FloatVector.fromArray(S, b, o);
        float least = relu ? 0f : Float.NEGATIVE_INFINITY;
        int i = j;
        for (int r = 0; r < rows; r++) {
            FloatVector v = FloatVector.fromArray(S, x, i).fma(factor, offset).add(FloatVector.fromArray(S, skip, i));
            FloatVector floor = FloatVector.broadcast(S, least);
            v.blend(floor, v.compare(VectorOperators.LT, floor)).intoArray(y, i);
            i += c;
        }
    }

    @Override
    void gradientSums(
            float[] d, float[] x, int first, int rows, int c, float[] shift, int o, float[] sum, float[] product) {
        int j = first;
        for (; j + L <= c; j += L) {
            gradientSumsOfVector(d, x, j, rows, c, shift, o + j, sum, product);
        }
        super.gradientSums(d, x, j, rows, c, shift, o, sum, product);
    }

    private static void gradientSumsOfVector(
            float[] d, float[] x, int j, int rows, int c, float[] shift, int o, float[] sum, float[] product) {
        FloatVector k = FloatVector.fromArray(S, shift, o);
        FloatVector sum0 = FloatVector.fromArray(S, sum, j);
        FloatVector product0 = FloatVector.fromArray(S, product, j);
        FloatVector sum1 = FloatVector.zero(S);
        FloatVector product1 = FloatVector.zero(S);
        int i = j;
        int pairs = rows / 2;
        for (int r = 0; r < pairs; r++) {
            FloatVector d0 = FloatVector.fromArray(S, d, i);
            FloatVector d1 = FloatVector.fromArray(S, d, i + c);
            product0 = FloatVector.fromArray(S, x, i).sub(k).fma(d0, product0);
            product1 = FloatVector.fromArray(S, x, i + c).sub(k).fma(d1, product1);
            sum0 = sum0.add(d0);
            sum1 = sum1.add(d1);
            i += 2 * c;
        }
        sum0 = sum0.add(sum1);
        product0 = product0.add(product1);
        if ((rows & 1) != 0) {
            FloatVector d0 = FloatVector.fromArray(S, d, i);
            sum0 = sum0.add(d0);
            product0 = FloatVector.fromArray(S, x, i).sub(k).fma(d0, product0);
        }
        sum0.intoArray(sum, j);
        product0.intoArray(product, j);
    }

    @Override
    void gradient(
            float[] d,
            float[] x,
            float[] p,
            float[] q,
            float[] r,
            float[] shift,
            int o,
            float[] dx,
            int first,
            int rows,
            int c) {
        int j = first;
        for (; j + L <= c; j += L) {
            gradientOfVector(d, x, p, q, r, shift, o + j, dx, j, rows, c);
        }
        super.gradient(d, x, p, q, r, shift, o, dx, j, rows, c);
    }

    private static void gradientOfVector(
            float[] d,
            float[] x,
            float[] p,
            float[] q,
            float[] r,
            float[] shift,
            int o,
            float[] dx,
            int j,
            int rows,
            int c) {
        FloatVector ofD = FloatVector.fromArray(S, p, o);
        FloatVector ofX = FloatVector.fromArray(S, q, o);
        FloatVector offset = FloatVector.fromArray(S, r, o);
        FloatVector k = FloatVector.fromArray(S, shift, o);
        int i = j;
        for (int row = 0; row < rows; row++) {
            FloatVector centred = FloatVector.fromArray(S, x, i).sub(k).fma(ofX, offset);
            FloatVector.fromArray(S, d, i).fma(ofD, centred).intoArray(dx, i);
            i += c;
        }
    }
}
