package org.windtunnel.cli;

import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParseResult;

/** Entry point of the {@code windtunnel} command. */
@Command(
        name = "windtunnel",
        mixinStandardHelpOptions = true,
        version = "Windtunnel 0.1.0",
        description = "Train families of small models well enough to predict a big one.",
        subcommands = {
            TrainCommand.class,
            SweepCommand.class,
            ResumeCommand.class,
            BranchCommand.class,
            ExportCommand.class,
            WorkerCommand.class,
            TaskCommand.class,
            ServeCommand.class,
            WatchCommand.class,
            ReportCommand.class,
            TransferCommand.class,
            TrendCommand.class,
            CompareCommand.class,
            FitCommand.class,
            PlanCommand.class,
            CoordCheckCommand.class,
            ConfigCommand.class,
            DoctorCommand.class,
            BenchCommand.class,
            VerifyCommand.class,
            DataCommand.class
        })
public final class Main {

    public static void main(String[] args) {
        System.exit(run(args));
    }

    /** Runs one command line in this process. @return its exit code */
    public static int run(String... args) {
        CommandLine line = new CommandLine(new Main());
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler(Main::explain);
        return line.execute(args);
    }

    private static int explain(Exception error, CommandLine line, ParseResult parsed) {
        ExitCode code = ExitCode.of(error);
        if (code == null) {
            LoggerFactory.getLogger(Main.class).error("a defect of the program; please report it", error);
            return ExitCode.FAILED.code();
        }
        line.getErr().println("windtunnel: " + error.getMessage());
        return code.code();
    }
}
