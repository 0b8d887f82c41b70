package org.windtunnel.config;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;

/** The reference of all keys, read off the records: what {@code config --explain} prints. */
public final class ConfigReference {
    private final StringBuilder out = new StringBuilder();

    private ConfigReference() {}

    /** Every key with its type, default, unit and meaning, nested by section. */
    public static String text() {
        ConfigReference reference = new ConfigReference();
        reference.section(ExperimentSpec.class, 0);
        reference.heading("sweep", "How one file becomes many runs; leave it out for a single run", 0);
        reference.section(SweepSpec.class, 1);
        reference.heading("analysis", "What the end of a sweep computes and draws", 0);
        reference.section(AnalysisSpec.class, 1);
        return reference.out.toString();
    }

    private void heading(String name, String doc, int depth) {
        out.append("  ".repeat(depth)).append(name).append(":  # ").append(doc).append('\n');
    }

    private void section(Class<?> record, int depth) {
        for (Map.Entry<String, Schema.Component> e : Schema.of(record).components().entrySet()) {
            Schema.Component component = e.getValue();
            Class<?> nested = nested(component.type());
            line(e.getKey(), component, nested, depth);
            if (nested != null && nested.isSealed()) {
                variants(nested, depth + 1);
            } else if (nested != null) {
                section(nested, depth + 1);
            }
        }
    }

    private void variants(Class<?> sealed, int depth) {
        for (Map.Entry<String, Class<?>> variant : Schema.variants(sealed).entrySet()) {
            String doc = variant.getValue().getAnnotation(Variant.class).doc();
            heading(Schema.selector(sealed) + ": " + variant.getKey(), doc, depth);
            section(variant.getValue(), depth + 1);
        }
    }

    private void line(String name, Schema.Component component, Class<?> nested, int depth) {
        Key key = component.key();
        String value = switch (key.def()) {
            case Key.REQUIRED -> "(required)";
            case Key.NONE -> "(none)";
            default -> key.def();
        };
        String section = component.type() instanceof ParameterizedType ? "list of sections" : "section";
        String type = nested != null ? section : type(component.type());
        String unit = key.unit().isEmpty() ? "" : " [" + key.unit() + "]";
        String head = "  ".repeat(depth) + name + ": " + value;
        out.append(String.format("%-44s # %s%s. %s%n", head, type, unit, key.value()));
    }

    private static Class<?> nested(Type type) {
        if (type instanceof ParameterizedType generic && generic.getRawType() == List.class) {
            return generic.getActualTypeArguments()[0] instanceof Class<?> item ? nested(item) : null;
        }
        return type instanceof Class<?> raw && (raw.isRecord() || raw.isSealed()) && raw != ConfigNode.class ? raw : null;
    }

    private static String type(Type type) {
        if (type instanceof ParameterizedType generic) {
            return generic.getRawType() == List.class
                    ? "list of " + type(generic.getActualTypeArguments()[0])
                    : "map to " + type(generic.getActualTypeArguments()[1]);
        }
        Class<?> raw = (Class<?>) type;
        if (raw == ConfigNode.class || raw == Object.class) {
            return "any value";
        }
        if (raw.isEnum()) {
            return String.join(" | ", Names.of(raw));
        }
        if (raw == Boolean.class || raw == boolean.class) {
            return "true | false";
        }
        if (raw == String.class) {
            return "text";
        }
        return raw == double.class || raw == Double.class ? "number" : "integer";
    }
}
