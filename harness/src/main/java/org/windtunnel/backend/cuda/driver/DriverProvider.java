package org.windtunnel.backend.cuda.driver;

import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.DeviceProvider;

/** The GPU behind the NVIDIA driver. */
public final class DriverProvider implements DeviceProvider {

    @Override
    public void requireUsable() {
        CudaDevice.requireUsable();
    }

    @Override
    public Device open() {
        return CudaDevice.open();
    }
}
