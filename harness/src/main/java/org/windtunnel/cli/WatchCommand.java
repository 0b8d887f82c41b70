package org.windtunnel.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jline.terminal.Size;
import org.jline.terminal.TerminalBuilder;
import org.windtunnel.analysis.live.LiveRuns;
import org.windtunnel.analysis.live.LiveSweep;
import org.windtunnel.analysis.live.RunState;
import org.windtunnel.analysis.live.SweepSnapshot;
import org.windtunnel.config.ConfigException;
import org.windtunnel.record.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel watch [DIR]}: a sweep or a run on the terminal, as it goes. */
@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        description =
                "Follow a sweep or a run on the terminal: what is done, what runs, the best so far, curves, the time "
                        + "left. Reads only. Ends with the sweep, or with Ctrl-C. Not on a terminal, prints a line whenever something has "
                        + "changed.")
final class WatchCommand implements Callable<Integer> {
    private static final String ENTER = "\u001b[?1049h\u001b[?25l";
    private static final String LEAVE = "\u001b[?25h\u001b[?1049l";
    private static final String HOME = "\u001b[H";
    private static final String TO_LINE_END = "\u001b[K";
    private static final String TO_SCREEN_END = "\u001b[J";

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "DIR",
            description =
                    "Directory of a sweep or of a run (default: of the sweeps where run directories go, the one that runs, or was last written to)")
    private Path directory;

    @Option(
            names = "--every",
            paramLabel = "SECONDS",
            description = "How often to look (default: 1 on a terminal, else 10)")
    private Double every;

    @Option(names = "--once", description = "Print the picture as it is now and end")
    private boolean once;

    private final CountDownLatch end = new CountDownLatch(1);

    @Override
    public Integer call() throws InterruptedException, IOException {
        Path runs = directory == null ? ExperimentOptions.defaultRuns() : directory;
        boolean interactive = Terminal.isInteractive() && !once;
        double seconds = every != null ? every : interactive ? 1 : 10;
        if (!(seconds > 0)) {
            throw new ConfigException("--every: expected a positive number of seconds, found " + every);
        }
        LiveRuns live = LiveRuns.open(runs, RunDirectory::isOwned);
        LiveSweep sweep = choose(live, runs);
        WatchScreen screen = new WatchScreen(sweep, live.only().orElse(null));
        if (once) {
            Size size = interactiveSize();
            screen.lines(sweep.look(), size.getColumns(), Integer.MAX_VALUE / 2).forEach(System.out::println);
        } else if (interactive) {
            follow(sweep, screen, seconds);
        } else {
            print(sweep, seconds);
        }
        return ExitCode.DONE.code();
    }

    private static LiveSweep choose(LiveRuns live, Path runs) {
        Comparator<LiveSweep> order = Comparator.comparing(
                        (LiveSweep s) -> s.look().counts().containsKey(RunState.RUNNING))
                .thenComparing(WatchCommand::modified);
        return live.sweeps().stream().max(order).orElseThrow(() -> new ConfigException("there are no runs in " + runs
                + " yet; start some with: windtunnel sweep configs/quickstart.yaml"));
    }

    private static long modified(LiveSweep sweep) {
        try {
            return Files.getLastModifiedTime(sweep.directory()).toMillis();
        } catch (IOException e) {
            return 0;
        }
    }

    /** Size of the terminal, or the usual one where there is none. */
    private static Size interactiveSize() throws IOException {
        if (Terminal.isInteractive()) {
            try (org.jline.terminal.Terminal terminal = TerminalBuilder.builder().system(true).dumb(true).build()) {
                return size(terminal);
            }
        }
        return new Size(100, 40);
    }

    private static Size size(org.jline.terminal.Terminal terminal) {
        Size size = terminal.getSize();
        return size.getColumns() > 0 && size.getRows() > 0 ? size : new Size(100, 40);
    }

    private static boolean isOver(SweepSnapshot now) {
        return !now.runs().isEmpty() && now.isOver();
    }

    /** Draws the picture over the last one, and leaves it behind when it ends. */
    private void follow(LiveSweep sweep, WatchScreen screen, double seconds) throws IOException, InterruptedException {
        PrintStream out = System.out;
        List<String> last = List.of();
        try (org.jline.terminal.Terminal terminal = TerminalBuilder.builder().system(true).dumb(true).build();
                Signals signals = Signals.listen(name -> end.countDown())) {
            out.print(ENTER);
            boolean over = false;
            while (!over) {
                SweepSnapshot now = sweep.look();
                Size size = size(terminal);
                last = screen.lines(now, size.getColumns(), size.getRows() - 1);
                out.print(HOME + String.join(TO_LINE_END + "\r\n", last) + TO_LINE_END + TO_SCREEN_END);
                out.flush();
                over = isOver(now) || end.await((long) (seconds * 1e3), TimeUnit.MILLISECONDS);
            }
        } finally {
            out.print(LEAVE);
            last.forEach(out::println);
            out.flush();
        }
    }

    private void print(LiveSweep sweep, double seconds) throws InterruptedException {
        try (Signals signals = Signals.listen(name -> end.countDown())) {
            String last = "";
            boolean over = false;
            while (!over) {
                SweepSnapshot now = sweep.look();
                String line = WatchScreen.line(now);
                if (!line.equals(last)) {
                    System.out.println(line);
                    last = line;
                }
                over = isOver(now) || end.await((long) (seconds * 1e3), TimeUnit.MILLISECONDS);
            }
        }
    }
}
