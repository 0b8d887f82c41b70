package org.windtunnel.analysis.serve;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.live.LiveRuns;

/**
 * Serves what {@link LiveRuns} sees. It answers GET and HEAD and changes nothing; what a request names is looked up among
 * the sweeps and runs that were found, never taken as a path.
 */
public final class Dashboard implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Dashboard.class);
    private static final Set<String> METHODS = Set.of("GET", "HEAD");
    private static final int THREADS = 8;

    private final HttpServer server;
    private final ExecutorService threads;
    private final HostCheck hosts;
    private final Assets assets = new Assets();
    private final Api api;

    /**
     * Starts to listen.
     *
     * @param host name or address to listen on, such as {@code 127.0.0.1}
     * @param port 0 for any that is free
     * @throws AnalysisException if it cannot listen there
     */
    public Dashboard(LiveRuns runs, String host, int port) {
        api = new Api(runs);
        // Slow senders and receivers give their threads back.
        System.setProperty("sun.net.httpserver.maxReqTime", "30");
        System.setProperty("sun.net.httpserver.maxRspTime", "120");
        try {
            InetAddress address = InetAddress.getByName(host);
            hosts = new HostCheck(host, address);
            server = HttpServer.create(new InetSocketAddress(address, port), 0);
        } catch (UnknownHostException e) {
            throw new AnalysisException("--host: expected a name or address of this machine, found " + host
                    + "; try 127.0.0.1, or 0.0.0.0 for all addresses", e);
        } catch (BindException e) {
            throw new AnalysisException("Cannot listen on port " + port + " of " + host + " (" + e.getMessage()
                    + "); try another --port, or --port 0 for any that is free", e);
        } catch (IOException | IllegalArgumentException e) {
            throw new AnalysisException(
                    "Cannot listen on port " + port + " of " + host + " (" + e.getMessage() + ")", e);
        }
        threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "dashboard");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    /** Where it is to be found. */
    public URI uri() {
        InetAddress address = server.getAddress().getAddress();
        String host = address.isAnyLocalAddress() ? "localhost" : address.getHostAddress();
        return URI.create("http://" + (host.contains(":") ? "[" + host + "]" : host) + ":"
                + server.getAddress().getPort() + "/");
    }

    /** Whether only this machine can reach it. */
    public boolean isLocal() {
        return server.getAddress().getAddress().isLoopbackAddress();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            send(exchange, respond(exchange));
        }
    }

    private Response respond(HttpExchange exchange) {
        if (!METHODS.contains(exchange.getRequestMethod())) {
            exchange.getResponseHeaders().set("Allow", "GET, HEAD");
            return Response.error(405, "expected GET or HEAD, found " + exchange.getRequestMethod());
        }
        if (!hosts.allows(exchange.getRequestHeaders().getFirst("Host"))) {
            return Response.error(403, "this server does not go by that name; ask for it by its address");
        }
        try {
            Request request = Request.of(exchange.getRequestURI());
            Response asset = assets.find(request.path());
            return asset != null ? asset : api.answer(request);
        } catch (IllegalArgumentException e) {
            return Response.error(400, "the request cannot be understood: " + e.getMessage());
        } catch (RuntimeException e) {
            LOG.error("a request failed; please report it: {}", exchange.getRequestURI(), e);
            return Response.error(500, "a defect of the program, see where it runs");
        }
    }

    private static void send(HttpExchange exchange, Response response) throws IOException {
        var headers = exchange.getResponseHeaders();
        headers.set("Content-Type", response.type());
        headers.set("Cache-Control", "no-store");
        headers.set("Content-Security-Policy", response.policy());
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("X-Frame-Options", "DENY");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        if (exchange.getRequestMethod().equals("HEAD")) {
            headers.set("Content-Length", Integer.toString(response.body().length));
            exchange.sendResponseHeaders(response.status(), -1);
            return;
        }
        exchange.sendResponseHeaders(response.status(), response.body().length);
        try (OutputStream body = exchange.getResponseBody()) {
            body.write(response.body());
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
