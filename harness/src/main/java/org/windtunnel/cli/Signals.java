package org.windtunnel.cli;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Turns the signals by which people and schedulers stop a job (SIGTERM, SIGINT, SIGUSR1) into a request: the first asks,
 * the second stops the process at once with code 128 + its number. Closing gives the signals back.
 *
 * <p>The JDK has no supported way to hear SIGUSR1; {@code sun.misc.Signal} of the module jdk.unsupported is called by
 * reflection, and where it is missing a signal ends the process as it always did.
 */
final class Signals implements AutoCloseable {
    private static final List<String> NAMES = List.of("TERM", "INT", "USR1");
    private static final int SIGNALLED = 128;

    private final Consumer<String> request;
    private final AtomicBoolean asked = new AtomicBoolean();
    private final Map<Object, Object> previous = new LinkedHashMap<>();
    private Method handle;

    private Signals(Consumer<String> request) {
        this.request = request;
    }

    /** @param request hears the first signal's name, {@code SIGTERM} say, on a thread of the JVM's */
    static Signals listen(Consumer<String> request) {
        Signals signals = new Signals(request);
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            signals.handle = signal.getMethod("handle", signal, handler);
            Object proxy =
                    Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (self, method, args) -> {
                        if (method.getName().equals("handle")) {
                            signals.received(args[0]);
                            return null;
                        }
                        return method.getName().equals("equals")
                                ? (Object) (self == args[0])
                                : System.identityHashCode(self);
                    });
            for (String name : NAMES) {
                signals.install(signal.getConstructor(String.class).newInstance(name), proxy);
            }
        } catch (ReflectiveOperationException e) {
            // No such classes: signals keep their usual meaning.
        }
        return signals;
    }

    private void install(Object signal, Object handler) throws ReflectiveOperationException {
        try {
            previous.put(signal, handle.invoke(null, signal, handler));
        } catch (InvocationTargetException e) {
            // The JVM keeps this one for itself, as it does with -Xrs.
        }
    }

    private void received(Object signal) throws ReflectiveOperationException {
        if (!asked.compareAndSet(false, true)) {
            Runtime.getRuntime().halt(SIGNALLED + (int) signal.getClass().getMethod("getNumber").invoke(signal));
        }
        request.accept("SIG" + signal.getClass().getMethod("getName").invoke(signal));
    }

    @Override
    public void close() {
        previous.forEach((signal, handler) -> {
            try {
                handle.invoke(null, signal, handler);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
