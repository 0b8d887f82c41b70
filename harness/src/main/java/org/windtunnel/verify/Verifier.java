package org.windtunnel.verify;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;

/** Replays golden files and collects how far this code base deviates from them. */
public final class Verifier {
    /** Every format that can be replayed; a new one is added here. */
    private static final List<GoldenFormat> FORMATS =
            List.of(new ModelGolden(), new OptimizerGolden(), new ScheduleGolden(), new MupMultipliersGolden(),
                    new CoordCheckGolden(), new NewtonSchulzGolden(), new HyperpGolden(), new CompletePGolden());

    /** Marks a folder whose data and expectations belong together. */
    private static final String FOLDER_FILE = "expected.json";

    private final Supplier<Backend> backend;
    private final Function<Path, Optional<List<Check>>> folders;
    private final List<Check> checks = new ArrayList<>();
    private final List<VerifyReport.Left> unsupported = new ArrayList<>();
    private final List<VerifyReport.Left> unreadable = new ArrayList<>();

    private Verifier(Supplier<Backend> backend, Function<Path, Optional<List<Check>>> folders) {
        this.backend = backend;
        this.folders = folders;
    }

    /**
     * Replays files and every {@code .json} file of directories, in alphabetical order; an {@code expected.json} may
     * stand for its whole folder.
     *
     * @param backend opens the backend to run on; not called if nothing needs one
     * @param folders checks a folder that holds an {@code expected.json}; empty for one that it does not know
     * @throws ConfigException if a path does not exist, or a directory holds no JSON file
     */
    public static VerifyReport verify(
            List<Path> paths, Supplier<Backend> backend, Function<Path, Optional<List<Check>>> folders) {
        Verifier verifier = new Verifier(backend, folders);
        for (Path path : paths) {
            filesOf(path).forEach(verifier::file);
        }
        return new VerifyReport(verifier.checks, verifier.unsupported, verifier.unreadable);
    }

    /** Replays golden files alone. */
    public static VerifyReport verify(List<Path> paths, Supplier<Backend> backend) {
        return verify(paths, backend, folder -> Optional.empty());
    }

    private static List<Path> filesOf(Path path) {
        if (!Files.exists(path)) {
            throw new ConfigException("verify: expected golden files or directories, found nothing at " + path);
        }
        if (!Files.isDirectory(path)) {
            return List.of(path);
        }
        try (Stream<Path> entries = Files.walk(path)) {
            List<Path> files = entries.filter(p -> p.toString().endsWith(".json") && Files.isRegularFile(p))
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new ConfigException("verify: expected .json files in " + path + ", found none");
            }
            return files;
        } catch (IOException | java.io.UncheckedIOException e) {
            throw new ConfigException("verify: cannot list " + path + ": " + e.getMessage(), e);
        }
    }

    private void file(Path file) {
        try {
            if (file.getFileName().toString().equals(FOLDER_FILE)) {
                Optional<List<Check>> found = folders.apply(file.toAbsolutePath().getParent());
                if (found.isPresent()) {
                    checks.addAll(found.get());
                    return;
                }
            }
            JsonNode root = read(file);
            String format = root.path("format").asText("");
            GoldenFormat replayer = FORMATS.stream().filter(f -> f.format().equals(format)).findFirst().orElse(null);
            if (replayer == null) {
                leave(file, format.isEmpty() ? "no field \"format\": not a golden file" : "format " + format);
            } else {
                replay(file, root, replayer);
            }
        } catch (ConfigException e) {
            unreadable.add(new VerifyReport.Left(file.toString(), e.getMessage()));
        }
    }

    private void replay(Path file, JsonNode root, GoldenFormat replayer) {
        String name = file.getFileName().toString().replaceFirst("\\.json$", "");
        String reason = replayer.unsupported(name, root);
        if (reason != null) {
            leave(file, reason);
            return;
        }
        replayer.unsupportedParts(name, root).forEach(part -> leave(file, part));
        checks.addAll(replayer.replay(name, root, backend));
    }

    private void leave(Path file, String reason) {
        unsupported.add(new VerifyReport.Left(file.toString(), reason));
    }

    private static JsonNode read(Path file) {
        try {
            return new ObjectMapper().readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new ConfigException("expected JSON, found at line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr() + ": " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ConfigException("cannot be read: " + e.getMessage(), e);
        }
    }
}
