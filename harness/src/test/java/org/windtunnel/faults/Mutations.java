package org.windtunnel.faults;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Damage as disks, networks and people do it. */
public final class Mutations {
    private static final byte[] ODD = {0, 1, -1, 127, -128, '"', '{', '}', '[', ']', ',', ':', '-', '9', '\n', ' '};

    private static final List<String> KINDS = List.of("truncated", "bit flipped", "byte replaced", "block of zeros",
            "bytes removed", "bytes inserted", "number changed");

    private Mutations() {}

    /** How many damaged inputs a test tries: few in the suite, 100,000 with {@code -Pfaults}. */
    public static int inputs() {
        return Integer.getInteger("windtunnel.test.inputs", 2000);
    }

    /** How many processes a test kills: few in the suite, 200 with {@code -Pfaults}. */
    public static int kills() {
        return Integer.getInteger("windtunnel.test.kills", 3);
    }

    /**
     * A damaged copy.
     *
     * @param kind what was done to it: one of {@code KINDS}, or {@code several}
     */
    public record Damaged(String kind, byte[] bytes) {}

    /** The random numbers behind an input. Seeds that follow each other would begin almost alike. */
    public static Random random(int input) {
        return new Random(0x9E3779B97F4A7C15L * (input + 1));
    }

    /** A copy with one or more things wrong; never equal to the original. */
    public static Damaged damage(byte[] original, Random random) {
        byte[] bytes = original;
        String kind = null;
        for (int n = 1 + random.nextInt(8) / 5; n > 0 || Arrays.equals(bytes, original); n--) {
            int next = random.nextInt(KINDS.size());
            bytes = once(bytes, next, random);
            kind = kind == null || kind.equals(KINDS.get(next)) ? KINDS.get(next) : "several";
        }
        return new Damaged(kind, bytes);
    }

    private static byte[] once(byte[] bytes, int kind, Random random) {
        if (bytes.length == 0) {
            return new byte[] {ODD[random.nextInt(ODD.length)]};
        }
        int at = random.nextInt(bytes.length);
        switch (kind) {
            case 0:
                return Arrays.copyOf(bytes, at);
            case 1: {
                byte[] flipped = bytes.clone();
                flipped[at] ^= (byte) (1 << random.nextInt(8));
                return flipped;
            }
            case 2: {
                byte[] odd = bytes.clone();
                odd[at] = ODD[random.nextInt(ODD.length)];
                return odd;
            }
            case 3: {
                // A block that was never written.
                byte[] holed = bytes.clone();
                Arrays.fill(holed, at, Math.min(bytes.length, at + 1 + random.nextInt(64)), (byte) 0);
                return holed;
            }
            case 4:
                return splice(bytes, at, Math.min(bytes.length, at + 1 + random.nextInt(8)), new byte[0]);
            case 5: {
                byte[] more = new byte[1 + random.nextInt(16)];
                random.nextBytes(more);
                return splice(bytes, at, at, more);
            }
            default: {
                // A number, where there is one, that is larger than anyone expects.
                byte[] digits = bytes.clone();
                for (int i = at; i < digits.length && i < at + 40; i++) {
                    if (digits[i] >= '0' && digits[i] <= '9') {
                        return splice(
                                digits,
                                i,
                                i + 1,
                                Long.toString(random.nextLong() >>> random.nextInt(64))
                                        .getBytes(US_ASCII));
                    }
                }
                return splice(bytes, at, at, new byte[] {digits[at]});
            }
        }
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] with) {
        byte[] out = new byte[bytes.length - (to - from) + with.length];
        System.arraycopy(bytes, 0, out, 0, from);
        System.arraycopy(with, 0, out, from, with.length);
        System.arraycopy(bytes, to, out, from + with.length, bytes.length - to);
        return out;
    }
}
