package hostile

import (
	"strconv"
	"strings"
	"testing"
)

// smuggled is a request for a path that no other request uses. A response to it, or
// a log line of it, means that the body containing it was taken for a request.
const smuggled = "DELETE /" + marker + " HTTP/1.1\r\nHost: x\r\n\r\n"

// framings are requests whose end a proxy may determine differently. The service
// must reject the request and close the connection, or read it as the standard says
// and close the connection, unless the request is unambiguous.
var framings = map[string]exchange{
	"two different lengths":   {create("Content-Length: 12\r\nContent-Length: 0\r\n", `{"name":"k"}`), "400 closed"},
	"the length as a list":    {create("Content-Length: 12, 12\r\n", `{"name":"k"}`), "400 closed"},
	"two equal lengths":       {create("Content-Length: 12\r\nContent-Length: 12\r\n", `{"name":"k"}`), "201 200 closed"},
	"a length with a sign":    {create("Content-Length: +12\r\n", `{"name":"k"}`), "400 closed"},
	"a negative length":       {create("Content-Length: -12\r\n", `{"name":"k"}`), "400 closed"},
	"a hexadecimal length":    {create("Content-Length: 0xc\r\n", `{"name":"k"}`), "400 closed"},
	"an empty length":         {create("Content-Length: \r\n", `{"name":"k"}`), "400 closed"},
	"a length that overflows": {create("Content-Length: 99999999999999999999\r\n", ``), "400 closed"},

	"chunks, and a length that hides a request": {create("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "c\r\n{\"name\":\"k\"}\r\n0\r\n\r\n"+smuggled), "201 closed"},
	"a length, and chunks that hide a request":  {create("Transfer-Encoding: chunked\r\nContent-Length: 200\r\n", "0\r\n\r\n"+smuggled), "400 closed"},
	"HTTP/1.0 chunks with a length":             {strings.Replace(create("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 12\r\n", `{"name":"k"}`), "HTTP/1.1", "HTTP/1.0", 1), "201 closed"},
	"chunks in another case":                    {create("Transfer-Encoding: ChUnKeD\r\n", "0\r\n\r\n"), "400 closed"},
	"chunks after a tab":                        {create("Transfer-Encoding:\tchunked\r\n", "0\r\n\r\n"), "400 closed"},
	"chunks after a vertical tab":               {create("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"), "400 closed"},
	"chunks after another encoding":             {create("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "501 closed"},
	"chunks before another encoding":            {create("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"), "501 closed"},
	"chunks named twice":                        {create("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), "501 closed"},
	"chunks, and identity":                      {create("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), "501 closed"},
	"chunks in quotes":                          {create("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), "501 closed"},
	"an unknown encoding":                       {create("Transfer-Encoding: "+marker+"\r\n", ""), "501 closed"},
	"an empty encoding":                         {create("Transfer-Encoding: \r\nContent-Length: 12\r\n", `{"name":"k"}`), "501 closed"},
	"chunks, with a space before the colon":     {create("Transfer-Encoding : chunked\r\nContent-Length: 12\r\n", `{"name":"k"}`), "400 closed"},
	"chunks, folded":                            {create("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), "400 closed"},

	"a chunk extension":                     {create("Transfer-Encoding: chunked\r\n", "c;"+marker+"=x\r\n{\"name\":\"k\"}\r\n0\r\n\r\n"), "201 closed"},
	"a chunk extension with a line end":     {create("Transfer-Encoding: chunked\r\n", "c;x\n{\"name\":\"k\"}\r\n0\r\n\r\n"+smuggled), "400 closed"},
	"a chunk size that ends in a line feed": {create("Transfer-Encoding: chunked\r\n", "c\n{\"name\":\"k\"}\r\n0\r\n\r\n"), "400 closed"},
	"a chunk longer than its size":          {create("Transfer-Encoding: chunked\r\n", "2\r\n{\"name\":\"k\"}\r\n0\r\n\r\n"), "400 closed"},
	"a chunk size that overflows":           {create("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), "400 closed"},
	"a negative chunk size":                 {create("Transfer-Encoding: chunked\r\n", "-2\r\n{}\r\n0\r\n\r\n"), "400 closed"},
	"a trailer that names a length":         {create("Trailer: Content-Length\r\nTransfer-Encoding: chunked\r\n", "c\r\n{\"name\":\"k\"}\r\n0\r\nContent-Length: 9\r\n\r\n"), "400 closed"},

	"an unexpected body":        {strings.Replace(last, "\r\n\r\n", "\r\nContent-Length: 12\r\n\r\n{\"name\":\"k\"}", 1), "415 closed"},
	"a valid request in a body": {create("Content-Length: "+strconv.Itoa(len(smuggled))+"\r\n", smuggled), "400 200 closed"},
}

func TestFraming_IsRejectedOrUnambiguous(t *testing.T) {
	t.Parallel()
	start(t, nil).check(t, framings)
}
