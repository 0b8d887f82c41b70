package org.windtunnel.analysis.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** The page, its scripts and styles: a fixed list from the class path, read once. */
final class Assets {
    private static final List<String> SCRIPTS =
            List.of("app.js", "sweeps.js", "sweep.js", "run.js", "charts.js", "dom.js");

    private final Map<String, Response> files = new HashMap<>();

    Assets() {
        files.put("/", Response.text("text/html", resource("index.html")));
        files.put("/style.css", Response.text("text/css", resource("style.css")));
        SCRIPTS.forEach(name -> files.put("/" + name, Response.text("text/javascript", resource(name))));
        String library = "/META-INF/resources/webjars/uplot/" + version() + "/";
        String notice = "/* uPlot " + version() + "\n" + resource(library + "LICENSE").strip() + " */\n";
        files.put("/uplot.js", Response.text("text/javascript", notice + resource(library + "dist/uPlot.iife.min.js")));
        files.put("/uplot.css", Response.text("text/css", resource(library + "dist/uPlot.min.css")));
    }

    /** The file under a path, or null. */
    Response find(String path) {
        return files.get(path);
    }

    private static String version() {
        Properties properties = new Properties();
        try (InputStream in = open("/META-INF/maven/org.webjars.npm/uplot/pom.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    private static String resource(String path) {
        try (InputStream in = open(path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream open(String path) {
        InputStream in = Assets.class.getResourceAsStream(path);
        if (in == null) {
            throw new IllegalStateException("The dashboard needs " + path + " on the class path, but it is not there;"
                    + " check that the jars of the analysis module are complete");
        }
        return in;
    }
}
