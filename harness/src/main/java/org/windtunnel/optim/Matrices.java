package org.windtunnel.optim;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ParamSpec;

/** Parameters seen as matrices: a filter [out, in, k, k] is [out, in·k·k]. */
final class Matrices {
    /** Elements up to which neighbours of any size share a call: what lies between its passes is bounded by them. */
    private static final int STRETCH_ELEMENTS = 1 << 24;

    private Matrices() {}

    static int rows(ParamSpec spec) {
        return spec.shape()[0];
    }

    static int columns(ParamSpec spec) {
        return Math.toIntExact(spec.size() / spec.shape()[0]);
    }

    /** @throws ConfigException if the group has a vector */
    static void require(ParameterGroup group, UpdateRule rule) {
        for (int k = 0; k < group.count(); k++) {
            if (group.spec(k).shape().length < 2) {
                throw new ConfigException("optimizer.assign: expected matrices and filters for " + rule
                        + ", found the vector " + group.spec(k) + "; assign it adamw");
            }
        }
    }

    /** Members of a group by shape, in batches. */
    static int[][] batches(ParameterGroup group) {
        Map<List<Integer>, List<Integer>> byShape = new LinkedHashMap<>();
        for (int k = 0; k < group.count(); k++) {
            List<Integer> shape = List.of(rows(group.spec(k)), columns(group.spec(k)));
            byShape.computeIfAbsent(shape, s -> new ArrayList<>()).add(k);
        }
        List<int[]> batches = new ArrayList<>();
        byShape.forEach((shape, members) -> {
            int most = Math.max(1, group.grouping().ofOneShape() / (shape.get(0) * shape.get(1)));
            for (int from = 0; from < members.size(); from += most) {
                batches.add(members.subList(from, Math.min(members.size(), from + most)).stream()
                        .mapToInt(k -> k).toArray());
            }
        });
        return batches.toArray(int[][]::new);
    }

    /** Members of a group in runs of neighbours, a large one by itself. */
    static int[][] runs(ParameterGroup group) {
        return neighbours(group, group.grouping().neighbours());
    }

    /** Members of a group in longer runs, for calls that go from one to the next by themselves. */
    static int[][] stretches(ParameterGroup group) {
        return neighbours(group, STRETCH_ELEMENTS);
    }

    private static int[][] neighbours(ParameterGroup group, int most) {
        List<int[]> runs = new ArrayList<>();
        int from = 0;
        long elements = 0;
        for (int k = 0; k < group.count(); k++) {
            elements += group.spec(k).size();
            boolean last = k + 1 == group.count();
            if (last || elements + group.spec(k + 1).size() > most) {
                runs.add(IntStream.rangeClosed(from, k).toArray());
                from = k + 1;
                elements = 0;
            }
        }
        return runs.toArray(int[][]::new);
    }
}
