package org.windtunnel.analysis.published;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.Reference;

/** Every number of a published fit that can be repeated from the data beside the repository: one test each. */
class PublishedFitsTest {

    @TestFactory
    Stream<DynamicNode> comesOutAsPublished() {
        return PublishedFits.folders().stream().map(PublishedFitsTest::folder);
    }

    private static DynamicNode folder(String name) {
        if (!Reference.isThere(name + "/expected.json")) {
            return dynamicTest(name, () -> Reference.law(name + "/expected.json"));
        }
        List<Comparison> rows =
                PublishedFits.check(Reference.law(name + "/expected.json").getParent());
        return dynamicContainer(name, Stream.concat(
                Stream.of(dynamicTest(name + " has rows", () -> assertThat(rows).isNotEmpty())),
                rows.stream().map(PublishedFitsTest::row)));
    }

    private static DynamicTest row(Comparison row) {
        return dynamicTest(
                row.fit() + ": " + row.quantity(),
                () -> assertThat(row.passed()).as("%s", row).isTrue());
    }

    @Test
    void unknownFoldersAreRefused() {
        assertThatThrownBy(() -> PublishedFits.check(Path.of("elsewhere")))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("chinchilla");
    }
}
