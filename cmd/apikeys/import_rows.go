package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
)

// maxRow is the maximum size of one row, in bytes.
const maxRow = 1 << 20

// row is a row of a file. Its values are strings or, in JSON Lines, JSON values.
type row struct {
	line   int // of its first byte, from 1
	values map[string]any
}

// rowError is the reason why one row is rejected. The rows after it can still be read.
type rowError struct {
	line   int
	reason string
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.reason) }

// rows reads the rows of a CSV or JSON Lines file.
type rows struct {
	head []string // the columns of a CSV file; nil for JSON Lines
	next func() (row, error)
}

// newRows starts reading r. A file whose first character is a brace is JSON Lines.
func newRows(r io.Reader) (*rows, error) {
	buffered := bufio.NewReader(r)
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = buffered.Discard(len(mark))
	}
	first, err := buffered.Peek(1)
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty")
	case err != nil:
		return nil, err
	case first[0] == '{':
		return &rows{next: jsonRows(buffered)}, nil
	}
	return csvRows(buffered)
}

// jsonRows returns a function that reads the next line.
func jsonRows(r io.Reader) func() (row, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxRow)
	line := 0
	return func() (row, error) {
		for lines.Scan() {
			line++
			text := bytes.TrimSpace(lines.Bytes())
			if len(text) == 0 {
				continue
			}
			var values map[string]any
			if err := json.Unmarshal(text, &values); err != nil || values == nil {
				return row{}, &rowError{line, "is not a JSON object (RFC 7493)"}
			}
			return row{line, values}, nil
		}
		if err := lines.Err(); err != nil {
			return row{}, fmt.Errorf("line %d: %w", line+1, err)
		}
		return row{}, io.EOF
	}
}

// csvRows reads the header row of a CSV file.
func csvRows(r io.Reader) (*rows, error) {
	bounded := &boundedRow{r: r, left: maxRow}
	table := csv.NewReader(bounded)
	head, err := table.Read()
	if err != nil {
		return nil, err
	}
	next := func() (row, error) {
		bounded.left = maxRow
		record, err := table.Read()
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := table.FieldPos(0)
			return row{}, &rowError{line, fmt.Sprintf("has %d cells, the head has %d", len(record), len(head))}
		}
		if err != nil {
			return row{}, err
		}
		line, _ := table.FieldPos(0)
		values := make(map[string]any, len(head))
		for i, column := range head {
			values[column] = record[i]
		}
		return row{line, values}, nil
	}
	return &rows{head: head, next: next}, nil
}

// boundedRow returns an error if a row is longer than maxRow. Without it, a missing
// closing quotation mark would cause the rest of the file to be read into memory.
type boundedRow struct {
	r    io.Reader
	left int
}

func (b *boundedRow) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a row is longer than %d bytes; a quotation mark may not be closed", maxRow)
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}
