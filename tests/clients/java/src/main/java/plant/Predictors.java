package plant;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.RetryInfo;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import millwright.predictor.v1.Predictor.PredictRequest;
import millwright.predictor.v1.Predictor.PredictResponse;
import millwright.predictor.v1.PredictorServiceGrpc;
import millwright.predictor.v1.PredictorServiceGrpc.PredictorServiceBlockingStub;

/** A channel to predictors that serve the same models. */
final class Predictors implements AutoCloseable {
    private static final int MAX_MESSAGE_BYTES = 64 << 20;
    private static final int MAX_TRIES = 40;
    private static final long LEAST_JITTER_MS = 10;
    private static final long MOST_JITTER_MS = 500;

    static {
        NameResolverRegistry.getDefaultRegistry().register(new AddressList());
    }

    private final ManagedChannel channel;

    // docs: begin
    /** Calls {@code addresses}, HOST:PORT,HOST:PORT, in turn; over TLS, each answers to {@code name}. */
    Predictors(String addresses, ChannelCredentials security, String name) {
        channel = Grpc.newChannelBuilder("list:///" + addresses, security)
                .defaultLoadBalancingPolicy("round_robin")
                .overrideAuthority(name)
                .maxInboundMessageSize(MAX_MESSAGE_BYTES)
                .build();
    }

    PredictResponse predict(PredictRequest request) {
        return stub(10_000).predict(request);
    }

    PredictorServiceBlockingStub stub(long deadlineMs) {
        return PredictorServiceGrpc.newBlockingStub(channel).withDeadlineAfter(deadlineMs, TimeUnit.MILLISECONDS);
    }
    // docs: end

    ManagedChannel channel() {
        return channel;
    }

    /**
     * Predicts as soon as the predictor has room: waits as long as it asks and comes again.
     *
     * @return how often it came again
     */
    int predictRetried(PredictRequest request) throws InterruptedException {
        long jitter = LEAST_JITTER_MS;
        for (int retries = 0; ; retries++) {
            try {
                predict(request);
                return retries;
            } catch (StatusRuntimeException refused) {
                Optional<Duration> wait = retryAfter(refused);
                if (wait.isEmpty() || retries == MAX_TRIES - 1) {
                    throw refused;
                }
                // The random part keeps callers that were refused together from coming back together.
                Thread.sleep(wait.get().toMillis() + ThreadLocalRandom.current().nextLong(jitter));
                jitter = Math.min(2 * jitter, MOST_JITTER_MS);
            }
        }
    }

    /**
     * How long an overloaded predictor asks to wait. Where another try cannot help, as for a message that is
     * too large, RESOURCE_EXHAUSTED carries no RetryInfo.
     */
    private static Optional<Duration> retryAfter(StatusRuntimeException refused) {
        com.google.rpc.Status status = StatusProto.fromThrowable(refused);
        if (refused.getStatus().getCode() != Status.Code.RESOURCE_EXHAUSTED || status == null) {
            return Optional.empty();
        }
        for (Any detail : status.getDetailsList()) {
            if (detail.is(RetryInfo.class)) {
                return unpacked(detail);
            }
        }
        return Optional.empty();
    }

    private static Optional<Duration> unpacked(Any detail) {
        try {
            com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
            return Optional.of(Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
        } catch (InvalidProtocolBufferException damaged) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
