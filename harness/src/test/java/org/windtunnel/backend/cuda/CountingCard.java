package org.windtunnel.backend.cuda;

import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A card that computes nothing and finds zeros everywhere, and counts what it is asked for: so steps of any size can be
 * counted.
 */
public final class CountingCard {
    private static final int TRANSFER = 4 << 20;
    private static final DeviceInfo INFO = new DeviceInfo("counting card", 9, 0, 132, 1L << 40, 227 << 10, "nothing");

    private final Map<String, Long> kernels = new HashMap<>();
    /** Calls by recording. */
    private final List<Long> recordings = new ArrayList<>();
    private final ByteBuffer host = ByteBuffer.allocateDirect(TRANSFER);
    private long next = 1L << 40;
    private long recorded = -1;
    private long work;
    private long calls;

    /** A device of this card. */
    public Device device() {
        return (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class},
                (proxy, method, arguments) -> answer(method.getName(), arguments));
    }

    private synchronized Object answer(String method, Object[] arguments) {
        return switch (method) {
            case "info" -> INFO;
            case "freeBytes" -> INFO.totalBytes();
            case "transferBytes" -> TRANSFER;
            case "allocate" -> taken((long) arguments[0]);
            case "kernel" -> kernels.computeIfAbsent((String) arguments[0], name -> (long) kernels.size());
            case "staging" -> host.slice(0, (int) arguments[0]).order(ByteOrder.nativeOrder());
            case "download" -> zeros((int) arguments[1]);
            case "receive" -> ByteBuffer.allocate(Device.SENT_BYTES).order(ByteOrder.nativeOrder());
            case "launch", "gemm" -> queued();
            // Of no bytes, they are not made.
            case "copy", "clear" -> (long) arguments[arguments.length - 1] == 0 ? null : queued();
            case "upload", "send" -> called();
            case "beginRecording" -> begun();
            case "endRecording" -> ended();
            case "replay" -> replayed((long) arguments[0]);
            default -> null;
        };
    }

    private long taken(long bytes) {
        next += bytes + 256 & -256;
        return next - (bytes + 256 & -256);
    }

    private ByteBuffer zeros(int bytes) {
        ByteBuffer zeros = host.slice(0, bytes).order(ByteOrder.nativeOrder());
        return zeros.put(new byte[bytes]).clear();
    }

    private Object queued() {
        if (recorded >= 0) {
            recorded++;
            return null;
        }
        work++;
        return called();
    }

    private Object called() {
        calls++;
        return null;
    }

    private Object begun() {
        recorded = 0;
        return null;
    }

    private long ended() {
        recordings.add(recorded);
        recorded = -1;
        return recordings.size() - 1L;
    }

    private Object replayed(long recording) {
        work += recordings.get((int) recording);
        return called();
    }

    /** Kernels, products, copies within the card and zeros that it has been given, those of replays among them. */
    public synchronized long work() {
        return work;
    }

    /** Calls that gave it something to do: launches, transfers, and replays, which are one whatever is in them. */
    public synchronized long calls() {
        return calls;
    }
}
