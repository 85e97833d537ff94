package httpapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "make openapi.json from openapi.yaml")

func TestDocument_JSONIsMadeFromYAML(t *testing.T) {
	t.Parallel()
	var document yaml.Node
	if err := yaml.Unmarshal(documentYAML, &document); err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	if err := encodeNode(jsontext.NewEncoder(&made, jsontext.WithIndent(" ")), &document); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi/openapi.json", made.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(made.Bytes(), documentJSON) {
		t.Error("openapi.json is not that of openapi.yaml; run go test ./adapters/httpapi -run TestDocument -update")
	}
}

// encodeNode writes a node with its members in their order in the document, which is
// that of the contract, and with its aliases expanded.
func encodeNode(e *jsontext.Encoder, n *yaml.Node) error {
	switch n.Kind {
	case yaml.DocumentNode:
		return encodeNode(e, n.Content[0])
	case yaml.AliasNode:
		return encodeNode(e, n.Alias)
	case yaml.MappingNode:
		return encodeNodes(e, jsontext.BeginObject, n.Content, jsontext.EndObject)
	case yaml.SequenceNode:
		return encodeNodes(e, jsontext.BeginArray, n.Content, jsontext.EndArray)
	}
	var scalar any
	if err := n.Decode(&scalar); err != nil {
		return err
	}
	text, err := json.Marshal(scalar)
	if err != nil {
		return err
	}
	return e.WriteValue(text)
}

func encodeNodes(e *jsontext.Encoder, begin jsontext.Token, nodes []*yaml.Node, end jsontext.Token) error {
	if err := e.WriteToken(begin); err != nil {
		return err
	}
	for _, n := range nodes {
		if err := encodeNode(e, n); err != nil {
			return err
		}
	}
	return e.WriteToken(end)
}
