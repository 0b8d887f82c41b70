package org.windtunnel.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.faults.FaultNotes;
import org.windtunnel.faults.Mutations;
import org.windtunnel.launch.SweepPlan;

/** Damaged files are loaded and expanded, or refused with a {@link ConfigException}; nothing else gets out. */
@Tag("faults")
class ConfigFuzzTest {
    private static final String FILE = Experiments.VALID
            + """
            parameterization: {type: mup, base_width: 16}
            schedule: {type: wsd, warmup: 0.1}
            sweep:
              workers: 2
              grids:
                - model.width: [32, {label: big, value: 64}]
                  optimizer.lr: {log2_range: [-8, -7, 1]}
              random: {count: 2, axes: {optimizer.lr: {log_uniform: [1e-3, 0.1]}}}
              runs: [{optimizer: {type: sgd, lr: 1}}]
              seeds: [1, 2]
              derived: {train.steps: "max(2, params.total / 100)"}
            analysis: {hold_out: largest_n, law_where: {parameterization.type: mup}}
            """;
    private static final String[] PIECES = {
        ":", "-", "#", "&a ", "*a ", "[", "]", "{", "}", "\n", "\t", "  ", "'", "\"", "!!str ", "!x ", "|", ">", "%", "@", "?",
        "---\n", "null", "~", "no", "1e99999", "-1", "0", "NaN", ".inf", "9999999999999999999", "<<", "é", "\u0000",
        "\uFEFF", ",", "1:30", "0x1", "...", "(", "^", "/", "."
    };

    @TempDir
    Path temp;

    @Test
    void damagedFiles() {
        assertThat(expand(FILE.getBytes(StandardCharsets.UTF_8))).as("runs of the undamaged file").isEqualTo(14);
        Random random = new Random(20);
        int loaded = 0;
        int refused = 0;
        int inputs = Mutations.inputs();
        FaultNotes notes = new FaultNotes("experiment file");
        for (int i = 0; i < inputs; i++) {
            byte[] damaged = damage(random);
            try {
                expand(damaged);
                loaded++;
                notes.add("damaged text", "loaded");
            } catch (ConfigException e) {
                assertThat(e.getMessage()).isNotBlank();
                refused++;
                notes.add("damaged text", "refused with a message");
            } catch (RuntimeException | Error e) {
                fail("file " + i + ":\n" + new String(damaged, StandardCharsets.ISO_8859_1), e);
            }
        }
        notes.write(Map.of());
        assertThat(loaded).as("harmless changes").isGreaterThan(inputs / 10);
        assertThat(refused).as("harmful changes").isGreaterThan(inputs / 2);
    }

    private int expand(byte[] file) {
        return SweepPlan.expand(
                        Experiments.load(temp, file), spec -> Map.of("params.total", 10.0 * spec.model().width()))
                .size();
    }

    private static byte[] damage(Random random) {
        StringBuilder text = new StringBuilder(FILE);
        for (int n = 1 + random.nextInt(4) / 3; n > 0; n--) {
            int at = random.nextInt(text.length());
            int end = Math.min(text.length(), at + 1 + random.nextInt(6));
            switch (random.nextInt(7)) {
                case 0 -> text.delete(at, end);
                case 1 -> text.insert(at, PIECES[random.nextInt(PIECES.length)]);
                case 2 -> text.replace(at, end, PIECES[random.nextInt(PIECES.length)]);
                case 3 -> swapLines(text, random);
                case 4, 5 -> changeDigit(text, at, random);
                default -> {
                    int value = text.indexOf(": ", at);
                    int lineEnd = text.indexOf("\n", Math.max(at, value));
                    if (value >= 0 && lineEnd >= 0) {
                        text.replace(value + 2, lineEnd, PIECES[random.nextInt(PIECES.length)]);
                    }
                }
            }
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        if (random.nextInt(20) == 0) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        return bytes;
    }

    /** Leaves a well-formed file, so that binding and expansion get to see something odd too. */
    private static void changeDigit(StringBuilder text, int from, Random random) {
        for (int i = from; i < text.length(); i++) {
            if (Character.isDigit(text.charAt(i))) {
                text.setCharAt(i, (char) ('0' + random.nextInt(10)));
                return;
            }
        }
    }

    private static void swapLines(StringBuilder text, Random random) {
        List<String> lines = new ArrayList<>(text.toString().lines().toList());
        Collections.swap(lines, random.nextInt(lines.size()), random.nextInt(lines.size()));
        text.setLength(0);
        text.append(String.join("\n", lines)).append('\n');
    }
}
