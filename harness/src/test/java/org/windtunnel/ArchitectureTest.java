package org.windtunnel;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The rules of the house: which package may know which. */
@AnalyzeClasses(packages = "org.windtunnel", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    /** From the ground up; a package may use its own floor and those below. {@code config} is open to all. */
    private static final List<List<String>> FLOORS = List.of(
            List.of("tensor"),
            List.of("backend"),
            List.of("nn", "scaling", "optim", "schedule", "data", "record", "checkpoint"),
            List.of("diag", "interop"),
            List.of("train"),
            List.of("coord"),
            List.of("launch", "verify", "bench"),
            List.of("cli"));

    private static final String[] NATIVE = {"org.nd4j..", "org.bytedeco..", "org.deeplearning4j.."};

    @ArchTest
    static final ArchRule configIsALeaf = noClasses()
            .that()
            .resideInAPackage("org.windtunnel.config..")
            .should()
            .dependOnClassesThat(resideInAPackage("org.windtunnel..")
                    .and(not(resideInAPackage("org.windtunnel.config.."))));

    @ArchTest
    static final ArchRule rulesOfTrainingDoNotKnowTheTrainer = noClasses()
            .that()
            .resideInAnyPackage("org.windtunnel.scaling..", "org.windtunnel.schedule..", "org.windtunnel.optim..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.windtunnel.train..");

    @ArchTest
    static final ArchRule onlyBackendsAndInteropKnowNd4j = noClasses()
            .that()
            .resideOutsideOfPackages("org.windtunnel.backend..", "org.windtunnel.interop..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(NATIVE);

    @ArchTest
    static final ArchRule onlyCliKnowsTheAnalysis = noClasses()
            .that()
            .resideOutsideOfPackages("org.windtunnel.cli..", "org.windtunnel.analysis..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.windtunnel.analysis..");

    /** Durations and intervals come from {@code System.nanoTime}: a clock that is set may not change what a run does. */
    @ArchTest
    static final ArchRule nothingButStampsForPeopleAsksTheClock = noClasses()
            .that()
            .doNotHaveFullyQualifiedName("org.windtunnel.record.TensorBoardWriter")
            .and()
            .doNotHaveFullyQualifiedName("org.windtunnel.record.RunDirectory")
            .and()
            .resideOutsideOfPackage("org.windtunnel.analysis..")
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethodWhere(target(name("now")));

    @ArchTest
    static final ArchRule packagesHaveNoCycles = slices().matching("org.windtunnel.(**)")
            .should()
            .beFreeOfCycles();

    @ArchTest
    static void arrowsPointDown(JavaClasses harness) {
        List<String> above = new ArrayList<>();
        for (int floor = FLOORS.size() - 1; floor >= 0; floor--) {
            String[] here = packages(FLOORS.get(floor));
            if (!above.isEmpty()) {
                noClasses()
                        .that()
                        .resideInAnyPackage(here)
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(packages(above))
                        .allowEmptyShould(true)
                        .check(harness);
            }
            above.addAll(FLOORS.get(floor));
        }
    }

    /** A package that is on no floor would escape {@link #arrowsPointDown}. */
    @ArchTest
    static void everyPackageHasItsFloor(JavaClasses harness) {
        List<String> known = new ArrayList<>(List.of("config", "analysis"));
        FLOORS.forEach(known::addAll);
        classes().should().resideInAnyPackage(packages(known)).check(harness);
    }

    @ArchTest
    static void everyPackageIsDescribed(JavaClasses harness) throws IOException {
        Path sources = Path.of("src", "main", "java");
        List<Path> undescribed = new ArrayList<>();
        try (Stream<Path> tree = Files.walk(sources)) {
            for (Path directory : tree.filter(Files::isDirectory).toList()) {
                if (hasSources(directory) && !Files.exists(directory.resolve("package-info.java"))) {
                    undescribed.add(directory);
                }
            }
        }
        assertThat(undescribed).as("packages without a package-info.java").isEmpty();
    }

    private static boolean hasSources(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.anyMatch(file -> file.toString().endsWith(".java"));
        }
    }

    private static String[] packages(List<String> names) {
        return names.stream().map(name -> "org.windtunnel." + name + "..").toArray(String[]::new);
    }
}
