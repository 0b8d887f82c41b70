package org.windtunnel.data.image;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.windtunnel.config.ConfigException;
import org.windtunnel.data.Hashes;

/**
 * A data set on its official site.
 *
 * @param name as on the command line
 * @param dir where a config looks for it unless it says otherwise
 * @param items what is downloaded
 */
public record Download(String name, String dir, List<Item> items) {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";
    private static final String CIFAR = "https://www.cs.toronto.edu/~kriz/";

    /** What there is. */
    public static final List<Download> ALL = List.of(
            new Download("cifar10", "data/cifar-10", List.of(
                    new Item(CIFAR + "cifar-10-binary.tar.gz", "MD5", "c32a1d4ab5d03f1284b67883e8d87530"))),
            new Download("cifar100", "data/cifar-100", List.of(
                    new Item(CIFAR + "cifar-100-binary.tar.gz", "MD5", "03b5dce01913d631647c71ecec9e9cb8"))),
            new Download("fashion-mnist", "data/fashion-mnist", List.of(
                    new Item(FASHION + "train-images-idx3-ubyte.gz", "SHA-256",
                            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
                    new Item(FASHION + "train-labels-idx1-ubyte.gz", "SHA-256",
                            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
                    new Item(FASHION + "t10k-images-idx3-ubyte.gz", "SHA-256",
                            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
                    new Item(FASHION + "t10k-labels-idx1-ubyte.gz", "SHA-256",
                            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"))));

    /**
     * One file; the content of a {@code .tar.gz} is unpacked, without its directories.
     *
     * @param hash lower-case hex, of the file as downloaded, as its site publishes it
     */
    public record Item(String url, String algorithm, String hash) {
        String file() {
            return url.substring(url.lastIndexOf('/') + 1);
        }

        private boolean isArchive() {
            return url.endsWith(".tar.gz");
        }
    }

    /** @throws ConfigException if there is none of that name */
    public static Download of(String name) {
        return ALL.stream().filter(d -> d.name.equals(name)).findFirst().orElseThrow(() -> new ConfigException(
                "data get: expected one of " + ALL.stream().map(Download::name).toList() + ", found " + name));
    }

    /**
     * Downloads what is not there yet; a file appears under its name whole and checked, or not at all.
     *
     * @throws ConfigException without a network, with another hash, or if the directory cannot be written, with what to do
     */
    public void to(Path directory) {
        HttpClient client = HttpClient.newBuilder().connectTimeout(PATIENCE)
                .followRedirects(HttpClient.Redirect.NORMAL).build();
        for (Item item : items) {
            if (item.isArchive() || !Files.exists(directory.resolve(item.file()))) {
                fetch(client, item, directory);
            }
        }
    }

    private void fetch(HttpClient client, Item item, Path directory) {
        Path part = null;
        try {
            Files.createDirectories(directory);
            part = Files.createTempFile(directory, item.file(), ".part");
            String found = download(client, item, part);
            if (!found.equals(item.hash)) {
                throw new ConfigException("data get: " + item.url + " has " + item.algorithm + " " + found + ", expected "
                        + item.hash + "; the download was damaged, or the site changed the file; try again");
            }
            if (item.isArchive()) {
                unpack(part, directory);
            } else {
                Files.move(part, directory.resolve(item.file()), StandardCopyOption.ATOMIC_MOVE);
            }
        } catch (IOException e) {
            throw new ConfigException("data get: cannot get " + item.url + " (" + reason(e) + "). Without a network, get "
                    + items.stream().map(Item::url).toList() + " on another machine, put them"
                    + (item.isArchive() ? ", unpacked," : "") + " into " + directory.toAbsolutePath().normalize()
                    + ", or name the directory they are in with data.dir", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConfigException("data get: interrupted", e);
        } finally {
            delete(part);
        }
    }

    private static String download(HttpClient client, Item item, Path to) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(item.url)).timeout(PATIENCE).build();
        HttpResponse<InputStream> response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        try (DigestInputStream body = new DigestInputStream(response.body(), digest(item.algorithm))) {
            if (response.statusCode() != 200) {
                throw new IOException("the site answered with status " + response.statusCode());
            }
            Files.copy(body, to, StandardCopyOption.REPLACE_EXISTING);
            return Hashes.hex(body.getMessageDigest().digest());
        }
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has " + algorithm, e);
        }
    }

    private static void unpack(Path archive, Path directory) throws IOException {
        try (InputStream in = new BufferedInputStream(new GZIPInputStream(Files.newInputStream(archive), 1 << 16), 1 << 16)) {
            TarFiles tar = new TarFiles(in);
            for (String name = tar.next(); name != null; name = tar.next()) {
                Path part = Files.createTempFile(directory, name, ".part");
                tar.copyTo(part);
                Files.move(part, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static void delete(Path part) {
        try {
            if (part != null) {
                Files.deleteIfExists(part);
            }
        } catch (IOException e) {
            throw new ConfigException("data get: cannot remove " + part + ": " + e.getMessage(), e);
        }
    }
}
