package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.integer;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.numbers;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.ResNet;
import org.windtunnel.nn.ResNetFamily;
import org.windtunnel.nn.ResNetShape;
import org.windtunnel.nn.ResNetShape.Block;
import org.windtunnel.nn.ResNetShape.Norm;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.nn.ResNetShape.Shortcut;
import org.windtunnel.nn.ResNetShape.Stem;
import org.windtunnel.tensor.Allocator;

/** A CIFAR ResNet of basic blocks. */
record GoldenResNet(ResNetShape shape) implements GoldenNetwork {

    /** Whether a file's network is one. */
    static boolean describes(JsonNode root) {
        return root.path("params").has("blocks.0.conv1.weight");
    }

    static String unsupported(JsonNode root) {
        String variant = root.path("config").path("variant").asText();
        return List.of("post", "pre").contains(variant) ? null : "unknown ResNet variant: " + variant;
    }

    static GoldenResNet of(JsonNode root) {
        JsonNode config = field(root, "config");
        int[] widths = GoldenNetwork.ints(config, "widths");
        int[] image = GoldenNetwork.ints(config, "image");
        int[] strides = GoldenNetwork.ints(config, "stage_strides");
        for (int i = 0; i < widths.length; i++) {
            if (widths[i] != widths[0] << i || strides[i] != (i == 0 ? 1 : 2)) {
                throw new ConfigException("expected stages that double the width and halve the image, found widths "
                        + Arrays.toString(widths) + ", strides " + Arrays.toString(strides));
            }
        }
        JsonNode norm = field(config, "bn");
        boolean pre = text(config, "variant").equals("pre");
        return new GoldenResNet(new ResNetShape(Block.BASIC, pre ? Order.PRE_ACTIVATION : Order.POST_ACTIVATION,
                Collections.nCopies(widths.length, integer(config, "blocks_per_stage")), widths[0], Shortcut.B,
                Norm.BATCH, 1, 1, Stem.SMALL, false, 0, 0, 0, number(norm, "eps"), number(norm, "momentum"), image[0],
                image[1], image[2], integer(config, "classes")));
    }

    @Override
    public List<ParamSpec> specs() {
        return ResNetFamily.declare(shape);
    }

    @Override
    public ForwardMultipliers multipliers() {
        return ForwardMultipliers.standard(1);
    }

    @Override
    public Model build(Backend backend, JsonNode root, Allocator memory) {
        int[] targets = GoldenNetwork.ints(root, "targets");
        ResNet model = new ResNet(backend, shape, multipliers(), targets.length, memory);
        model.inputs().set(numbers(root, "input"));
        model.targets().set(targets);
        return model;
    }

    /** Logits with the batch's statistics, the running statistics that this pass leaves, then evaluation with those. */
    @Override
    public List<Check> outputs(String name, JsonNode root, Model model, Tolerance logits, Tolerance loss) {
        List<Check> checks = new ArrayList<>();
        double[] training = ((ResNet) model).trainingLogits().toDoubles();
        checks.add(logits.check(name, "training logits", training, numbers(root, "train_logits")));
        JsonNode statistics = field(root, "running_stats_after_one_training_forward");
        model.buffers().forEach((buffer, values) ->
                checks.add(logits.check(name, buffer, values.toDoubles(), numbers(statistics, buffer))));
        double[] evaluation = model.logits().toDoubles();
        checks.add(logits.check(name, "evaluation logits", evaluation, numbers(root, "eval_mode_logits_after_that")));
        double[] sums = new double[3];
        model.evaluate(sums);
        double[] expected = {number(root, "eval_mode_loss_after_that")};
        checks.add(loss.check(name, "evaluation loss", new double[] {sums[0] / sums[2]}, expected));
        return checks;
    }
}
