package org.windtunnel.analysis.serve;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which names a request may call this server by. A page elsewhere can have its own name point at the loopback address (DNS
 * rebinding) and would then be asked for as if it came from here; its requests carry that name. Addresses cannot be
 * rebound.
 */
final class HostCheck {
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-f:.%]+]");

    private final Set<String> names = new HashSet<>(Set.of("localhost"));

    /** @param host that the server was told to listen on */
    HostCheck(String host, InetAddress bound) {
        names.add(host.toLowerCase(Locale.ROOT));
        if (!bound.isLoopbackAddress()) {
            try {
                names.add(InetAddress.getLocalHost().getHostName().toLowerCase(Locale.ROOT));
            } catch (UnknownHostException e) {
                // A machine without a name is asked for by its address.
            }
        }
    }

    /** @param header the Host header, or null */
    boolean allows(String header) {
        if (header == null) {
            return false;
        }
        String host = header.toLowerCase(Locale.ROOT).replaceFirst(":\\d{1,5}$", "");
        return names.contains(host) || ADDRESS.matcher(host).matches();
    }
}
