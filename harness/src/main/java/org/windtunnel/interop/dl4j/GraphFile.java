package org.windtunnel.interop.dl4j;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.learning.config.NoOp;
import org.windtunnel.backend.Natives;
import org.windtunnel.config.ConfigException;

/** A network in a file: the JSON of its configuration, or a zip that {@code ModelSerializer} wrote. */
final class GraphFile {
    private final Path path;
    private final boolean zipped;

    /** @throws ConfigException if it cannot be read */
    GraphFile(Path path) {
        Natives.prepare();
        this.path = path;
        byte[] start = new byte[2];
        try (InputStream in = Files.newInputStream(path)) {
            this.zipped = in.readNBytes(start, 0, 2) == 2 && start[0] == 'P' && start[1] == 'K';
        } catch (NoSuchFileException e) {
            throw new ConfigException(path + ": no such file", e);
        } catch (IOException e) {
            throw new ConfigException(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * The graph's configuration without what it says of training.
     *
     * @throws ConfigException if it is none
     */
    ComputationGraphConfiguration configuration() {
        ComputationGraphConfiguration configuration = zipped ? network().getConfiguration() : json();
        for (GraphVertex vertex : configuration.getVertices().values()) {
            if (vertex instanceof LayerVertex layer && layer.getLayerConf().getLayer() instanceof BaseLayer conf) {
                conf.setRegularization(List.of());
                conf.setRegularizationBias(List.of());
                conf.setIUpdater(new NoOp());
                conf.setBiasUpdater(null);
                conf.setGradientNormalization(GradientNormalization.None);
            }
        }
        return configuration;
    }

    private ComputationGraphConfiguration json() {
        try {
            String json = Files.readString(path, StandardCharsets.UTF_8);
            if (!json.contains("\"confs\"")) {
                ComputationGraphConfiguration graph = ComputationGraphConfiguration.fromJson(json);
                if (graph.getNetworkInputs() == null || graph.getNetworkOutputs() == null) {
                    throw new IllegalArgumentException("it has no networkInputs and networkOutputs");
                }
                return graph;
            }
            MultiLayerNetwork layers = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(json));
            layers.init();
            return layers.toComputationGraph().getConfiguration();
        } catch (IOException | RuntimeException e) {
            throw new ConfigException(path + ": expected the JSON of a ComputationGraphConfiguration (its toJson()), "
                    + "found something that does not parse as one: " + firstLine(e), e);
        }
    }

    /**
     * The network with its parameters.
     *
     * @throws ConfigException if the file has none
     */
    ComputationGraph network() {
        if (!zipped) {
            throw new ConfigException(path + ": expected a zip that ModelSerializer wrote, found a file without "
                    + "parameters");
        }
        File file = path.toFile();
        try {
            return ModelSerializer.restoreComputationGraph(file, false);
        } catch (IOException | RuntimeException notAGraph) {
            try {
                return ModelSerializer.restoreMultiLayerNetwork(file, false).toComputationGraph();
            } catch (IOException | RuntimeException e) {
                throw new ConfigException(path + ": expected a zip that ModelSerializer wrote, found one that it "
                        + "cannot read: "
                        + firstLine(notAGraph), notAGraph);
            }
        }
    }

    /** Writes a network with its parameters as {@code ModelSerializer} does. @param normalizer null for none */
    static void write(ComputationGraph graph, DataNormalization normalizer, Path out) {
        try {
            ModelSerializer.writeModel(graph, out.toFile(), false);
            if (normalizer != null) {
                // Handed to writeModel, it meets a stream that is closed already.
                ModelSerializer.addNormalizerToModel(out.toFile(), normalizer);
            }
        } catch (IOException | RuntimeException e) {
            throw new ConfigException(out + ": cannot be written: " + e.getMessage(), e);
        }
    }

    /**
     * An object of a class on the class path.
     *
     * @throws ConfigException if there is none of that name, it is of another type, or its constructor fails
     */
    static <T> T instance(String name, Class<T> type, String key) {
        try {
            return type.cast(Class.forName(name).getConstructor().newInstance());
        } catch (InvocationTargetException e) {
            throw new ConfigException(key + ": the constructor of " + name + " failed: " + e.getCause(), e);
        } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
            throw new ConfigException(key + ": expected a class " + name
                    + " with a public constructor without arguments that is "
                    + "a " + type.getSimpleName() + ", found: " + e + "; name its jar in WINDTUNNEL_CLASSPATH", e);
        }
    }

    static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
}
