package org.windtunnel.analysis.study;

import java.util.List;
import org.windtunnel.analysis.transfer.TransferGroup;

/**
 * Everything one sweep says.
 *
 * @param format version of this record as JSON
 * @param sweep name of the sweep
 * @param origin where and when; null when unknown
 * @param options what was asked
 * @param runs every run, in order of directory name
 * @param curves of the runs that have any
 * @param transfer one entry a group that has at least one bowl of three learning rates
 * @param law null when the runs cannot carry one; the warnings say why
 * @param entropy null unless every run's source has the same known entropy and the law has an E
 * @param warnings in order of topic
 * @param unit what losses are means over, in the singular: {@code token} or {@code image}
 */
public record StudyResult(
        int format,
        String sweep,
        StudyOrigin origin,
        StudyOptions options,
        List<RunRow> runs,
        List<CurveSeries> curves,
        List<TransferGroup> transfer,
        LawStudy law,
        EntropyCheck entropy,
        List<Warning> warnings,
        String unit) {

    /** Of tokens. */
    public StudyResult(
            int format,
            String sweep,
            StudyOrigin origin,
            StudyOptions options,
            List<RunRow> runs,
            List<CurveSeries> curves,
            List<TransferGroup> transfer,
            LawStudy law,
            EntropyCheck entropy,
            List<Warning> warnings) {
        this(format, sweep, origin, options, runs, curves, transfer, law, entropy, warnings, "token");
    }

    /** Version written by this code. */
    public static final int FORMAT = 1;
}
