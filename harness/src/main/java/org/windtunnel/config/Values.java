package org.windtunnel.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;

/** Plain Java values of configuration, for JSON and for axes: Boolean, Long, Double, String, List, Map and null. */
final class Values {
    private Values() {}

    /** What a node means where no type is declared. */
    static Object plain(ConfigNode node) {
        if (node instanceof ConfigNode.Scalar scalar) {
            return scalar.isNull() ? null : scalar.plain() ? plain(scalar.text()) : scalar.text();
        }
        if (node instanceof ConfigNode.Sequence sequence) {
            List<Object> items = new ArrayList<>();
            sequence.items().forEach(item -> items.add(plain(item)));
            return items;
        }
        Map<String, Object> entries = new LinkedHashMap<>();
        ((ConfigNode.Mapping) node).entries().forEach((key, entry) -> entries.put(key, plain(entry.value())));
        return entries;
    }

    private static Object plain(String text) {
        if (text.equals("true") || text.equals("false")) {
            return text.equals("true");
        }
        try {
            return Numbers.integer(text, Long.MIN_VALUE, Long.MAX_VALUE);
        } catch (Numbers.Refused notAnInteger) {
            try {
                return Numbers.real(text);
            } catch (Numbers.Refused notANumber) {
                return text;
            }
        }
    }

    /** A record as a map, keys in the order of its declaration, a variant's selector first. */
    static Map<String, Object> ofRecord(Object record) {
        return ofRecord(record, component -> true);
    }

    /** As {@link #ofRecord}, without the keys that came later and have their default. */
    static Map<String, Object> identifying(Object record) {
        return ofRecord(record, value -> !value.component().key().later()
                || !Objects.equals(value.value(), value.component().defaultValue()));
    }

    /** One key of a record with its value. */
    private record Entry(Schema.Component component, Object value) {}

    private static Map<String, Object> ofRecord(Object record, Predicate<Entry> wanted) {
        Map<String, Object> values = new LinkedHashMap<>();
        Class<?> sealed = Schema.sealedParent(record.getClass());
        if (sealed != null) {
            values.put(Schema.selector(sealed), record.getClass().getAnnotation(Variant.class).value());
        }
        Schema.of(record.getClass()).components().forEach((name, component) -> {
            Object value = component.read(record);
            if (wanted.test(new Entry(component, value))) {
                values.put(name, ofValue(value, wanted));
            }
        });
        return values;
    }

    private static Object ofValue(Object value, Predicate<Entry> wanted) {
        if (value instanceof Record) {
            return ofRecord(value, wanted);
        }
        if (value instanceof Enum<?> constant) {
            return Names.of(constant);
        }
        if (value instanceof List<?> list) {
            List<Object> items = new ArrayList<>();
            list.forEach(item -> items.add(ofValue(item, wanted)));
            return items;
        }
        return value instanceof Integer number ? (Object) number.longValue() : value;
    }
}
