package org.windtunnel.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.DataSpec.Tokenizer;

/**
 * Java sources of Apache-2.0 libraries as a corpus: the source {@code maven_sources}, real text that a machine which
 * can build this project can always get.
 *
 * <p>The build copies the {@code -sources} jars to {@code harness/target/corpus}, a distribution has them in
 * {@code corpus}. The text is every {@code .java} file
 * of theirs of at most {@value #MAX_FILE_BYTES} bytes, in the order of the SHA-256 of its path (which mixes the
 * libraries, so that the held-out end is text of the same kind), without the licence comment at its head (all alike),
 * line ends as LF, a blank line between files.
 */
final class MavenSources {
    static final int MAX_FILE_BYTES = 100_000;

    /** Of the whole assembled text, whatever size a config cuts it to. */
    static final String SHA256 = "b83b0cfe9790c7249aa1ee6b118df158f540a0ec175a6391f8706fe9f224fcfe";

    private static final List<String> JARS = List.of(
            "jackson-databind-2.22.4-sources.jar", "assertj-core-3.27.7-sources.jar", "commons-math3-3.5-sources.jar");

    private static final String FETCH = "mvn -q -pl harness -am process-resources";

    private MavenSources() {}

    static TokenCorpus open(DataSpec.MavenSources spec) {
        return open(spec, directory());
    }

    static TokenCorpus open(DataSpec.MavenSources spec, Path directory) {
        Corpora.requireFraction(spec.validationFraction());
        byte[] text = assemble(directory);
        String found = Hashes.of(text);
        if (!found.equals(SHA256)) {
            throw new ConfigException("data: the text assembled from " + directory + " has SHA-256 " + found
                    + ", expected " + SHA256 + "; delete that directory and run `" + FETCH + "` in the project's root");
        }
        if (spec.bytes() <= 0 || spec.bytes() > text.length) {
            throw new ConfigException(
                    "data.bytes: expected 1 to " + text.length + ", the size of the whole text, found " + spec.bytes());
        }
        Provenance provenance = provenance(directory, text.length);
        if (spec.tokenizer() == Tokenizer.GPT2) {
            return new BpeText(provenance).open(text, (int) spec.bytes(), spec.validationFraction());
        }
        TokenBuffer bytes = TokenBuffer.of(1, List.of(ByteBuffer.wrap(text))).slice(0, spec.bytes());
        return TextSource.split(bytes, spec.validationFraction(), provenance);
    }

    /** The whole text, from the jars in a directory. */
    static byte[] assemble(Path directory) {
        List<Source> sources = new ArrayList<>();
        for (String jar : JARS) {
            Path file = directory.resolve(jar);
            if (!Files.isReadable(file)) {
                throw new ConfigException("data: expected the source archive " + file
                        + ", which the build fetches, found none; run `" + FETCH + "` in the project's root");
            }
            try {
                collect(file, sources);
            } catch (IOException e) {
                throw new ConfigException("data: cannot read " + file + " (" + InputFiles.reason(e)
                        + "); delete it and run `" + FETCH + "` in the project's root", e);
            }
        }
        sources.sort(Comparator.comparing(Source::order));
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (Source source : sources) {
            text.writeBytes(source.text().getBytes(StandardCharsets.UTF_8));
        }
        return text.toByteArray();
    }

    private static void collect(Path jar, List<Source> into) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            for (ZipEntry entry : zip.stream().toList()) {
                if (entry.getName().endsWith(".java") && entry.getSize() <= MAX_FILE_BYTES) {
                    byte[] content = zip.getInputStream(entry).readAllBytes();
                    String order = Hashes.of(entry.getName().getBytes(StandardCharsets.UTF_8));
                    into.add(new Source(order, clean(new String(content, StandardCharsets.UTF_8))));
                }
            }
        }
    }

    /** Without the licence comment, with LF line ends and exactly one blank line at the end. */
    static String clean(String source) {
        String text = source.replace("\r\n", "\n").replace('\r', '\n').strip();
        if (text.startsWith("/*")) {
            int end = text.indexOf("*/");
            String comment = end < 0 ? "" : text.substring(0, end);
            if (comment.contains("License") || comment.contains("Copyright")) {
                text = text.substring(end + 2).strip();
            }
        }
        return text + "\n\n";
    }

    private static Provenance provenance(Path directory, int bytes) {
        List<Provenance.Item> items = new ArrayList<>();
        for (String jar : JARS) {
            items.add(InputFiles.describe(directory.resolve(jar), "data"));
        }
        items.add(new Provenance.Item("assembled text", bytes, SHA256));
        return new Provenance("maven_sources", items);
    }

    /** Under the launcher's {@code windtunnel.home}, else under the checkout that holds this class. */
    private static Path directory() {
        String home = System.getProperty("windtunnel.home");
        if (home != null) {
            return corpusOf(Path.of(home));
        }
        CodeSource source = MavenSources.class.getProtectionDomain().getCodeSource();
        try {
            Path start = source == null ? Path.of("") : Path.of(source.getLocation().toURI());
            for (Path at = start.toAbsolutePath(); at != null; at = at.getParent()) {
                if (Files.isRegularFile(at.resolve("harness/pom.xml"))) {
                    return corpusOf(at);
                }
            }
        } catch (URISyntaxException e) {
            throw new ConfigException("data: cannot tell where windtunnel is installed from " + source.getLocation()
                    + "; start it with -Dwindtunnel.home=DIRECTORY", e);
        }
        throw new ConfigException("data: expected the project's root above " + source.getLocation()
                + ", found none; start it with -Dwindtunnel.home=DIRECTORY");
    }

    private static Path corpusOf(Path home) {
        Path distributed = home.resolve("corpus");
        return Files.isDirectory(distributed) ? distributed : home.resolve("harness/target/corpus");
    }

    private record Source(String order, String text) {}
}
