package org.windtunnel.data.image;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.ConfigException;

/** Downloads from a server of this process; the official sites are never asked. */
class DownloadTest {
    private static final byte[] CONTENT = "second".getBytes(US_ASCII);

    private HttpServer server;
    private Map<String, byte[]> files;

    @TempDir
    Path temp;

    @BeforeEach
    void serve() throws IOException {
        byte[] archive = gzip(tar("cifar/", new byte[0], "cifar/one.bin", new byte[700], "cifar/two.bin", CONTENT));
        files = Map.of("/plain.gz", "content".getBytes(US_ASCII), "/set.tar.gz", archive);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = files.get(exchange.getRequestURI().getPath());
            exchange.sendResponseHeaders(body == null ? 404 : 200, body == null ? -1 : body.length);
            if (body != null) {
                exchange.getResponseBody().write(body);
            }
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private static byte[] tar(Object... entries) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < entries.length; i += 2) {
            byte[] content = (byte[]) entries[i + 1];
            byte[] header = new byte[512];
            byte[] name = ((String) entries[i]).getBytes(US_ASCII);
            System.arraycopy(name, 0, header, 0, name.length);
            byte[] size = String.format("%011o", content.length).getBytes(US_ASCII);
            System.arraycopy(size, 0, header, 124, size.length);
            header[156] = (byte) (((String) entries[i]).endsWith("/") ? '5' : '0');
            out.writeBytes(header);
            out.writeBytes(content);
            out.writeBytes(new byte[Math.floorMod(-content.length, 512)]);
        }
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream zip = new GZIPOutputStream(out)) {
            zip.write(content);
        }
        return out.toByteArray();
    }

    private Download download(String path, String hash) {
        String url = "http://127.0.0.1:" + server.getAddress().getPort() + path;
        return new Download("set", "data/set", List.of(new Download.Item(url, "MD5", hash)));
    }

    private String md5(String path) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(files.get(path)));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> all = Files.list(temp)) {
            return all.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void filesAreCheckedAndArchivesUnpacked() throws Exception {
        download("/plain.gz", md5("/plain.gz")).to(temp);
        download("/set.tar.gz", md5("/set.tar.gz")).to(temp);
        assertThat(names()).containsExactly("one.bin", "plain.gz", "two.bin");
        assertThat(temp.resolve("plain.gz")).hasContent("content");
        assertThat(Files.readAllBytes(temp.resolve("one.bin"))).isEqualTo(new byte[700]);
        assertThat(Files.readAllBytes(temp.resolve("two.bin"))).isEqualTo(CONTENT);
    }

    @Test
    void whatIsWrongOrMissingLeavesNothingBehind() throws Exception {
        assertThatThrownBy(() -> download("/plain.gz", "0".repeat(32)).to(temp)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("expected " + "0".repeat(32));
        assertThatThrownBy(() -> download("/none.gz", "0".repeat(32)).to(temp)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("status 404");
        Download gone = download("/plain.gz", md5("/plain.gz"));
        server.stop(0);
        assertThatThrownBy(() -> gone.to(temp)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("Without a network, get [http://127.0.0.1").hasMessageContaining("data.dir");
        assertThat(names()).isEmpty();
        assertThatThrownBy(() -> Download.of("imagenet")).isInstanceOf(ConfigException.class)
                .hasMessageContaining("[cifar10, cifar100, fashion-mnist]");
    }
}
