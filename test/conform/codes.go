package conform

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
)

// errorCodes is the extension that lists the codes of an error response. All
// errors share one schema, so that generators give clients one type of error.
const errorCodes = "x-codes"

// Codes returns the codes that the body of a response may have, or none if it has
// no envelope.
func Codes(response *openapi3.Response) []string {
	media := response.Content["application/json"]
	if media == nil {
		return nil
	}
	listed, _ := media.Extensions[errorCodes].([]any)
	for _, schema := range media.Schema.Value.AllOf { // a success
		if code := schema.Value.Properties["code"]; code != nil {
			listed = append(listed, code.Value.Const)
		}
	}
	var codes []string
	for _, code := range listed {
		if code, ok := code.(string); ok {
			codes = append(codes, code)
		}
	}
	return codes
}

// checkCode checks that the envelope in body has one of the codes.
func checkCode(body []byte, codes []string) error {
	var envelope struct {
		Code string `json:"code"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return err
	}
	if !slices.Contains(codes, envelope.Code) {
		return fmt.Errorf("the code %q is not documented, only %q", envelope.Code, codes)
	}
	return nil
}
