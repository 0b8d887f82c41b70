package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.RepeatedWork;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

class RecordingTest {
    private EmulatedDevice device;
    private CudaBackend backend;
    private Arena arena;

    @BeforeEach
    void open() {
        device = new EmulatedDevice();
        backend = new CudaBackend(device, Operands.FP32);
        arena = Arena.of(backend::allocate, DType.FLOAT32);
    }

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }

    private Tensor of(float... values) {
        Tensor x = arena.take(values.length);
        x.set(values);
        return x;
    }

    /** Only addresses and arguments are recorded: a replay works on what is there by then. */
    @Test
    void aReplayReadsWhatIsThere() {
        Tensor x = of(1, 2, 3);
        Tensor y = of(0, 0, 0);
        try (RepeatedWork work = backend.repeated("the test", () -> {
            backend.axpy(2, x, y);
            backend.copy(y, x);
        })) {
            for (int i = 0; i < 4; i++) {
                x.set((float) i, i + 1f, 1f);
                backend.fill(y, 1);
                work.run();
                assertThat(x.toFloats()).containsExactly(2 * i + 1, 2 * i + 3, 3);
            }
        }
        assertThat(device.recordings()).isEqualTo(1);
        assertThat(device.replays()).isEqualTo(3);
    }

    @Test
    void aWorkspaceThatMovedHasTheWorkRecordedAnew() {
        Tensor x = arena.take(40, 5);
        backend.fill(x, 1);
        Tensor sums = arena.take(5);
        Tensor wide = arena.take(500, 3000);
        try (RepeatedWork work = backend.repeated("the test", () -> backend.columnSum(x, sums, false))) {
            work.run();
            work.run();
            work.run();
            backend.columnSum(wide, arena.take(3000), false);
            backend.fill(x, 2);
            work.run();
            assertThat(sums.toFloats()).containsExactly(80, 80, 80, 80, 80);
        }
        assertThat(device.recordings()).isEqualTo(2);
    }

    @Test
    void workThatReadsBackIsNotRecordedButDone() {
        Tensor x = of(3, 4);
        double[] found = new double[1];
        try (RepeatedWork work = backend.repeated("the test", () -> found[0] += backend.sumOfSquares(x))) {
            for (int i = 0; i < 4; i++) {
                work.run();
            }
        }
        assertThat(found[0]).isEqualTo(100);
        assertThat(device.replays()).isZero();
    }

    /** The device's clipping factor is the host's. */
    @Test
    void lateFiguresAndClipping() {
        LateFigures late = backend.lateFigures();
        Tensor gradient = of(3, 4);
        double[] figures = new double[2];
        Tensor targets = arena.take(DType.INT32, 2);
        targets.set(0, 1);
        Tensor logits = arena.take(2, 2);
        for (int pass = 0; pass < 3; pass++) {
            backend.crossEntropy(logits, targets, 0, 1, null, null);
            late.addLoss(pass == 0);
        }
        late.squares(gradient);
        late.send();
        assertThat(clipFactor(2.5)).isEqualTo(0.5);
        assertThat(clipFactor(1000)).isEqualTo(1);
        assertThat(clipFactor(0)).isEqualTo(1);
        late.receive(figures);
        assertThat(figures[0]).isCloseTo(6 * Math.log(2), within(1e-12));
        assertThat(figures[1]).isEqualTo(25);
        backend.fill(gradient, Double.NaN);
        late.squares(gradient);
        assertThat(clipFactor(1)).isNaN();
        assertThat(clipFactor(0)).isEqualTo(1);
    }

    /** Sums over the micro-batches of an evaluation, which begin anew with the next. */
    @Test
    void figuresOfAnEvaluation() {
        LateFigures late = backend.lateFigures();
        Tensor targets = arena.take(DType.INT32, 3);
        Tensor logits = arena.take(3, 2);
        double[] figures = new double[3];
        try (RepeatedWork pass = backend.repeated("the test", () -> {
            backend.crossEntropy(logits, targets, 0, 0, null, null);
            late.addEvaluated();
            late.addErrors(logits, targets);
        })) {
            for (int evaluation = 1; evaluation < 4; evaluation++) {
                late.beginEvaluation();
                logits.set(0f, 0f, 0f, 0f, -1f, -1f);
                targets.set(0, 1, 1);
                pass.run();
                targets.set(1, -1, 0);
                logits.set(0f, 0f, 0f, 0f, -evaluation, -1f);
                pass.run();
                late.evaluation(figures);
                double last = Math.log(Math.exp(-evaluation) + Math.exp(-1)) + evaluation;
                assertThat(figures[0]).isCloseTo(4 * Math.log(2) + last, within(1e-6));
                assertThat(figures[1]).isEqualTo(5);
                assertThat(figures[2]).isEqualTo(evaluation == 1 ? 3 : 4);
            }
        }
        assertThat(device.replays()).isEqualTo(5);
        late.addLoss(true);
        late.send();
        assertThatThrownBy(() -> late.evaluation(figures)).hasMessageContaining("a step are on their way");
        late.receive(figures);
    }

    private double clipFactor(double limit) {
        Tensor numbers = arena.take(DType.FLOAT64, 2);
        numbers.set(limit, Double.NaN);
        backend.lateFigures().clipFactor(numbers.slice(0, 1), 0, numbers.slice(1, 1));
        return numbers.item(1);
    }

    @Test
    void aBadIdIsToldWithTheLateFigures() {
        Tensor targets = arena.take(DType.INT32, 1);
        targets.set(7);
        backend.crossEntropy(arena.take(1, 3), targets, 0, 1, null, null);
        backend.lateFigures().addLoss(true);
        backend.lateFigures().send();
        assertThatThrownBy(() -> backend.lateFigures().receive(new double[2])).hasMessageContaining("found id 7");
    }
}
