package org.windtunnel.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** A record as a section of the experiment file: its keys, in order. Read once by reflection. */
final class Schema {
    private static final Map<Class<?>, Schema> SCHEMAS = new ConcurrentHashMap<>();

    private final Class<?> type;
    private final Map<String, Component> components;
    private final Constructor<?> constructor;

    /**
     * One key of a section.
     *
     * @param fallback the default as a node, or null for a required key
     * @param range the accepted numbers, or null for all
     * @param bound the default once it was bound
     */
    record Component(String name, Type type, Method accessor, Key key, ConfigNode fallback, Range range,
            AtomicReference<Optional<Object>> bound) {

        boolean required() {
            return key.def().equals(Key.REQUIRED);
        }

        /**
         * The value where the key is left out; null for a key that may be left out. Bound once, for most keys of most
         * experiments have it; it cannot be changed, so all can share it.
         */
        Object defaultValue() {
            if (bound.get() == null) {
                bound.set(Optional.ofNullable(bindDefault()));
            }
            return bound.get().orElse(null);
        }

        private Object bindDefault() {
            Problems problems = new Problems();
            Object value = fallback.isNull() ? null : new Binder(problems).bind(fallback, type, name, range);
            if (problems.count() > 0) {
                throw new IllegalStateException("the default of " + name + " does not bind");
            }
            return value;
        }

        Object read(Object record) {
            try {
                return accessor.invoke(record);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(accessor + " cannot be read", e);
            }
        }
    }

    private Schema(Class<?> type) {
        this.type = type;
        this.components = new LinkedHashMap<>();
        List<Class<?>> parameters = new ArrayList<>();
        for (RecordComponent component : type.getRecordComponents()) {
            Component described = describe(component);
            components.put(described.name(), described);
            parameters.add(component.getType());
        }
        try {
            constructor = type.getDeclaredConstructor(parameters.toArray(Class<?>[]::new));
            constructor.setAccessible(true);
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(type + " has no canonical constructor", e);
        }
    }

    private static Component describe(RecordComponent component) {
        String name = Names.snake(component.getName());
        Key key = component.getAnnotation(Key.class);
        if (key == null) {
            throw new IllegalStateException(component.getDeclaringRecord() + ": " + name + " has no @Key");
        }
        component.getAccessor().setAccessible(true);
        ConfigNode fallback = switch (key.def()) {
            case Key.REQUIRED -> null;
            case Key.NONE -> new ConfigNode.Scalar(Origin.of("default"), "", true);
            default -> YamlReader.value(key.def(), "default of " + name);
        };
        return new Component(name, component.getGenericType(), component.getAccessor(), key, fallback,
                component.getAnnotation(Range.class), new AtomicReference<>());
    }

    static Schema of(Class<?> record) {
        return SCHEMAS.computeIfAbsent(record, Schema::new);
    }

    Map<String, Component> components() {
        return components;
    }

    /** A new record. @throws ConfigException as the record's constructor does */
    Object construct(Object[] values) {
        try {
            return constructor.newInstance(values);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof ConfigException refusal) {
                throw refusal;
            }
            throw new IllegalStateException(type + " failed on values that its keys accept", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be constructed", e);
        }
    }

    /** The key that selects a variant of a sealed spec. */
    static String selector(Class<?> sealed) {
        Selector selector = sealed.getAnnotation(Selector.class);
        return selector == null ? "type" : selector.value();
    }

    /** A node as the section of a sealed spec: a bare name, where the spec takes one, is a section that names its variant. */
    static ConfigNode section(Class<?> sealed, ConfigNode node) {
        Selector selector = sealed.getAnnotation(Selector.class);
        return selector != null && selector.bare() && node instanceof ConfigNode.Scalar && !node.isNull()
                ? new ConfigNode.Mapping(node.origin(), Map.of(selector.value(), new ConfigNode.Entry(node.origin(), node)))
                : node;
    }

    /** The records of a sealed spec by their names. */
    static Map<String, Class<?>> variants(Class<?> sealed) {
        Map<String, Class<?>> variants = new LinkedHashMap<>();
        for (Class<?> variant : sealed.getPermittedSubclasses()) {
            variants.put(variant.getAnnotation(Variant.class).value(), variant);
        }
        return variants;
    }

    /** The sealed spec that {@code record} is a variant of, or null. */
    static Class<?> sealedParent(Class<?> record) {
        for (Class<?> parent : record.getInterfaces()) {
            if (parent.isSealed() && record.isAnnotationPresent(Variant.class)) {
                return parent;
            }
        }
        return null;
    }
}
