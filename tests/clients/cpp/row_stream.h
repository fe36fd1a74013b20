// Predicts rows over a stream, which is opened again where it breaks.
#pragma once

#include <string>
#include <vector>

#include "predictors.h"
#include "rows.h"

class RowStream {
 public:
  RowStream(Predictors& predictors, const std::string& model, const Rows& rows)
      : predictors_(predictors), model_(model), rows_(rows) {}

  // Predicts all rows. Throws Failed.
  void Run();

  // One a row, in order.
  const std::vector<std::string>& labels() const { return labels_; }

  // How often the stream broke.
  int reopened() const { return reopened_; }

 private:
  grpc::Status RunOnce();
  grpc::Status Take(const millwright::predictor::v1::PredictStreamResponse& answer);

  Predictors& predictors_;
  const std::string& model_;
  const Rows& rows_;
  std::vector<std::string> labels_;
  int reopened_ = 0;
};
