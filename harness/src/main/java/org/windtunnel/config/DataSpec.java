package org.windtunnel.config;

/** Where tokens come from. */
public sealed interface DataSpec permits DataSpec.Text {

    /** Text files. */
    @Variant(value = "text", doc = "Text files of your own")
    record Text(@Key("Files of training text") java.util.List<String> train) implements DataSpec {}
}
