package plant;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import millwright.predictor.v1.Predictor.ListServedModelsRequest;
import millwright.predictor.v1.Predictor.PredictRequest;
import millwright.predictor.v1.Predictor.PredictResponse;
import millwright.predictor.v1.Predictor.Prediction;
import millwright.predictor.v1.Predictor.ServedModel;
import millwright.registry.v1.Registry.ModelSignature;

/** Calls predictors of Millwright; {@code ../README.md} says with which arguments, and what it prints. */
public final class PlantClient {
    private final Map<String, String> arguments;
    private final String model;

    private PlantClient(Map<String, String> arguments) {
        this.arguments = arguments;
        model = argument("--model");
    }

    public static void main(String[] line) throws InterruptedException {
        try {
            new PlantClient(parsed(line)).run();
        } catch (StatusRuntimeException failed) {
            System.err.println("error: " + failed.getStatus().getCode() + ": " + described(failed.getStatus()));
            System.exit(1);
        } catch (IllegalArgumentException invalid) {
            System.err.println("error: INVALID_ARGUMENT: " + invalid.getMessage());
            System.exit(1);
        }
    }

    /** In one line; of a connection that failed, the cause says more than the description. */
    private static String described(Status status) {
        Throwable cause = status.getCause();
        String said = cause == null ? status.getDescription() : cause.getMessage();
        return String.valueOf(said).lines().findFirst().orElse("");
    }

    private static Map<String, String> parsed(String[] line) {
        Map<String, String> arguments = new HashMap<>();
        for (int i = 0; i + 1 < line.length; i += 2) {
            arguments.put(line[i], line[i + 1]);
        }
        return arguments;
    }

    private String argument(String name) {
        String value = arguments.get(name);
        if (value == null) {
            throw new IllegalArgumentException(name + ": is missing");
        }
        return value;
    }

    /** Does the parts, each of which prints a line. */
    private void run() throws InterruptedException {
        Rows untyped = rows();
        ChannelCredentials security = security();
        try (Predictors predictors = connect(security, argument("--predictors"))) {
            Rows rows = untyped.typed(listModels(predictors));
            predictFew(predictors, rows);
            streamAll(predictors, rows);
            reachEach(predictors, rows);
            if (arguments.containsKey("--busy")) {
                overload(security, rows);
            }
        }
        if (arguments.containsKey("--silent")) {
            meetDeadline(security);
        }
    }

    private Rows rows() {
        try {
            return Rows.read(Path.of(argument("--rows")));
        } catch (IOException unreadable) {
            throw new IllegalArgumentException("--rows: cannot be read: " + unreadable.getMessage());
        }
    }

    /** TLS with {@code --ca}, plaintext without. */
    private ChannelCredentials security() {
        if (!arguments.containsKey("--ca")) {
            return InsecureChannelCredentials.create();
        }
        try {
            return TlsChannelCredentials.newBuilder().trustManager(new File(arguments.get("--ca"))).build();
        } catch (IOException unreadable) {
            throw new IllegalArgumentException("--ca: cannot be read: " + unreadable.getMessage());
        }
    }

    private Predictors connect(ChannelCredentials security, String addresses) {
        return new Predictors(addresses, security, arguments.getOrDefault("--name", "predictors"));
    }

    /** Returns what the model takes. */
    private ModelSignature listModels(Predictors predictors) {
        List<ServedModel> models = predictors.stub(10_000)
                .listServedModels(ListServedModelsRequest.getDefaultInstance()).getModelsList();
        System.out.println("models: " + models.stream().map(PlantClient::described).collect(Collectors.joining(", ")));
        String name = model.split("@")[0];
        return models.stream().filter(served -> served.getServing().getModel().equals(name)).findFirst()
                .map(ServedModel::getSignature).orElse(ModelSignature.getDefaultInstance());
    }

    private static String described(ServedModel served) {
        return served.getServing().getModel() + "@" + served.getAlias() + "=" + served.getServing().getVersion();
    }

    private void predictFew(Predictors predictors, Rows rows) {
        PredictResponse answer = predictors.predict(rows.request(model, 0, 3));
        String labels = answer.getPredictionsList().stream().map(Prediction::getLabel)
                .collect(Collectors.joining(", "));
        System.out.printf("predicted: %d rows by %s@%d: %s%n", answer.getPredictionsCount(),
                answer.getVersion().getModel(), answer.getVersion().getVersion(), labels);
    }

    private void streamAll(Predictors predictors, Rows rows) throws InterruptedException {
        RowStream stream = new RowStream(predictors.channel(), model, rows);
        stream.run();
        Map<String, Integer> counts = new TreeMap<>();
        stream.labels().forEach(label -> counts.merge(label, 1, Integer::sum));
        String counted = counts.entrySet().stream().map(e -> e.getKey() + " " + e.getValue())
                .collect(Collectors.joining(", "));
        System.out.printf("streamed: %d rows: %s; reopened %d times%n", stream.labels().size(), counted,
                stream.reopened());
        if (arguments.containsKey("--out")) {
            write(stream.labels());
        }
    }

    private void write(List<String> labels) {
        try {
            Files.write(Path.of(arguments.get("--out")), labels);
        } catch (IOException unwritable) {
            throw new IllegalArgumentException("--out: cannot be written: " + unwritable.getMessage());
        }
    }

    /** Calls until every predictor has answered: one that is not connected yet is passed over. */
    private void reachEach(Predictors predictors, Rows rows) throws InterruptedException {
        int wanted = argument("--predictors").split(",").length;
        PeerRecorder answered = new PeerRecorder();
        PredictRequest oneRow = rows.request(model, 0, 1);
        for (long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(1); answered.peers().size() < wanted; ) {
            if (System.nanoTime() > until) {
                String few = answered.peers().size() + " of " + wanted + " predictors answered";
                throw Status.DEADLINE_EXCEEDED.withDescription(few).asRuntimeException();
            }
            predictors.stub(10_000).withInterceptors(answered).predict(oneRow);
            Thread.sleep(1);
        }
        System.out.printf("predictors: %d of %d answered%n", answered.peers().size(), wanted);
    }

    /** Sends 3 calls at a time to a predictor that has room for one, until it has refused some. */
    private void overload(ChannelCredentials security, Rows rows) throws InterruptedException {
        int calls = 3;
        int retries = 0;
        PredictRequest request = rows.request(model, 0, 5);
        ExecutorService callers = Executors.newFixedThreadPool(calls);
        try (Predictors busy = connect(security, arguments.get("--busy"))) {
            for (int round = 0; round < 20 && retries == 0; round++) {
                List<Future<Integer>> retried = new ArrayList<>();
                for (int i = 0; i < calls; i++) {
                    retried.add(callers.submit(() -> busy.predictRetried(request)));
                }
                for (Future<Integer> one : retried) {
                    retries += one.get();
                }
            }
        } catch (ExecutionException failed) {
            throw Status.fromThrowable(failed).asRuntimeException();
        } finally {
            callers.shutdownNow();
        }
        System.out.printf("overloaded: %d calls answered after %d retries%n", calls, retries);
    }

    private void meetDeadline(ChannelCredentials security) {
        Status.Code ended = Status.Code.OK;
        try (Predictors silent = connect(security, arguments.get("--silent"))) {
            silent.stub(500).listServedModels(ListServedModelsRequest.getDefaultInstance());
        } catch (StatusRuntimeException late) {
            ended = late.getStatus().getCode();
        }
        System.out.println("deadline: " + ended);
    }
}
