#include "predictors.h"

#include <algorithm>
#include <optional>
#include <random>
#include <thread>

#include "google/rpc/error_details.pb.h"

namespace v1 = millwright::predictor::v1;
using std::chrono::milliseconds;

namespace {

constexpr int kMaxMessageBytes = 64 << 20;
constexpr int kMaxTries = 40;
constexpr milliseconds kLeastJitter(10);
constexpr milliseconds kMostJitter(500);

// How long an overloaded predictor asks to wait. Where another try cannot help, as for a message that is too large,
// RESOURCE_EXHAUSTED carries no RetryInfo.
std::optional<milliseconds> RetryAfter(const grpc::Status& refused) {
  google::rpc::Status status;
  if (refused.error_code() != grpc::RESOURCE_EXHAUSTED || !status.ParseFromString(refused.error_details())) {
    return std::nullopt;
  }
  for (const auto& detail : status.details()) {
    google::rpc::RetryInfo info;
    if (detail.UnpackTo(&info)) {
      return milliseconds(info.retry_delay().seconds() * 1'000 + info.retry_delay().nanos() / 1'000'000);
    }
  }
  return std::nullopt;
}

milliseconds RandomBelow(milliseconds bound) {
  thread_local std::mt19937 random(std::random_device{}());
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(0, bound.count() - 1)(random));
}

}  // namespace

// docs: begin
Predictors::Predictors(const std::string& addresses, const std::shared_ptr<grpc::ChannelCredentials>& security,
                       const std::string& name) {
  grpc::ChannelArguments options;
  options.SetLoadBalancingPolicyName("round_robin");
  options.SetMaxReceiveMessageSize(kMaxMessageBytes);
  options.SetString(GRPC_ARG_DEFAULT_AUTHORITY, name);  // otherwise the list, which is no valid authority
  stub_ = v1::PredictorService::NewStub(grpc::CreateCustomChannel("ipv4:" + addresses, security, options));
}

v1::PredictResponse Predictors::Predict(Call& call, const v1::PredictRequest& request) {
  v1::PredictResponse response;
  const grpc::Status status = stub_->Predict(&call, request, &response);
  return status.ok() ? response : throw Failed(status);
}
// docs: end

int Predictors::PredictRetried(const v1::PredictRequest& request) {
  milliseconds jitter = kLeastJitter;
  for (int retries = 0;; ++retries) {
    try {
      Call call;
      Predict(call, request);
      return retries;
    } catch (const Failed& refused) {
      const auto wait = RetryAfter(refused.status);
      if (!wait || retries == kMaxTries - 1) throw;
      // The random part keeps callers that were refused together from coming back together.
      std::this_thread::sleep_for(*wait + RandomBelow(jitter));
      jitter = std::min(2 * jitter, kMostJitter);
    }
  }
}
