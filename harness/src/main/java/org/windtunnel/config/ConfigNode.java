package org.windtunnel.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Configuration as it was written, before it is bound to records; immutable, and every node knows its place. */
public sealed interface ConfigNode permits ConfigNode.Scalar, ConfigNode.Sequence, ConfigNode.Mapping {

    /** Where the node was written. */
    Origin origin();

    /** How an error message names what was found here. */
    String describe();

    /** Whether this is YAML's null: nothing, {@code ~} or {@code null}. */
    default boolean isNull() {
        return false;
    }

    /** One value. {@code plain} is false when it was quoted, which makes it text whatever it looks like. */
    record Scalar(Origin origin, String text, boolean plain) implements ConfigNode {
        private static final int SHOWN = 60;

        @Override
        public boolean isNull() {
            return plain && (text.isEmpty() || text.equals("~") || text.equals("null"));
        }

        @Override
        public String describe() {
            if (isNull()) {
                return "nothing";
            }
            String line = text.replace("\n", "\\n").replace("\r", "\\r");
            String cut = line.length() > SHOWN ? line.substring(0, SHOWN) + "..." : line;
            return plain ? cut : "the text \"" + cut + "\"";
        }
    }

    /** A list. */
    record Sequence(Origin origin, List<ConfigNode> items) implements ConfigNode {
        public Sequence {
            items = List.copyOf(items);
        }

        @Override
        public String describe() {
            return "a list";
        }
    }

    /** A section, in the order written. */
    record Mapping(Origin origin, Map<String, Entry> entries) implements ConfigNode {
        public Mapping {
            entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        }

        /** The value of {@code key}, or null. */
        public ConfigNode get(String key) {
            Entry entry = entries.get(key);
            return entry == null ? null : entry.value();
        }

        /** This section with {@code key} set. */
        public Mapping with(String key, Entry entry) {
            Map<String, Entry> copy = new LinkedHashMap<>(entries);
            copy.put(key, entry);
            return new Mapping(origin, copy);
        }

        /** This section without {@code key}. */
        public Mapping without(String key) {
            Map<String, Entry> copy = new LinkedHashMap<>(entries);
            copy.remove(key);
            return new Mapping(origin, copy);
        }

        @Override
        public String describe() {
            return "a section";
        }
    }

    /** A value with the place of its key. */
    record Entry(Origin keyOrigin, ConfigNode value) {}

    /**
     * {@code root} with the value at a dotted path replaced; sections on the way are created. A step into a list is an
     * index. A key that itself contains dots is found before its parts are.
     *
     * @throws ConfigException if the path leads through a single value or out of a list
     */
    static Mapping set(Mapping root, String path, ConfigNode value) {
        return (Mapping) set(root, path, path, value);
    }

    private static ConfigNode set(ConfigNode at, String path, String rest, ConfigNode value) {
        int dot = rest.indexOf('.');
        String head = dot < 0 ? rest : rest.substring(0, dot);
        if (rest.isEmpty() || head.isEmpty() || dot == rest.length() - 1) {
            throw new ConfigException(value.origin() + ": expected a path such as model.width, found \"" + path + "\"");
        }
        if (at instanceof Sequence list) {
            return setItem(list, path, head, dot < 0 ? null : rest.substring(dot + 1), value);
        }
        if (at instanceof Scalar scalar && !scalar.isNull()) {
            String parent = path.substring(0, path.length() - rest.length() - 1);
            throw new ConfigException(value.origin() + ": " + path + ": " + parent + " is the value "
                    + scalar.describe() + " (" + scalar.origin() + "), not a section that could hold " + head);
        }
        Mapping section = at instanceof Mapping mapping ? mapping : new Mapping(value.origin(), Map.of());
        if (dot < 0 || section.entries().containsKey(rest)) {
            return section.with(rest, new Entry(value.origin(), value));
        }
        Entry old = section.entries().get(head);
        ConfigNode child = old != null ? old.value() : new Mapping(value.origin(), Map.of());
        Origin keyOrigin = old != null ? old.keyOrigin() : value.origin();
        return section.with(head, new Entry(keyOrigin, set(child, path, rest.substring(dot + 1), value)));
    }

    private static ConfigNode setItem(Sequence list, String path, String index, String rest, ConfigNode value) {
        int i = index.matches("\\d{1,6}") ? Integer.parseInt(index) : -1;
        if (i < 0 || i >= list.items().size()) {
            throw new ConfigException(value.origin() + ": " + path + ": expected an index from 0 to "
                    + (list.items().size() - 1) + " into the list at " + list.origin() + ", found " + index);
        }
        List<ConfigNode> items = new ArrayList<>(list.items());
        items.set(i, rest == null ? value : set(items.get(i), path, rest, value));
        return new Sequence(list.origin(), items);
    }
}
