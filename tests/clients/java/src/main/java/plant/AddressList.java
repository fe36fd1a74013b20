package plant;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Resolves {@code list:///HOST:PORT,HOST:PORT}: gRPC for Java brings no list of addresses. */
final class AddressList extends NameResolverProvider {
    @Override
    public String getDefaultScheme() {
        return "list";
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args args) {
        List<EquivalentAddressGroup> addresses =
                Stream.of(target.getPath().substring(1).split(",")).map(AddressList::parsed).toList();
        return new NameResolver() {
            @Override
            public void start(Listener2 listener) {
                listener.onResult(ResolutionResult.newBuilder()
                        .setAddressesOrError(StatusOr.fromValue(addresses)).build());
            }

            @Override
            public String getServiceAuthority() {
                return "predictors";
            }

            @Override
            public void shutdown() {}
        };
    }

    private static EquivalentAddressGroup parsed(String address) {
        URI parts = URI.create("list://" + address);
        return new EquivalentAddressGroup(new InetSocketAddress(parts.getHost(), parts.getPort()));
    }

    @Override
    public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
        return Set.of(InetSocketAddress.class);
    }

    @Override
    protected boolean isAvailable() {
        return true;
    }

    @Override
    protected int priority() {
        return 5;
    }
}
