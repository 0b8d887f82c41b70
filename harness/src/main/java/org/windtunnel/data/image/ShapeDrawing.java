package org.windtunnel.data.image;

/** The ten shapes. */
final class ShapeDrawing {
    private ShapeDrawing() {}

    /** Whether a shape covers the pixel in column x and row y; never further from its centre than its radius, each way. */
    static boolean covers(ShapeImages.Place s, int x, int y) {
        int u = x - s.x();
        int v = y - s.y();
        int r = s.radius();
        int far = Math.max(Math.abs(u), Math.abs(v));
        if (far > r) {
            return false;
        }
        int near = Math.min(Math.abs(u), Math.abs(v));
        int squared = u * u + v * v;
        int half = r / 2;
        return switch (s.kind()) {
            case 0 -> squared <= r * r;
            case 1 -> squared <= r * r && squared > half * half;
            case 2 -> true;
            case 3 -> far > half;
            case 4 -> near <= r / 3;
            case 5 -> far - near <= r / 3;
            case 6 -> 2 * Math.abs(u) <= v + r;
            case 7 -> 2 * Math.abs(u) <= r - v;
            case 8 -> Math.floorMod(v + r, 4) < 2;
            case 9 -> Math.floorMod(u + r, 4) < 2;
            default -> throw new IllegalArgumentException("no shape " + s.kind());
        };
    }
}
