package org.windtunnel.launch;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.windtunnel.config.ConfigException;

/** The command-line programs of the engines. */
public final class Commands {
    private Commands() {}

    /** Whether a program is on the PATH. */
    public static boolean exist(String program) {
        String path = System.getenv("PATH");
        for (String directory : path == null ? new String[0] : path.split(File.pathSeparator)) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Runs a program to its end.
     *
     * @return what it printed
     * @throws ConfigException with its own words if it fails or is missing
     */
    public static String run(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .start();
            CompletableFuture<String> errors = CompletableFuture.supplyAsync(() -> text(process.getErrorStream()));
            String out = text(process.getInputStream());
            int code = process.waitFor();
            if (code != 0) {
                String said = errors.join().isBlank() ? out : errors.join();
                throw new ConfigException(command.get(0) + " failed with code " + code + ": " + said.strip());
            }
            return out;
        } catch (IOException e) {
            throw new ConfigException(exist(command.get(0))
                    ? "cannot run " + command.get(0) + ": " + e.getMessage()
                    : "expected the command " + command.get(0) + ", found none on the PATH", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + command.get(0) + " ran", e);
        }
    }

    private static String text(java.io.InputStream in) {
        try (in) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Words as one line of POSIX shell. */
    public static String quote(List<String> words) {
        StringBuilder line = new StringBuilder();
        for (String word : words) {
            boolean plain = word.matches("[A-Za-z0-9_@%+=:,./-]+");
            line.append(line.length() > 0 ? " " : "").append(plain ? word : "'" + word.replace("'", "'\\''") + "'");
        }
        return line.toString();
    }
}
