package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** One updater for each update rule in use. */
final class GroupedOptimizer implements Optimizer {
    private final List<Updater> updaters;
    private final Tensor gradScale;
    private final long stateBytes;
    private long steps;

    GroupedOptimizer(List<Updater> updaters, Tensor gradScale, DType type) {
        this.gradScale = gradScale;
        this.updaters = List.copyOf(updaters);
        this.stateBytes = type.bytes()
                * updaters.stream()
                        .flatMap(u -> u.state().values().stream())
                        .mapToLong(Tensor::size)
                        .sum();
    }

    @Override
    public void prepare(double lr) {
        steps++;
        for (int i = 0; i < updaters.size(); i++) {
            updaters.get(i).prepare(lr, steps);
        }
    }

    @Override
    public void update() {
        for (int i = 0; i < updaters.size(); i++) {
            updaters.get(i).update();
        }
    }

    @Override
    public Tensor gradScale() {
        return gradScale;
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public long stateBytes() {
        return stateBytes;
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> all = new LinkedHashMap<>();
        updaters.forEach(u -> all.putAll(u.state()));
        return all;
    }

    @Override
    public void restoreSteps(long restored) {
        steps = restored;
    }
}
