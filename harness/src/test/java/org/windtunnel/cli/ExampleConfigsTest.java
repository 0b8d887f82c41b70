package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentFile;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.launch.PlannedRun;
import org.windtunnel.launch.SweepPlan;
import org.windtunnel.train.ModelPlan;

/** Every config that is shipped loads, expands and plans. */
class ExampleConfigsTest {
    private static final DataShape TEXT = new DataShape.Tokens(256);
    private static final DataShape IMAGES = new DataShape.Images(3, 32, 32, 10);

    @TestFactory
    List<DynamicTest> shippedConfigsPlan() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("..", "configs")).sorted()) {
            List<DynamicTest> tests = files.filter(f -> f.toString().endsWith(".yaml"))
                    .map(f -> DynamicTest.dynamicTest(f.getFileName().toString(), () -> plans(f)))
                    .toList();
            assertThat(tests).isNotEmpty();
            return tests;
        }
    }

    private static void plans(Path config) {
        ExperimentFile file = ConfigLoader.load(config, List.of());
        List<PlannedRun> runs = SweepPlan.expand(file, spec -> Experiments.counts(fromHere(spec), data(spec)));
        assertThat(runs).isNotEmpty().extracting(PlannedRun::runId).doesNotHaveDuplicates();
        assertThat(runs).allSatisfy(r -> {
            assertThat(ModelPlan.of(fromHere(r.spec()), data(r.spec())).flops()).isPositive();
        });
    }

    private static DataShape data(ExperimentSpec spec) {
        return spec.model().unit().equals("images") ? IMAGES : TEXT;
    }

    /** Paths in configs start at the root of the checkout; tests run in harness/. */
    private static ExperimentSpec fromHere(ExperimentSpec spec) {
        return spec.model() instanceof ModelSpec.Dl4j graph
                ? spec.with(
                        new ModelSpec.Dl4j("../" + graph.file(), graph.width(), graph.roles()),
                        spec.train(),
                        spec.seed())
                : spec;
    }
}
