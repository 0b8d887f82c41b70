package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.List;
import org.windtunnel.data.image.Download;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel data}: data sets from their official sites. */
@Command(
        name = "data",
        mixinStandardHelpOptions = true,
        description = "Get a data set of images from its official site, or list those that there are.")
final class DataCommand implements Runnable {

    @Override
    public void run() {
        list();
    }

    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "List the data sets and where they come from.")
    int list() {
        TextTable table = new TextTable(List.of("data set", "directory", "from"));
        for (Download d : Download.ALL) {
            d.items().forEach(item -> table.row(List.of(d.name(), d.dir(), item.url())));
        }
        System.out.print(table);
        return ExitCode.DONE.code();
    }

    @Command(
            name = "get",
            mixinStandardHelpOptions = true,
            description = "Download a data set, check it, and put it where configs look for it.")
    int get(
            @Parameters(paramLabel = "NAME", description = "cifar10, cifar100 or fashion-mnist") String name,
            @Option(names = "--dir", paramLabel = "DIR", description = "Where to put it (default: data/ here)")
                    Path dir) {
        Download download = Download.of(name);
        Path directory = dir == null ? Path.of(download.dir()) : dir;
        download.to(directory);
        System.out.println(name + " is in " + directory);
        return ExitCode.DONE.code();
    }
}
