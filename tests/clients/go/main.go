// Command plant-client calls predictors of Millwright; ../README.md says what it does and prints.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	predictorv1 "plantclient/gen/millwright/predictor/v1"
	registryv1 "plantclient/gen/millwright/registry/v1"
)

var (
	predictors = flag.String("predictors", "", "`HOST:PORT,…` of predictors that serve the same models")
	model      = flag.String("model", "", "`REF` of a model: press.defect, press.defect@staging, press.defect@3")
	rowsFile   = flag.String("rows", "", "CSV `FILE` of rows to predict")
	outFile    = flag.String("out", "", "`FILE` for the labels, one a line")
	busy       = flag.String("busy", "", "`HOST:PORT` of a predictor whose queue holds fewer than 10 rows")
	silent     = flag.String("silent", "", "`HOST:PORT` that takes connections and never answers")
	caFile     = flag.String("ca", "", "PEM `FILE` of the only certificates to trust, over TLS")
	serverName = flag.String("name", "", "`NAME` in the certificate of every predictor")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "error: %s: %s\n", codeName(err), status.Convert(err).Message())
		os.Exit(1)
	}
}

// run does the parts, each of which prints a line.
func run() error {
	rows, err := readTable(*rowsFile)
	if err != nil {
		return invalid("--rows", err)
	}
	security, err := transportSecurity()
	if err != nil {
		return invalid("--ca", err)
	}
	addresses := strings.Split(*predictors, ",")
	p, err := connect(security, addresses...)
	if err != nil {
		return err
	}
	defer p.channel.Close()
	if err := listModels(p, rows); err != nil {
		return err
	}
	if err := predictFew(p, rows); err != nil {
		return err
	}
	if err := streamAll(p, rows); err != nil {
		return err
	}
	if err := reachEach(p, len(addresses), rows); err != nil {
		return err
	}
	if err := overload(security, rows); err != nil {
		return err
	}
	return meetDeadline(security)
}

// transportSecurity is TLS with --ca, plaintext without.
func transportSecurity() (credentials.TransportCredentials, error) {
	if *caFile == "" {
		return insecure.NewCredentials(), nil
	}
	pem, err := os.ReadFile(*caFile)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("holds no certificate")
	}
	return credentials.NewTLS(&tls.Config{RootCAs: trusted, ServerName: *serverName}), nil
}

// listModels also learns from the model's signature which columns are texts.
func listModels(p plant, rows table) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	served, err := p.ListServedModels(ctx, &predictorv1.ListServedModelsRequest{})
	if err != nil {
		return err
	}
	var models []string
	var signature *registryv1.ModelSignature
	name, _, _ := strings.Cut(*model, "@")
	for _, m := range served.Models {
		serving := m.GetServing()
		models = append(models, fmt.Sprintf("%s@%s=%d", serving.GetModel(), m.Alias, serving.GetVersion()))
		if serving.GetModel() == name {
			signature = m.Signature
		}
	}
	fmt.Println("models:", strings.Join(models, ", "))
	if err := rows.typed(signature); err != nil {
		return invalid("--rows", err)
	}
	return nil
}

func predictFew(p plant, rows table) error {
	answer, err := p.predict(rows.request(*model, 0, 3))
	if err != nil {
		return err
	}
	var labels []string
	for _, prediction := range answer.Predictions {
		labels = append(labels, prediction.Label)
	}
	by, listed := answer.GetVersion(), strings.Join(labels, ", ")
	fmt.Printf("predicted: %d rows by %s@%d: %s\n", len(labels), by.GetModel(), by.GetVersion(), listed)
	return nil
}

func streamAll(p plant, rows table) error {
	labels, reopened, err := p.stream(*model, rows)
	if err != nil {
		return err
	}
	count := make(map[string]int)
	for _, label := range labels {
		count[label]++
	}
	var counts []string
	for _, label := range slices.Sorted(maps.Keys(count)) {
		counts = append(counts, fmt.Sprintf("%s %d", label, count[label]))
	}
	fmt.Printf("streamed: %d rows: %s; reopened %d times\n", len(labels), strings.Join(counts, ", "), reopened)
	return write(labels)
}

func write(labels []string) error {
	if *outFile == "" {
		return nil
	}
	if err := os.WriteFile(*outFile, []byte(strings.Join(labels, "\n")+"\n"), 0o644); err != nil {
		return invalid("--out", err)
	}
	return nil
}

// reachEach calls until every predictor has answered: one that is not connected yet is passed over.
func reachEach(p plant, n int, rows table) error {
	answered := make(map[string]bool)
	for until := time.Now().Add(time.Minute); len(answered) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			return status.Errorf(codes.DeadlineExceeded, "%d of %d predictors answered", len(answered), n)
		}
		var from peer.Peer
		if _, err := p.predict(rows.request(*model, 0, 1), grpc.Peer(&from)); err != nil {
			return err
		}
		answered[from.Addr.String()] = true
	}
	fmt.Printf("predictors: %d of %d answered\n", len(answered), n)
	return nil
}

// overload sends 3 calls at a time to a predictor that has room for one, until it has refused some.
func overload(security credentials.TransportCredentials, rows table) error {
	if *busy == "" {
		return nil
	}
	p, err := connect(security, *busy)
	if err != nil {
		return err
	}
	defer p.channel.Close()
	const calls, rounds = 3, 20
	retries := 0
	for round := 0; round < rounds && retries == 0; round++ {
		if retries, err = atTheSameTime(calls, func() (int, error) {
			return p.predictRetried(rows.request(*model, 0, 5))
		}); err != nil {
			return err
		}
	}
	fmt.Printf("overloaded: %d calls answered after %d retries\n", calls, retries)
	return nil
}

// atTheSameTime makes n calls and returns how often they had to come again, and an error if one failed.
func atTheSameTime(n int, call func() (int, error)) (retries int, err error) {
	type outcome struct {
		retries int
		err     error
	}
	outcomes := make(chan outcome, n)
	for range n {
		go func() {
			retries, err := call()
			outcomes <- outcome{retries, err}
		}()
	}
	for range n {
		ended := <-outcomes
		retries += ended.retries
		if err == nil {
			err = ended.err
		}
	}
	return retries, err
}

func meetDeadline(security credentials.TransportCredentials) error {
	if *silent == "" {
		return nil
	}
	p, err := connect(security, *silent)
	if err != nil {
		return err
	}
	defer p.channel.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	_, err = p.ListServedModels(ctx, &predictorv1.ListServedModelsRequest{})
	fmt.Println("deadline:", codeName(err))
	return nil
}

func invalid(argument string, err error) error {
	return status.Errorf(codes.InvalidArgument, "%s: %v", argument, err)
}

// codeName is the name that the protocol gives to a status: DEADLINE_EXCEEDED, not DeadlineExceeded.
func codeName(err error) string {
	return code.Code(status.Code(err)).String()
}
