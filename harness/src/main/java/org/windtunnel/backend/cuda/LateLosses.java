package org.windtunnel.backend.cuda;

import java.nio.ByteBuffer;
import org.windtunnel.backend.LateFigures;
import org.windtunnel.tensor.Tensor;

/** {@link LateFigures} beside the results of reductions; what is sent is a copy, in turn to two places on the host. */
final class LateLosses implements LateFigures {
    /** {@code LATE_LOSS}, {@code LATE_SQUARES} and {@code EVALUATED} in the source. */
    private static final int LOSS_AT = 3 * Double.BYTES;
    private static final int SQUARES_AT = 4 * Double.BYTES;
    private static final int EVALUATED_AT = 5 * Double.BYTES;
    private static final int EVALUATED = 3;
    private static final int COUNTING_THREADS = 512;

    private final Device device;
    private final Calls calls;
    private final Reductions reductions;
    private long sent;
    private long received;

    LateLosses(Device device, Calls calls, Reductions reductions) {
        this.device = device;
        this.calls = calls;
        this.reductions = reductions;
    }

    @Override
    public void addLoss(boolean first) {
        calls.to("add_loss").address(reductions.results()).flag(first).grid(1, 1, 1, Calls.WARP, 0);
    }

    @Override
    public void squares(Tensor gradient) {
        reductions.sumOfSquares(gradient, reductions.results() + SQUARES_AT);
    }

    @Override
    public void clipFactor(Tensor limit, double eps, Tensor factor) {
        calls.to("clip_factor")
                .address(reductions.results())
                .doubles(limit)
                .float64(eps)
                .doubles(factor)
                .grid(1, 1, 1, Calls.WARP, 0);
    }

    @Override
    public void send() {
        if (sent - received == MOST) {
            throw new IllegalStateException("the figures of " + MOST + " steps are on their way already");
        }
        device.send(reductions.results(), Reductions.RESULT_BYTES, slot(sent++));
    }

    @Override
    public void receive(double[] into) {
        ByteBuffer found = receive();
        into[0] = found.getDouble(LOSS_AT);
        into[1] = found.getDouble(SQUARES_AT);
    }

    private ByteBuffer receive() {
        if (sent == received) {
            throw new IllegalStateException("there are no figures on their way");
        }
        return reductions.checked(device.receive(slot(received++)));
    }

    @Override
    public void beginEvaluation() {
        device.clear(reductions.results() + EVALUATED_AT, EVALUATED * Double.BYTES);
    }

    @Override
    public void addEvaluated() {
        calls.to("add_evaluated").address(reductions.results()).grid(1, 1, 1, Calls.WARP, 0);
    }

    @Override
    public void addErrors(Tensor logits, Tensor targets) {
        int rows = targets.intSize();
        calls.to("add_errors")
                .tensor(logits)
                .ints(targets)
                .int32(rows)
                .int32(logits.intSize() / rows)
                .address(reductions.results())
                .grid(1, 1, 1, COUNTING_THREADS, 0);
    }

    @Override
    public void evaluation(double[] into) {
        if (sent != received) {
            throw new IllegalStateException("the figures of a step are on their way");
        }
        send();
        ByteBuffer found = receive();
        for (int i = 0; i < EVALUATED; i++) {
            into[i] = found.getDouble(EVALUATED_AT + i * Double.BYTES);
        }
    }

    private static int slot(long number) {
        return (int) (number % MOST);
    }

    @Override
    public void forget() {
        received = sent;
    }
}
