/** Opens backends by their names in a config, and measures the one of this machine. Above all backends. */
package org.windtunnel.backend.registry;
