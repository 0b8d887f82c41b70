package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.windtunnel.checkpoint.Checkpoint;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.checkpoint.SafetensorsFile;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigWriter;
import org.windtunnel.interop.TransformerExport;
import org.windtunnel.interop.dl4j.GraphFamily;
import org.windtunnel.interop.dl4j.ResNetExchange;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ResNetFamily;
import org.windtunnel.nn.TransformerFamily;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel export RUN --to FORMAT --out FILE}: a run's weights for other programs. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Write the weights of a run's checkpoint as a file that other programs read; a run starts from "
                + "such a file with the config key init.")
final class ExportCommand implements Callable<Integer> {

    /** What is written. */
    enum Format {
        SAFETENSORS,
        DL4J
    }

    @Parameters(index = "0", paramLabel = "RUN",
            description = "A run directory with a checkpoint (checkpoint.at_end keeps one)")
    private Path run;

    @Option(names = "--to", required = true, paramLabel = "FORMAT",
            description = "safetensors: transformers, named as in "
            + "nanoGPT, and as in Hugging Face's LLaMA; dl4j: a zip for Deeplearning4j's ModelSerializer")
    private Format format;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to; an existing directory gets "
            + "model.safetensors and config.json")
    private Path out;

    @Option(names = "--step", paramLabel = "STEP", description = "Of the checkpoint of this step (default: the newest)")
    private Long step;

    @Option(names = "--fold-multipliers",
            description = "Multiply the parameterization's forward constants into the weights, "
            + "for programs that do not know them (dl4j: always)")
    private boolean fold;

    @Option(names = "--bf16", description = "Round the weights to bfloat16, half the bytes (safetensors only)")
    private boolean bf16;

    @Override
    public Integer call() {
        RunJob job = StoredRun.read(run);
        ModelPlan plan = ModelPlan.of(job.spec(), StoredRun.dataShape(run));
        Checkpoint checkpoint = checkpoint();
        Path written = format == Format.SAFETENSORS ? safetensors(job, plan, checkpoint) : dl4j(plan, checkpoint);
        System.out.println(written + ": " + plan.counts().total() + " parameters of step " + checkpoint.meta().step());
        return ExitCode.DONE.code();
    }

    private Path safetensors(RunJob job, ModelPlan plan, Checkpoint checkpoint) {
        if (!(plan.family() instanceof TransformerFamily transformer)) {
            throw new ConfigException(run + ": expected a run of model.family gpt or llama for --to safetensors");
        }
        TransformerExport export = new TransformerExport(transformer.shape(), plan.scaling().forward(),
                (Map<?, ?>) ConfigWriter.tree(job.spec()).get("model"), job.runId() + " at step "
                        + checkpoint.meta().step());
        if (!fold && !export.isStandard()) {
            String constants = plan.scaling().forwardCells().stream()
                    .map(cell -> String.join(" ", cell))
                    .collect(Collectors.joining(", "));
            System.out.println("constants in the forward pass: " + constants + "; they are in the metadata, and "
                    + "--fold-multipliers puts them into the weights instead");
        }
        try (SafetensorsFile weights = checkpoint.open("weights")) {
            return export.write(weights, fold, bf16, out);
        }
    }

    private Path dl4j(ModelPlan plan, Checkpoint checkpoint) {
        if (bf16) {
            throw new ConfigException("--bf16: expected --to safetensors, found --to dl4j, which is written in fp32");
        }
        Map<String, double[]> tensors = new LinkedHashMap<>();
        for (String group : checkpoint.groups()) {
            if (group.equals("weights") || group.equals("buffers")) {
                try (SafetensorsFile file = checkpoint.open(group)) {
                    file.names().stream().filter(file::holdsNumbers).forEach(name -> tensors.put(name,
                            file.values(name)));
                }
            }
        }
        ForwardMultipliers own = plan.scaling().forward();
        if (plan.family() instanceof GraphFamily graph) {
            graph.export(tensors::get, own, out);
        } else if (plan.family() instanceof ResNetFamily resNet) {
            new ResNetExchange(resNet.shape(), own).export(tensors::get, StoredRun.pixels(run), out);
        } else {
            throw new ConfigException(run + ": expected a run of model.family resnet or dl4j for --to dl4j");
        }
        return out;
    }

    private Checkpoint checkpoint() {
        Checkpoints checkpoints = new Checkpoints(run);
        if (step != null) {
            return checkpoints.at(step);
        }
        Checkpoints.Search search = checkpoints.newest(any -> Optional.empty());
        if (search.checkpoint() == null) {
            throw new ConfigException(run + " has no checkpoint" + (search.problems().isEmpty() ? ""
                    : " that is whole: "
                    + search.problems()) + "; keep one with checkpoint.at_end: true");
        }
        return search.checkpoint();
    }
}
