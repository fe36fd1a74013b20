package plant;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Notes which servers have answered the calls that pass. */
final class PeerRecorder implements ClientInterceptor {
    private final Set<SocketAddress> peers = ConcurrentHashMap.newKeySet();

    Set<SocketAddress> peers() {
        return peers;
    }

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
        return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
            @Override
            public void start(Listener<A> listener, Metadata headers) {
                super.start(new SimpleForwardingClientCallListener<>(listener) {
                    @Override
                    public void onMessage(A answer) {
                        peers.add(getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
                        super.onMessage(answer);
                    }
                }, headers);
            }
        };
    }
}
