package org.windtunnel.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.checkpoint.Checkpoint;
import org.windtunnel.checkpoint.CheckpointMeta;
import org.windtunnel.checkpoint.Checkpointer;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.checkpoint.HostCopy;
import org.windtunnel.checkpoint.SafetensorsFile;
import org.windtunnel.checkpoint.Sha256;
import org.windtunnel.checkpoint.TensorGroups;
import org.windtunnel.config.CheckpointSpec;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.config.ImageSpec;
import org.windtunnel.data.Corpora;
import org.windtunnel.data.Dataset;
import org.windtunnel.data.Split;
import org.windtunnel.data.TokenCorpus;
import org.windtunnel.data.image.ImageFilesTest;
import org.windtunnel.record.LogPosition;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;
import org.windtunnel.train.Datasets;

/**
 * Binary readers on damaged files: each is read, or refused with a {@link ConfigException} that has a message; nothing
 * else gets out, nothing hangs, and nothing is allocated because a file says so.
 */
@Tag("faults")
class ReaderFuzzTest {
    /** Far above what reading the small files here takes, far below what a wild length in one of them would. */
    private static final long MAX_HEAP_BYTES = 4 << 20;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final Backend backend = new CpuBackend(1);
    private final Arena arena = Arena.of(backend::allocate, backend.floatType());

    @TempDir
    Path temp;

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }

    @FunctionalInterface
    private interface Reader {
        void read(Path file) throws IOException;
    }

    private static final class Tally {
        final FaultNotes notes;
        int read;
        int refused;
        long mostBytes;
        long slowestNanos;

        Tally(String file) {
            notes = new FaultNotes(file);
        }

        /** Reads a damaged file; anything but a message for the user gets out. */
        void count(Mutations.Damaged damaged, Reader reader, Path file) throws IOException {
            try {
                reader.read(file);
                read++;
                notes.add(damaged.kind(), "read");
            } catch (ConfigException e) {
                assertThat(e.getMessage()).isNotBlank().doesNotEndWith("null");
                refused++;
                notes.add(damaged.kind(), "refused with a message");
            } catch (RuntimeException | Error e) {
                fail(file.getFileName() + ", " + damaged.kind() + ", " + damaged.bytes().length + " bytes", e);
            }
        }
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    /** Heap bytes that this thread takes for some work. */
    private static long allocated(Work work) throws IOException {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        work.run();
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    private Tally fuzz(Path file, int inputs, Reader reader) throws IOException {
        byte[] original = Files.readAllBytes(file);
        reader.read(file);
        Tally tally = new Tally(file.getFileName().toString());
        for (int i = 0; i < inputs; i++) {
            Mutations.Damaged damaged = Mutations.damage(original, Mutations.random(i));
            Files.write(file, damaged.bytes());
            // Its own time, for a machine that is busy is no hang.
            long start = THREADS.getCurrentThreadCpuTime();
            long bytes = allocated(() -> tally.count(damaged, reader, file));
            tally.slowestNanos = Math.max(tally.slowestNanos, THREADS.getCurrentThreadCpuTime() - start);
            // A garbage collection in between counts what was free in the thread's buffer: measured again without it.
            for (int again = 0; again < 3 && bytes >= MAX_HEAP_BYTES; again++) {
                bytes = Math.min(bytes, allocated(() -> new Tally("").count(damaged, reader, file)));
            }
            tally.mostBytes = Math.max(tally.mostBytes, bytes);
        }
        Files.write(file, original);
        System.out.printf(
                "%s: %d inputs, %d read, %d refused; at most %d KiB of heap, %.0f ms%n",
                file.getFileName(), inputs, tally.read, tally.refused, tally.mostBytes >> 10, tally.slowestNanos / 1e6);
        tally.notes.write(Map.of("most_heap_bytes", tally.mostBytes, "slowest_ms", tally.slowestNanos / 1_000_000));
        assertThat(tally.mostBytes).isLessThan(MAX_HEAP_BYTES);
        assertThat(tally.slowestNanos).isLessThan(10_000_000_000L);
        return tally;
    }

    private TensorGroups state() {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        weights.put("a.weight", arena.take(8, 5));
        weights.put("a.bias", arena.take(8));
        Map<String, Tensor> optimizer = new LinkedHashMap<>();
        optimizer.put("a.weight.exp_avg", arena.take(8, 5));
        optimizer.put("seen", arena.take(DType.INT32, 3));
        weights.get("a.weight").set(new Random(1).doubles(40).toArray());
        return new TensorGroups(Map.of("weights", weights, "optimizer", optimizer));
    }

    private Path checkpoint(RunDirectory run, TensorGroups state) {
        CheckpointSpec policy = new CheckpointSpec(0, 0, 2, 0, List.of(), false, false);
        try (Checkpointer checkpointer = new Checkpointer(run, policy, state, new HostCopy())) {
            checkpointer.save(new CheckpointMeta(7, "run", "a".repeat(64), "b".repeat(64), 7, 2.5,
                    List.of(new LogPosition("curve.jsonl", 0, 0)),
                    JsonNodeFactory.instance.objectNode().put("x", 1.5)));
            checkpointer.flush();
        }
        return new Checkpoints(run.path()).list().get(7L);
    }

    @Test
    void safetensorsFiles() throws IOException {
        TensorGroups state = state();
        try (RunDirectory run = RunDirectory.open(temp)) {
            Path file = checkpoint(run, state).resolve("optimizer.safetensors");
            Map<String, Tensor> into = state.groups().get("optimizer");
            Tally tally = fuzz(file, Mutations.inputs(), path -> {
                try (SafetensorsFile tensors = SafetensorsFile.open(path)) {
                    tensors.readAll(into);
                }
            });
            assertThat(tally.refused).as("damage to the header or the length").isGreaterThan(tally.read);
            assertThat(tally.read).as("damage to the data alone").isPositive();
        }
    }

    /** Every file of a checkpoint is hashed, so that no damage at all goes unseen. */
    @Test
    void checkpoints() throws IOException {
        TensorGroups state = state();
        try (RunDirectory run = RunDirectory.open(temp)) {
            Path checkpoint = checkpoint(run, state);
            String hash = new Checkpoints(temp).at(7).hash();
            List<Path> files;
            try (Stream<Path> all = Files.list(checkpoint)) {
                files = all.sorted().toList();
            }
            assertThat(files).hasSize(4);
            for (Path file : files) {
                Tally tally = fuzz(file, Mutations.inputs() / files.size(), path -> {
                    Checkpoints.Search search = new Checkpoints(temp).newest(c -> Optional.empty());
                    if (search.checkpoint() == null) {
                        throw new ConfigException(search.problems().get(0));
                    }
                });
                assertThat(tally.read).as("accepted though %s was damaged", file.getFileName()).isZero();
            }
            assertThat(new Checkpoints(temp).at(7).hash()).isEqualTo(hash);
        }
    }

    /** A description with the right hash but odd content, as another program could write it. */
    @Test
    void descriptionsOfCheckpoints() throws IOException {
        TensorGroups state = state();
        try (RunDirectory run = RunDirectory.open(temp)) {
            Path checkpoint = checkpoint(run, state);
            Path sums = checkpoint.resolve("SHA256SUMS");
            String right = Files.readString(sums);
            Tally tally = fuzz(checkpoint.resolve("checkpoint.json"), Mutations.inputs(), path -> {
                String hash = Sha256.of(path);
                Files.writeString(sums, right.replaceAll("[0-9a-f]{64}(?=  checkpoint.json)", hash));
                Checkpoint read = new Checkpoints(temp).at(7);
                assertThat(run.damage(read.meta().logs())).isNotNull();
            });
            assertThat(tally.refused).isGreaterThan(tally.read);
        }
    }

    @Test
    void tokenShards() throws IOException {
        ByteBuffer shard = ByteBuffer.allocate(1024 + 2 * 3000).order(ByteOrder.LITTLE_ENDIAN);
        shard.putInt(20240520).putInt(1).putInt(3000).position(1024);
        new Random(2).ints(3000, 0, 500).forEach(token -> shard.putShort((short) token));
        Path file = Files.write(temp.resolve("tokens.bin"), shard.array());
        int[] window = new int[64];
        for (DataSpec.ShardFormat format : DataSpec.ShardFormat.values()) {
            if (format == DataSpec.ShardFormat.NANOGPT) {
                Files.write(file, Arrays.copyOfRange(shard.array(), 1024, shard.capacity()));
            }
            DataSpec spec = new DataSpec.Shards(List.of(file.toString()), List.of(), 0.1, 500, format);
            fuzz(file, Mutations.inputs() / DataSpec.ShardFormat.values().length, path -> {
                TokenCorpus corpus = Corpora.open(spec, temp);
                for (Split split : Split.values()) {
                    long length = corpus.length(split);
                    corpus.read(split, 0, (int) Math.min(64, length), window, 0);
                    corpus.read(split, Math.max(0, length - 64), (int) Math.min(64, length), window, 0);
                }
            });
            Files.write(file, shard.array());
        }
    }

    private void images(DataSpec spec, Path file, int inputs) throws IOException {
        fuzz(file, inputs, path -> {
            Dataset data = new Datasets(temp).open(spec);
            assertThat(data.facts()).containsKey("pixel_mean");
        });
    }

    @Test
    void cifarFiles() throws IOException {
        byte[][] labels = {{3}, {0}, {9}, {5}};
        Path file = Files.write(temp.resolve("train.bin"), ImageFilesTest.cifar(1, labels));
        Files.write(temp.resolve("test.bin"), ImageFilesTest.cifar(2, labels));
        images(new ImageSpec.Cifar10(temp.toString(), List.of("train.bin"), List.of("test.bin"), null,
                ImageSpec.Augment.NONE), file, Mutations.inputs());
    }

    @Test
    void idxFiles() throws IOException {
        Path trainImages = Files.write(temp.resolve("a"), ImageFilesTest.idxImages(5, 3, 4));
        Path trainLabels = Files.write(temp.resolve("b"), ImageFilesTest.idxLabels(0, 1, 2, 3, 4));
        Files.write(temp.resolve("c"), ImageFilesTest.idxImages(2, 3, 4));
        Files.write(temp.resolve("d"), ImageFilesTest.idxLabels(9, 8));
        DataSpec spec = new ImageSpec.Idx(temp.toString(), "a", "b", "c", "d", 10, null, ImageSpec.Augment.NONE);
        images(spec, trainImages, Mutations.inputs() / 2);
        images(spec, trainLabels, Mutations.inputs() / 2);
    }
}
