package org.windtunnel.analysis.table;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;

class DataTableTest {
    @TempDir
    Path dir;

    private Path write(String name, String text) throws IOException {
        return Files.writeString(dir.resolve(name), text);
    }

    @Test
    void readsCsvWithQuotesBlankLinesAndAByteOrderMark() throws IOException {
        Path csv = write("p.csv", "\uFEFFname,N,\"tokens, seen\"\n\"a, \"\"b\"\"\",1e6, 2e7\n\nc,2e6,4e7\n");
        DataTable table = DataTable.read(csv);
        assertThat(table.columns()).containsExactly("name", "N", "tokens, seen");
        assertThat(table.rows().get(0).text("name")).isEqualTo("a, \"b\"");
        assertThat(table.numbers("N")).containsExactly(1e6, 2e6);
        assertThat(table.numbers("tokens, seen")).containsExactly(2e7, 4e7);
    }

    @Test
    void readsJsonLinesWhoseObjectsDiffer() throws IOException {
        Path file =
                write("p.jsonl", "{\"step\":1,\"loss\":2.5,\"note\":null}\n\n{\"step\":2,\"loss\":2.25,\"lr\":1e-3}\n");
        DataTable table = DataTable.read(file);
        assertThat(table.columns()).containsExactly("step", "loss", "lr");
        assertThat(table.numbers("loss")).containsExactly(2.5, 2.25);
        assertThatThrownBy(() -> table.numbers("lr")).hasMessageContaining("p.jsonl line 1, column lr");
    }

    @Test
    void namesThePlaceOfWhatIsWrong() throws IOException {
        Path csv = write("p.csv", "N,D,loss\n1e6,2e7,3.25\n1e6,,3\n");
        DataTable table = DataTable.read(csv);
        assertThatThrownBy(() -> table.numbers("D"))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("p.csv line 3, column D")
                .hasMessageContaining("nothing");
        assertThatThrownBy(() -> table.numbers("size")).hasMessageContaining("found N, D, loss");
        assertThatThrownBy(() -> DataTable.read(write("empty.csv", ""))).hasMessageContaining("empty");
        assertThatThrownBy(() -> DataTable.read(write("wide.csv", "a,b\n1,2,3\n")))
                .hasMessageContaining("expected 2 cells");
        assertThatThrownBy(() -> DataTable.read(write("bad.jsonl", "{\"a\":1}\n{\"a\"\n")))
                .hasMessageContaining("bad.jsonl line 2");
        assertThatThrownBy(() -> DataTable.read(dir.resolve("none.csv"))).isInstanceOf(AnalysisException.class);
    }

    @Test
    void conditionsOrderNumbersAndCompareTexts() throws IOException {
        DataTable table = DataTable.read(write("p.csv", "name,C\na,1e20\nb,1e21\nc,3e21\n"));
        assertThat(table.filter(Condition.parse("C<1e21")).size()).isEqualTo(1);
        assertThat(table.filter(Condition.parse("C <= 1000000000000000000000")).size()).isEqualTo(2);
        assertThat(table.filter(Condition.parse("C=1e21")).rows().get(0).text("name")).isEqualTo("b");
        assertThat(table.filter(Condition.parse("name!=a")).size()).isEqualTo(2);
        assertThatThrownBy(() -> Condition.parse("C")).hasMessageContaining("split=train");
        assertThatThrownBy(() -> Condition.parse("C<many")).hasMessageContaining("number");
        assertThatThrownBy(() -> table.filter(Condition.parse("name<3"))).hasMessageContaining("expected a number");
    }
}
