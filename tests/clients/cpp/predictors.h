// A channel to predictors that serve the same models.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "millwright/predictor/v1/predictor.grpc.pb.h"

// What ends the program: a status of a predictor's, or of our own.
struct Failed : std::runtime_error {
  explicit Failed(const grpc::Status& ended) : runtime_error(ended.error_message()), status(ended) {}

  grpc::Status status;
};

// One call with a deadline.
struct Call : grpc::ClientContext {
  explicit Call(std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    set_deadline(std::chrono::system_clock::now() + timeout);
  }
};

class Predictors {
 public:
  // Calls `addresses`, "IP:PORT,IP:PORT", in turn; over TLS, each must prove to be `name`. Connects when first used.
  Predictors(const std::string& addresses, const std::shared_ptr<grpc::ChannelCredentials>& security,
             const std::string& name);

  // Throws Failed. `call` knows which predictor has answered.
  millwright::predictor::v1::PredictResponse Predict(Call& call,
                                                     const millwright::predictor::v1::PredictRequest& request);

  // Predicts once the predictor has room: waits as long as it asks, and comes again. Returns how often it did.
  int PredictRetried(const millwright::predictor::v1::PredictRequest& request);

  millwright::predictor::v1::PredictorService::Stub& stub() { return *stub_; }

 private:
  std::unique_ptr<millwright::predictor::v1::PredictorService::Stub> stub_;
};
