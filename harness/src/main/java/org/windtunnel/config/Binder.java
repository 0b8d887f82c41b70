package org.windtunnel.config;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Binds nodes to records, strictly, and collects every problem on the way. */
final class Binder {
    private final Problems problems;

    Binder(Problems problems) {
        this.problems = problems;
    }

    /** The value, or null for YAML's null and wherever a problem was added. */
    Object bind(ConfigNode node, Type type, String path, Range range) {
        if (type instanceof ParameterizedType generic) {
            return generic.getRawType() == List.class
                    ? list(node, generic.getActualTypeArguments()[0], path, range)
                    : map(node, generic.getActualTypeArguments()[1], path);
        }
        Class<?> raw = (Class<?>) type;
        if (raw == ConfigNode.class) {
            return node;
        }
        if (raw == Object.class) {
            return plain(node, path);
        }
        if (raw.isRecord()) {
            return node instanceof ConfigNode.Mapping section
                    ? record(section, raw, path, null)
                    : mistyped(node, "a section", path);
        }
        if (raw.isSealed()) {
            return node instanceof ConfigNode.Mapping section
                    ? variant(section, raw, path, null)
                    : mistyped(node, "a section", path);
        }
        return node instanceof ConfigNode.Scalar scalar && !scalar.isNull()
                ? scalar(scalar, raw, path, range)
                : mistyped(node, expectation(raw), path);
    }

    /** The record, or null when a problem was added. {@code selector} is a key that the caller has read, or null. */
    Object record(ConfigNode.Mapping section, Class<?> type, String path, String selector) {
        int before = problems.count();
        Map<String, Schema.Component> components = Schema.of(type).components();
        List<String> known = new ArrayList<>(components.keySet());
        if (selector != null) {
            known.add(0, selector);
        }
        section.entries().forEach((key, entry) -> {
            if (!known.contains(key)) {
                unknown(entry.keyOrigin(), path, key, known);
            }
        });
        Object[] values = new Object[components.size()];
        int i = 0;
        for (Schema.Component component : components.values()) {
            values[i++] = component(section, component, path);
        }
        if (problems.count() > before) {
            return null;
        }
        try {
            return Schema.of(type).construct(values);
        } catch (ConfigException refusal) {
            ConfigNode.Entry entry = refusal.key() == null ? null : section.entries().get(refusal.key());
            Origin origin = entry != null ? entry.value().origin() : section.origin();
            problems.add(Problems.Kind.CONFLICT, origin, "", refusal.getMessage());
            return null;
        }
    }

    private void unknown(Origin origin, String path, String key, Collection<String> known) {
        String hint = Names.didYouMean(key, known);
        problems.invalid(origin, join(path, key), "unknown key" + (hint.isEmpty() ? "; known keys: " : hint + " Known keys: ")
                + String.join(", ", known));
    }

    private Object component(ConfigNode.Mapping section, Schema.Component component, String path) {
        ConfigNode.Entry entry = section.entries().get(component.name());
        String keyPath = join(path, component.name());
        if (entry == null && component.required()) {
            problems.add(Problems.Kind.MISSING, section.origin(), keyPath,
                    "missing key, expected " + expectation(component.type()) + " (" + component.key().value() + ")");
            return null;
        }
        if (entry == null) {
            return component.defaultValue();
        }
        ConfigNode node = entry.value();
        if (node.isNull() && component.key().def().equals(Key.NONE)) {
            return null;
        }
        boolean sealed = component.type() instanceof Class<?> raw && raw.isSealed() && raw != ConfigNode.class;
        if (sealed && Schema.section((Class<?>) component.type(), node) instanceof ConfigNode.Mapping given) {
            return variant(given, (Class<?>) component.type(), keyPath, component.fallback());
        }
        return bind(node, component.type(), keyPath, component.range());
    }

    private Object variant(ConfigNode.Mapping section, Class<?> sealed, String path, ConfigNode fallback) {
        String selector = Schema.selector(sealed);
        Map<String, Class<?>> variants = Schema.variants(sealed);
        String known = String.join(", ", variants.keySet());
        ConfigNode chosen = section.get(selector);
        if (chosen == null && fallback instanceof ConfigNode.Mapping defaults) {
            chosen = defaults.get(selector);
        }
        if (chosen == null) {
            problems.add(Problems.Kind.MISSING, section.origin(), join(path, selector),
                    "missing key, expected one of " + known);
            return null;
        }
        String name = chosen instanceof ConfigNode.Scalar scalar ? scalar.text() : "";
        Class<?> type = variants.get(name);
        if (type == null) {
            problems.invalid(chosen.origin(), join(path, selector), "expected one of " + known + ", found "
                    + chosen.describe() + Names.didYouMean(name, variants.keySet()));
            return null;
        }
        return record(section, type, path, selector);
    }

    private Object list(ConfigNode node, Type element, String path, Range range) {
        if (!(node instanceof ConfigNode.Sequence sequence)) {
            String hint = node instanceof ConfigNode.Scalar scalar && !scalar.isNull() ? "; write [" + scalar.text() + "]" : "";
            return mistyped(node, "a list", path, hint);
        }
        List<Object> values = new ArrayList<>();
        for (int i = 0; i < sequence.items().size(); i++) {
            Object value = bind(sequence.items().get(i), element, path + "[" + i + "]", range);
            if (value != null) {
                values.add(value);
            }
        }
        return List.copyOf(values);
    }

    private Object map(ConfigNode node, Type valueType, String path) {
        if (!(node instanceof ConfigNode.Mapping section)) {
            return mistyped(node, "a section", path);
        }
        Map<String, Object> values = new LinkedHashMap<>();
        section.entries().forEach((key, entry) -> values.put(key, bind(entry.value(), valueType, join(path, key), null)));
        return Collections.unmodifiableMap(values);
    }

    private Object scalar(ConfigNode.Scalar scalar, Class<?> raw, String path, Range range) {
        if (raw == String.class) {
            return scalar.text();
        }
        if (!scalar.plain()) {
            return mistyped(scalar, expectation(raw), path, raw.isEnum() || !isValue(scalar, raw) ? "" : "; remove the quotes");
        }
        try {
            return value(scalar.text(), raw, range);
        } catch (Numbers.Refused refused) {
            problems.invalid(scalar.origin(), path, refused.getMessage());
            return null;
        }
    }

    private static boolean isValue(ConfigNode.Scalar scalar, Class<?> raw) {
        try {
            value(scalar.text(), raw, null);
            return true;
        } catch (Numbers.Refused refused) {
            return false;
        }
    }

    private static Object value(String text, Class<?> raw, Range range) throws Numbers.Refused {
        if (raw.isEnum()) {
            return constant(text, raw);
        }
        if (raw == boolean.class || raw == Boolean.class) {
            if (!text.equals("true") && !text.equals("false")) {
                throw new Numbers.Refused("expected true or false, found " + text);
            }
            return text.equals("true");
        }
        Number number;
        if (raw == int.class || raw == Integer.class) {
            number = (int) Numbers.integer(text, Integer.MIN_VALUE, Integer.MAX_VALUE);
        } else if (raw == long.class || raw == Long.class) {
            number = Numbers.integer(text, Long.MIN_VALUE, Long.MAX_VALUE);
        } else if (raw == double.class || raw == Double.class) {
            number = Numbers.real(text);
        } else {
            throw new IllegalStateException("no key can be of type " + raw);
        }
        if (range != null && !Ranges.contains(range, number.doubleValue())) {
            throw new Numbers.Refused("expected a number " + Ranges.describe(range) + ", found " + text);
        }
        return number;
    }

    private static Object constant(String text, Class<?> raw) throws Numbers.Refused {
        for (Object constant : raw.getEnumConstants()) {
            if (Names.of((Enum<?>) constant).equals(text)) {
                return constant;
            }
        }
        throw new Numbers.Refused("expected " + expectation(raw) + ", found " + text
                + Names.didYouMean(text, Names.of(raw)));
    }

    /** A value of no declared type: true or false, an integer, a real number, text, a list or a map. */
    Object plain(ConfigNode node, String path) {
        if (node instanceof ConfigNode.Scalar scalar) {
            return node.isNull() ? mistyped(node, "a value", path) : Values.plain(scalar);
        }
        return Values.plain(node);
    }

    private Object mistyped(ConfigNode node, String expected, String path) {
        return mistyped(node, expected, path, "");
    }

    private Object mistyped(ConfigNode node, String expected, String path, String hint) {
        problems.invalid(node.origin(), path, "expected " + expected + ", found " + node.describe() + hint);
        return null;
    }

    /** What a key of this type wants, in words. */
    static String expectation(Type type) {
        if (type instanceof ParameterizedType generic) {
            return generic.getRawType() == List.class ? "a list" : "a section";
        }
        Class<?> raw = (Class<?>) type;
        if (raw.isEnum()) {
            return "one of " + String.join(", ", Names.of(raw));
        }
        if (raw == String.class) {
            return "text";
        }
        if (raw == boolean.class || raw == Boolean.class) {
            return "true or false";
        }
        if (raw == double.class || raw == Double.class) {
            return "a number";
        }
        boolean integral = raw == int.class || raw == Integer.class || raw == long.class || raw == Long.class;
        return integral ? "an integer" : "a section";
    }

    static String join(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }
}
