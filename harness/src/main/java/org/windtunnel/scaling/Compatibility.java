package org.windtunnel.scaling;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.Variant;

/** Which optimizer goes with which parameterization. */
public final class Compatibility {
    /** Optimizers, in the order of the cells. */
    public static final List<String> OPTIMIZERS =
            List.of("sgd", "adamw", "sgd_sai", "apollo", "apollo_mini", "muon", "muonh", "adamh");

    private static final Map<String, List<String>> CELLS = new LinkedHashMap<>();
    private static final Map<String, String> REASONS = Map.of(
            "sp_full_align", "its rates are those of Adam-like updates; use adamw or apollo",
            "mup_plus_plus", "its rates are published for AdamW and Muon; use adamw, apollo or muon",
            "hyperp", "its rates are relative steps on the sphere; use muonh or adamh");

    static {
        // S published, - refused; else the optimizer whose rules these are derived from. AdamW's depth factor is Muon's,
        // and the sphere's, too; SGD's depends on CompleteP's alpha as our algebra has it.
        put("sp", "S S S S S S S S");
        put("sp_full_align", "- S - adamw adamw - - -");
        put("mup", "S S sgd adamw adamw S muon adamw");
        put("depth_mup", "S S sgd adamw adamw adamw muon adamw");
        put("completep", "sgd S sgd adamw adamw adamw muon adamw");
        put("mup_plus_plus", "- S - adamw adamw S - -");
        put("hyperp", "- - - - - - S muonh");
    }

    private Compatibility() {}

    /** What is known of a pair. */
    public enum Cell {
        /** Published. */
        SUPPORTED,
        /** Follows from the published rules by our own algebra. */
        DERIVED,
        REFUSED
    }

    private static void put(String parameterization, String cells) {
        CELLS.put(parameterization, List.of(cells.split(" ")));
    }

    /** Parameterizations, in the order of the documentation. */
    public static List<String> parameterizations() {
        return List.copyOf(CELLS.keySet());
    }

    /** The cell of a pair, by the names that configurations use. */
    public static Cell cell(String parameterization, String optimizer) {
        String data = data(parameterization, optimizer);
        return data.equals("S") ? Cell.SUPPORTED : data.equals("-") ? Cell.REFUSED : Cell.DERIVED;
    }

    private static String data(String parameterization, String optimizer) {
        return CELLS.get(parameterization).get(OPTIMIZERS.indexOf(optimizer));
    }

    /** A cell as it is printed: yes, derived with the optimizer whose rules it is derived from, or a dash. */
    public static String text(String parameterization, String optimizer) {
        return switch (cell(parameterization, optimizer)) {
            case SUPPORTED -> "yes";
            case DERIVED -> "derived (" + data(parameterization, optimizer) + ")";
            case REFUSED -> "–";
        };
    }

    /** Why cells of a parameterization are refused; empty where none is. */
    public static String refusal(String parameterization) {
        return REASONS.getOrDefault(parameterization, "");
    }

    /** The optimizer whose rules those of a {@link Cell#DERIVED} pair are derived from. */
    public static String origin(ParameterizationSpec parameterization, OptimizerSpec optimizer) {
        return sgdBeside(optimizer) ? "sgd" : data(name(parameterization), name(optimizer));
    }

    public static Cell cell(ParameterizationSpec parameterization, OptimizerSpec optimizer) {
        Cell cell = cell(name(parameterization), name(optimizer));
        if (!sgdBeside(optimizer) || parameterization instanceof ParameterizationSpec.Sp) {
            return cell;
        }
        // No one has published rates of SGD beside another rule; those of SGD alone exist where it has a cell.
        return cell == Cell.REFUSED || cell(name(parameterization), "sgd") == Cell.REFUSED ? Cell.REFUSED : Cell.DERIVED;
    }

    /** @throws ConfigException with the reason if the pair is refused */
    static void require(ParameterizationSpec parameterization, OptimizerSpec optimizer) {
        String name = name(parameterization);
        if (cell(parameterization, optimizer) == Cell.REFUSED) {
            throw new ConfigException("parameterization " + name + " does not go with optimizer " + name(optimizer)
                    + (sgdBeside(optimizer) ? " with an auxiliary sgd" : "") + ": "
                    + REASONS.get(name));
        }
    }

    private static boolean sgdBeside(OptimizerSpec optimizer) {
        return optimizer.auxiliary() instanceof OptimizerSpec.Sgd;
    }

    private static String name(Object spec) {
        return spec.getClass().getAnnotation(Variant.class).value();
    }
}
