package hostile

import (
	"strings"
	"testing"
)

// withHead returns a request with the given request line and header lines.
func withHead(first, lines string) string { return first + "\r\n" + lines + "\r\n" }

const listLine = "GET " + keysPath + " HTTP/1.1"

// heads are request lines and header sections that clients, proxies and the service
// could interpret differently.
var heads = map[string]exchange{
	"no host":                           {withHead(listLine, strings.TrimPrefix(caller, "Host: x\r\n")), "400 closed"},
	"two hosts":                         {withHead(listLine, "Host: "+marker+"\r\n"+caller), "400 closed"},
	"two equal hosts":                   {withHead(listLine, "Host: x\r\n"+caller), "400 closed"},
	"a host with a path and a space":    {withHead(listLine, strings.Replace(caller, "Host: x", "Host: x/"+marker+" y", 1)), "400 closed"},
	"a target with another host":        {withHead("GET http://"+marker+keysPath+" HTTP/1.1", caller), "200 200 closed"},
	"a target that is a host":           {withHead("GET "+marker+":80 HTTP/1.1", caller), "404 200 closed"},
	"a tunnel":                          {withHead("CONNECT "+marker+":443 HTTP/1.1", caller), "404 200 closed"},
	"a target that is a star":           {withHead("OPTIONS * HTTP/1.1", caller), "404 200 closed"},
	"a star with another method":        {withHead("GET * HTTP/1.1", caller), "404 200 closed"},
	"a target without a slash":          {withHead("GET "+keysPath[1:]+" HTTP/1.1", caller), "400 closed"},
	"a target with a space":             {withHead("GET /"+marker+" x HTTP/1.1", caller), "400 closed"},
	"a target with a control character": {withHead("GET /"+marker+"\x01 HTTP/1.1", caller), "400 closed"},
	"a target with a fragment":          {withHead("GET "+keysPath+"#"+marker+" HTTP/1.1", caller), "404 200 closed"},
	"a method with a control character": {withHead("G\x00T "+keysPath+" HTTP/1.1", caller), "400 closed"},
	"an unknown method":                 {withHead(marker+" "+keysPath+" HTTP/1.1", caller), "405 200 closed"},
	"two spaces in the first line":      {withHead("GET  "+keysPath+" HTTP/1.1", caller), "400 closed"},
	"no version":                        {withHead("GET "+keysPath, caller), "400 closed"},
	"a version in lower case":           {withHead("GET "+keysPath+" http/1.1", caller), "400 closed"},
	"a future version":                  {withHead("GET "+keysPath+" HTTP/3.7", caller), "505 closed"},
	"an empty line before the first":    {"\r\n" + list, "400 closed"},
	"a header line without a colon":     {withHead(listLine, caller+marker+"\r\n"), "400 closed"},
	"a header without a name":           {withHead(listLine, caller+": "+marker+"\r\n"), "400 closed"},
	"a name with a space":               {withHead(listLine, caller+"X Y: "+marker+"\r\n"), "400 closed"},
	"a name with a NUL":                 {withHead(listLine, caller+"X\x00: "+marker+"\r\n"), "400 closed"},
	"a value with a NUL":                {withHead(listLine, caller+"X-Y: \x00"+marker+"\r\n"), "400 closed"},
	"a value with a carriage return":    {withHead(listLine, caller+"X-Y: a\rTransfer-Encoding: chunked\r\n"), "400 closed"},
	"a folded value":                    {withHead(listLine, caller+"X-Y: a\r\n "+marker+"\r\n"), "200 200 closed"},
	"a folded name":                     {withHead(listLine, " "+marker+": x\r\n"+caller), "400 closed"},
	"lines that end in a line feed":     {strings.ReplaceAll(list, "\r\n", "\n"), "200 200 closed"},
	"an upgrade to HTTP/2":              {withHead(listLine, caller+"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), "200 200 closed"},
	"an upgrade to WebSocket":           {withHead(listLine, caller+"Connection: Upgrade\r\nUpgrade: websocket\r\n"), "200 200 closed"},
	"the preface of HTTP/2":             {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "404 closed"},
	"a TLS handshake":                   {"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + marker + "\r\n\r\n", "400 closed"},
	"a header above 16 KiB":             {withHead(listLine, caller+"X-Y: "+strings.Repeat(marker, 2<<10)+"\r\n"), "431 closed"},
	"many headers above 16 KiB":         {withHead(listLine, caller+strings.Repeat("X: "+marker+"\r\n", 2<<10)), "431 closed"},
	"a request line above 16 KiB":       {withHead("GET /"+strings.Repeat(marker, 2<<10)+" HTTP/1.1", caller), "431 closed"},
}

func TestHead_IsRejectedOrUnambiguous(t *testing.T) {
	t.Parallel()
	start(t, nil).check(t, heads)
}
