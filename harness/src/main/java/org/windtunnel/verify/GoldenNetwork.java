package org.windtunnel.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Allocator;

/** The network that a {@code model-golden/v1} file describes. */
interface GoldenNetwork {

    /** Why a file's network cannot be built, or null if it can. */
    static String unsupported(JsonNode root) {
        return GoldenResNet.describes(root) ? GoldenResNet.unsupported(root) : GoldenModel.unsupported(root);
    }

    static GoldenNetwork of(JsonNode root) {
        return GoldenResNet.describes(root) ? GoldenResNet.of(root) : GoldenModel.of(root);
    }

    /** What the network declares. */
    List<ParamSpec> specs();

    ForwardMultipliers multipliers();

    /** The network with the file's inputs and targets; the weights are left to the caller. */
    Model build(Backend backend, JsonNode root, Allocator memory);

    /** What the file calls a parameter of ours. */
    default String nameInFile(String ours) {
        return ours;
    }

    /** What the file says of passes through a freshly filled model, gradients and loss aside. */
    List<Check> outputs(String name, JsonNode root, Model model, Tolerance logits, Tolerance loss);

    /** The scalars of every parameter in a run with an optimizer; multipliers of 1 unless the run's name says more. */
    default ScalingTable table(String run, OptimizerSpec optimizer) {
        List<ParamScaling> rows = new ArrayList<>();
        specs().forEach(spec -> rows.add(new ParamScaling(0, 0, 1, 1, 1)));
        return new ScalingTable(specs(), Assignment.of(optimizer, specs()), rows, multipliers());
    }

    /** Whole numbers of a file. */
    static int[] ints(JsonNode node, String name) {
        return Arrays.stream(GoldenJson.numbers(node, name)).mapToInt(d -> (int) d).toArray();
    }
}
