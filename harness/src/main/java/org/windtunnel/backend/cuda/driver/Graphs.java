package org.windtunnel.backend.cuda.driver;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.windtunnel.backend.cuda.DeviceException;

/** CUDA graphs, by capturing what a stream is given. */
final class Graphs implements AutoCloseable {
    private final CUstream_st stream;
    /** By handle; null where one was given back. */
    private final List<CUgraphExec_st> graphs = new ArrayList<>();
    private boolean capturing;

    Graphs(CUstream_st stream) {
        this.stream = stream;
    }

    /** Other threads may go on using the driver meanwhile. */
    void begin() {
        requireNoCapture("another graph");
        Status.driver(
                cudart.cuStreamBeginCapture(stream, cudart.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
                "beginning to record a graph");
        capturing = true;
    }

    long end() {
        capturing = false;
        CUgraph_st graph = new CUgraph_st();
        Status.refusable(cudart.cuStreamEndCapture(stream, graph), "recording a graph");
        CUgraphExec_st executable = new CUgraphExec_st();
        int status = cudart.cuGraphInstantiate(executable, graph, 0);
        cudart.cuGraphDestroy(graph);
        Status.refusable(status, "preparing a graph");
        graphs.add(executable);
        return graphs.size() - 1;
    }

    void launch(long handle) {
        int status = cudart.cuGraphLaunch(graphs.get((int) handle), stream);
        if (status != 0) {
            Status.driver(status, "launching a graph");
        }
    }

    void forget(long handle) {
        Status.driver(cudart.cuGraphExecDestroy(graphs.set((int) handle, null)), "giving a graph back");
    }

    /** @throws DeviceException if a graph is being recorded, of which {@code what} cannot be a part */
    void requireNoCapture(String what) {
        if (capturing) {
            throw new DeviceException(what + " cannot be a part of a graph");
        }
    }

    @Override
    public void close() {
        for (CUgraphExec_st graph : graphs) {
            if (graph != null) {
                cudart.cuGraphExecDestroy(graph);
            }
        }
    }
}
