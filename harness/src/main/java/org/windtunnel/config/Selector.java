package org.windtunnel.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On a sealed spec: the key whose value picks the {@link Variant}, {@code type} unless given. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Selector {
    String value() default "type";

    /** Whether the name alone may stand for a section with nothing but its name in it. */
    boolean bare() default false;
}
