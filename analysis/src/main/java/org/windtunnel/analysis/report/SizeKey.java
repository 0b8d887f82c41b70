package org.windtunnel.analysis.report;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.windtunnel.analysis.study.RunRow;
import org.windtunnel.analysis.study.StudyResult;

/**
 * What colours the runs of a study: the width, or the size its rates are compared over, where every run has one, else the number of parameters.
 *
 * @param title of the legend
 * @param byRun value of each run
 * @param values the distinct ones, increasing
 */
record SizeKey(String title, Map<String, Double> byRun, List<Double> values) {

    static SizeKey of(StudyResult result) {
        boolean width = result.runs().stream().map(RunRow::width).noneMatch(Objects::isNull);
        Map<String, Double> byRun = new HashMap<>();
        result.runs().forEach(r -> byRun.put(r.runId(), width ? r.width() : Double.valueOf(r.n())));
        return new SizeKey(
                width ? result.options().axis() : "parameters", byRun, List.copyOf(new TreeSet<>(byRun.values())));
    }
}
