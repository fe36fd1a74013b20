#include "rows.h"

#include <charconv>
#include <fstream>
#include <limits>
#include <set>
#include <stdexcept>
#include <string_view>

namespace {

std::vector<std::string> Cells(std::string_view line) {
  std::vector<std::string> cells;
  for (std::size_t comma; (comma = line.find(',')) != line.npos; line.remove_prefix(comma + 1)) {
    cells.emplace_back(line.substr(0, comma));
  }
  cells.emplace_back(line);
  return cells;
}

// An empty cell is a missing number, NaN.
double Number(const std::string& cell, const std::string& column) {
  double number = std::numeric_limits<double>::quiet_NaN();
  const char* end = cell.data() + cell.size();
  const auto [rest, error] = std::from_chars(cell.data(), end, number);
  if (!cell.empty() && (rest != end || error != std::errc())) {
    throw std::invalid_argument("--rows: " + column + " holds what is not a number");
  }
  return number;
}

std::set<std::string> TextColumns(const millwright::registry::v1::ModelSignature& signature) {
  std::set<std::string> names;
  for (const auto& input : signature.inputs()) {
    if (input.datatype() != "BYTES") continue;
    if (input.elements().empty()) names.insert(input.name());
    names.insert(input.elements().begin(), input.elements().end());
  }
  return names;
}

}  // namespace

Rows::Rows(const std::string& file) {
  std::ifstream lines(file);
  std::string line;
  if (!std::getline(lines, line)) throw std::invalid_argument("--rows: the file cannot be read");
  for (const auto& name : Cells(line)) columns_.emplace_back().name = name;
  while (std::getline(lines, line)) {
    const auto cells = Cells(line);
    if (cells.size() != columns_.size()) {
      throw std::invalid_argument("--rows: a line has more or fewer cells than the first one");
    }
    for (std::size_t i = 0; i < cells.size(); ++i) columns_[i].texts.push_back(cells[i]);
  }
  if (size() < 5) throw std::invalid_argument("--rows: the file holds fewer than 5 rows");
}

void Rows::ConvertFor(const millwright::registry::v1::ModelSignature& signature) {
  const auto texts = TextColumns(signature);
  for (auto& column : columns_) {
    if (texts.contains(column.name)) continue;
    for (const auto& cell : column.texts) column.numbers.push_back(Number(cell, column.name));
  }
}

millwright::predictor::v1::PredictRequest Rows::Request(const std::string& model, std::size_t first,
                                                        std::size_t end) const {
  millwright::predictor::v1::PredictRequest request;
  request.set_model_ref(model);
  for (const auto& column : columns_) {
    auto& named = *request.add_columns();
    named.set_name(column.name);
    if (column.numbers.empty()) {
      for (auto i = first; i < end; ++i) named.mutable_texts()->add_values(column.texts[i]);
    } else {
      auto& values = *named.mutable_numbers()->mutable_values();
      values.Add(column.numbers.begin() + first, column.numbers.begin() + end);
    }
  }
  return request;
}
