package org.windtunnel.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.launch.WorkerMessage.Finished;
import org.windtunnel.launch.WorkerMessage.Progress;
import org.windtunnel.record.RunStatus;

/** The local launcher with workers that are shell scripts: they end every run at once and say where they ran. */
class LocalLauncherTest {
    private static final String WORKER =
            """
            while read -r line; do
                cores=$(sed -n 's/Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
                echo "{\\"message\\":\\"finished\\",\\"status\\":\\"DONE\\",\\"evalLoss\\":1.0,\\"wallSeconds\\":0.0,\
            \\"reason\\":\\"${CUDA_VISIBLE_DEVICES:-none} $cores $$\\",\\"fatal\\":false}"
                sleep 0.05
            done
            """;

    @TempDir
    Path temp;

    /** What ended how. */
    private static final class Ends implements SweepListener {
        private final Map<String, Finished> ends = new TreeMap<>();

        @Override
        public void started(LocalJob job) {}

        @Override
        public void progress(LocalJob job, Progress progress) {}

        @Override
        public void finished(LocalJob job, Finished finished) {
            ends.put(job.runId(), finished);
        }

        @Override
        public void skipped(LocalJob job, String reason) {}

        /** One word of what each worker said of itself, by the process that said it. */
        Map<String, String> byProcess(int word) {
            Map<String, String> words = new TreeMap<>();
            ends.values().forEach(end -> {
                String[] said = end.reason().split(" ");
                assertThat(words.merge(said[2], said[word], (a, b) -> a.equals(b) ? a : "both")).isNotEqualTo("both");
            });
            return words;
        }
    }

    private Ends launch(int workers, Placement placement, int runs, String worker) throws Exception {
        Path script = Files.writeString(temp.resolve("worker.sh"), worker);
        Ends ends = new Ends();
        new LocalLauncher(List.of("bash", script.toString()), workers, placement, temp, ends).launch(LaunchedJobs.jobs(runs));
        return ends;
    }

    @Test
    void workersArePackedOnDevicesInTurn() throws Exception {
        Ends ends = launch(4, new Placement(List.of("2", "MIG-7"), List.of()), 12, WORKER);
        assertThat(ends.ends).hasSize(12);
        assertThat(ends.byProcess(0).values()).containsExactlyInAnyOrder("2", "2", "MIG-7", "MIG-7");
    }

    @Test
    void workersAreBoundToCoresOfTheirOwn() throws Exception {
        if (!Commands.exist("taskset")) {
            System.out.println("skipped: no taskset to bind workers with");
            return;
        }
        List<Integer> allowed = Placement.of(List.of(), true).cores();
        Ends ends = launch(allowed.size(), new Placement(List.of(), allowed), 4 * allowed.size(), WORKER);
        Set<String> expected = new TreeSet<>();
        allowed.forEach(core -> expected.add(core.toString()));
        assertThat(new TreeSet<>(ends.byProcess(1).values())).isEqualTo(expected);
    }

    @Test
    void coresAreSharedEquallyAndTwiceWhereThereAreTooFew() {
        Placement eight = new Placement(List.of(), Placement.parseCores("0-3,8-11"));
        assertThat(Stream.of(0, 1, 2).map(i -> eight.prefix(i, 3).get(2))).containsExactly("0,1", "2,3,8", "9,10,11");
        Placement two = new Placement(List.of(), Placement.parseCores("4,6"));
        assertThat(Stream.of(0, 1, 2).map(i -> two.prefix(i, 3).get(2))).containsExactly("4", "6", "4");
        assertThat(Placement.ANYWHERE.prefix(0, 1)).isEmpty();
    }

    /** At one run a millisecond, runs of a tenth of a second would spend a hundredth of their time on being handed out. */
    @Test
    void handingOutTenThousandRunsTakesLessThanAMillisecondEach() throws Exception {
        String instant = WORKER.replaceAll("(?m)^ *(cores=|sleep).*$", "").replace("$cores", "-");
        long start = System.nanoTime();
        Ends ends = launch(2, Placement.ANYWHERE, 10_000, instant);
        double millis = (System.nanoTime() - start) / 1e6 / 10_000;
        System.out.printf("handing out a run and hearing of its end: %.3f ms%n", millis);
        assertThat(ends.ends).hasSize(10_000);
        assertThat(millis).isLessThan(1);
    }

    private static List<LocalJob> packs(int runs, int ofEach) {
        List<LocalJob> jobs = new ArrayList<>();
        for (LocalJob job : LaunchedJobs.jobs(runs)) {
            jobs.add(job.in(Integer.toString(jobs.size() / ofEach)));
        }
        return jobs;
    }

    private Map<String, Finished> launch(List<LocalJob> jobs, String worker) throws Exception {
        Path script = Files.writeString(temp.resolve("worker.sh"), worker);
        Ends ends = new Ends();
        new LocalLauncher(List.of("bash", script.toString()), 1, Placement.ANYWHERE, temp, ends).launch(jobs);
        return ends.ends;
    }

    /** Ends the runs of a pack in turn, and says how many there were. */
    private static final String PACK_WORKER =
            """
            while read -r line; do
                runs=$(grep -o '"runId":"[^"]*"' <<< "$line" | cut -d'"' -f4)
                for run in $runs; do
                    %s
                    end='{"message":"finished","status":"DONE","evalLoss":1.0,"wallSeconds":0.0,"fatal":false,'
                    end="$end\\"reason\\":\\"of $(wc -w <<< $runs)\\"}"
                    case "$line" in
                        *assign_pack*) echo '{"message":"of_pack","runId":"'$run'","said":'"$end}" ;;
                        *) echo "$end" ;;
                    esac
                done
            done
            """;

    @Test
    void packsAreHandedOutWhole() throws Exception {
        Map<String, Finished> ends = launch(packs(10, 4), PACK_WORKER.formatted(""));
        assertThat(ends).hasSize(10);
        assertThat(ends.values().stream().map(Finished::reason).sorted()).containsExactly(
                "of 2", "of 2", "of 4", "of 4", "of 4", "of 4", "of 4", "of 4", "of 4", "of 4");
    }

    /** The last try of each run is by itself, so that the others get past the one that kills its process. */
    @Test
    void aRunThatKillsItsProcessTakesNoOtherWithIt() throws Exception {
        Map<String, Finished> ends = launch(packs(4, 4), PACK_WORKER.formatted("[ $run = r1 ] && exit 9"));
        assertThat(ends).hasSize(4);
        ends.forEach((run, end) -> assertThat(end.status()).as(run)
                .isEqualTo(run.equals("r1") ? RunStatus.FAILED : RunStatus.DONE));
        assertThat(ends.get("r1").reason()).startsWith("the worker process ended 3 times, the last time with code 9");
    }

    @Test
    void packsStayInOneTask() {
        for (List<LocalJob> slice : Slices.of(packs(24, 6), 3, 1)) {
            assertThat(slice.stream().map(LocalJob::pack).distinct().count() * 6).isEqualTo(slice.size());
        }
    }

    @Test
    void slicesAreOfEqualCostAndKeepTrunksWithTheirBranches() {
        List<LocalJob> jobs = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            String trunk = "trunk_%08x".formatted(i);
            jobs.add(LaunchedJobs.job(trunk, 1 + i, null));
            jobs.add(LaunchedJobs.job("branch_%08x".formatted(i), 3, trunk));
        }
        List<List<LocalJob>> slices = Slices.of(jobs, 4, 2);
        assertThat(slices).hasSize(4);
        assertThat(slices.stream().flatMap(List::stream)).containsExactlyInAnyOrderElementsOf(jobs);
        for (List<LocalJob> slice : slices) {
            assertThat(slice.stream().mapToDouble(LocalJob::cost).sum()).isBetween(66.0, 69.0);
            Set<String> ids = new TreeSet<>(slice.stream().map(LocalJob::runId).toList());
            assertThat(slice).allMatch(job -> job.after() == null || ids.contains(job.after()));
        }
        // More tasks than there is work for would only wait for processors.
        assertThat(Slices.of(jobs, 100, 8)).hasSize(3);
    }

    @Test
    void aSubmissionIsReadBackAsItWasWritten() {
        List<LocalJob> jobs = new ArrayList<>(LaunchedJobs.jobs(5));
        jobs.set(4, jobs.get(4).in("1"));
        Submission first = Submission.write(temp, new NoEngine(), 3, true, Slices.of(jobs, 2, 1));
        Submission second = Submission.write(temp, new NoEngine(), 1, false, Slices.of(jobs, 1, 1));
        assertThat(List.of(first.number(), second.number())).containsExactly("0001", "0002");
        Submission read = Submission.read(first.directory());
        assertThat(Stream.of(0, 1).flatMap(task -> read.jobs(task).stream())).containsExactlyInAnyOrderElementsOf(jobs);
        assertThat(List.of(read.engine(), read.place(), read.workers(), read.pinCores())).containsExactly("none", "here", 3, true);
        assertThat(new BatchLauncher(new NoEngine(), temp, new BatchLauncher.Packing(1, 1, false)).held())
                .as("an engine that cannot be asked may have everything")
                .hasSize(5)
                .containsEntry("r0", new Launcher.Held("none", "jobs/0002", false, "nobody to ask"));
        first.close();
        assertThat(Submission.open(temp)).extracting(Submission::number).containsExactly("0002");
        assertThatThrownBy(() -> read.jobs(2)).hasMessageContaining("expected a task from 0 to 1, found 2");
        assertThatThrownBy(() -> Submission.read(temp)).hasMessageContaining("expected a submission of a sweep");
    }
}
