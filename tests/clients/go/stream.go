package main

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	predictorv1 "plantclient/gen/millwright/predictor/v1"
)

const (
	rowsPerMessage = 8
	maxUnanswered  = 16 // messages
	maxReopened    = 5  // times in a row
)

type requests = predictorv1.PredictorService_PredictStreamClient

// stream predicts all rows, in order. A call that breaks is opened again with the first row that has no
// answer. It returns one label a row, and how often it had to open again.
func (p plant) stream(model string, rows table) (labels []string, reopened int, err error) {
	inARow := 0
	for {
		before := len(labels)
		labels, err = p.streamFrom(model, rows, labels)
		if err == nil {
			return labels, reopened, nil
		}
		if len(labels) > before {
			inARow = 0
		}
		if !broken(err) || inARow == maxReopened {
			return nil, reopened, err
		}
		time.Sleep(100 * time.Millisecond << inARow)
		inARow++
		reopened++
	}
}

// broken tells whether it helps to open the call again.
func broken(err error) bool {
	return !errors.As(err, new(inBand)) && status.Code(err) == codes.Unavailable
}

// streamFrom streams the rows that have no label yet, and appends theirs up to the end of the call.
func (p plant) streamFrom(model string, rows table, labels []string) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel() // ends the sender too
	call, err := p.PredictStream(ctx)
	if err != nil {
		return labels, err
	}
	window := make(chan struct{}, maxUnanswered)
	go send(call, model, rows, len(labels), window)
	for len(labels) < rows.len() {
		answer, err := call.Recv()
		if err == io.EOF {
			return labels, status.Error(codes.Unavailable, "the stream ended before its last answer")
		}
		if err != nil {
			return labels, err
		}
		<-window
		if refused := answer.GetError(); refused != nil {
			return labels, inBand{refused}
		}
		if answer.RowIndex != uint64(len(labels)) {
			return labels, status.Errorf(codes.DataLoss, "row %d was answered out of turn", answer.RowIndex)
		}
		for _, prediction := range answer.GetPrediction().Predictions {
			labels = append(labels, prediction.Label)
		}
	}
	return labels, nil
}

// send sends the rows from first on, as fast as answers come and the peer takes them.
func send(call requests, model string, rows table, first int, window chan<- struct{}) {
	for ; first < rows.len(); first += rowsPerMessage {
		select {
		case window <- struct{}{}:
		case <-call.Context().Done():
			return
		}
		request := rows.request(model, first, min(first+rowsPerMessage, rows.len()))
		message := &predictorv1.PredictStreamRequest{RowIndex: uint64(first), Request: request}
		// Send waits for the peer's flow control. Why it failed is what Recv returns.
		if call.Send(message) != nil {
			return
		}
	}
	call.CloseSend()
}

// inBand is the refusal of one message. The call is sound: to open it again would not help.
type inBand struct{ *predictorv1.PredictError }

func (e inBand) Error() string { return e.Message }

func (e inBand) GRPCStatus() *status.Status { return status.New(codes.Code(e.Code), e.Message) }
