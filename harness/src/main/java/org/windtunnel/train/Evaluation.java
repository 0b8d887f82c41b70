package org.windtunnel.train;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.RepeatedWork;
import org.windtunnel.data.BatchSource;
import org.windtunnel.nn.Model;

/**
 * The loss on the fixed evaluation set, and of classifiers the share of errors. On a backend with a queue of work the
 * passes over all micro-batches are queued, the same work for each, and what they add up is waited for once.
 */
final class Evaluation implements AutoCloseable {
    private final Model model;
    private final BatchSource batches;
    private final int microBatch;
    /** Null where there are no classes. */
    private final Errors errors;
    /** Null where every pass is done when it returns. */
    private final LateFigures late;
    private final RepeatedWork pass;
    private final double[] sums = new double[3];
    private double error = Double.NaN;

    Evaluation(Backend backend, Model model, BatchSource batches, int microBatch, Errors errors, LateFigures late) {
        this.model = model;
        this.batches = batches;
        this.microBatch = microBatch;
        this.errors = errors;
        this.late = late;
        this.pass = backend.repeated("a pass of an evaluation", this::queuePass);
    }

    /** Mean loss, nats per unit. */
    double run() {
        return run(batches.evaluationExamples());
    }

    /** The same of one micro-batch, for what it takes of the backend. */
    void rehearse() {
        run(Math.min(microBatch, batches.evaluationExamples()));
    }

    private double run(int examples) {
        double nll = 0;
        double count = 0;
        double wrong = 0;
        if (late != null) {
            late.beginEvaluation();
        }
        for (int first = 0; first < examples; first += microBatch) {
            batches.evaluation(first, model.inputs(), model.targets());
            if (late != null) {
                pass.run();
            } else {
                model.evaluate(sums);
                nll += sums[0];
                count += sums[2];
                wrong += errors == null ? 0 : errors.count(model.evaluatedLogits(), model.targets());
            }
        }
        if (late != null) {
            late.evaluation(sums);
            nll = sums[0];
            count = sums[1];
            wrong = sums[2];
        }
        error = errors == null ? Double.NaN : wrong / count;
        return nll / count;
    }

    private void queuePass() {
        model.evaluate(null);
        late.addEvaluated();
        if (errors != null) {
            late.addErrors(model.evaluatedLogits(), model.targets());
        }
    }

    /** Share of the set that was classified wrongly the last time; NaN where there are no classes. */
    double error() {
        return error;
    }

    /** Examples it looks at. */
    int examples() {
        return batches.evaluationExamples();
    }

    @Override
    public void close() {
        pass.close();
    }
}
