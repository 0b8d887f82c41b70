package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.interop.dl4j.DatasetIterator;
import org.windtunnel.record.DurableFiles;
import org.windtunnel.tensor.Rng;
import org.windtunnel.train.Datasets;

/** A Deeplearning4j network and data set through the command line and back. */
class Dl4jTest {
    private static final String CONFIG =
            """
            name: byo
            model: {family: dl4j, file: %s/graph.json, width: 8}
            data: {type: dl4j, train: ['%s/train-*.bin'], validation: [%s/test.bin]}
            parameterization: {type: mup, base_width: 4}
            optimizer: {type: muon, lr: 0.02}
            schedule: {type: cosine, warmup: 2}
            train: {steps: 30, batch: 16, micro_batch: 8, eval_sequences: 50}
            checkpoint: {at_end: true, keep_at: [12]}
            """;

    private static final String RESNET =
            """
            name: small
            model: {family: resnet, depth: 8, width: 4, shortcut: a}
            data: {type: shapes, classes: 5, test_examples: 400}
            parameterization: {type: mup, base_width: 2}
            optimizer: {type: adamw, lr: 0.02, weight_decay: 0}
            train: {steps: 40, batch: 32, eval_sequences: 200}
            checkpoint: {at_end: true}
            """;

    @TempDir
    Path temp;

    private final Console console = new Console();

    private int onConfig(String command, String... more) throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), CONFIG.replace("%s", temp.toString()));
        return console.run(Stream.concat(Stream.of(command, config.toString(), "--runs",
                temp.resolve("runs").toString()),
                Stream.of(more)).toArray(String[]::new));
    }

    private Path run(String name) throws IOException {
        try (Stream<Path> runs = Files.list(temp.resolve("runs").resolve(name))) {
            return runs.filter(Files::isDirectory).findFirst().orElseThrow();
        }
    }

    private void files() throws IOException {
        Files.writeString(temp.resolve("graph.json"), new NeuralNetConfiguration.Builder().graphBuilder()
                .addInputs("images")
                .addLayer("conv1", new ConvolutionLayer.Builder(3, 3).nOut(4).convolutionMode(ConvolutionMode.Same)
                        .activation(Activation.IDENTITY).build(), "images")
                .addLayer("bn1", new BatchNormalization.Builder().activation(Activation.RELU).build(), "conv1")
                .addLayer("conv2", new ConvolutionLayer.Builder(3, 3).nOut(8).stride(2, 2).activation(Activation.RELU)
                .build(), "bn1")
                .addLayer("pool", new GlobalPoolingLayer(), "conv2")
                .addLayer("fc", new OutputLayer.Builder().nOut(3).activation(Activation.SOFTMAX).build(), "pool")
                .setOutputs("fc")
                .setInputTypes(InputType.convolutional(7, 7, 1))
                .build().toJson());
        for (int i = 0; i < 4; i++) {
            stripes(50, i).save(temp.resolve("train-" + i + ".bin").toFile());
        }
        stripes(50, 99).save(temp.resolve("test.bin").toFile());
    }

    /** Noisy images of three classes: stripes along one axis, the other, or neither. */
    private static DataSet stripes(int count, long seed) {
        Rng rng = new Rng(seed, 1);
        INDArray features = Nd4j.zeros(DataType.FLOAT, count, 1, 7, 7);
        INDArray labels = Nd4j.zeros(DataType.FLOAT, count, 3);
        for (int i = 0; i < count; i++) {
            int label = i % 3;
            labels.putScalar(i, label, 1);
            for (int y = 0; y < 7; y++) {
                for (int x = 0; x < 7; x++) {
                    double stripe = label == 0 ? x % 2 : label == 1 ? y % 2 : 0.5;
                    features.putScalar(new long[] {i, 0, y, x}, 2 * stripe - 1
                            + 0.7 * rng.gaussian(i * 49L + y * 7 + x));
                }
            }
        }
        return new DataSet(features, labels);
    }

    private static double number(Path run, String file, String key) throws IOException {
        return Double.parseDouble(
                Files.readString(run.resolve(file)).replaceAll("(?s).*\"" + key + "\"\\s*:\\s*([0-9.E-]+).*", "$1"));
    }

    private static List<String> losses(Path run) throws IOException {
        return Files.readAllLines(run.resolve("curve.jsonl")).stream()
                .map(l -> l.replaceAll(".*(\"loss\":[^,]+).*", "$1")).toList();
    }

    @Test
    void aNetworkTrainsResumesAndGoesBackToDeeplearning4j() throws IOException {
        files();
        assertThat(onConfig("train")).as(console.err()).isZero();
        Path run = run("byo");
        List<String> curve = losses(run);
        assertThat(number(run, "DONE", "eval_loss")).isLessThan(0.6);
        assertThat(Files.readString(run.resolve("manifest.json"))).contains("\"model_file\"", "\"unit\" : \"images\"");

        Path zip = temp.resolve("model.zip");
        assertThat(console.run("export", run.toString(), "--to", "dl4j", "--out", zip.toString())).as(console.err())
                .isZero();
        ComputationGraph alone = ModelSerializer.restoreComputationGraph(zip.toFile());
        DataSet test = stripes(50, 99);
        assertThat(alone.score(test)).isCloseTo(number(run, "DONE", "eval_loss"), within(1e-5));
        Evaluation evaluation = new Evaluation(3);
        evaluation.eval(test.getLabels(), alone.outputSingle(test.getFeatures()));
        assertThat(evaluation.accuracy()).isGreaterThan(0.8).isCloseTo(number(run, "DONE", "eval_accuracy"),
                within(1e-9));

        // Cut off at step 12, it comes to the same end.
        Files.delete(run.resolve("DONE"));
        DurableFiles.deleteTree(run.resolve("ckpt").resolve("step-00000030"));
        assertThat(onConfig("train")).as(console.err()).isZero();
        assertThat(losses(run)).isEqualTo(curve);
        assertThat(console.run("export", run.toString(), "--to", "dl4j", "--out",
                temp.resolve("again.zip").toString())).isZero();
        assertThat(ModelSerializer.restoreComputationGraph(temp.resolve("again.zip").toFile()).params())
                .isEqualTo(alone.params());

        // A run that starts from the zip begins where this one ended, batch norm's statistics included.
        assertThat(onConfig("train", "--set", "name=tuned", "--set", "init=" + zip, "--set", "optimizer.lr=0", "--set",
                "optimizer.adamw.lr=0", "--set", "train.steps=1", "--set", "schedule={type: constant}"))
                        .as(console.err())
                        .isZero();
        assertThat(number(run("tuned"), "curve.jsonl", "loss")).isLessThan(0.6);
        assertThat(onConfig("train", "--set", "name=other", "--set", "model.width=16", "--set", "init=" + zip))
                .isEqualTo(2);
        assertThat(console.err()).contains("expected a parameter conv1.b[16], found conv1.b[8]")
                .doesNotContain("\tat ");

        // Another network under the same name is another experiment.
        Files.delete(run.resolve("DONE"));
        Files.writeString(temp.resolve("graph.json"),
                Files.readString(temp.resolve("graph.json")).replaceFirst("ActivationReLU", "ActivationTanH"));
        assertThat(onConfig("train")).isEqualTo(2);
        assertThat(console.err()).contains("was trained on other");
    }

    /** Plain Deeplearning4j on the same images: as many right as the run counted. */
    @Test
    void aResidualNetworkIsAsGoodInDeeplearning4j() throws IOException {
        Path config = Files.writeString(temp.resolve("resnet.yaml"), RESNET);
        String runs = temp.resolve("runs").toString();
        assertThat(console.run("train", config.toString(), "--runs", runs)).as(console.err()).isZero();
        Path run = run("small");
        Path zip = temp.resolve("resnet.zip");
        assertThat(console.run("export", run.toString(), "--to", "dl4j", "--out", zip.toString())).as(console.err())
                .isZero();
        ComputationGraph alone = ModelSerializer.restoreComputationGraph(zip.toFile());
        ExperimentSpec spec = ConfigLoader.parse(Files.readString(run.resolve("resolved.yaml")), "resolved.yaml");
        Evaluation evaluation;
        try (Backend backend = new CpuBackend(1);
                DatasetIterator images = new DatasetIterator(
                        new Datasets(temp).open(spec.data()), spec.train(), 48, backend)) {
            evaluation = alone.evaluate(images);
        }
        assertThat(evaluation.accuracy()).isGreaterThan(0.2).isCloseTo(number(run, "DONE", "eval_accuracy"),
                within(1e-9));
        NormalizerStandardize normalizer = ModelSerializer.restoreNormalizerFromFile(zip.toFile());
        assertThat(normalizer.getMean().toDoubleVector()).hasSize(3);

        assertThat(console.run("train", config.toString(), "--runs", runs, "--set", "name=tuned", "--set", "init="
                + zip, "--set",
                "optimizer.lr=0", "--set", "train.steps=1", "--set", "model.norm_momentum=1e-9")).as(console.err())
                        .isZero();
        assertThat(number(run("tuned"), "DONE", "eval_loss")).isCloseTo(number(run, "DONE", "eval_loss"), within(1e-5));
    }

    @Test
    void planAndMistakes() throws IOException {
        files();
        assertThat(onConfig("plan", "--no-timing")).as(console.err()).isZero();
        assertThat(console.out()).contains("conv1.W", "stem", "slow on the CPU").contains("readout input x")
                .contains("0.5");
        mistake("expected a model of tokens", "data={type: markov}");
        mistake("expected either files or data.train_iterator", "data.train_iterator=java.lang.String");
        mistake("found: java.lang.ClassNotFoundException: no.such.Iterator",
                "data={type: dl4j, train_iterator: no.such.Iterator, validation: [" + temp + "/test.bin]}");
        mistake("expected a file that DataSet.save wrote", "data.train=[" + temp + "/graph.json]");
        mistake("expected at most 50, the images of the test set, found 51", "train.eval_sequences=51");
    }

    private void mistake(String said, String set) throws IOException {
        assertThat(onConfig("train", "--set", set)).as(console.err()).isEqualTo(2);
        assertThat(console.err()).contains(said).doesNotContain("\tat ");
    }

    @Test
    void widthsOfANetworkAreAFamily() throws IOException {
        files();
        int code = onConfig("coord-check", "--widths", "4,8,16", "--seeds", "1", "--set",
                "optimizer={type: adamw, lr: 0.01, weight_decay: 0}");
        assertThat(console.out()).as(console.err()).contains("widths [4, 8, 16]", "conv2", "fc");
        assertThat(code).isIn(0, 1);
    }
}
