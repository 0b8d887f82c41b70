package org.windtunnel.analysis.study;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.curve.RunTable;

/** Where the runs of a table come from, out of their manifests. */
final class Origins {
    private Origins() {}

    static StudyOrigin of(RunTable table) {
        return new StudyOrigin(
                table.directory() == null
                        ? null
                        : table.directory().toAbsolutePath().normalize().toString(),
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
                distinct(table, Origins::data),
                distinct(table, Origins::machine),
                distinct(table, r -> text(r.environment(), "git", "")));
    }

    private static List<String> distinct(RunTable table, Function<Run, String> line) {
        return table.runs().stream()
                .map(line)
                .filter(Objects::nonNull)
                .filter(s -> !s.isEmpty())
                .distinct()
                .toList();
    }

    private static String data(Run run) {
        JsonNode tokens = run.data().path("train_tokens");
        return join(
                text(run.config().path("data"), "type", ""),
                tokens.isNumber() ? Numbers.text(tokens.asDouble()) + " training tokens" : null,
                run.vocab() > 0 ? "vocabulary " + run.vocab() : null);
    }

    private static String machine(Run run) {
        JsonNode facts = run.environment();
        return join(
                text(facts, "cpu", ""),
                text(facts, "cores", "", " cores"),
                text(facts, "os", ""),
                text(facts, "java", "Java "),
                text(facts, "blas", ""));
    }

    private static String text(JsonNode node, String key, String before) {
        return text(node, key, before, "");
    }

    private static String text(JsonNode node, String key, String before, String after) {
        JsonNode value = node.path(key);
        return value.isValueNode() && !value.isNull() && !value.asText().isEmpty()
                ? before + value.asText() + after
                : null;
    }

    private static String join(String... parts) {
        return Stream.of(parts).filter(Objects::nonNull).collect(Collectors.joining(", "));
    }
}
