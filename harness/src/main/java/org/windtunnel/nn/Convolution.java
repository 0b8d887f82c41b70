package org.windtunnel.nn;

import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Tensor;

/** y = scale · convolution(x), without a bias. */
final class Convolution {
    private final ImageKernels kernels;
    private final String module;
    private final WindowShape shape;
    private final double scale;
    private final Tensor filters;
    private final Tensor dFilters;

    /** @param dFilters null for constant filters */
    Convolution(ImageWiring w, String module, WindowShape shape, double scale, Tensor filters, Tensor dFilters) {
        this.kernels = w.kernels();
        this.module = module;
        this.shape = shape;
        this.scale = scale;
        this.filters = filters;
        this.dFilters = dFilters;
    }

    WindowShape shape() {
        return shape;
    }

    void forward(Tensor x, Tensor y, Probe probe) {
        kernels.convolutionForward(shape, scale, x, filters, false, y);
        if (probe != null) {
            probe.observe(module, y);
        }
    }

    void addTo(Tensor x, Tensor y) {
        kernels.convolutionForward(shape, scale, x, filters, true, y);
    }

    /** Gradient of the filters, and dx (+)= that of x unless dx is null. */
    void backward(Tensor x, Tensor dy, Tensor dx, boolean addToDx, boolean accumulate) {
        kernels.convolutionBackward(shape, scale, x, filters, dy, dx, addToDx, dFilters, accumulate);
    }
}
