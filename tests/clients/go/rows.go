package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"

	predictorv1 "plantclient/gen/millwright/predictor/v1"
	registryv1 "plantclient/gen/millwright/registry/v1"
)

// column of a table: one value a row, texts or numbers.
type column struct {
	name    string
	texts   []string
	numbers []float64 // nil where the model takes texts
}

// table of rows to predict, column by column.
type table []column

// readTable reads a CSV file whose first line names the columns. Every cell is a text at first.
func readTable(path string) (table, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) < 6 {
		return nil, fmt.Errorf("holds fewer than 5 rows")
	}
	rows := make(table, len(lines[0]))
	for i, name := range lines[0] {
		rows[i].name = name
		for _, line := range lines[1:] {
			rows[i].texts = append(rows[i].texts, line[i])
		}
	}
	return rows, nil
}

// typed makes numbers of the columns that the model does not take as texts. An empty cell is NaN, a
// missing number.
func (t table) typed(signature *registryv1.ModelSignature) error {
	texts := textColumns(signature)
	for i := range t {
		c := &t[i]
		if slices.Contains(texts, c.name) {
			continue
		}
		for row, cell := range c.texts {
			number, err := math.NaN(), error(nil)
			if cell != "" {
				number, err = strconv.ParseFloat(cell, 64)
			}
			if err != nil {
				return fmt.Errorf("row %d of %q is not a number", row+1, c.name)
			}
			c.numbers = append(c.numbers, number)
		}
	}
	return nil
}

func textColumns(signature *registryv1.ModelSignature) (names []string) {
	for _, input := range signature.GetInputs() {
		switch {
		case input.Datatype != "BYTES":
		case len(input.Elements) == 0:
			names = append(names, input.Name)
		default:
			names = append(names, input.Elements...)
		}
	}
	return names
}

func (t table) len() int { return len(t[0].texts) }

// request asks for rows first up to, but without, end.
func (t table) request(model string, first, end int) *predictorv1.PredictRequest {
	request := &predictorv1.PredictRequest{ModelRef: model}
	for _, c := range t {
		named := &predictorv1.NamedColumn{Name: c.name}
		if c.numbers != nil {
			numbers := &predictorv1.Numbers{Values: c.numbers[first:end]}
			named.Values = &predictorv1.NamedColumn_Numbers{Numbers: numbers}
		} else {
			texts := &predictorv1.Texts{Values: c.texts[first:end]}
			named.Values = &predictorv1.NamedColumn_Texts{Texts: texts}
		}
		request.Columns = append(request.Columns, named)
	}
	return request
}
