package org.windtunnel.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The name that selects this record among the permitted records of a sealed spec ({@code type: NAME}). */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Variant {
    String value();

    /** One line for {@code config --explain}. */
    String doc() default "";
}
