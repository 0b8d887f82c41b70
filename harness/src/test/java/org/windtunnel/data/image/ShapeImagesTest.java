package org.windtunnel.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.windtunnel.config.ImageSpec;
import org.windtunnel.config.ImageSpec.Augment;
import org.windtunnel.data.Split;

/** The drawn images: their shapes tell themselves apart, so that what is said of the best possible error is true. */
class ShapeImagesTest {

    private static ImageSpec.Shapes spec(int size, int channels, double labelNoise) {
        return new ImageSpec.Shapes(size, channels, 10, labelNoise, null, 4096, Augment.NONE, 1);
    }

    private static BitSet mask(ShapeImages.Place place, int size) {
        BitSet mask = new BitSet(size * size);
        for (int p = 0; p < size * size; p++) {
            mask.set(p, ShapeDrawing.covers(place, p % size, p / size));
        }
        return mask;
    }

    /** Every set of pixels that any shape can cover, with its shape; fails where two shapes cover the same. */
    private static Map<BitSet, Integer> masks(int size) {
        Map<BitSet, Integer> masks = new HashMap<>();
        for (int kind = 0; kind < 10; kind++) {
            for (int r = ShapeImages.smallestRadius(size); r <= ShapeImages.largestRadius(size); r++) {
                for (int x = r + 1; x < size - r; x++) {
                    for (int y = r + 1; y < size - r; y++) {
                        BitSet mask = mask(new ShapeImages.Place(kind, x, y, r), size);
                        assertThat(mask.isEmpty()).isFalse();
                        Integer other = masks.put(mask, kind);
                        assertThat(other == null || other == kind).as("shapes %s and %s, radius %s", other, kind, r).isTrue();
                    }
                }
            }
        }
        return masks;
    }

    @Test
    void noTwoShapesEverCoverTheSamePixels() {
        for (int size : new int[] {16, 17, 28}) {
            assertThat(masks(size)).hasSizeGreaterThan(100);
        }
    }

    /** Splits the levels of an image at their widest gap; the part without the corner is the shape. */
    private static BitSet decode(byte[] image, int pixels) {
        boolean[] used = new boolean[256];
        for (int p = 0; p < pixels; p++) {
            used[image[p] & 0xFF] = true;
        }
        int last = -1;
        int cut = -1;
        int widest = 0;
        for (int level = 0; level < 256; level++) {
            if (used[level]) {
                if (last >= 0 && level - last > widest) {
                    widest = level - last;
                    cut = level;
                }
                last = level;
            }
        }
        boolean corner = (image[0] & 0xFF) >= cut;
        BitSet mask = new BitSet(pixels);
        for (int p = 0; p < pixels; p++) {
            mask.set(p, (image[p] & 0xFF) >= cut != corner);
        }
        return mask;
    }

    /** The best possible classifier, which this is, has the error that the source says, and no noise hides a shape. */
    @Test
    void theBestClassifierHasTheBayesError() {
        int size = 16;
        Map<BitSet, Integer> masks = masks(size);
        for (double noise : new double[] {0, 0.1, 0.5}) {
            ShapeImages source = new ShapeImages(spec(size, 3, noise));
            int wrong = 0;
            int n = 20_000;
            byte[] image = new byte[3 * size * size];
            for (int i = 0; i < n; i++) {
                source.read(Split.VALIDATION, i, image);
                Integer seen = masks.get(decode(image, size * size));
                assertThat(seen).as("shape of image %s", i).isEqualTo(source.place(Split.VALIDATION, i).kind());
                wrong += seen == source.label(Split.VALIDATION, i) ? 0 : 1;
            }
            double bayes = source.bayesError();
            assertThat(bayes).isEqualTo(0.9 * noise, within(1e-15));
            double spread = 4 * Math.sqrt(bayes * (1 - bayes) / n);
            assertThat((double) wrong / n).isBetween(bayes - spread, bayes + spread);
        }
    }

    @Test
    void theEntropyIsThatOfTheLabelGivenTheShape() {
        assertThat(new ShapeImages(spec(16, 3, 0)).entropy()).isZero();
        assertThat(new ShapeImages(spec(16, 3, 1)).entropy()).isEqualTo(Math.log(10), within(1e-12));
        assertThat(new ShapeImages(spec(16, 3, 0.1)).entropy())
                .isEqualTo(-0.91 * Math.log(0.91) - 0.09 * Math.log(0.01), within(1e-12));
    }

    @Test
    void coloursDifferByMoreThanTheNoiseInEveryChannel() {
        ShapeImages source = new ShapeImages(spec(16, 4, 0));
        byte[] image = new byte[4 * 256];
        for (int i = 0; i < 500; i++) {
            source.read(Split.TRAIN, i, image);
            BitSet mask = mask(source.place(Split.TRAIN, i), 16);
            for (int c = 0; c < 4; c++) {
                int[] low = {255, 255};
                int[] high = {0, 0};
                for (int p = 0; p < 256; p++) {
                    int in = mask.get(p) ? 1 : 0;
                    low[in] = Math.min(low[in], image[c * 256 + p] & 0xFF);
                    high[in] = Math.max(high[in], image[c * 256 + p] & 0xFF);
                }
                assertThat(Math.max(low[0] - high[1], low[1] - high[0]))
                        .isGreaterThanOrEqualTo(ShapeImages.CONTRAST - 2 * ShapeImages.NOISE);
                assertThat(high[0] - low[0]).isLessThanOrEqualTo(2 * ShapeImages.NOISE);
                assertThat(high[1] - low[1]).isLessThanOrEqualTo(2 * ShapeImages.NOISE);
            }
        }
    }

    @Test
    void anImageIsAFunctionOfSeedSplitAndNumber() {
        ShapeImages one = new ShapeImages(spec(16, 1, 0.1));
        ShapeImages same = new ShapeImages(spec(16, 1, 0.1));
        byte[] a = new byte[256];
        byte[] b = new byte[256];
        same.read(Split.TRAIN, 0, b);
        one.read(Split.TRAIN, 5, a);
        same.read(Split.TRAIN, 5, b);
        assertThat(a).isEqualTo(b);
        same.read(Split.VALIDATION, 5, b);
        assertThat(a).isNotEqualTo(b);
    }
}
