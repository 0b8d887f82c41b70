package org.windtunnel.analysis.compare;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.curve.Evaluation;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.transfer.Labels;

/**
 * Sorts runs into families, picks each one's best learning rate, and measures them against a baseline.
 *
 * <p>Runs of a family are seeds of one setting only if they agree in everything else that their sweep varies. Where a sweep
 * also varies other settings, such as weight decay, a family is at its best one of them.
 */
public final class Comparison {
    private static final String SEED = "seed";

    private final String lrPath;
    private final List<String> groupPaths;

    private Comparison(String lrPath, List<String> groupPaths) {
        this.lrPath = lrPath;
        this.groupPaths = groupPaths;
    }

    /**
     * A family at one rate and one setting of what else its runs vary; all of them have finished with a finite loss.
     *
     * @param others what else the family's runs vary, by config path; empty if nothing
     */
    private record Best(String label, double lr, boolean edge, Map<String, Object> others, List<Run> runs) {
        double loss() {
            return runs.stream().mapToDouble(r -> r.finalLoss().getAsDouble()).average().orElseThrow();
        }

        Map<Long, Double> bySeed() {
            return runs.stream().collect(Collectors.toMap(Run::seed, r -> r.finalLoss().getAsDouble(), Math::min));
        }

        /** Mean loss of the runs by step, where all have an evaluation. */
        TreeMap<Long, Double> curve() {
            TreeMap<Long, List<Double>> losses = new TreeMap<>();
            for (Run run : runs) {
                for (Evaluation e : run.evaluations()) {
                    losses.computeIfAbsent(e.step(), s -> new ArrayList<>()).add(e.loss());
                }
            }
            TreeMap<Long, Double> means = new TreeMap<>();
            losses.forEach((step, all) -> {
                if (all.size() == runs.size()) {
                    means.put(step, all.stream().mapToDouble(l -> l).average().orElseThrow());
                }
            });
            return means;
        }
    }

    /**
     * The families by increasing loss.
     *
     * @param groupPaths config paths whose values make a family
     * @param baseline label of the family to compare with, or the beginning of exactly one
     * @throws AnalysisException if there is no such family
     */
    public static List<Contender> of(List<Run> runs, String lrPath, List<String> groupPaths, String baseline) {
        return new Comparison(lrPath, groupPaths).compare(runs, baseline);
    }

    private List<Contender> compare(List<Run> runs, String baseline) {
        Map<String, List<Run>> families = new LinkedHashMap<>();
        for (Run run : runs) {
            if (run.finalLoss().isPresent() && run.number(lrPath).isPresent()) {
                families.computeIfAbsent(Labels.of(Labels.values(run, groupPaths)), l -> new ArrayList<>()).add(run);
            }
        }
        List<Best> best = new ArrayList<>();
        families.forEach((label, members) -> {
            Best found = best(label, members);
            if (found != null) {
                best.add(found);
            }
        });
        List<Best> matching = best.stream().filter(b -> b.label.equals(baseline)).toList();
        if (matching.isEmpty()) {
            matching = best.stream().filter(b -> b.label.startsWith(baseline)).toList();
        }
        if (matching.size() != 1) {
            throw new AnalysisException("No single family named " + baseline + ": expected one of "
                    + best.stream().map(Best::label).toList() + ". Choose it with --baseline.");
        }
        Best base = matching.get(0);
        return best.stream()
                .map(b -> contender(b, base))
                .sorted(Comparator.comparingDouble(Contender::loss))
                .toList();
    }

    /** The setting and rate of least mean loss at which no run diverged; null if there is none. */
    private Best best(String label, List<Run> members) {
        Map<Map<String, Object>, TreeMap<Double, List<Run>>> settings = new LinkedHashMap<>();
        members.forEach(r -> settings.computeIfAbsent(others(r), o -> new TreeMap<>())
                .computeIfAbsent(r.number(lrPath).getAsDouble(), x -> new ArrayList<>()).add(r));
        Best best = null;
        for (Map.Entry<Map<String, Object>, TreeMap<Double, List<Run>>> setting : settings.entrySet()) {
            TreeMap<Double, List<Run>> byRate = setting.getValue();
            Map<String, Object> named = varied(setting.getKey(), settings.keySet());
            for (Map.Entry<Double, List<Run>> e : byRate.entrySet()) {
                boolean edge = byRate.size() > 1
                        && (e.getKey().equals(byRate.firstKey()) || e.getKey().equals(byRate.lastKey()));
                Best candidate = new Best(label, e.getKey(), edge, named, e.getValue());
                if (Double.isFinite(candidate.loss()) && (best == null || candidate.loss() < best.loss())) {
                    best = candidate;
                }
            }
        }
        return best;
    }

    /** What a run's sweep varies beside rate, seed and family. */
    private Map<String, Object> others(Run run) {
        Map<String, Object> others = new LinkedHashMap<>(run.axes());
        others.remove(lrPath);
        others.remove(SEED);
        others.keySet().removeAll(groupPaths);
        return others;
    }

    /** The part of a setting in which others differ from it. */
    private static Map<String, Object> varied(Map<String, Object> setting, Set<Map<String, Object>> all) {
        Map<String, Object> varied = new LinkedHashMap<>(setting);
        varied.entrySet().removeIf(e ->
                all.stream().allMatch(other -> Objects.equals(e.getValue(), other.get(e.getKey()))));
        return varied;
    }

    private static Contender contender(Best b, Best base) {
        Run any = b.runs.get(0);
        double target = base.loss();
        Long reached = b.curve().entrySet().stream()
                .filter(e -> e.getValue() <= target)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
        double[] losses = b.runs.stream().mapToDouble(r -> r.finalLoss().getAsDouble()).toArray();
        double[] differences = differences(b, base);
        boolean same = b == base;
        double[] times = b.runs.stream()
                .mapToDouble(r -> 1000 * tokensPerStep(r) / r.curve().medianTokensPerSecond())
                .filter(Double::isFinite)
                .sorted()
                .toArray();
        return new Contender(
                b.label,
                b.lr,
                b.edge,
                b.others,
                b.runs.size(),
                b.loss(),
                standardError(losses),
                same ? 0 : differences.length > 0 ? mean(differences) : b.loss() - base.loss(),
                same ? Double.valueOf(0) : standardError(differences),
                reached,
                any.curve().size() == 0 ? 0 : any.curve().step()[any.curve().size() - 1],
                any.stateBytes() == null ? null : any.stateBytes() / any.paramsTotal(),
                times.length == 0 ? Double.NaN : times[times.length / 2]);
    }

    private static double tokensPerStep(Run run) {
        int last = run.curve().size() - 1;
        return last < 0 ? Double.NaN : run.curve().tokens()[last] / run.curve().step()[last];
    }

    /** By common seed: a seed fixes initialisation and data, so its effect cancels. */
    private static double[] differences(Best b, Best base) {
        Map<Long, Double> theirs = base.bySeed();
        return b.bySeed().entrySet().stream()
                .filter(e -> theirs.containsKey(e.getKey()))
                .mapToDouble(e -> e.getValue() - theirs.get(e.getKey()))
                .toArray();
    }

    private static double mean(double[] x) {
        double sum = 0;
        for (double v : x) {
            sum += v / x.length;
        }
        return sum;
    }

    private static Double standardError(double[] x) {
        if (x.length < 2) {
            return null;
        }
        double mean = mean(x);
        double squares = 0;
        for (double v : x) {
            squares += (v - mean) * (v - mean);
        }
        return Math.sqrt(squares / (x.length - 1) / x.length);
    }
}
