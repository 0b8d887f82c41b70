package org.windtunnel.interop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.windtunnel.checkpoint.SafetensorsFile;
import org.windtunnel.config.ConfigException;
import org.windtunnel.interop.dl4j.GraphFamily;
import org.windtunnel.interop.dl4j.ResNetExchange;
import org.windtunnel.nn.Family;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.ResNetFamily;
import org.windtunnel.nn.TransformerFamily;
import org.windtunnel.nn.TransformerShape;

/**
 * Starts a model from the weights in a file, whoever wrote it: a transformer from safetensors, a residual network or a
 * graph from a zip of Deeplearning4j.
 */
public final class InitialWeights {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int SHOWN = 5;

    private final Path path;
    private final SafetensorsFile file;
    private final TransformerShape shape;

    private InitialWeights(Path path, SafetensorsFile file, TransformerShape shape) {
        this.path = path;
        this.file = file;
        this.shape = shape;
    }

    /**
     * Overwrites every parameter with the file's, bit for bit where both have the same forward constants.
     *
     * @param own the constants that the run has
     * @throws ConfigException unless names and shapes are exactly the model's; nothing is changed then
     */
    public static void load(Path path, Family family, ForwardMultipliers own, Model into) {
        if (family instanceof TransformerFamily transformer) {
            load(path, transformer.shape(), own, into.parameters());
        } else if (family instanceof GraphFamily graph) {
            graph.load(path, own, into);
        } else if (family instanceof ResNetFamily resNet) {
            new ResNetExchange(resNet.shape(), own).load(path, into);
        } else {
            throw new ConfigException("init: " + path + ": expected a model of family gpt, llama, resnet or dl4j to "
                    + "read a file of weights into, found another; leave init out");
        }
    }

    static void load(Path path, TransformerShape shape, ForwardMultipliers own, Parameters into) {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            new InitialWeights(path, file, shape).load(own, into);
        }
    }

    private void load(ForwardMultipliers own, Parameters into) {
        Map<String, ParamSpec> expected = new LinkedHashMap<>();
        into.specs().forEach(p -> expected.put(TransformerFileNames.inFile(shape, p.name()), p));
        requireNames(expected.keySet());
        expected.forEach(this::requireShape);
        MultiplierFolding folding = new MultiplierFolding(shape, constants(), own);
        expected.forEach((name, p) -> {
            double[] values = file.values(name);
            folding.apply(p, values);
            into.weight(p.name()).set(values);
        });
    }

    private void requireNames(Set<String> expected) {
        Set<String> missing = new HashSet<>(expected);
        missing.removeAll(file.names());
        Set<String> further = new HashSet<>(file.names());
        further.removeAll(expected);
        if (shape.tied() && further.contains(TransformerFileNames.readout())) {
            requireTied(expected.iterator().next());
            further.remove(TransformerFileNames.readout());
        }
        if (!missing.isEmpty() || !further.isEmpty()) {
            throw new ConfigException("init: " + path + " holds other tensors than this model has"
                    + (missing.isEmpty() ? "" : "; it lacks " + shown(missing))
                    + (further.isEmpty() ? "" : "; only it has " + shown(further)) + madeBy());
        }
    }

    private static List<String> shown(Set<String> names) {
        return names.stream().sorted().limit(SHOWN).toList();
    }

    /** nanoGPT's state dict names a shared matrix twice. */
    private void requireTied(String table) {
        if (!Arrays.equals(file.values(table), file.values(TransformerFileNames.readout()))) {
            throw new ConfigException("init: " + path + ": " + TransformerFileNames.readout() + " differs from " + table
                    + ", expected the same matrix in a model with model.tied: true; set it to false");
        }
    }

    private void requireShape(String name, ParamSpec p) {
        int[] found = file.shape(name);
        if (Arrays.equals(found, p.shape())) {
            return;
        }
        boolean turned = found.length == 2 && p.shape().length == 2 && found[0] == p.shape()[1]
                && found[1] == p.shape()[0];
        throw new ConfigException("init: " + path + ": " + name + " is " + Arrays.toString(found) + ", expected "
                + Arrays.toString(p.shape())
                + (turned ? ": it is stored as [in, out] (Hugging Face's GPT-2 does, with Conv1D); transpose the "
                        + "linear layers to [out, in], as in nanoGPT" : madeBy()));
    }

    private String madeBy() {
        String model = file.metadata().get(TransformerExport.MODEL);
        return model == null ? "" : "; it was made by model: " + model.replace("\"", "").replace(":", ": ")
                .replace(",", ", ");
    }

    /** The file's constants; those of the standard parameterization where it names none. */
    private ForwardMultipliers constants() {
        String text = file.metadata().get(TransformerExport.MULTIPLIERS);
        if (text == null) {
            return ForwardMultipliers.standard(shape.headDim());
        }
        try {
            JsonNode node = JSON.readTree(text);
            ForwardMultipliers constants = new ForwardMultipliers(number(node, "embedding"), number(node, "attention"),
                    number(node, "residual"), number(node, "readout"));
            return constants;
        } catch (JsonProcessingException e) {
            throw new ConfigException("init: " + path + ": its metadata " + TransformerExport.MULTIPLIERS
                    + " is no JSON", e);
        }
    }

    private double number(JsonNode node, String key) {
        double value = node.path(key).asDouble(Double.NaN);
        if (!Double.isFinite(value)) {
            throw new ConfigException("init: " + path + ": its metadata " + TransformerExport.MULTIPLIERS
                    + " has no finite " + key);
        }
        return value;
    }
}
