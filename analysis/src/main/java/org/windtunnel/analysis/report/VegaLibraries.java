package org.windtunnel.analysis.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Properties;

/** Vega, Vega-Lite and Vega-Embed, read from the class path and made ready to stand inside a page. */
final class VegaLibraries {
    private static final List<String> NAMES = List.of("vega", "vega-lite", "vega-embed");

    private VegaLibraries() {}

    /** The scripts in load order, each in its own {@code <script>} element, after their licence notice. */
    static String scripts() {
        StringBuilder out = new StringBuilder();
        out.append("<!--\n").append(resource(VegaLibraries.class, "vega-licence.txt")).append("-->\n");
        for (String name : NAMES) {
            String source = resource(VegaLibraries.class, "/META-INF/resources/webjars/" + name + "/" + version(name)
                    + "/" + name + ".min.js");
            out.append("<script>").append(inline(source)).append("</script>\n");
        }
        return out.toString();
    }

    /** Version of a library, from the Maven metadata inside its jar. */
    static String version(String name) {
        Properties properties = new Properties();
        String path = "/META-INF/maven/org.webjars/" + name + "/pom.properties";
        try (InputStream in = open(VegaLibraries.class, path)) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    /** Text of a class-path resource, UTF-8. */
    static String resource(Class<?> owner, String path) {
        try (InputStream in = open(owner, path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream open(Class<?> owner, String path) {
        InputStream in = owner.getResourceAsStream(path);
        if (in == null) {
            throw new IllegalStateException("The report needs " + path + " on the class path, but it is not there;"
                    + " check that the jars of the analysis module are complete");
        }
        return in;
    }

    /** Drops the source-map comment (a file beside the page) and keeps the parser from seeing the end of the element. */
    private static String inline(String source) {
        String code = source.replaceAll("(?m)^//# sourceMappingURL=.*$", "");
        if (code.toLowerCase(Locale.ROOT).contains("</script") || code.contains("<!--")) {
            throw new IllegalStateException("A bundled script contains markup that would end its own element");
        }
        return code.strip();
    }
}
