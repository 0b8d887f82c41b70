package org.windtunnel.backend.nd4j;

import java.util.Arrays;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erfc;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.windtunnel.tensor.Tensor;

/** Views of tensors as ND4J arrays, and the few operations that ND4J offers only in an awkward or unsafe form. */
final class Ops {
    private Ops() {}

    /** The elements of t as a contiguous array. @throws IllegalArgumentException if the sizes differ */
    static INDArray view(Tensor t, long... shape) {
        long size = 1;
        for (long d : shape) {
            size *= d;
        }
        if (size != t.size()) {
            throw new IllegalArgumentException(
                    "expected " + size + " elements " + Arrays.toString(shape) + ", found " + t);
        }
        long[] strides = new long[shape.length];
        long stride = 1;
        for (int i = shape.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= shape[i];
        }
        return strided(t, shape, strides);
    }

    /** All elements as a vector. */
    static INDArray flat(Tensor t) {
        return view(t, t.size());
    }

    /** An array that starts at t's first element and may reach past t's end, within its storage. */
    static INDArray strided(Tensor t, long[] shape, long[] strides) {
        return strided(t, 0, shape, strides);
    }

    /** As {@link #strided(Tensor, long[], long[])}, starting {@code at} elements further on. */
    static INDArray strided(Tensor t, long at, long[] shape, long[] strides) {
        if (!(t.storage() instanceof Nd4jStorage storage)) {
            throw new IllegalArgumentException("expected a tensor of the nd4j backend, found " + t);
        }
        return storage.view(t.offset() + at, shape, strides);
    }

    /** A rows × columns matrix whose rows are ld elements apart, starting {@code at} elements into t. */
    static INDArray matrix(Tensor t, long at, long rows, long columns, long ld) {
        if (ld < columns && rows > 1) {
            throw new IllegalArgumentException("expected a row distance of at least " + columns + ", found " + ld);
        }
        return strided(t, at, new long[] {rows, columns}, new long[] {ld, 1});
    }

    /** c = alpha · a · b + beta · c on arrays of any strides. */
    static void gemm(double alpha, INDArray a, INDArray b, double beta, INDArray c) {
        Nd4j.exec(new Mmul(a, b, c, alpha, beta, MMulTranspose.allFalse()));
    }

    /** 1 - erf(x). {@code Nd4j.math().erfc} overwrites its argument. */
    static INDArray erfc(INDArray x) {
        INDArray out = x.ulike();
        Nd4j.exec(new Erfc(x, out));
        return out;
    }

    static INDArray exp(INDArray x) {
        return Transforms.exp(x, true);
    }

    /** 1 where x is positive, else 0 (NaN included), in x's type. */
    static INDArray positive(INDArray x) {
        return x.gt(0).castTo(x.dataType());
    }

    /** 1/sqrt(x + eps) in place. */
    static INDArray rsqrtInPlace(INDArray x, double eps) {
        return Transforms.sqrt(x.addi(eps), false).rdivi(1.0);
    }

    /** Rows of a matrix, or elements of a vector, by index. */
    static INDArray gather(INDArray from, INDArray indices) {
        return Nd4j.exec(DynamicCustomOp.builder("gather")
                .addInputs(from, indices)
                .addIntegerArguments(0)
                .build())[0];
    }

    /** Adds to, or overwrites, {@code out}. */
    static void store(INDArray value, INDArray out, boolean accumulate) {
        if (accumulate) {
            out.addi(value);
        } else {
            out.assign(value);
        }
    }
}
