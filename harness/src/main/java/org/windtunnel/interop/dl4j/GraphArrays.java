package org.windtunnel.interop.dl4j;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.tensor.Tensor;

/** Copies between the harness's tensors and ND4J's arrays. */
final class GraphArrays {
    private GraphArrays() {}

    /** An array's elements in row order. */
    static double[] values(INDArray array) {
        return array.dup('c').castTo(DataType.DOUBLE).data().asDouble();
    }

    /** A tensor as an array of another shape. */
    static INDArray array(Tensor tensor, DataType type, long... shape) {
        return array(tensor.toDoubles(), type, shape);
    }

    static INDArray array(double[] values, DataType type, long... shape) {
        return Nd4j.createFromArray(values).castTo(type).reshape('c', shape);
    }
}
