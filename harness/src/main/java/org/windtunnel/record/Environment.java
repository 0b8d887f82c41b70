package org.windtunnel.record;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The machine and software a run happened on, for its manifest. */
public final class Environment {
    private Environment() {}

    /** Facts by name, in display order; what cannot be found out is left out. */
    public static Map<String, String> describe() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("java", System.getProperty("java.version") + " (" + System.getProperty("java.vendor") + ")");
        facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                + System.getProperty("os.arch"));
        String cpu = firstField(Path.of("/proc/cpuinfo"), "model name");
        if (cpu != null) {
            facts.put("cpu", cpu);
        }
        facts.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
        String git = gitRevision();
        if (git != null) {
            facts.put("git", git);
        }
        return facts;
    }

    private static String firstField(Path file, String key) {
        try (var lines = Files.lines(file)) {
            return lines.filter(l -> l.startsWith(key))
                    .map(l -> l.substring(l.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(null);
        } catch (IOException | UncheckedIOException e) {
            return null;
        }
    }

    private static String gitRevision() {
        String home = System.getProperty("windtunnel.home");
        if (home == null || !Files.exists(Path.of(home, ".git"))) {
            return null;
        }
        try {
            Process git = new ProcessBuilder("git", "-C", home, "describe", "--always", "--dirty", "--abbrev=12")
                    .redirectErrorStream(true)
                    .start();
            String out = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return git.waitFor(5, TimeUnit.SECONDS) && git.exitValue() == 0 ? out : null;
        } catch (IOException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }
}
