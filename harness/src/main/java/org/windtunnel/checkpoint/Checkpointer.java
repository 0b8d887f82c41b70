package org.windtunnel.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.windtunnel.config.CheckpointSpec;
import org.windtunnel.record.DurableFiles;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.tensor.Tensor;

/**
 * Saves a run's state while the run goes on: {@link #save} copies it, a thread of its own hashes and writes the copy.
 *
 * <p>A checkpoint is written to a hidden directory, synchronised, and renamed, so that it is there whole or not at all,
 * whatever ends the process or the machine. The logs are synchronised before it appears: a checkpoint never knows more
 * than they do. Used by the training thread alone.
 */
public final class Checkpointer implements AutoCloseable {
    private final RunDirectory run;
    private final Checkpoints checkpoints;
    private final CheckpointSpec policy;
    private final HostCopy copy;
    private final TensorGroups state;
    private final Map<String, SafetensorsHeader> headers = new LinkedHashMap<>();
    private final ExecutorService writer;
    private Future<?> writing;
    private long saved;
    private long longestPauseNanos;

    /**
     * @param state the live tensors
     * @param copy where they are copied to; not used by anyone else until this is closed
     * @throws org.windtunnel.backend.OutOfMemory if there is no room for the copy
     */
    public Checkpointer(RunDirectory run, CheckpointSpec policy, TensorGroups state, HostCopy copy) {
        this.run = run;
        this.checkpoints = new Checkpoints(run.path());
        this.policy = policy;
        this.copy = copy;
        this.state = state;
        copy.reserve(state.bytes());
        state.groups().forEach((group, tensors) -> headers.put(group, SafetensorsHeader.of(tensors)));
        this.writer = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "checkpoint-writer");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Copies the state and has it written; returns as soon as the copy is done. An earlier checkpoint that is still
     * being written is waited for.
     *
     * @return false if a weight is not a finite number: nothing is written then, since no run could go on from it
     * @throws org.windtunnel.record.RunDirectoryException if the earlier one could not be written
     */
    public boolean save(CheckpointMeta meta) {
        long start = System.nanoTime();
        flush();
        boolean sound = true;
        long at = 0;
        for (Map.Entry<String, SafetensorsHeader> group : headers.entrySet()) {
            Map<String, Tensor> tensors = state.groups().get(group.getKey());
            boolean finite = true;
            for (Map.Entry<String, SafetensorsHeader.Entry> e : group.getValue().entries().entrySet()) {
                finite &= copy.copy(tensors.get(e.getKey()), at + e.getValue().begin());
            }
            at += group.getValue().dataBytes();
            sound &= finite || !group.getKey().equals("weights");
        }
        if (sound) {
            writing = writer.submit(() -> write(meta));
            saved++;
        }
        longestPauseNanos = Math.max(longestPauseNanos, System.nanoTime() - start);
        return sound;
    }

    /** States saved so far. */
    public long saved() {
        return saved;
    }

    /** The longest time for which a {@link #save} held up the run. */
    public long longestPauseNanos() {
        return longestPauseNanos;
    }

    /** Waits until what was saved is on the disk. @throws org.windtunnel.record.RunDirectoryException if it can't be */
    public void flush() {
        Future<?> task = writing;
        writing = null;
        if (task == null) {
            return;
        }
        try {
            task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a checkpoint was written", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UncheckedIOException failed) {
                throw RunDirectory.notWritable(checkpoints.directory(), failed.getCause());
            }
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        }
    }

    private void write(CheckpointMeta meta) {
        Path partial = null;
        try {
            partial = checkpoints.partial(meta.step());
            Map<String, String> sums = new LinkedHashMap<>();
            long at = 0;
            for (Map.Entry<String, SafetensorsHeader> group : headers.entrySet()) {
                String file = TensorGroups.file(group.getKey());
                sums.put(file, writeTensors(partial.resolve(file), group.getValue(), at));
                at += group.getValue().dataBytes();
            }
            byte[] json = meta.encode();
            DurableFiles.write(partial.resolve(Checkpoint.META), json);
            sums.put(Checkpoint.META, Sha256.of(json));
            StringBuilder lines = new StringBuilder();
            sums.forEach((file, sum) -> lines.append(sum).append("  ").append(file).append('\n'));
            DurableFiles.write(partial.resolve(Checkpoint.SUMS), lines.toString().getBytes(StandardCharsets.US_ASCII));
            run.syncLogs();
            checkpoints.publish(partial, meta.step());
            checkpoints.prune(policy);
        } catch (IOException e) {
            discard(partial);
            throw new UncheckedIOException(e);
        }
    }

    private static void discard(Path partial) {
        try {
            if (partial != null) {
                DurableFiles.deleteTree(partial);
            }
        } catch (IOException e) {
            // The next attempt removes it.
        }
    }

    /** @return the file's SHA-256 */
    private String writeTensors(Path file, SafetensorsHeader header, long at) throws IOException {
        MessageDigest digest = Sha256.digest();
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            write(channel, digest, ByteBuffer.wrap(header.encode()));
            copy.read(at, header.dataBytes(), bytes -> write(channel, digest, bytes));
            channel.force(true);
        }
        return Sha256.hex(digest);
    }

    private static void write(FileChannel channel, MessageDigest digest, ByteBuffer bytes) throws IOException {
        digest.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    /** Ends the writer's thread; a checkpoint that is being written is finished first. Call {@link #flush} to hear of errors. */
    @Override
    public void close() {
        writer.shutdown();
        try {
            if (writing != null) {
                writing.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            // Whoever did not flush is on the way out with an error already.
        }
    }
}
