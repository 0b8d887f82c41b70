package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * Adam's bias-corrected direction m̂ / (sqrt(v̂) + eps) of a group, one run of its members after the other, for rules that
 * do more with it than subtract it. State: both moments, 2 elements a parameter.
 */
final class AdamDirection {
    private final OptimizerSpec.AdamW spec;
    private final Backend backend;
    private final ParameterGroup group;
    private final int[][] runs;
    private final Tensor firstMoment;
    private final Tensor secondMoment;
    private final Slices[] first;
    private final Slices[] second;
    private final Slices[] gradients;
    private final Slices[] directions;
    private final AdamScalars[] scalars;

    /** @param spec betas, and where epsilon goes */
    AdamDirection(OptimizerSpec.AdamW spec, Backend backend, ParameterGroup group, Allocator memory) {
        this.spec = spec;
        this.backend = backend;
        this.group = group;
        this.runs = Matrices.runs(group);
        this.firstMoment = memory.take(group.size());
        this.secondMoment = memory.take(group.size());
        this.first = new Slices[runs.length];
        this.second = new Slices[runs.length];
        this.gradients = new Slices[runs.length];
        this.directions = new Slices[runs.length];
        this.scalars = new AdamScalars[runs.length];
        int largest = 0;
        for (int[] run : runs) {
            largest = Math.max(largest, size(run));
        }
        Tensor workspace = memory.take(largest);
        for (int i = 0; i < runs.length; i++) {
            first[i] = group.states(firstMoment, runs[i], memory);
            second[i] = group.states(secondMoment, runs[i], memory);
            gradients[i] = group.gradients(runs[i], memory);
            directions[i] = directions(runs[i], workspace.slice(0, size(runs[i])), memory);
            scalars[i] = new AdamScalars(runs[i].length, memory);
        }
    }

    private int size(int[] run) {
        int size = 0;
        for (int k : run) {
            size = Math.addExact(size, Math.toIntExact(group.spec(k).size()));
        }
        return size;
    }

    private Slices directions(int[] run, Tensor flat, Allocator memory) {
        Tensor[] views = new Tensor[run.length];
        long at = 0;
        for (int i = 0; i < run.length; i++) {
            views[i] = flat.slice(at, group.spec(run[i]).shape());
            at += views[i].size();
        }
        return new Slices(memory, flat, views);
    }

    /** Members of the group, run by run. */
    int[][] runs() {
        return runs;
    }

    void prepare(long step) {
        for (int i = 0; i < runs.length; i++) {
            for (int j = 0; j < runs[i].length; j++) {
                // An AdamW update of zeros at rate -1 leaves the direction itself.
                scalars[i].set(j, -1, 0, group.eps(runs[i][j]));
            }
            scalars[i].setMoments(spec.beta1(), spec.beta2(), step);
            scalars[i].send();
        }
    }

    /** Takes in the gradients of run {@code i}; their directions are valid until the next call. */
    Slices of(int i) {
        backend.fill(directions[i].flat(), 0);
        backend.optimizerKernels().adamw(directions[i], gradients[i], first[i], second[i], scalars[i],
                spec.epsPlacement() == OptimizerSpec.EpsPlacement.BEFORE, group.gradScale());
        return directions[i];
    }

    Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(group.named("exp_avg", firstMoment));
        state.putAll(group.named("exp_avg_sq", secondMoment));
        return state;
    }
}
