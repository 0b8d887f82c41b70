package org.windtunnel.train;

import org.windtunnel.config.ConfigException;
import org.windtunnel.config.MlpSpec;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.config.ResNetSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.interop.dl4j.GraphFamily;
import org.windtunnel.nn.Family;
import org.windtunnel.nn.MlpFamily;
import org.windtunnel.nn.MlpShape;
import org.windtunnel.nn.ResNetFamily;
import org.windtunnel.nn.ResNetShape;
import org.windtunnel.nn.TransformerFamily;
import org.windtunnel.nn.TransformerShape;

/** The model that a config's {@code model} section describes, for the data that it will see. */
public final class Families {
    private Families() {}

    /** @throws ConfigException if the sizes do not fit together, or the model does not take such data */
    public static Family of(ModelSpec spec, DataShape data) {
        if (spec instanceof ModelSpec.Gpt gpt) {
            return new TransformerFamily(TransformerShape.of(gpt, tokens(data).vocab()));
        }
        if (spec instanceof ModelSpec.Llama llama) {
            return new TransformerFamily(TransformerShape.of(llama, tokens(data).vocab()));
        }
        DataShape.Images images = images(data);
        if (spec instanceof ModelSpec.Dl4j graph) {
            return new GraphFamily(graph, images);
        }
        if (spec instanceof MlpSpec mlp) {
            return new MlpFamily(
                    MlpShape.of(mlp, images.channels(), images.height(), images.width(), images.classes()));
        }
        return new ResNetFamily(ResNetShape.of((ResNetSpec) spec, images.channels(), images.height(), images.width(),
                images.classes()));
    }

    private static DataShape.Tokens tokens(DataShape data) {
        if (data instanceof DataShape.Tokens tokens) {
            return tokens;
        }
        throw new ConfigException("model.family: expected a model of images for data of " + data
                + ", found one of tokens; choose another family or other data");
    }

    private static DataShape.Images images(DataShape data) {
        if (data instanceof DataShape.Images images) {
            return images;
        }
        throw new ConfigException("model.family: expected a model of tokens for data of " + data
                + ", found one of images; choose another family or other data");
    }
}
