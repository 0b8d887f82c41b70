package org.windtunnel.data.image;

import java.util.List;
import org.windtunnel.config.ImageSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Provenance;
import org.windtunnel.data.Split;
import org.windtunnel.tensor.Rng;

/**
 * Drawn shapes, each example a pure function of its number: a shape in one colour at a random place and size on another
 * colour, with bounded noise on every pixel.
 *
 * <p>No two classes draw the same set of pixels, and colours differ by more than the noise, so the image tells the shape for
 * certain. A share ρ of the labels is then drawn anew from all K classes, which nothing in the image tells: the Bayes error
 * is ρ (K − 1) / K, and the entropy of the label given the image −p ln p − (K − 1) q ln q with q = ρ / K and p = 1 − ρ + q.
 */
final class ShapeImages implements ImageSource {
    /** Least distance of the two colours in every channel, in grey levels; the noise is at most a fifth of it. */
    static final int CONTRAST = 100;

    static final int NOISE = 20;

    private static final int DRAWS = 32;

    private final ImageSpec.Shapes spec;
    private final Rng[] draws;
    private final Rng[] noise;

    ShapeImages(ImageSpec.Shapes spec) {
        this.spec = spec;
        this.draws = new Rng[] {stream("train shapes"), stream("test shapes")};
        this.noise = new Rng[] {stream("train noise"), stream("test noise")};
    }

    private Rng stream(String name) {
        return new Rng(spec.seed(), Rng.stream(name));
    }

    /**
     * Where a shape is drawn.
     *
     * @param kind number of the shape
     * @param x column of its centre; y likewise its row
     */
    record Place(int kind, int x, int y, int radius) {}

    @Override
    public DataShape.Images shape() {
        return new DataShape.Images(spec.channels(), spec.size(), spec.size(), spec.classes());
    }

    @Override
    public long count(Split split) {
        if (split == Split.VALIDATION) {
            return spec.testExamples();
        }
        return spec.trainExamples() == null ? ENDLESS : spec.trainExamples();
    }

    private static Rng of(Rng[] streams, Split split) {
        return streams[split == Split.TRAIN ? 0 : 1];
    }

    @Override
    public int label(Split split, long index) {
        Rng rng = of(draws, split);
        boolean random = rng.uniform(index * DRAWS + 1) < spec.labelNoise();
        return (int) rng.below(index * DRAWS + (random ? 2 : 0), spec.classes());
    }

    /** What an example shows, whatever its label. */
    Place place(Split split, long index) {
        Rng rng = of(draws, split);
        long at = index * DRAWS;
        int smallest = smallestRadius(spec.size());
        int radius = smallest + (int) rng.below(at + 3, largestRadius(spec.size()) - smallest + 1L);
        int places = spec.size() - 2 * radius - 1;
        return new Place((int) rng.below(at, spec.classes()), radius + 1 + (int) rng.below(at + 4, places),
                radius + 1 + (int) rng.below(at + 5, places), radius);
    }

    static int smallestRadius(int size) {
        return size / 4;
    }

    /** The first row and column are always ground, so that ground and shape cannot be confused. */
    static int largestRadius(int size) {
        return (size - 2) / 2;
    }

    @Override
    public void read(Split split, long index, byte[] dst) {
        Rng rng = of(draws, split);
        Rng grain = of(noise, split);
        Place place = place(split, index);
        int pixels = spec.size() * spec.size();
        long bits = 0;
        int words = (spec.channels() * pixels + 7) / 8;
        for (int c = 0; c < spec.channels(); c++) {
            long at = index * DRAWS + 8 + 4L * c;
            int ground = NOISE + (int) rng.below(at, 256 - 2 * NOISE);
            int paint = paint(rng, at + 1, ground);
            for (int p = 0; p < pixels; p++) {
                int n = c * pixels + p;
                bits = n % 8 == 0 ? grain.bits(index * words + n / 8) : bits >>> 8;
                int level = ShapeDrawing.covers(place, p % spec.size(), p / spec.size()) ? paint : ground;
                dst[n] = (byte) (level + (int) ((bits & 0xFF) * (2 * NOISE + 1) >>> 8) - NOISE);
            }
        }
    }

    /** A level at least {@link #CONTRAST} from the ground's, evenly from all that are. */
    private static int paint(Rng rng, long at, int ground) {
        int low = Math.max(0, ground - CONTRAST - NOISE + 1);
        int high = Math.max(0, 256 - NOISE - ground - CONTRAST);
        int pick = (int) rng.below(at, low + high);
        return pick < low ? NOISE + pick : ground + CONTRAST + pick - low;
    }

    @Override
    public Provenance provenance() {
        return new Provenance(spec.toString(), List.of());
    }

    @Override
    public double bayesError() {
        return spec.labelNoise() * (spec.classes() - 1) / spec.classes();
    }

    @Override
    public double entropy() {
        double other = spec.labelNoise() / spec.classes();
        double own = 1 - spec.labelNoise() + other;
        return -plogp(own) - (spec.classes() - 1) * plogp(other);
    }

    private static double plogp(double p) {
        return p == 0 ? 0 : p * Math.log(p);
    }
}
