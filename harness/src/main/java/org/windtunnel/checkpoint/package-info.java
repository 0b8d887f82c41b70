/**
 * The state of a run on disk: tensors in safetensors files, hashed, written beside the run and moved into place, found
 * and verified again.
 */
package org.windtunnel.checkpoint;
