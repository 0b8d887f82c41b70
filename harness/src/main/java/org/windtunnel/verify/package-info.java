/** Replays golden files of official implementations through this code base and says how far it deviates. */
package org.windtunnel.verify;
