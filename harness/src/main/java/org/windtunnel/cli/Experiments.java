package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.curve.SizeMeasure;
import org.windtunnel.analysis.study.StudyOptions;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.AnalysisSpec;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentFile;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.launch.PlannedRun;
import org.windtunnel.launch.SweepPlan;
import org.windtunnel.launch.WorkerMessage.Assign;
import org.windtunnel.nn.ParameterCounts;
import org.windtunnel.train.Families;
import org.windtunnel.train.MemoryLedger;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunJob;

/** From the arguments of a command to the runs it is about. */
final class Experiments {
    private Experiments() {}

    static ExperimentFile load(ExperimentOptions options) {
        return load(options.config(), options.overrides);
    }

    static ExperimentFile load(Path config, List<String> overrides) {
        return ConfigLoader.load(config, overrides);
    }

    /** The runs of a file; a file without a {@code sweep} section is one run. */
    static List<RunJob> jobs(ExperimentFile file, RunExecutor executor) {
        List<RunJob> jobs = new ArrayList<>();
        for (PlannedRun run : SweepPlan.expand(
                file, spec -> counts(spec, executor.dataset(spec.data()).shape()))) {
            jobs.add(new RunJob(
                    run.spec().name(),
                    run.runId(),
                    run.slug(),
                    run.hash(),
                    run.axes(),
                    run.spec(),
                    file.text(),
                    run.branch()));
        }
        return jobs;
    }

    /** What derived values may use beside config paths. */
    static Map<String, Double> counts(ExperimentSpec spec, DataShape data) {
        ParameterCounts counts =
                ParameterCounts.of(Families.of(spec.model(), data).parameters());
        Map<String, Double> numbers = new LinkedHashMap<>();
        numbers.put("params.total", (double) counts.total());
        numbers.put("params.embedding", (double) counts.embedding());
        numbers.put("params.non_embedding", (double) counts.nonEmbedding());
        return numbers;
    }

    /** The one run of a file. @throws ConfigException if it is a sweep of several */
    static RunJob single(ExperimentOptions options) {
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            List<RunJob> jobs = jobs(load(options), executor);
            if (jobs.size() != 1) {
                throw new ConfigException(options.config() + ": expected one run, found a sweep of " + jobs.size()
                        + "; use `windtunnel sweep`, or narrow it down with --set sweep=null and --set PATH=VALUE");
            }
            return jobs.get(0);
        }
    }

    /** The run that a sweep handed out. */
    static RunJob job(Assign assign) {
        ExperimentSpec spec = ConfigLoader.parse(assign.resolvedYaml(), assign.runId() + "/resolved.yaml");
        return new RunJob(
                assign.sweep(),
                assign.runId(),
                assign.slug(),
                assign.hash(),
                assign.axes(),
                spec,
                assign.givenYaml(),
                assign.branch());
    }

    /** The analysis section in the terms of the analysis module. */
    static StudyOptions studyOptions(ExperimentFile file) {
        AnalysisSpec a = file.analysis();
        StudyOptions defaults = StudyOptions.defaults();
        return new StudyOptions(
                a.lr(),
                a.width(),
                a.group(),
                a.lawWhere(),
                a.n() == AnalysisSpec.Size.TOTAL ? SizeMeasure.TOTAL : SizeMeasure.NON_EMBEDDING,
                StudyOptions.HoldOutRule.valueOf(a.holdOut().name()),
                a.holdOutFraction(),
                a.bootstrap(),
                a.seed(),
                a.level(),
                defaults.huberDelta(),
                a.driftTolerance());
    }

    /** What a run takes of memory, by the precision that its config asks for. */
    static MemoryLedger ledger(ModelPlan plan) {
        return plan.ledger(Backends.storagePolicy(plan.spec().runtime()));
    }
}
