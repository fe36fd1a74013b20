package main

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

	predictorv1 "plantclient/gen/millwright/predictor/v1"
)

const (
	callTimeout     = 10 * time.Second
	maxMessageBytes = 64 << 20
	maxTries        = 40
	leastJitter     = 10 * time.Millisecond
	mostJitter      = 500 * time.Millisecond
)

// plant is a channel to predictors that serve the same models.
type plant struct {
	predictorv1.PredictorServiceClient
	channel *grpc.ClientConn
}

// docs: begin

// connect makes a channel that calls the addresses in turn. It connects when it is first used.
func connect(security credentials.TransportCredentials, addresses ...string) (plant, error) {
	list := manual.NewBuilderWithScheme("plant")
	var predictors resolver.State
	for _, address := range addresses {
		predictors.Addresses = append(predictors.Addresses, resolver.Address{Addr: address})
	}
	list.InitialState(predictors)
	channel, err := grpc.NewClient("plant:///predictors", grpc.WithResolvers(list),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`),
		grpc.WithTransportCredentials(security),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessageBytes)))
	return plant{predictorv1.NewPredictorServiceClient(channel), channel}, err
}

func (p plant) predict(
	request *predictorv1.PredictRequest, options ...grpc.CallOption,
) (*predictorv1.PredictResponse, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	return p.Predict(ctx, request, options...)
}

// docs: end

// predictRetried waits as long as an overloaded predictor asks, and comes again. It returns how often it did.
func (p plant) predictRetried(request *predictorv1.PredictRequest) (retries int, err error) {
	for jitter := leastJitter; ; jitter = min(2*jitter, mostJitter) {
		_, err = p.predict(request)
		wait, ok := retryAfter(err)
		if !ok || retries == maxTries-1 {
			return retries, err
		}
		// The random part keeps callers that were refused together from coming back together.
		time.Sleep(wait + rand.N(jitter))
		retries++
	}
}

// retryAfter is how long an overloaded predictor asks to wait. Where another try cannot help, as for a
// message that is too large, RESOURCE_EXHAUSTED carries no RetryInfo.
func retryAfter(err error) (time.Duration, bool) {
	answer := status.Convert(err)
	if answer.Code() != codes.ResourceExhausted {
		return 0, false
	}
	for _, detail := range answer.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.RetryDelay.AsDuration(), true
		}
	}
	return 0, false
}
