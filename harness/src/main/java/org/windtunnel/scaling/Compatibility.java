package org.windtunnel.scaling;

import java.util.Arrays;
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

    private static final Map<String, List<Cell>> CELLS = new LinkedHashMap<>();
    private static final Map<String, String> REASONS = Map.of(
            "sp_full_align", "its rates are those of Adam-like updates; use adamw or apollo",
            "mup_plus_plus", "its rates are published for AdamW and Muon; use adamw, apollo or muon",
            "hyperp", "its rates are relative steps on the sphere; use muonh or adamh");

    static {
        put("sp", "S S S S S S S S");
        put("sp_full_align", "- S - D D - - -");
        put("mup", "S S D D D S D D");
        put("depth_mup", "S S D D D D D D");
        put("completep", "D S D D D D D D");
        put("mup_plus_plus", "- S - D D S - -");
        put("hyperp", "- - - - - - S D");
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
        CELLS.put(parameterization, Arrays.stream(cells.split(" "))
                .map(c -> c.equals("S") ? Cell.SUPPORTED : c.equals("D") ? Cell.DERIVED : Cell.REFUSED)
                .toList());
    }

    /** Parameterizations, in the order of the documentation. */
    public static List<String> parameterizations() {
        return List.copyOf(CELLS.keySet());
    }

    /** The cell of a pair, by the names that configurations use. */
    public static Cell cell(String parameterization, String optimizer) {
        return CELLS.get(parameterization).get(OPTIMIZERS.indexOf(optimizer));
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
