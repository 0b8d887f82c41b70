package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.curve.RunTable;

/** What is to be known about the runs before any number is read. */
final class RunWarnings {
    private static final String TOPIC = "runs";

    private RunWarnings() {}

    static List<Warning> of(RunTable table, StudyOptions options) {
        List<Warning> warnings = new ArrayList<>();
        for (String problem : table.problems()) {
            warnings.add(new Warning(TOPIC, null, problem, null));
        }
        if (table.runs().isEmpty()) {
            warnings.add(new Warning(TOPIC, null, "no run directories in " + table.directory(), "run the sweep first"));
            return warnings;
        }
        for (String path : List.of(options.lrPath(), options.widthPath())) {
            if (table.runs().stream().allMatch(r -> r.number(path).isEmpty())) {
                warnings.add(
                        new Warning(TOPIC, path, "no run has a number there", "name the config path that holds it"));
            }
        }
        Map<RunStatus, Integer> counts = new EnumMap<>(RunStatus.class);
        table.runs().forEach(r -> counts.merge(r.status(), 1, Integer::sum));
        counts.forEach((status, count) -> {
            if (status != RunStatus.DONE) {
                warnings.add(counted(status, count + " of " + table.runs().size() + " runs "));
            }
        });
        return warnings;
    }

    private static Warning counted(RunStatus status, String count) {
        String again = "run the sweep again: it does what is missing";
        return switch (status) {
            case DIVERGED -> new Warning(TOPIC, null, count + "diverged; their loss counts as infinite", null);
            case FAILED ->
                new Warning(TOPIC, null, count + "failed and are left out", "see their FAILED files, then " + again);
            default ->
                new Warning(
                        TOPIC,
                        null,
                        count + "are not finished (" + status.name().toLowerCase(Locale.ROOT) + ") and are left out",
                        again);
        };
    }
}
