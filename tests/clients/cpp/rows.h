// Rows to predict, column by column.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "millwright/predictor/v1/predictor.pb.h"

// One value a row: texts, or numbers where the model takes those.
struct Column {
  std::string name;
  std::vector<std::string> texts;
  std::vector<double> numbers;
};

class Rows {
 public:
  // Reads a CSV file without quotes, whose first line names the columns. Throws std::invalid_argument.
  explicit Rows(const std::string& file);

  // Makes numbers of the columns that the model does not take as texts. Throws std::invalid_argument.
  void ConvertFor(const millwright::registry::v1::ModelSignature& signature);

  std::size_t size() const { return columns_.front().texts.size(); }

  // Asks for the rows [first, end).
  millwright::predictor::v1::PredictRequest Request(const std::string& model, std::size_t first,
                                                    std::size_t end) const;

 private:
  std::vector<Column> columns_;
};
