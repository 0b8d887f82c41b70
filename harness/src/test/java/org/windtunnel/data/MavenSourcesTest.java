package org.windtunnel.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.DataSpec.Tokenizer;

class MavenSourcesTest {
    private static DataSpec.MavenSources spec(long bytes) {
        return new DataSpec.MavenSources(bytes, Tokenizer.BYTES, 0.1);
    }

    /** The build fetches the archives before tests run, so this needs no assumption; the hash is checked on opening. */
    @Test
    void defaultCorpusIsThere() {
        TokenCorpus corpus = Corpora.open(spec(4_000_000), Path.of("elsewhere"));
        assertThat(corpus.vocabSize()).isEqualTo(256);
        assertThat(corpus.length(Split.TRAIN)).isEqualTo(3_600_000);
        assertThat(corpus.length(Split.VALIDATION)).isEqualTo(400_000);
        assertThat(corpus.provenance().items()).hasSize(4);
        int[] tokens = new int[100_000];
        corpus.read(Split.TRAIN, 0, tokens.length, tokens, 0);
        StringBuilder text = new StringBuilder();
        for (int token : tokens) {
            text.append((char) token);
        }
        assertThat(text).contains("package org.", "public class").doesNotContain("Licensed under");
    }

    @Test
    void moreThanThereIsIsRefused() {
        assertThatThrownBy(() -> Corpora.open(spec(1_000_000_000), Path.of("")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("data.bytes: expected 1 to");
    }

    @Test
    void missingArchivesNameTheCommand(@TempDir Path empty) {
        assertThatThrownBy(() -> MavenSources.open(spec(1000), empty))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("jackson-databind")
                .hasMessageContaining("mvn -q -pl harness -am process-resources");
    }

    @Test
    void launcherHomeIsUsed(@TempDir Path home) {
        String before = System.getProperty("windtunnel.home");
        System.setProperty("windtunnel.home", home.toString());
        try {
            assertThatThrownBy(() -> Corpora.open(spec(1000), Path.of("")))
                    .hasMessageContaining(home.resolve("harness/target/corpus").toString());
        } finally {
            if (before == null) {
                System.clearProperty("windtunnel.home");
            } else {
                System.setProperty("windtunnel.home", before);
            }
        }
    }

    @Test
    void otherTextIsRefused(@TempDir Path dir) throws Exception {
        for (String jar : new String[] {
            "jackson-databind-2.22.4-sources.jar", "assertj-core-3.27.7-sources.jar", "commons-math3-3.5-sources.jar"
        }) {
            try (var zip = new ZipOutputStream(Files.newOutputStream(dir.resolve(jar)))) {
                zip.putNextEntry(new ZipEntry(jar + "/A.java"));
                zip.write("/* Copyright X */\nclass A {}\r\n".getBytes(StandardCharsets.UTF_8));
            }
        }
        assertThat(new String(MavenSources.assemble(dir), StandardCharsets.UTF_8))
                .isEqualTo("class A {}\n\n".repeat(3));
        assertThatThrownBy(() -> MavenSources.open(spec(10), dir))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("SHA-256")
                .hasMessageContaining("delete that directory");
    }

    @Test
    void onlyLicenceCommentsGo() {
        assertThat(MavenSources.clean("/* Licensed: see the License */\n\npackage a;\r\n")).isEqualTo("package a;\n\n");
        assertThat(MavenSources.clean("/** What it does. */\nclass B {}"))
                .isEqualTo("/** What it does. */\nclass B {}\n\n");
        assertThat(MavenSources.clean("/* Copyright, never closed")).isEqualTo("/* Copyright, never closed\n\n");
    }
}
