package org.windtunnel.backend.cuda;

import java.nio.ByteBuffer;
import org.windtunnel.backend.OptimizerKernels.Segments;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** AdamW and SGD: one launch for all segments, whose scalars are uploaded as a table of {@code Segment} structures. */
final class UpdateKernels {
    /** {@code sizeof(Segment)}, and where its members lie. */
    private static final int SEGMENT = 40;
    private static final int STATE_OFFSET = 8;
    private static final int LENGTH = 16;
    private static final int FIRST_BLOCK = 24;
    private static final int RATE = 28;
    private static final int DECAY = 32;
    private static final int EPS = 36;
    /** {@code SLICE} in the source. */
    private static final int SLICE = 1024;

    private final Device device;
    private final Calls calls;
    private final Workspace workspace;
    private int blocks;

    UpdateKernels(Device device, Calls calls, Workspace workspace) {
        this.device = device;
        this.calls = calls;
        this.workspace = workspace;
    }

    void adamw(
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor m,
            Tensor v,
            double beta1,
            double beta2,
            long step,
            boolean epsInsideCorrection,
            double gradScale) {
        Shapes.sameSize(w, g);
        Shapes.sameSize(m, v);
        double correction1 = 1 - Math.pow(beta1, step);
        double correction2 = 1 - Math.pow(beta2, step);
        double rateFactor = (epsInsideCorrection ? Math.sqrt(correction2) : 1) / correction1;
        ByteBuffer table = cut(segments, w, m);
        for (int i = 0; i < segments.count(); i++) {
            double lr = segments.lr()[i];
            scalars(table, i, lr * rateFactor, 1 - lr * segments.weightDecay()[i], segments.eps()[i]);
        }
        calls.to("adamw")
                .address(upload(table))
                .int32(segments.count())
                .tensor(w)
                .tensor(g)
                .tensor(m)
                .tensor(v)
                .float32(beta1)
                .float32(1 - beta1)
                .float32(beta2)
                .float32(1 - beta2)
                .float32(epsInsideCorrection ? 1 : 1 / Math.sqrt(correction2))
                .float32(gradScale)
                .grid(blocks, 1, 1);
    }

    void sgd(
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor buffer,
            double momentum,
            double dampening,
            boolean nesterov,
            boolean decoupled,
            long step,
            double gradScale) {
        Shapes.sameSize(w, g);
        ByteBuffer table = cut(segments, w, buffer);
        for (int i = 0; i < segments.count(); i++) {
            scalars(table, i, segments.lr()[i], segments.weightDecay()[i], 0);
        }
        calls.to("sgd")
                .address(upload(table))
                .int32(segments.count())
                .tensor(w)
                .tensor(g)
                .tensor(buffer)
                .float32(momentum)
                .float32(1 - dampening)
                .flag(nesterov)
                .flag(decoupled)
                .flag(step == 1)
                .float32(gradScale)
                .grid(blocks, 1, 1);
    }

    /** The table without its scalars; sets the number of blocks. */
    private ByteBuffer cut(Segments segments, Tensor w, Tensor state) {
        ByteBuffer table = device.staging(Math.multiplyExact(Math.max(1, segments.count()), SEGMENT));
        blocks = 0;
        for (int i = 0; i < segments.count(); i++) {
            long length = segments.length()[i];
            within(segments.offset()[i], length, w, i);
            if (state != null) {
                within(segments.stateOffset()[i], length, state, i);
            }
            int at = i * SEGMENT;
            table.putLong(at, segments.offset()[i]);
            table.putLong(at + STATE_OFFSET, segments.stateOffset()[i]);
            table.putLong(at + LENGTH, length);
            table.putInt(at + FIRST_BLOCK, blocks);
            blocks = Math.addExact(blocks, Calls.blocks(length, SLICE));
        }
        return table;
    }

    private static void within(long offset, long length, Tensor x, int segment) {
        if (offset < 0 || offset + length > x.size()) {
            throw new IllegalArgumentException("segment " + segment + " leaves the vector " + x);
        }
    }

    private static void scalars(ByteBuffer table, int i, double rate, double decay, double eps) {
        int at = i * SEGMENT;
        table.putFloat(at + RATE, (float) rate);
        table.putFloat(at + DECAY, (float) decay);
        table.putFloat(at + EPS, (float) eps);
    }

    private long upload(ByteBuffer table) {
        long address = workspace.take(table.capacity());
        device.upload(table, address);
        return address;
    }
}
