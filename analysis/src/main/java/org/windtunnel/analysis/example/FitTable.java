package org.windtunnel.analysis.example;

import java.nio.file.Path;
import java.util.Map;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.fit.FitLines;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.fit.TableFitter;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.Laws;
import org.windtunnel.analysis.plan.BudgetLines;
import org.windtunnel.analysis.plan.Frontier;
import org.windtunnel.analysis.report.HtmlReport;
import org.windtunnel.analysis.study.FitStudies;
import org.windtunnel.analysis.table.DataTable;

/**
 * The module as a library: fits L(N, D) to a table with columns N, D and loss, prints the fit and a plan for a hundred times
 * the largest compute, and writes the report. Needs nothing but this module's own dependencies.
 */
public final class FitTable {
    private FitTable() {}

    /** @param args a CSV or JSONL file, and where the report goes */
    public static void main(String[] args) {
        if (args.length != 2) {
            System.err.println("expected TABLE REPORT.html, found " + args.length + " arguments");
            System.exit(2);
        }
        try {
            run(Path.of(args[0]), Path.of(args[1]));
        } catch (AnalysisException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private static void run(Path table, Path report) {
        Law law = Laws.named("chinchilla");
        TableFitter.Settings settings =
                new TableFitter.Settings(Map.of(), FitOptions.defaults(), null, Map.of(), null);
        TableFit fit = TableFitter.fit(law, DataTable.read(table), table.getFileName().toString(), settings);
        FitLines.of(fit).forEach(System.out::println);
        BudgetLines.of(fit, new Frontier(fit).ofCompute(100 * fit.compute())).forEach(System.out::println);
        HtmlReport.write(FitStudies.of(fit), report);
    }
}
