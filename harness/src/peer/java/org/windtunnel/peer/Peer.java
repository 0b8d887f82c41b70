package org.windtunnel.peer;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.windtunnel.peer.Match.Effort;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compares losses and time per step with DJL's PyTorch; exits with 1 if the losses disagree. */
@Command(name = "peer", mixinStandardHelpOptions = true, showDefaultValues = true, sortOptions = false,
        description = "Trains the same models here and in DJL's PyTorch on the CPU; compares losses and time per step.")
final class Peer implements Callable<Integer> {
    @Option(names = "--models", split = ";", paramLabel = "D,L,H,T,B|resnet20x16,B",
            description = "models, separated by ';': GPTs by width, depth, heads, context and batch, "
                    + "ResNets by depth, width and batch",
            defaultValue = "64,2,2,64,32;128,4,4,128,16;256,6,8,256,8;512,6,8,256,4;resnet20x16,32;resnet20x16,128")
    private List<String> models;

    @Option(names = "--threads", split = ",", description = "numbers of threads", defaultValue = "1,2")
    private List<Integer> threads;

    @Option(names = "--blas", split = ",", description = "openblas, mkl or both", defaultValue = "openblas,mkl")
    private List<String> blas;

    @Option(names = "--rounds", description = "bursts of each contestant", defaultValue = "9")
    private int rounds;

    @Option(names = "--burst", description = "seconds of a burst", defaultValue = "0.7")
    private double burst;

    @Option(names = "--warm", description = "seconds each contestant runs before the first round", defaultValue = "8")
    private double warm;

    @Option(names = "--patience", defaultValue = "60",
            description = "seconds per row to wait for rounds in which other programs are quiet")
    private double patience;

    public static void main(String[] args) {
        System.exit(new CommandLine(new Peer()).execute(args));
    }

    @Override
    public Integer call() {
        List<Side> sides = new ArrayList<>(List.of(Side.TORCH));
        blas.stream().map(Side::parse).forEach(sides::add);
        Report report = new Report(System.out, sides);
        Effort effort = new Effort(rounds, burst, warm, patience);
        List<MatchResult> results = new ArrayList<>();
        for (String model : models) {
            for (int count : threads) {
                MatchResult result = new Match(Workload.parse(model), count, effort).play(sides);
                if (results.isEmpty()) {
                    report.contestants(result);
                    report.speedHeading();
                }
                report.speed(result);
                results.add(result);
            }
        }
        results.stream().filter(result -> result.threads() == threads.get(0)).forEach(report::losses);
        return report.verdict(results) ? 0 : 1;
    }
}
