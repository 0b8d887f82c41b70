package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.Variant;

/** A Deeplearning4j graph under every optimizer there is, one of its roles declared by pattern. */
class GraphOptimizersTest {
    private static final int STEPS = 60;

    @TempDir
    Path temp;

    static Stream<String> optimizers() {
        return Arrays.stream(OptimizerSpec.class.getPermittedSubclasses())
                .map(c -> c.getAnnotation(Variant.class).value());
    }

    @ParameterizedTest
    @MethodSource("optimizers")
    void trainsAndGoesOnAsIfItHadNotBeenCutOff(String optimizer) throws IOException {
        Path file = Files.writeString(temp.resolve("graph.json"), new NeuralNetConfiguration.Builder().graphBuilder()
                .addInputs("in")
                .addLayer("dense1", new DenseLayer.Builder().nOut(16).activation(Activation.RELU).build(), "in")
                .addLayer("dense2", new DenseLayer.Builder().nOut(16).activation(Activation.RELU).build(), "dense1")
                .addLayer("dense3", new DenseLayer.Builder().nOut(8).activation(Activation.RELU).build(), "dense2")
                .addLayer("out", new OutputLayer.Builder().nOut(2).activation(Activation.SOFTMAX).build(), "dense3")
                .setOutputs("out")
                .setInputTypes(InputType.convolutionalFlat(16, 16, 1))
                .build().toJson());
        RunJob job = ResumableRuns.job(optimizer, """
                name: graph
                model: {family: dl4j, file: %s, width: 16, roles: {'dense3\\.W': hidden}}
                data: {type: shapes, channels: 1, classes: 2, label_noise: 0, train_examples: 32}
                optimizer: {type: %s, lr: %s}
                train: {steps: %d, batch: 32, eval_sequences: 32}
                checkpoint: {at_end: true}
                """.formatted(file, optimizer, optimizer.equals("sgd") ? "0.1" : "0.005", STEPS), null);
        Path whole = temp.resolve("whole");
        assertThat(ResumableRuns.run(job, whole).status().name()).isEqualTo("DONE");
        List<String> curve = ResumableRuns.log(whole, "curve.jsonl");
        assertThat(loss(curve.get(STEPS - 1))).isLessThan(0.85 * loss(curve.get(0)));

        Path cut = temp.resolve("cut");
        ResumableRuns.run(job, cut, 23);
        assertThat(cut.resolve("DONE")).doesNotExist();
        ResumableRuns.run(job, cut);
        assertThat(ResumableRuns.log(cut, "curve.jsonl")).isEqualTo(curve);
        assertThat(ResumableRuns.state(cut, STEPS)).isEqualTo(ResumableRuns.state(whole, STEPS));
    }

    private static double loss(String line) {
        return Double.parseDouble(line.replaceAll(".*\"loss\":([^,}]+).*", "$1"));
    }
}
