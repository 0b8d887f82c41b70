package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * How direct convolution walks over one image: sizes, bands of output rows that fit the caches, and where each output
 * pixel's window starts in a band's padded copy.
 *
 * <p>It serves the forward pass and, with input and output exchanged, the gradient of the input: for a stride s that is
 * s · s passes of stride 1 over the output's gradient, one for each remainder of row and column, each with its share of
 * the filters' positions.
 */
final class WindowPlan {
    /** Floats of a band's padded copy: a good part of an L2 cache. */
    private static final int BAND = 1 << 15;
    private static final int TILE = WindowLanes.TILE;

    /** Of the images that go in. */
    final int height;

    final int width;
    final int in;
    final int out;
    final int outHeight;
    final int outWidth;
    final int kernelRows;
    final int kernelColumns;
    final int stride;
    final int padTop;
    final int padLeft;

    /** Output rows of a band, the last one aside. */
    final int bandRows;

    final int bands;
    /** Whether {@link TallLanes} multiply, for the output or the filters' gradient. */
    final boolean tall;

    final boolean tallGradient;
    /** Floats of a row of the padded copy. */
    final int rowLength;
    /** Adjacent inputs of a row of the window, as they are, to an even number, and to whole tiles. */
    final int run;

    final int evenRun;
    final int tiledRun;
    /** Output channels up to whole vectors. */
    final int vectorOut;
    /** Start of each pixel's window in the padded copy, then repeats of the last up to a whole tile. */
    final int[] at;

    WindowPlan(
            int height,
            int width,
            int in,
            int out,
            int outHeight,
            int outWidth,
            int kernelRows,
            int kernelColumns,
            int stride,
            int padTop,
            int padLeft) {
        this.height = height;
        this.width = width;
        this.in = in;
        this.out = out;
        this.outHeight = outHeight;
        this.outWidth = outWidth;
        this.kernelRows = kernelRows;
        this.kernelColumns = kernelColumns;
        this.stride = stride;
        this.padTop = padTop;
        this.padLeft = padLeft;
        this.rowLength = ((outWidth - 1) * stride + kernelColumns) * in;
        boolean tallWindow = TallLanes.suits() && stride == 1 && kernelRows == TallLanes.WINDOW;
        int rows = Math.max(1, (BAND / rowLength - kernelRows) / stride + 1);
        if (tallWindow && rows > TallLanes.ROWS) {
            rows = rows / TallLanes.ROWS * TallLanes.ROWS;
        }
        this.bandRows = Math.min(outHeight, rows);
        this.bands = (outHeight + bandRows - 1) / bandRows;
        int lastRows = outHeight - (bands - 1) * bandRows;
        this.tall = tallWindow && lastRows >= TallLanes.ROWS && outWidth >= TallLanes.COLUMNS;
        boolean pays = outWidth >= 2 * TallLanes.ROWS || out <= WindowLanes.L;
        this.tallGradient = tallWindow && pays && bandRows % TallLanes.GRADIENT_ROWS == 0
                && lastRows % TallLanes.GRADIENT_ROWS == 0;
        this.run = kernelColumns * in;
        this.evenRun = run + (run & 1);
        int inputs = tallGradient ? TallLanes.GRADIENT_INPUTS : TILE;
        this.tiledRun = (run + inputs - 1) / inputs * inputs;
        this.vectorOut = (out + WindowLanes.L - 1) / WindowLanes.L * WindowLanes.L;
        this.at = new int[tiled(bandRows * outWidth)];
        for (int i = 0; i < at.length; i++) {
            int pixel = Math.min(i, bandRows * outWidth - 1);
            at[i] = pixel / outWidth * stride * rowLength + pixel % outWidth * stride * in;
        }
    }

    /** Pixels up to whole tiles, and to pairs. */
    static int tiled(int pixels) {
        return (pixels + TILE - 1) / TILE * TILE;
    }

    /** Pixels of a band. */
    int pixels(int band) {
        return (Math.min(outHeight, (band + 1) * bandRows) - band * bandRows) * outWidth;
    }

    /** Floats of a band's padded copy, with slack for reads past the last window. */
    int blockSize() {
        return ((bandRows - 1) * stride + kernelRows) * rowLength + TILE;
    }

    /** Floats of the filters as {@link #pack} lays them out. */
    int packedSize() {
        return kernelRows * (tall ? run : evenRun) * vectorOut;
    }

    /** Copies the input rows of a band with their padding. @param image first element of the image */
    void stage(FloatBuffer from, int image, int band, float[] block) {
        int outRows = pixels(band) / outWidth;
        int rows = (outRows - 1) * stride + kernelRows;
        int top = band * bandRows * stride - padTop;
        int left = Math.max(0, padLeft) * in;
        int first = Math.max(0, -padLeft);
        int count = Math.max(0, Math.min(rowLength - left, (width - first) * in));
        for (int r = 0; r < rows; r++) {
            int at0 = r * rowLength;
            int y = top + r;
            if (y < 0 || y >= height) {
                Arrays.fill(block, at0, at0 + rowLength, 0f);
                continue;
            }
            Arrays.fill(block, at0, at0 + left, 0f);
            from.get(image + (y * width + first) * in, block, at0 + left, count);
            Arrays.fill(block, at0 + left + count, at0 + rowLength, 0f);
        }
        int end = rows * rowLength;
        Arrays.fill(block, end, Math.min(block.length, end + TILE), 0f);
    }

    /** Output channels of the block that starts at {@code o}: two vectors, or what is left. */
    int blockWidth(int o) {
        return Math.min(2 * WindowLanes.L, vectorOut - o);
    }

    /** Distance of adjacent inputs in the packed filters of channel {@code o}. */
    int packedStep(int o) {
        return tall ? kernelRows * WindowLanes.L : blockWidth(o / (2 * WindowLanes.L) * 2 * WindowLanes.L);
    }

    /** y = filters · block for the pixels of a band; y has {@code vectorOut} channels a pixel and whole tiles of pixels. */
    void multiply(float[] block, float[] packed, int packedAt, int pixels, float[] y) {
        if (tall) {
            multiplyTall(block, packed, packedAt, pixels / outWidth, y);
            return;
        }
        int n = tiled(pixels);
        Arrays.fill(y, 0, n * vectorOut, 0f);
        int w = packedAt;
        for (int o = 0; o < vectorOut; o += 2 * WindowLanes.L) {
            int wide = blockWidth(o);
            for (int p = 0; p < n; p += TILE) {
                int to = p * vectorOut + o;
                for (int r = 0; r < kernelRows; r++) {
                    int from = r * rowLength;
                    int row = w + r * evenRun * wide;
                    if (wide > WindowLanes.L) {
                        WindowLanes.two(block, at, p, from, from + evenRun, packed, row, y, to, vectorOut);
                    } else {
                        WindowLanes.one(block, at, p, from, from + evenRun, packed, row, y, to, vectorOut);
                    }
                }
            }
            w += kernelRows * evenRun * wide;
        }
    }

    /** The last tiles of rows and columns overlap those before. */
    private void multiplyTall(float[] block, float[] packed, int packedAt, int rows, float[] y) {
        int ldy = outWidth * vectorOut;
        for (int o = 0; o < vectorOut; o += WindowLanes.L) {
            int w = packedAt + o * kernelRows * run;
            for (int row = 0; row < rows; row += TallLanes.ROWS) {
                int r = Math.min(row, rows - TallLanes.ROWS);
                for (int column = 0; column < outWidth; column += TallLanes.COLUMNS) {
                    int c = Math.min(column, outWidth - TallLanes.COLUMNS);
                    TallLanes.forward(
                            block, r * rowLength + c * in, rowLength, in, run, packed, w, y, r * ldy + c * vectorOut + o,
                            ldy, vectorOut);
                }
            }
        }
    }

    /** g += gradient of the filters, [kernelRows, tiledRun, vectorOut]; d as y in {@link #multiply}, then a pixel of 0. */
    void multiplyGradient(float[] block, float[] d, int pixels, float[] g) {
        if (tallGradient) {
            multiplyTallGradient(block, d, pixels / outWidth, g);
            return;
        }
        int even = pixels + (pixels & 1);
        for (int r = 0; r < kernelRows; r++) {
            for (int j = 0; j < run; j += TILE) {
                int row = (r * tiledRun + j) * vectorOut;
                for (int o = 0; o < vectorOut; o += 2 * WindowLanes.L) {
                    if (blockWidth(o) > WindowLanes.L) {
                        WindowLanes.gradientTwo(
                                block, at, r * rowLength + j, pixels, d, o, vectorOut, g, row + o, vectorOut);
                    } else {
                        WindowLanes.gradientOne(
                                block, at, r * rowLength + j, even, d, o, vectorOut, g, row + o, vectorOut);
                    }
                }
            }
        }
    }

    private void multiplyTallGradient(float[] block, float[] d, int rows, float[] g) {
        int ldd = outWidth * vectorOut;
        for (int o = 0; o < vectorOut; o += WindowLanes.L) {
            for (int r = 0; r < rows; r += TallLanes.GRADIENT_ROWS) {
                for (int j = 0; j < run; j += TallLanes.GRADIENT_INPUTS) {
                    TallLanes.gradient(
                            block, r * rowLength + j, rowLength, in, outWidth, d, r * ldd + o, ldd, vectorOut, g,
                            j * vectorOut + o, tiledRun * vectorOut);
                }
            }
        }
    }

    /** Place in the packed filters of the first of a position's output channels in the block of channel {@code o}. */
    int packedAt(int row, int column, int inChannel, int o) {
        if (tall) {
            int first = o / WindowLanes.L * WindowLanes.L;
            return (first * run + (column * in + inChannel) * WindowLanes.L) * kernelRows + row * WindowLanes.L + o - first;
        }
        int block = o / (2 * WindowLanes.L) * 2 * WindowLanes.L;
        int start = kernelRows * evenRun * block;
        return start + ((row * evenRun) + column * in + inChannel) * blockWidth(block) + o - block;
    }
}
