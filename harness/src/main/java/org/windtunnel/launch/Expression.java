package org.windtunnel.launch;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.windtunnel.config.ConfigException;

/**
 * Arithmetic of derived values: numbers, dotted names, + - * / ^, parentheses, and min, max, round, floor, ceil, sqrt,
 * log2 as functions.
 */
final class Expression {
    /** Longer ones are no arithmetic; the bound keeps the recursion shallow. */
    private static final int MAX_LENGTH = 1000;

    private final String text;
    private final Function<String, Double> names;
    private int at;

    private Expression(String text, Function<String, Double> names) {
        this.text = text;
        this.names = names;
    }

    /**
     * @param names gives a dotted name's value, or null if there is none
     * @throws ConfigException with the position of what cannot be understood
     */
    static double evaluate(String text, Function<String, Double> names) {
        if (text.length() > MAX_LENGTH) {
            throw new ConfigException("expected an expression of at most " + MAX_LENGTH + " characters, found "
                    + text.length());
        }
        Expression e = new Expression(text, names);
        double v = e.sum();
        if (e.peek() != 0) {
            throw e.error("expected an operator or the end, found '" + e.peek() + "'");
        }
        if (!Double.isFinite(v)) {
            throw new ConfigException("\"" + text + "\" is " + v + "; expected a finite number");
        }
        return v;
    }

    private double sum() {
        double v = product();
        while (peek() == '+' || peek() == '-') {
            v = text.charAt(at++) == '+' ? v + product() : v - product();
        }
        return v;
    }

    private double product() {
        double v = power();
        while (peek() == '*' || peek() == '/') {
            v = text.charAt(at++) == '*' ? v * power() : v / power();
        }
        return v;
    }

    private double power() {
        double v = unary();
        if (peek() == '^') {
            at++;
            return Math.pow(v, power());
        }
        return v;
    }

    private double unary() {
        if (peek() == '-') {
            at++;
            return -power();
        }
        return atom();
    }

    private double atom() {
        char c = peek();
        if (c == '(') {
            at++;
            double v = sum();
            expect(')');
            return v;
        }
        int start = at;
        if (Character.isDigit(c) || c == '.') {
            return number(start);
        }
        if (!Character.isLetter(c)) {
            throw error("expected a number, a name or '(', found " + (c == 0 ? "the end" : "'" + c + "'"));
        }
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || "._".indexOf(text.charAt(at)) >= 0)) {
            at++;
        }
        String name = text.substring(start, at);
        return peek() == '(' ? call(name, start) : variable(name, start);
    }

    private double number(int start) {
        while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '.'
                || "+-".indexOf(text.charAt(at)) >= 0 && Character.toLowerCase(text.charAt(at - 1)) == 'e')) {
            at++;
        }
        try {
            return Double.parseDouble(text.substring(start, at));
        } catch (NumberFormatException e) {
            at = start;
            throw error("expected a number");
        }
    }

    private double variable(String name, int start) {
        Double v = names.apply(name);
        if (v == null) {
            at = start;
            throw error("there is no number named " + name);
        }
        return v;
    }

    private double call(String name, int start) {
        expect('(');
        List<Double> a = new ArrayList<>();
        do {
            a.add(sum());
        } while (peek() == ',' && at++ >= 0);
        expect(')');
        if (a.size() == 2 && name.equals("min")) {
            return Math.min(a.get(0), a.get(1));
        }
        if (a.size() == 2 && name.equals("max")) {
            return Math.max(a.get(0), a.get(1));
        }
        if (a.size() == 1) {
            double x = a.get(0);
            switch (name) {
                case "round":
                    return Math.round(x);
                case "floor":
                    return Math.floor(x);
                case "ceil":
                    return Math.ceil(x);
                case "sqrt":
                    return Math.sqrt(x);
                case "log2":
                    return Math.log(x) / Math.log(2);
                default:
                    break;
            }
        }
        at = start;
        throw error("there is no function " + name + " of " + a.size() + " arguments");
    }

    private void expect(char c) {
        if (peek() != c) {
            throw error("expected '" + c + "'");
        }
        at++;
    }

    private char peek() {
        while (at < text.length() && text.charAt(at) == ' ') {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private ConfigException error(String message) {
        return new ConfigException("\"" + text + "\", character " + (at + 1) + ": " + message);
    }
}
