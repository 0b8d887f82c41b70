package org.windtunnel.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Documents one config key and holds its default; the only place where either is written.
 *
 * <p>The YAML key is the record component's name in snake_case.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Key {
    /** Marks a key that must be given. */
    String REQUIRED = "\0required";

    /** Marks a key that may be left out and then is null. */
    String NONE = "\0none";

    /** One line for {@code config --explain}. */
    String value();

    /** The default in YAML, or {@link #REQUIRED} or {@link #NONE}. */
    String def() default REQUIRED;

    /**
     * For a key that came to a section when runs of it existed: while it has its default, it is left out of a run's
     * identity, so that those runs are found again.
     */
    boolean later() default false;

    /** Unit of the value, empty for none. */
    String unit() default "";
}
