package org.windtunnel.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A headless Chromium where there is one; tests that need it are skipped with a reason elsewhere. */
public final class Chromium {
    private Chromium() {}

    /**
     * Opens a page and lets it work for a while of its own time; a word on the console fails the test.
     *
     * @param scratch directory of the test
     * @return the document as it then is
     */
    public static String open(URI page, Path scratch) throws IOException, InterruptedException {
        Optional<Path> browser = browser();
        if (browser.isEmpty()) {
            System.out.println("skipped: no chromium on the PATH, the page is not opened in a browser");
        }
        Assumptions.assumeTrue(browser.isPresent(), "no chromium on the PATH: the page is not opened in a browser");
        Path dom = scratch.resolve("dom.html");
        Path log = scratch.resolve("log.txt");
        List<String> command = new ArrayList<>(List.of(
                browser.get().toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + scratch.resolve("profile"),
                "--virtual-time-budget=20000",
                "--enable-logging=stderr",
                "--v=0",
                "--window-size=1280,900",
                "--dump-dom",
                page.toString()));
        Process process = new ProcessBuilder(command).redirectOutput(dom.toFile()).redirectError(log.toFile()).start();
        boolean ended = process.waitFor(90, TimeUnit.SECONDS);
        process.destroyForcibly();
        boolean runs = ended && process.exitValue() == 0 && Files.size(dom) > 0;
        if (!runs) {
            System.out.println("skipped: chromium does not run here, the page is not opened in a browser");
        }
        Assumptions.assumeTrue(runs, "chromium does not run here: the page is not opened in a browser");
        assertThat(Files.readAllLines(log)).noneMatch(line -> line.contains("CONSOLE"));
        return Files.readString(dom);
    }

    private static Optional<Path> browser() {
        String path = Optional.ofNullable(System.getenv("PATH")).orElse("");
        return Stream.of("chromium", "chromium-browser", "google-chrome")
                .flatMap(name -> Stream.of(path.split(File.pathSeparator)).map(d -> Path.of(d, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
