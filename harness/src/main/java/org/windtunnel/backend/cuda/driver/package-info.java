/**
 * CUDA itself, through JavaCPP's presets: the driver, the run-time compiler NVRTC and cuBLAS of the machine.
 *
 * <p>This package is always compiled, but the presets' native parts are on the class path with {@code -Pcuda} only.
 */
package org.windtunnel.backend.cuda.driver;
