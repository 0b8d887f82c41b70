/** Shapes and memory: {@link org.windtunnel.tensor.Tensor} views over backend-owned {@link org.windtunnel.tensor.Storage}. */
package org.windtunnel.tensor;
