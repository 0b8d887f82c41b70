package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Allocator;

/** Declares the parameters of an MLP, in memory order: {@code layers.0}, {@code layers.1} ... {@code fc}. */
public final class MlpFamily implements Family {
    /** The linear layer that puts out the logits. */
    static final String READOUT = "fc";

    private final MlpShape shape;
    private final List<ParamSpec> specs = new ArrayList<>();

    public MlpFamily(MlpShape shape) {
        this.shape = shape;
        int in = shape.inputs();
        for (int i = 0; i < shape.depth(); i++) {
            declare(layer(i), i == 0 ? Role.STEM : Role.HIDDEN, in, shape.width());
            in = shape.width();
        }
        declare(READOUT, Role.READOUT, in, shape.classes());
    }

    private void declare(String module, Role role, int in, int out) {
        specs.add(new ParamSpec(weight(module), role, new int[] {out, in}, in, out, -1, false));
        if (shape.bias()) {
            specs.add(new ParamSpec(bias(module), Role.BIAS, new int[] {out}, in, out, -1, false));
        }
    }

    /** Hidden layer i, counted from 0. */
    static String layer(int i) {
        return "layers." + i;
    }

    static String weight(String module) {
        return module + ".weight";
    }

    static String bias(String module) {
        return module + ".bias";
    }

    @Override
    public List<ParamSpec> parameters() {
        return List.copyOf(specs);
    }

    /** Hidden layers. */
    @Override
    public int depth() {
        return shape.depth();
    }

    @Override
    public int unitsPerExample() {
        return 1;
    }

    /** Every matrix multiplies once forward; backward costs twice as much. */
    @Override
    public double flopsPerUnit() {
        return 6.0 * specs.stream().filter(p -> p.role() != Role.BIAS).mapToLong(ParamSpec::size).sum();
    }

    /** @throws ConfigException if the parameterization has a constant on branches or embeddings */
    @Override
    public Mlp build(
            Backend backend, ForwardMultipliers multipliers, int microBatch, Loss loss, long seed, Allocator memory) {
        if (multipliers.residual() != 1 || multipliers.embedding() != 1) {
            throw new ConfigException("parameterization: a constant on residual branches or embeddings asks for a "
                    + "model that has them; expected one without (such as sp or mup) with model.family mlp, found "
                    + multipliers);
        }
        return new Mlp(backend, shape, multipliers.readout(), microBatch, loss, memory);
    }
}
