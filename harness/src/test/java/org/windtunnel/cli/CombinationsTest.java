package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.windtunnel.scaling.Compatibility;

class CombinationsTest {
    @Test
    void theTableOfTheReadmeIsWhatIsPrinted() throws IOException {
        Console console = new Console();
        assertThat(console.run("config", "--combinations")).isZero();
        List<String> printed = console.out().lines().toList();
        List<String> table = printed.subList(0, 2 + Compatibility.parameterizations().size());
        assertThat(table).allMatch(line -> line.startsWith("|") && line.length() == table.get(0).length());
        assertThat(Files.readAllLines(Path.of("..", "README.md"))).containsSequence(table);
        assertThat(printed).anyMatch(line -> line.contains("hyperp: its rates are relative steps on the sphere"));
    }

    @Test
    void derivedCellsNameTheRulesThatTheyComeFrom() {
        assertThat(Compatibility.text("mup", "sgd_sai")).isEqualTo("derived (sgd)");
        assertThat(Compatibility.text("mup", "apollo")).isEqualTo("derived (adamw)");
        assertThat(Compatibility.text("sp", "sgd_sai")).isEqualTo("yes");
        assertThat(Compatibility.text("hyperp", "sgd")).isEqualTo("–");
        for (String p : Compatibility.parameterizations()) {
            for (String o : Compatibility.OPTIMIZERS) {
                if (Compatibility.cell(p, o) == Compatibility.Cell.REFUSED) {
                    assertThat(Compatibility.refusal(p)).as("%s, %s", p, o).isNotEmpty();
                }
            }
        }
    }
}
