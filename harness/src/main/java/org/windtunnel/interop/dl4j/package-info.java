/**
 * Deeplearning4j's networks as model families, and its data sets as data.
 *
 * <p>{@link org.windtunnel.interop.dl4j.GraphFamily} trains any {@code ComputationGraph} with one input of images (or
 * of their pixels in a row) and one output of classes: the graph does the forward and the backward pass, everything
 * else is the harness's. What the graph's configuration says of training (updaters, learning rates, regularisation,
 * gradient normalisation, initialisation) is not used.
 *
 * <ul>
 *   <li>Loss: the output layer must be softmax with cross entropy or identity with squared error; {@code train.loss}
 *       decides which of them is minimised.
 *   <li>Layout: a parameter keeps its bytes. Deeplearning4j stores a dense weight [in, out] in column order, which is
 *       [out, in] in row order; filters are [out, in, height, width] in both.
 *   <li>Gradients: its flattened gradient is a sum over the batch, of what the loss function gives for each example;
 *       the loss here already carries the factor of the mean.
 *   <li>Batch norm keeps running statistics among its parameters, and their change among its gradients. They are
 *       buffers here: saved with the weights, seen by no optimizer.
 *   <li>Width: {@code model.width} is the number of outputs of the first layer with weights. Asked for another than the
 *       file's, every layer but the readout is scaled by the quotient, which makes a width family of any graph.
 * </ul>
 *
 * <p>{@link org.windtunnel.interop.dl4j.ResNetExchange} takes the family {@code resnet} out and in as the same network of
 * Deeplearning4j's layers, which is also the oracle of its tests.
 * {@link org.windtunnel.interop.dl4j.IteratorDataset} and {@link org.windtunnel.interop.dl4j.DatasetIterator} turn a
 * {@code DataSetIterator} into a data set and back.
 */
package org.windtunnel.interop.dl4j;
