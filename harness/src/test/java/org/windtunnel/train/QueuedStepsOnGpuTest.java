package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.cuda.driver.CudaDevice;
import org.windtunnel.config.ConfigException;

/** CUDA graphs and late figures on a GPU: the same bits as launches one by one whose figures are waited for. */
@Tag("gpu")
class QueuedStepsOnGpuTest {
    @TempDir
    Path temp;

    @BeforeAll
    static void requireGpu() {
        try {
            CudaDevice.open().close();
        } catch (ConfigException e) {
            System.out.println("skipped: CUDA graphs on a GPU: " + e.getMessage());
            Assumptions.abort(e.getMessage());
        }
    }

    private List<Object> run(String name, Operands operands, String train, boolean graphs) throws IOException {
        RunJob job = QueuedStepsTest.job(QueuedStepsTest.GPT, "{type: adamw, lr: 0.02}", train,
                QueuedStepsTest.REST);
        try (RunExecutor executor = new RunExecutor(Path.of("."), new Preemption(),
                spec -> new CudaBackend(CudaDevice.open(), operands, graphs))) {
            executor.execute(job, temp.resolve(name), ProgressListener.NONE);
        }
        return QueuedStepsTest.result(temp.resolve(name));
    }

    @ParameterizedTest
    @EnumSource(Operands.class)
    void replayedLateIsTheSameAsLaunchedAtOnce(Operands operands) throws IOException {
        List<Object> atOnce = run("at-once", operands, QueuedStepsTest.AT_ONCE, false);
        assertThat(run("launched", operands, "log_every: 1", false)).isEqualTo(atOnce);
        assertThat(run("replayed", operands, "log_every: 1", true)).isEqualTo(atOnce);
    }
}
