package plant;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import millwright.predictor.v1.Predictor.NamedColumn;
import millwright.predictor.v1.Predictor.Numbers;
import millwright.predictor.v1.Predictor.PredictRequest;
import millwright.predictor.v1.Predictor.Texts;
import millwright.registry.v1.Registry.ColumnSpec;
import millwright.registry.v1.Registry.ModelSignature;

/** Rows to predict, column by column. */
record Rows(List<Column> columns) {
    /** One value a row; texts, until {@link Rows#typed} has made numbers of them. */
    private record Column(String name, List<String> texts, Optional<List<Double>> numbers) {
        Column asNumbers() {
            return new Column(name, texts, Optional.of(texts.stream().map(this::number).toList()));
        }

        /** An empty cell is a missing number, NaN. */
        private double number(String cell) {
            try {
                return cell.isEmpty() ? Double.NaN : Double.parseDouble(cell);
            } catch (NumberFormatException notOne) {
                throw new IllegalArgumentException("--rows: " + name + " holds what is not a number");
            }
        }

        NamedColumn slice(int first, int end) {
            NamedColumn.Builder slice = NamedColumn.newBuilder().setName(name);
            numbers.ifPresentOrElse(
                    all -> slice.setNumbers(Numbers.newBuilder().addAllValues(all.subList(first, end))),
                    () -> slice.setTexts(Texts.newBuilder().addAllValues(texts.subList(first, end))));
            return slice.build();
        }
    }

    /** Reads a CSV file without quotes, whose first line names the columns. */
    static Rows read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        if (lines.size() < 6) {
            throw new IOException("fewer than 5 rows");
        }
        List<Column> columns = new ArrayList<>();
        for (String name : lines.get(0).split(",", -1)) {
            columns.add(new Column(name, new ArrayList<>(), Optional.empty()));
        }
        for (String line : lines.subList(1, lines.size())) {
            String[] cells = line.split(",", -1);
            if (cells.length != columns.size()) {
                throw new IOException("row " + columns.get(0).texts.size() + " does not have a cell for each column");
            }
            for (int i = 0; i < cells.length; i++) {
                columns.get(i).texts.add(cells[i]);
            }
        }
        return new Rows(columns);
    }

    /** The rows as the model takes them: some columns as texts, all others as numbers. */
    Rows typed(ModelSignature signature) {
        Set<String> texts = new HashSet<>();
        for (ColumnSpec input : signature.getInputsList()) {
            if (input.getDatatype().equals("BYTES")) {
                texts.addAll(input.getElementsCount() == 0 ? List.of(input.getName()) : input.getElementsList());
            }
        }
        return new Rows(columns.stream().map(c -> texts.contains(c.name) ? c : c.asNumbers()).toList());
    }

    int size() {
        return columns.get(0).texts.size();
    }

    /** Asks for rows {@code first} up to, but without, {@code end}. */
    PredictRequest request(String model, int first, int end) {
        PredictRequest.Builder request = PredictRequest.newBuilder().setModelRef(model);
        columns.forEach(column -> request.addColumns(column.slice(first, end)));
        return request.build();
    }
}
