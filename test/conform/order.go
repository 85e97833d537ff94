package conform

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// order is the order of a schema's members in the document. A schema cannot
// prescribe an order, but the contract does.
type order []string

// ordersIn returns the orders of all schemas in the text of a document.
func ordersIn(text []byte) ([]order, error) {
	var orders []order
	err := eachObject(text, func(within string, members []string) {
		if within == "properties" {
			orders = append(orders, members)
		}
	})
	return orders, err
}

// checkOrder checks that the members of each object in a body have the order of
// some schema.
func checkOrder(body []byte, orders []order) error {
	var strange []string
	err := eachObject(body, func(_ string, members []string) {
		if !slices.ContainsFunc(orders, func(o order) bool { return o.has(members) }) {
			strange = members
		}
	})
	if strange != nil {
		return fmt.Errorf("no schema has the members %q in that order", strange)
	}
	return err
}

// has reports whether members is a subsequence of the order.
func (o order) has(members []string) bool {
	next := 0
	for _, member := range o {
		if next < len(members) && members[next] == member {
			next++
		}
	}
	return next == len(members)
}

// eachObject calls f for every object in a JSON text, with the names of its members
// and the name of the member whose value it is.
func eachObject(text []byte, f func(within string, members []string)) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	return walk(dec, "", f)
}

func walk(dec *jsontext.Decoder, within string, f func(string, []string)) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	var members []string
	switch token.Kind() {
	case '{':
		for dec.PeekKind() == '"' && err == nil {
			name, _ := dec.ReadToken()
			members = append(members, name.String())
			err = walk(dec, members[len(members)-1], f)
		}
		f(within, members)
	case '[':
		for dec.PeekKind() != ']' && err == nil {
			err = walk(dec, "", f)
		}
	default:
		return nil
	}
	if err == nil {
		_, err = dec.ReadToken()
	}
	return err
}
