package org.windtunnel.nn;

import java.util.List;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.nn.ResNetShape.Stem;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Everything before the first block: change of layout, one or three convolutions with their norms, max pooling. */
final class ImageStem {
    private final ImageKernels kernels;
    private final int batch;
    private final int pixels;
    private final int channels;
    private final Tensor images;
    private final Convolution[] convolutions;
    private final ImageNorm[] norms;
    private final Tensor[] convolved;
    private final Tensor[] active;
    private final Tensor[] dConvolved;
    private final Tensor[] dActive;
    private final WindowShape pool;
    private final Tensor winners;
    private final Tensor output;

    ImageStem(ImageWiring w) {
        ResNetShape s = w.shape();
        List<WindowShape> windows = ResNetFamily.stem(s, w.batch());
        int count = windows.size();
        this.kernels = w.kernels();
        this.batch = w.batch();
        this.pixels = s.height() * s.imageWidth();
        this.channels = s.channels();
        this.images = w.images(s.height(), s.imageWidth(), s.channels());
        this.convolutions = new Convolution[count];
        this.norms = new ImageNorm[count];
        this.convolved = new Tensor[count];
        this.active = new Tensor[count];
        this.dConvolved = new Tensor[count];
        this.dActive = new Tensor[count];
        for (int i = 0; i < count; i++) {
            boolean normalises = w.names().hasStemNorm(i);
            convolutions[i] = w.convolution(w.names().stem(i), windows.get(i), 1);
            norms[i] = normalises ? new ImageNorm(w, w.names().stemNorm(i), windows.get(i).out()) : null;
            convolved[i] = w.output(windows.get(i));
            active[i] = normalises ? w.output(windows.get(i)) : convolved[i];
            dConvolved[i] = w.scratch(0, convolved[i]);
            dActive[i] = w.scratch(1, active[i]);
        }
        WindowShape last = windows.get(count - 1);
        this.pool = s.stem() == Stem.SMALL
                ? null
                : new WindowShape(w.batch(), last.outHeight(), last.outWidth(), s.width(), s.width(), 3, 2, 1);
        this.output = pool == null ? active[count - 1] : w.output(pool);
        this.winners = pool == null ? null : w.memory().take(DType.INT32, output.shape());
    }

    Tensor output() {
        return output;
    }

    /** @param inputs [B, C, H, W] */
    void forward(Tensor inputs, boolean training, Probe probe) {
        kernels.channelsLast(batch, channels, pixels, inputs, images);
        Tensor x = images;
        for (int i = 0; i < convolutions.length; i++) {
            convolutions[i].forward(x, convolved[i], probe);
            if (norms[i] != null) {
                norms[i].forward(convolved[i], Epilogue.RELU, active[i], training, probe);
            }
            x = active[i];
        }
        if (pool != null) {
            kernels.maxPoolForward(pool, x, output, winners);
        }
    }

    /** Gradients of the parameters from that of the output, which is overwritten. */
    void backward(Tensor d, boolean accumulate) {
        int last = convolutions.length - 1;
        Tensor dOut = d;
        if (pool != null) {
            kernels.maxPoolBackward(pool, d, winners, dActive[last]);
            dOut = dActive[last];
        }
        for (int i = last; i >= 0; i--) {
            if (norms[i] != null) {
                norms[i].backward(convolved[i], Epilogue.RELU, active[i], dOut, dConvolved[i], null, accumulate);
                dOut = dConvolved[i];
            }
            Tensor dx = i == 0 ? null : dActive[i - 1];
            convolutions[i].backward(i == 0 ? images : active[i - 1], dOut, dx, false, accumulate);
            dOut = dx;
        }
    }
}
