package org.windtunnel.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.windtunnel.backend.Backend;
import org.windtunnel.data.Dataset;
import org.windtunnel.optim.Optimizers;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Tensor;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunSession;
import org.windtunnel.train.Speed;

/**
 * Times the updates of several optimizers on one model, in turn, beside a plain copy of as many elements as the model
 * has and a square matrix product.
 */
public final class OptimizerBench implements AutoCloseable {
    private static final int GEMM = 512;
    /** On a card, which a smaller product does not fill. */
    private static final int GEMM_ON_CARD = 4096;

    private final Backend backend;
    private final Map<String, Subject> subjects = new LinkedHashMap<>();
    private final Arena arena;
    private final Tensor from;
    private final Tensor to;
    private final Tensor square;
    private final Tensor product;
    private final int gemm;
    private final List<Double> copies = new ArrayList<>();
    private final List<Double> products = new ArrayList<>();

    /** One optimizer's run and its times, in nanoseconds. */
    private static final class Subject {
        private final Backend backend;
        private final ModelPlan plan;
        private final RunSession session;
        private final List<Double> updates = new ArrayList<>();
        private final List<Double> passes = new ArrayList<>();
        private long step;

        Subject(Backend backend, ModelPlan plan, RunSession session) {
            this.backend = backend;
            this.plan = plan;
            this.session = session;
        }

        void step() {
            long start = System.nanoTime();
            session.backward(step);
            backend.synchronize();
            long middle = System.nanoTime();
            session.update();
            backend.synchronize();
            updates.add((double) (System.nanoTime() - middle));
            passes.add((double) (middle - start));
            step++;
        }
    }

    /**
     * One optimizer's medians.
     *
     * @param updateMillis an update, gradients given
     * @param share of the update in a whole step
     * @param bytes moved by an update; empty where products dominate
     * @param gigabytesPerSecond that amounts to; NaN where empty
     * @param ofCopy the same by the copy's
     * @param mfu model FLOPs utilization of a whole step; NaN where the device's peak is not known
     * @param gigaflops of Newton-Schulz, with the passes around it; NaN without
     * @param ofGemm the same by the square product's
     */
    public record Row(
            String optimizer,
            double updateMillis,
            double share,
            double mfu,
            OptionalLong bytes,
            double gigabytesPerSecond,
            double ofCopy,
            double gigaflops,
            double ofGemm) {}

    /** @param plans of one model under several optimizers, by name */
    public OptimizerBench(Map<String, ModelPlan> plans, Dataset data, Backend backend) {
        this.backend = backend;
        this.arena = Arena.of(backend::allocate, backend.floatType());
        int elements = Math.toIntExact(plans.values().iterator().next().counts().total());
        this.from = arena.take(elements);
        this.to = arena.take(elements);
        this.gemm = backend.freeDeviceBytes().isPresent() ? GEMM_ON_CARD : GEMM;
        this.square = arena.take(gemm * gemm);
        this.product = arena.take(gemm * gemm);
        plans.forEach((name, plan) ->
                subjects.put(name, new Subject(backend, plan, new RunSession(plan, data, backend))));
    }

    /** Takes every optimizer through a step, {@code count} times; times taken so far are dropped if it was a warm-up. */
    public void run(int count, boolean warmUp) {
        for (int i = 0; i < count; i++) {
            subjects.values().forEach(Subject::step);
            long start = System.nanoTime();
            backend.copy(from, to);
            backend.synchronize();
            copies.add((double) (System.nanoTime() - start));
            start = System.nanoTime();
            backend.gemm(false, false, gemm, gemm, gemm, 1, square, gemm, square, gemm, 0, product, gemm);
            backend.synchronize();
            products.add((double) (System.nanoTime() - start));
        }
        if (warmUp) {
            copies.clear();
            products.clear();
            subjects.values().forEach(s -> {
                s.updates.clear();
                s.passes.clear();
            });
        }
    }

    /** Gigabytes a second of the copy, read and written bytes together. */
    public double copyGigabytesPerSecond() {
        return 2.0 * from.size() * backend.floatType().bytes() / median(copies);
    }

    /** Rows of the square matrices that {@link #gemmGigaflops} multiplies. */
    public int gemmSize() {
        return gemm;
    }

    /** Gigaflops of the product of two square matrices, in the precision in use. */
    public double gemmGigaflops() {
        return 2.0 * gemm * gemm * gemm / median(products);
    }

    /** That product by the device's published peak; NaN where the peak is not known. */
    public double gemmOfPeak() {
        OptionalDouble peak = backend.peakFlops();
        return peak.isPresent() ? gemmGigaflops() * 1e9 / peak.getAsDouble() : Double.NaN;
    }

    public List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        subjects.forEach((name, s) -> {
            double update = median(s.updates);
            OptionalLong bytes =
                    Optimizers.bytesMoved(s.plan.spec().optimizer(), s.plan.scaling(), backend.floatType());
            double flops = Optimizers.newtonSchulzFlops(s.plan.spec().optimizer(), s.plan.scaling());
            double bandwidth = bytes.isPresent() ? bytes.getAsLong() / update : Double.NaN;
            double speed = flops > 0 ? flops / update : Double.NaN;
            double step = update + median(s.passes);
            double tokensPerSecond = s.plan.tokensPerStep() / step * 1e9;
            double mfu = Speed.of(tokensPerSecond, s.plan.flopsPerToken(), backend.peakFlops())
                    .mfu();
            rows.add(new Row(
                    name,
                    update / 1e6,
                    update / step,
                    mfu,
                    bytes,
                    bandwidth,
                    bandwidth / copyGigabytesPerSecond(),
                    speed,
                    speed / gemmGigaflops()));
        });
        return rows;
    }

    private static double median(List<Double> times) {
        double[] sorted = times.stream().mapToDouble(t -> t).toArray();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    @Override
    public void close() {
        subjects.values().forEach(s -> s.session.close());
        arena.close();
    }
}
