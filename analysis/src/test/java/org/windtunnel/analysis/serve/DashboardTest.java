package org.windtunnel.analysis.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.RunWriter;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.live.LiveRuns;

/** What the server answers, over plain sockets, so that a request can be as odd as anyone may send it. */
class DashboardTest {
    @TempDir
    Path root;

    private Path run;
    private Dashboard dashboard;

    private record Answer(int status, Map<String, String> headers, String body) {
        JsonNode json() throws IOException {
            return new ObjectMapper().readTree(body);
        }
    }

    @BeforeEach
    void serve() throws IOException {
        RunWriter writer = new RunWriter(Files.createDirectories(root.resolve("runs/wind")));
        run = writer.run(RunWriter.axes("sp", 64, 0.2), 1, 5e4, 1e6, RunStatus.RUNNING, 3);
        writer.diverged("sp", 64, 0.4, 1, 5e4, 1e6);
        Files.writeString(root.resolve("secret.json"), "{\"secret\": 1}");
        dashboard = new Dashboard(LiveRuns.open(root.resolve("runs"), p -> false), "127.0.0.1", 0);
    }

    @AfterEach
    void stop() {
        dashboard.close();
    }

    private Answer ask(String line, String... headers) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", dashboard.uri().getPort())) {
            socket.setSoTimeout(10_000);
            String head = line + " HTTP/1.1\r\n" + String.join("", Stream.of(headers).map(h -> h + "\r\n").toList())
                    + "Connection: close\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            String[] parts =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\r\n\r\n", 2);
            Map<String, String> found = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
            for (String header : parts[0].split("\r\n")) {
                int colon = header.indexOf(": ");
                if (colon > 0) {
                    found.put(header.substring(0, colon), header.substring(colon + 2));
                }
            }
            return new Answer(Integer.parseInt(parts[0].split(" ")[1]), found, parts.length > 1 ? parts[1] : "");
        }
    }

    private Answer get(String path) throws IOException {
        return ask("GET " + path, "Host: 127.0.0.1:" + dashboard.uri().getPort());
    }

    @Test
    void thePageAndItsPartsAreServedWithStrictHeaders() throws IOException {
        for (String path :
                List.of("/", "/style.css", "/app.js", "/charts.js", "/uplot.js", "/uplot.css", "/api/sweeps")) {
            Answer answer = get(path);
            assertThat(answer.status()).as(path).isEqualTo(200);
            assertThat(answer.headers()).as(path)
                    .containsEntry("X-Content-Type-Options", "nosniff")
                    .containsEntry("X-Frame-Options", "DENY")
                    .containsEntry("Cross-Origin-Resource-Policy", "same-origin")
                    .containsEntry("Cache-Control", "no-store")
                    .doesNotContainKey("Access-Control-Allow-Origin");
            assertThat(answer.headers().get("Content-Security-Policy"))
                    .startsWith("default-src 'none'")
                    .doesNotContain("unsafe");
        }
        assertThat(get("/").body()).contains("<title>Windtunnel</title>").doesNotContain("http");
        assertThat(get("/uplot.js").body()).contains("MIT License");
        assertThat(get("/app.js").headers()).containsEntry("Content-Type", "text/javascript; charset=utf-8");
    }

    @Test
    void onlyGetAndHeadAreAnswered() throws IOException {
        String host = "Host: localhost";
        for (String method : List.of("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")) {
            Answer answer = ask(method + " /api/sweeps", host, "Content-Length: 0");
            assertThat(answer.status()).as(method).isEqualTo(405);
            assertThat(answer.headers()).containsEntry("Allow", "GET, HEAD");
        }
        Answer head = ask("HEAD /style.css", host);
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers()).containsEntry("Content-Length", Integer.toString(get("/style.css").body().length()));
        try (Stream<Path> left = Files.walk(root)) {
            assertThat(left.filter(Files::isRegularFile).count()).as("nothing was written").isEqualTo(1 + 3 + 3);
        }
    }

    @Test
    void namesAreNotPaths() throws IOException {
        for (String path : List.of(
                "/../secret.json",
                "/..%2fsecret.json",
                "/%2e%2e/secret.json",
                "/wind/",
                "/runs/wind",
                "//etc/passwd",
                "/" + run,
                "/.git/config",
                "/api/",
                "/index.html",
                "/org/windtunnel",
                "/style.css/..",
                "/META-INF/MANIFEST.MF")) {
            assertThat(get(path).status()).as(path).isIn(400, 404);
        }
        for (String name :
                List.of("..", "../..", ".", "", "%2e%2e", "/etc", "wind/..", "..%2f..", "wind%00", root.toString())) {
            for (String api : List.of("sweep", "bowls", "curves", "run")) {
                Answer answer = get("/api/" + api + "?sweep=" + name);
                assertThat(answer.status()).as(name).isIn(400, 404);
            }
            Answer answer = get("/api/run?sweep=wind&run=" + name);
            assertThat(answer.status()).as(name).isIn(400, 404);
            assertThat(answer.body()).doesNotContain("secret");
        }
        assertThat(get("/api/curves?sweep=wind&run=..@1@1").json()).isEmpty();
        assertThat(get("/api/curves?sweep=wind&run=" + run.getFileName() + "@x@y").status()).isEqualTo(400);
        assertThat(get("/api/sweep?sweep=%zz").status()).isEqualTo(400);
    }

    /** A page under another name that has been made to point here must not read the runs. */
    @Test
    void otherNamesAreRefused() throws IOException {
        int port = dashboard.uri().getPort();
        for (String host : List.of(
                "localhost", "LOCALHOST:" + port, "127.0.0.1", "127.0.0.1:" + port, "[::1]:80", "10.0.0.7:8420")) {
            assertThat(ask("GET /api/sweeps", "Host: " + host).status()).as(host).isEqualTo(200);
        }
        for (String host : List.of(
                "evil.example",
                "localhost.evil.example:" + port,
                "127.0.0.1.evil.example",
                "",
                "a@localhost",
                "1.2.3.4.5",
                "localhost:80:80")) {
            Answer answer = ask("GET /api/sweeps", "Host: " + host);
            assertThat(answer.status()).as(host).isIn(400, 403);
            assertThat(answer.body()).doesNotContain("wind\"");
        }
        assertThat(ask("GET /api/sweeps").status()).as("no Host").isIn(400, 403);
    }

    @Test
    void theTableAndTheCurvesAreJson() throws IOException {
        JsonNode sweeps = get("/api/sweeps").json();
        assertThat(sweeps.at("/sweeps/0/name").asText()).isEqualTo("wind");
        assertThat(sweeps.at("/sweeps/0/counts/diverged").asInt()).isEqualTo(1);
        JsonNode rows = get("/api/sweep?sweep=wind").json().path("runs");
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0).path("state").asText()).isEqualTo("interrupted");
        assertThat(rows.get(0).at("/axes/optimizer.lr").asDouble()).isEqualTo(0.2);
        assertThat(rows.get(1).path("loss").isNull()).as("NaN is no JSON").isTrue();
        assertThat(rows.get(1).path("reason").asText()).isEqualTo("loss is NaN");
        String id = run.getFileName().toString();
        JsonNode curve = get("/api/curves?sweep=wind&run=" + id).json().path(id);
        assertThat(curve.path("step")).hasSize(10);
        assertThat(curve.at("/loss/9").asDouble()).isEqualTo(3);

        Files.writeString(
                run.resolve("curve.jsonl"), RunWriter.curveLine(11, 1.1e6, 1e12, "2.75"), StandardOpenOption.APPEND);
        JsonNode more = get("/api/curves?sweep=wind&run=" + id + "@"
                        + curve.path("epoch").asInt() + "@10")
                .json()
                .path(id);
        assertThat(more.path("from").asInt()).isEqualTo(9);
        assertThat(more.path("step").toString()).isEqualTo("[10,11]");

        JsonNode one = get("/api/run?sweep=wind&run=" + id + "&chart=x").json();
        assertThat(one.at("/manifest/params/total").asDouble()).isEqualTo(51000);
        assertThat(one.at("/evaluations/loss/0").asDouble()).isEqualTo(3);
        assertThat(get("/api/bowls?sweep=wind").json().at("/facets/0/series/0/points")).hasSize(2);
    }

    @Test
    void anEmptyDirectoryIsServedToo(@TempDir Path empty) throws IOException {
        try (Dashboard other = new Dashboard(LiveRuns.open(empty, p -> false), "localhost", 0)) {
            assertThat(other.isLocal()).isTrue();
            dashboard.close();
            dashboard = other;
            assertThat(get("/api/sweeps").json().path("sweeps")).isEmpty();
        }
    }

    @Test
    void aPortInUseAndAnUnknownHostAreOneMessage() {
        LiveRuns runs = LiveRuns.open(root, p -> false);
        assertThatThrownBy(() -> new Dashboard(runs, "127.0.0.1", dashboard.uri().getPort()))
                .isInstanceOf(AnalysisException.class).hasMessageContaining("--port 0");
        assertThatThrownBy(() -> new Dashboard(runs, "no such host", 0))
                .isInstanceOf(AnalysisException.class).hasMessageContaining("--host: expected");
        assertThatThrownBy(() -> new Dashboard(runs, "127.0.0.1", 70000)).isInstanceOf(AnalysisException.class);
    }
}
