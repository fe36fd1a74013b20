// Calls predictors of Millwright; ../README.md says with which arguments, and what it prints.
#include <algorithm>
#include <array>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>

#include "predictors.h"
#include "row_stream.h"
#include "rows.h"

namespace v1 = millwright::predictor::v1;
using Arguments = std::map<std::string, std::string>;
using Security = std::shared_ptr<grpc::ChannelCredentials>;

namespace {

constexpr std::array kCodeNames = {
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"};

Arguments Parsed(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i + 1 < argc; i += 2) arguments[argv[i]] = argv[i + 1];
  return arguments;
}

// TLS with --ca, plaintext without.
Security SecurityOf(const Arguments& arguments) {
  if (!arguments.contains("--ca")) return grpc::InsecureChannelCredentials();
  std::ifstream file(arguments.at("--ca"));
  if (!file) throw std::invalid_argument("--ca: the file cannot be read");
  grpc::SslCredentialsOptions options;
  options.pem_root_certs.assign(std::istreambuf_iterator(file), {});
  return grpc::SslCredentials(options);
}

template <typename Items, typename Describe>
std::string Joined(const Items& items, Describe describe) {
  std::string joined;
  for (const auto& item : items) joined += (joined.empty() ? "" : ", ") + describe(item);
  return joined;
}

// The parts of the program. Each prints a line.
class Client {
 public:
  explicit Client(Arguments arguments)
      : arguments_(std::move(arguments)),
        model_(arguments_["--model"]),
        rows_(arguments_["--rows"]),
        security_(SecurityOf(arguments_)),
        predictors_(Connect("--predictors")) {}

  void Run() {
    ListModels();
    PredictFew();
    StreamAll();
    ReachEach();
    if (arguments_.contains("--busy")) Overload();
    if (arguments_.contains("--silent")) MeetDeadline();
  }

 private:
  Predictors Connect(const std::string& argument) {
    const auto name = arguments_.contains("--name") ? arguments_["--name"] : "predictors";
    return Predictors(arguments_[argument], security_, name);
  }

  // Also learns from the model's signature which columns are texts.
  void ListModels() {
    Call call;
    v1::ListServedModelsResponse served;
    const auto status = predictors_.stub().ListServedModels(&call, {}, &served);
    if (!status.ok()) throw Failed(status);
    std::cout << "models: " << Joined(served.models(), [](const auto& model) {
      const auto& serving = model.serving();
      return serving.model() + "@" + model.alias() + "=" + std::to_string(serving.version());
    }) << std::endl;
    const auto name = model_.substr(0, model_.find('@'));
    const auto found = std::find_if(served.models().begin(), served.models().end(),
                                    [&](const auto& model) { return model.serving().model() == name; });
    if (found == served.models().end()) throw Failed({grpc::NOT_FOUND, "--model: no predictor serves it"});
    rows_.ConvertFor(found->signature());
  }

  void PredictFew() {
    Call call;
    const auto answer = predictors_.Predict(call, rows_.Request(model_, 0, 3));
    std::cout << "predicted: " << answer.predictions_size() << " rows by " << answer.version().model() << "@"
              << answer.version().version() << ": "
              << Joined(answer.predictions(), [](const auto& prediction) { return prediction.label(); }) << std::endl;
  }

  void StreamAll() {
    RowStream stream(predictors_, model_, rows_);
    stream.Run();
    std::map<std::string, int> counts;
    for (const auto& label : stream.labels()) ++counts[label];
    const auto counted =
        Joined(counts, [](const auto& count) { return count.first + " " + std::to_string(count.second); });
    std::cout << "streamed: " << stream.labels().size() << " rows: " << counted << "; reopened " << stream.reopened()
              << " times" << std::endl;
    if (!arguments_.contains("--out")) return;
    std::ofstream out(arguments_["--out"]);
    for (const auto& label : stream.labels()) out << label << '\n';
    if (!out.flush()) throw std::invalid_argument("--out: the file cannot be written");
  }

  // Calls until every predictor has answered: one that is not connected yet is passed over.
  void ReachEach() {
    const auto& addresses = arguments_["--predictors"];
    const std::size_t wanted = 1 + std::count(addresses.begin(), addresses.end(), ',');
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    std::set<std::string> answered;
    while (answered.size() < wanted) {
      if (std::chrono::steady_clock::now() > until) throw Failed({grpc::DEADLINE_EXCEEDED, "a predictor is away"});
      Call call;
      predictors_.Predict(call, rows_.Request(model_, 0, 1));
      answered.insert(call.peer());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    std::cout << "predictors: " << answered.size() << " of " << wanted << " answered" << std::endl;
  }

  // Sends 3 calls at a time to a predictor that has room for one, until it has refused some.
  void Overload() {
    auto busy = Connect("--busy");
    const auto request = rows_.Request(model_, 0, 5);
    int retries = 0;
    for (int round = 0; round < 20 && retries == 0; ++round) {
      std::array<std::future<int>, 3> calls;
      for (auto& call : calls) call = std::async(std::launch::async, [&] { return busy.PredictRetried(request); });
      for (auto& call : calls) retries += call.get();
    }
    std::cout << "overloaded: 3 calls answered after " << retries << " retries" << std::endl;
  }

  void MeetDeadline() {
    auto silent = Connect("--silent");
    Call call(std::chrono::milliseconds(500));
    v1::ListServedModelsResponse never;
    const auto status = silent.stub().ListServedModels(&call, {}, &never);
    std::cout << "deadline: " << kCodeNames.at(status.error_code()) << std::endl;
  }

  Arguments arguments_;
  std::string model_;
  Rows rows_;
  Security security_;
  Predictors predictors_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Client(Parsed(argc, argv)).Run();
    return 0;
  } catch (const Failed& failed) {
    std::cerr << "error: " << kCodeNames.at(failed.status.error_code()) << ": " << failed.what() << std::endl;
  } catch (const std::invalid_argument& invalid) {
    std::cerr << "error: INVALID_ARGUMENT: " << invalid.what() << std::endl;
  }
  return 1;
}
