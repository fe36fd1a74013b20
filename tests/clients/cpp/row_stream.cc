#include "row_stream.h"

#include <algorithm>
#include <semaphore>
#include <thread>

namespace v1 = millwright::predictor::v1;

namespace {

constexpr std::size_t kRowsPerMessage = 8;
constexpr int kMaxUnanswered = 16;
constexpr int kMaxReopenedInARow = 5;

using Stream = grpc::ClientReaderWriter<v1::PredictStreamRequest, v1::PredictStreamResponse>;
using Window = std::counting_semaphore<>;

// Sends the rows from `next` on, as answers make room. Write waits for the peer's flow control and fails once the call
// has ended; whoever reads learns why.
void Send(Stream& stream, Window& window, const std::string& model, const Rows& rows, std::size_t next) {
  while (next < rows.size()) {
    window.acquire();
    const auto end = std::min(next + kRowsPerMessage, rows.size());
    v1::PredictStreamRequest message;
    message.set_row_index(next);
    *message.mutable_request() = rows.Request(model, next, end);
    if (!stream.Write(message)) return;
    next = end;
  }
  stream.WritesDone();
}

}  // namespace

void RowStream::Run() {
  for (int in_a_row = 0;; ++in_a_row, ++reopened_) {
    const auto before = labels_.size();
    const grpc::Status ended = RunOnce();
    if (labels_.size() == rows_.size()) return;
    if (labels_.size() > before) in_a_row = 0;
    if (ended.error_code() != grpc::UNAVAILABLE || in_a_row == kMaxReopenedInARow) throw Failed(ended);
    std::this_thread::sleep_for(std::chrono::milliseconds(100 << in_a_row));
  }
}

// Streams the rows that have no label yet and returns how the call ended. Throws Failed for a message that is refused:
// the call is sound, to open it again would not help.
grpc::Status RowStream::RunOnce() {
  Call call(std::chrono::minutes(1));
  const auto stream = predictors_.stub().PredictStream(&call);
  Window window(kMaxUnanswered);
  std::thread sender([&, next = labels_.size()] { Send(*stream, window, model_, rows_, next); });
  grpc::Status taken;
  for (v1::PredictStreamResponse answer; taken.ok() && stream->Read(&answer); window.release()) taken = Take(answer);
  if (!taken.ok()) call.TryCancel();
  window.release();  // a sender that waits shall see that the call has ended
  sender.join();
  const grpc::Status ended = stream->Finish();
  if (!taken.ok()) throw Failed(taken);
  return ended.ok() ? grpc::Status(grpc::UNAVAILABLE, "the stream ended before its last answer") : ended;
}

grpc::Status RowStream::Take(const v1::PredictStreamResponse& answer) {
  if (answer.has_error()) return {grpc::StatusCode(answer.error().code()), answer.error().message()};
  if (answer.row_index() != labels_.size()) return {grpc::DATA_LOSS, "a row was answered out of turn"};
  for (const auto& prediction : answer.prediction().predictions()) labels_.push_back(prediction.label());
  return grpc::Status::OK;
}
