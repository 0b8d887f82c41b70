package org.windtunnel.backend.cuda;

import java.util.Iterator;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.windtunnel.config.ConfigException;

/**
 * Opens this machine's GPU. Found with {@link ServiceLoader}, for builds on ND4J's own CUDA have other CUDA bindings and
 * leave out what is written against those of CUDA 13.
 */
public interface DeviceProvider {

    /**
     * Checks that there is a GPU that can be used, without taking anything of it.
     *
     * @throws ConfigException if there is none, with what is missing
     */
    void requireUsable();

    /**
     * Opens the GPU; the caller closes it.
     *
     * @throws ConfigException if there is none that can be used, with what is missing
     */
    Device open();

    /**
     * The one of this build.
     *
     * @throws ConfigException if it has none
     */
    static DeviceProvider find() {
        try {
            Iterator<DeviceProvider> known =
                    ServiceLoader.load(DeviceProvider.class, DeviceProvider.class.getClassLoader()).iterator();
            if (known.hasNext()) {
                return known.next();
            }
        } catch (ServiceConfigurationError e) {
            throw absent(e);
        }
        throw absent(null);
    }

    private static ConfigException absent(Throwable cause) {
        return new ConfigException(
                "runtime.backend: cuda is not in this build; build it with mvn -q -Pcuda -DskipTests clean package",
                cause);
    }
}
