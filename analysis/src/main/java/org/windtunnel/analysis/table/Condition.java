package org.windtunnel.analysis.table;

import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.windtunnel.analysis.AnalysisException;

/**
 * A condition on rows such as {@code split=train}, {@code C<1e21} or {@code name!=a}.
 *
 * @param column it looks at
 * @param operator one of = != &lt; &lt;= &gt; &gt;=
 * @param value to compare with, as a number where the operator orders or both sides are numbers
 */
public record Condition(String column, String operator, String value) implements Predicate<DataTable.Row> {
    private static final Pattern FORM = Pattern.compile("\\s*([^=!<>]+?)\\s*(<=|>=|!=|=|<|>)\\s*(.*?)\\s*");

    /**
     * Reads a condition.
     *
     * @throws AnalysisException if the text is none
     */
    public static Condition parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new AnalysisException("expected a condition such as split=train or C<1e21, found \"" + text + "\"");
        }
        Condition condition = new Condition(matcher.group(1), matcher.group(2), matcher.group(3));
        if (condition.ordered() && number(condition.value) == null) {
            throw new AnalysisException("expected a number after " + condition.operator + " in \"" + text + "\"");
        }
        return condition;
    }

    private boolean ordered() {
        return operator.startsWith("<") || operator.startsWith(">");
    }

    private static Double number(String text) {
        try {
            return Double.valueOf(text);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    @Override
    public boolean test(DataTable.Row row) {
        if (ordered()) {
            double difference = row.number(column) - Double.parseDouble(value);
            return switch (operator) {
                case "<" -> difference < 0;
                case "<=" -> difference <= 0;
                case ">" -> difference > 0;
                default -> difference >= 0;
            };
        }
        Double left = number(row.text(column));
        Double right = number(value);
        boolean equal = left != null && right != null ? left.equals(right) : row.text(column).equals(value);
        return equal == operator.equals("=");
    }
}
