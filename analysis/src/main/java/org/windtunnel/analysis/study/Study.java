package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.fit.LossPoint;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.table.DataTable;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.Transfer;
import org.windtunnel.analysis.transfer.TransferGroup;
import org.windtunnel.analysis.transfer.TransferOptions;

/** Looks at a whole sweep: optima and their drift, the law, what cannot be told. */
public final class Study {
    private static final Logger LOG = LoggerFactory.getLogger(Study.class);

    private Study() {}

    /** Studies a sweep; an empty or half-finished one gives a result with warnings. */
    public static StudyResult run(RunTable table, StudyOptions options) {
        long start = System.nanoTime();
        List<Run> runs = table.runs();
        List<Warning> warnings = new ArrayList<>(RunWarnings.of(table, options));
        List<TransferGroup> transfer = transfer(table, options);
        warnings.addAll(bowlWarnings(transfer, options.axis()));
        List<LawCells.Cell> cells = LawCells.of(runs, options);
        LawStudy law = null;
        if (!cells.isEmpty()) {
            law = LawStudies.study(cells, LawCells.describe(options), options, warnings);
        } else if (!runs.isEmpty()) {
            warnings.add(new Warning(
                    "law",
                    null,
                    "no finished run with a finite loss passes the filter of the law",
                    "let runs finish, or change the filter"));
        }
        Set<String> inLaw = new HashSet<>();
        if (law != null) {
            cells.forEach(c -> inLaw.addAll(c.runIds()));
        }
        StudyResult result = new StudyResult(
                StudyResult.FORMAT,
                table.sweep(),
                Origins.of(table),
                options,
                RunTables.rows(runs, options, inLaw),
                RunTables.curves(runs, options),
                transfer,
                law,
                entropy(runs, law),
                List.copyOf(warnings),
                unit(runs));
        LOG.debug("studied {} runs in {} ms", runs.size(), (System.nanoTime() - start) / 1_000_000);
        return result;
    }

    private static String unit(List<Run> runs) {
        List<String> units = runs.stream().map(Run::unit).distinct().toList();
        return units.size() == 1 ? units.get(0).replaceFirst("s$", "") : "token";
    }

    /**
     * Fits the law of losses that other programs measured; the result has no runs, curves or learning rates.
     *
     * @param name of the data, for the report's title
     * @param table with columns N, D and loss
     */
    public static StudyResult run(String name, DataTable table, StudyOptions options) {
        List<Warning> warnings = new ArrayList<>();
        List.of("N", "D", "loss").forEach(table::require);
        List<LawCells.Cell> cells = table.rows().stream()
                .map(r -> new LossPoint(
                        r.number("N"), r.number("D"), 6 * r.number("N") * r.number("D"), r.number("loss")))
                .map(p -> new LawCells.Cell(p, null, List.of()))
                .toList();
        LawStudy law = null;
        if (cells.isEmpty()) {
            warnings.add(
                    new Warning("law", null, "the table " + name + " has no rows", "add one row a run: N, D, loss"));
        } else {
            law = LawStudies.study(cells, "rows of " + name + ", C = 6 N D", options, warnings);
        }
        return new StudyResult(
                StudyResult.FORMAT,
                name,
                null,
                options,
                List.of(),
                List.of(),
                List.of(),
                law,
                null,
                List.copyOf(warnings));
    }

    /** Only the transfer of the learning rate: the groups with at least one bowl of three rates. */
    public static List<TransferGroup> transfer(RunTable table, StudyOptions options) {
        return Transfer.analyse(table.runs(), transferOptions(options));
    }

    private static TransferOptions transferOptions(StudyOptions options) {
        return new TransferOptions(
                options.lrPath(),
                options.widthPath(),
                options.groupPaths(),
                options.size(),
                options.seed(),
                options.driftTolerance());
    }

    private static List<Warning> bowlWarnings(List<TransferGroup> groups, String axis) {
        List<Warning> warnings = new ArrayList<>();
        for (TransferGroup group : groups) {
            for (LrBowl bowl : group.bowls()) {
                if (bowl.warning() != null) {
                    warnings.add(new Warning(
                            "learning rate",
                            group.label() + ", " + axis + " " + Math.round(bowl.width()),
                            bowl.warning(),
                            null));
                }
            }
        }
        return warnings;
    }

    /** Compares E with the entropy that all runs' source shares; null when there is none. */
    private static EntropyCheck entropy(List<Run> runs, LawStudy law) {
        Set<Double> rates = new HashSet<>();
        runs.forEach(r -> rates.add(r.entropyRate()));
        if (law == null || rates.size() != 1 || rates.contains(null)) {
            return null;
        }
        double entropy = rates.iterator().next();
        for (ParameterEstimate p : law.parameters()) {
            if (p.name().equals("E")) {
                boolean inside = p.lo() <= entropy && entropy <= p.hi();
                String sentence = String.format(
                        Locale.ROOT,
                        "known entropy %.4f nats per " + unit(runs) + ", fitted E %.4f [%.4f, %.4f]: %s",
                        entropy,
                        p.value(),
                        p.lo(),
                        p.hi(),
                        inside ? "recovered within the interval" : "NOT within the interval");
                return new EntropyCheck(entropy, p.value(), p.lo(), p.hi(), inside, sentence);
            }
        }
        return null;
    }
}
