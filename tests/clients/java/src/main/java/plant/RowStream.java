package plant;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import millwright.predictor.v1.Predictor.PredictError;
import millwright.predictor.v1.Predictor.PredictStreamRequest;
import millwright.predictor.v1.Predictor.PredictStreamResponse;
import millwright.predictor.v1.Predictor.Prediction;
import millwright.predictor.v1.PredictorServiceGrpc;

/** Predicts all rows over a stream, which is opened again where it breaks. */
final class RowStream {
    private static final int ROWS_PER_MESSAGE = 8;
    private static final int MAX_UNANSWERED = 16;
    private static final int MAX_REOPENED_IN_A_ROW = 5;

    private final Channel channel;
    private final String model;
    private final Rows rows;
    private final List<String> labels = new ArrayList<>();
    private int reopened = 0;

    RowStream(Channel channel, String model, Rows rows) {
        this.channel = channel;
        this.model = model;
        this.rows = rows;
    }

    /** Of all rows, in order. */
    List<String> labels() {
        return labels;
    }

    int reopened() {
        return reopened;
    }

    /** Begins each call with the first row that has no label, until all have one. */
    void run() throws InterruptedException {
        int inARow = 0;
        for (int before = 0; before < rows.size(); before = labels.size()) {
            Optional<StatusRuntimeException> broken = new Call().untilItEnds();
            if (broken.isEmpty()) {
                return;
            }
            inARow = labels.size() > before ? 0 : inARow;
            if (inARow == MAX_REOPENED_IN_A_ROW) {
                throw broken.get();
            }
            Thread.sleep(100L << inARow++);
            reopened++;
        }
    }

    /** One call. gRPC runs its callbacks one after the other: they need no lock. */
    private final class Call implements ClientResponseObserver<PredictStreamRequest, PredictStreamResponse> {
        private final CompletableFuture<Optional<StatusRuntimeException>> ended = new CompletableFuture<>();
        private ClientCallStreamObserver<PredictStreamRequest> requests;
        private int next = labels.size();
        private int unanswered = 0;

        /** Why the call broke; empty where all rows were answered. Throws what no other call would mend. */
        Optional<StatusRuntimeException> untilItEnds() throws InterruptedException {
            PredictorServiceGrpc.newStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS).predictStream(this);
            try {
                return ended.get();
            } catch (ExecutionException failed) {
                throw Status.fromThrowable(failed).asRuntimeException();
            }
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<PredictStreamRequest> requests) {
            this.requests = requests;
            requests.setOnReadyHandler(this::send);
        }

        /** Sends while the transport takes messages at once and answers keep up; called when either changes. */
        private void send() {
            while (next < rows.size() && unanswered < MAX_UNANSWERED && requests.isReady()) {
                int end = Math.min(next + ROWS_PER_MESSAGE, rows.size());
                requests.onNext(PredictStreamRequest.newBuilder()
                        .setRowIndex(next)
                        .setRequest(rows.request(model, next, end))
                        .build());
                next = end;
                unanswered++;
                if (next == rows.size()) {
                    requests.onCompleted();
                }
            }
        }

        @Override
        public void onNext(PredictStreamResponse answer) {
            unanswered--;
            if (answer.hasError()) {
                PredictError refused = answer.getError();
                fail(Status.fromCodeValue(refused.getCode()).withDescription(refused.getMessage()));
                return;
            }
            if (answer.getRowIndex() != labels.size()) {
                fail(Status.DATA_LOSS.withDescription("row " + answer.getRowIndex() + " was answered out of turn"));
                return;
            }
            answer.getPrediction().getPredictionsList().stream().map(Prediction::getLabel).forEach(labels::add);
            send();
            if (labels.size() == rows.size()) {
                ended.complete(Optional.empty());
            }
        }

        private void fail(Status status) {
            ended.completeExceptionally(status.asRuntimeException());
            requests.cancel("given up", null);
        }

        @Override
        public void onError(Throwable error) {
            if (Status.fromThrowable(error).getCode() == Status.Code.UNAVAILABLE) {
                ended.complete(Optional.of((StatusRuntimeException) error));
            } else {
                ended.completeExceptionally(error);
            }
        }

        @Override
        public void onCompleted() {
            String early = "the stream ended before its last answer";
            ended.complete(Optional.of(Status.UNAVAILABLE.withDescription(early).asRuntimeException()));
        }
    }
}
