package org.windtunnel.cli;

import java.io.Console;
import java.lang.reflect.InvocationTargetException;

/** Whether a person is watching, and numbers as a person reads them. */
final class Terminal {
    private Terminal() {}

    /** True when standard input and output are a terminal. */
    static boolean isInteractive() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            // JDK 22 and later give a console for redirected output as well, and say so in isTerminal.
            return (boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException e) {
            return true;
        } catch (IllegalAccessException | InvocationTargetException e) {
            return false;
        }
    }

    /** 950, 12.3k, 4.50M, 1.20G, 3.99E. */
    static String count(double n) {
        String[] units = {"", "k", "M", "G", "T", "P", "E", "Z"};
        double v = n;
        int unit = 0;
        // Three digits of 999.6 are 1000, which has the next unit.
        while (Math.abs(v) >= 999.5 && unit < units.length - 1) {
            v /= 1000;
            unit++;
        }
        return unit == 0 ? String.format("%.0f", v) : String.format("%.3g%s", v, units[unit]);
    }

    /** 42 s, 3 min 05 s, 2 h 10 min. */
    static String duration(double seconds) {
        long s = Math.round(seconds);
        if (s < 60) {
            return s + " s";
        }
        return s < 3600
                ? String.format("%d min %02d s", s / 60, s % 60)
                : String.format("%d h %02d min", s / 3600, s % 3600 / 60);
    }
}
