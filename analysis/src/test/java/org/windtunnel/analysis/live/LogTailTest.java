package org.windtunnel.analysis.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTailTest {
    @TempDir
    Path directory;

    private Path file;
    private LogTail tail;
    private final List<String> lines = new ArrayList<>();
    private int rewritten;

    @BeforeEach
    void start() {
        file = directory.resolve("curve.jsonl");
        tail = new LogTail(RunsRoot.at(directory), file.toAbsolutePath());
    }

    private List<String> read() {
        lines.clear();
        tail.read(() -> rewritten++, lines::add);
        return lines;
    }

    private void append(String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    @Test
    void readsWhatIsNewAndLeavesATornLineForLater() throws IOException {
        assertThat(read()).isEmpty();
        append("one\ntwo\nthr");
        assertThat(read()).containsExactly("one", "two");
        assertThat(read()).isEmpty();
        append("ee\n");
        assertThat(read()).containsExactly("three");
        assertThat(rewritten).isZero();
    }

    @Test
    void aLogThatWasCutBackIsReadAnewEvenIfItHasGrownSince() throws IOException {
        append("1 a\n2 b\n3 c\n");
        read();
        Files.writeString(file, "1 a\n2 b\n");
        assertThat(read()).containsExactly("1 a", "2 b");
        Files.writeString(file, "1 a\n2 x\n3 y\n4 z\n");
        assertThat(read()).containsExactly("1 a", "2 x", "3 y", "4 z");
        assertThat(rewritten).isEqualTo(2);
        Files.delete(file);
        assertThat(read()).isEmpty();
        assertThat(rewritten).isEqualTo(3);
        append("new\n");
        assertThat(read()).containsExactly("new");
    }

    @Test
    void longLogsComeWholeAndALineWithoutEndIsNotHeld() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 40_000; i++) {
            text.append("line ").append(i).append('\n');
        }
        append(text.toString());
        assertThat(read()).hasSize(40_000).startsWith("line 0").endsWith("line 39999");
        append("x".repeat(3 << 20) + "\nshort\n");
        assertThat(read()).containsExactly("short");
    }

    @Test
    void aLinkThatLeadsOutAndAPipeAreNotRead(@TempDir Path elsewhere) throws IOException, InterruptedException {
        Path secret = Files.writeString(elsewhere.resolve("secret"), "secret\n");
        Files.createSymbolicLink(file, secret);
        assertThat(read()).isEmpty();
        Files.delete(file);
        if (new ProcessBuilder("mkfifo", file.toString()).start().waitFor() == 0) {
            assertThat(read()).isEmpty();
        }
    }
}
