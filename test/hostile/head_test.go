package hostile

import (
	"strings"
	"testing"
)

// asking is a right request but for its first line and its header lines.
func asking(first, lines string) string { return first + "\r\n" + lines + "\r\n" }

const listLine = "GET " + keysPath + " HTTP/1.1"

// heads are request lines and header sections that clients, proxies and the
// service could read differently.
var heads = map[string]exchange{
	"no host":                             {asking(listLine, strings.TrimPrefix(caller, "Host: x\r\n")), "400 closed"},
	"two hosts":                           {asking(listLine, "Host: "+marker+"\r\n"+caller), "400 closed"},
	"two hosts that are the same":         {asking(listLine, "Host: x\r\n"+caller), "400 closed"},
	"a host with a line of its own":       {asking(listLine, strings.Replace(caller, "Host: x", "Host: x/"+marker+" y", 1)), "400 closed"},
	"a target with another host":          {asking("GET http://"+marker+keysPath+" HTTP/1.1", caller), "200 200 closed"},
	"a target that is a host":             {asking("GET "+marker+":80 HTTP/1.1", caller), "404 200 closed"},
	"a tunnel":                            {asking("CONNECT "+marker+":443 HTTP/1.1", caller), "404 200 closed"},
	"a target that is a star":             {asking("OPTIONS * HTTP/1.1", caller), "404 200 closed"},
	"a star for another method":           {asking("GET * HTTP/1.1", caller), "404 200 closed"},
	"a target without a slash":            {asking("GET "+keysPath[1:]+" HTTP/1.1", caller), "400 closed"},
	"a target with a space":               {asking("GET /"+marker+" x HTTP/1.1", caller), "400 closed"},
	"a target with a control character":   {asking("GET /"+marker+"\x01 HTTP/1.1", caller), "400 closed"},
	"a target with a fragment":            {asking("GET "+keysPath+"#"+marker+" HTTP/1.1", caller), "404 200 closed"},
	"a method with a control character":   {asking("G\x00T "+keysPath+" HTTP/1.1", caller), "400 closed"},
	"a method that nobody knows":          {asking(marker+" "+keysPath+" HTTP/1.1", caller), "405 200 closed"},
	"two spaces in the first line":        {asking("GET  "+keysPath+" HTTP/1.1", caller), "400 closed"},
	"no version":                          {asking("GET "+keysPath, caller), "400 closed"},
	"a version in small letters":          {asking("GET "+keysPath+" http/1.1", caller), "400 closed"},
	"a version that is to come":           {asking("GET "+keysPath+" HTTP/3.7", caller), "505 closed"},
	"an empty line before the first":      {"\r\n" + list, "400 closed"},
	"a header line without a colon":       {asking(listLine, caller+marker+"\r\n"), "400 closed"},
	"a header without a name":             {asking(listLine, caller+": "+marker+"\r\n"), "400 closed"},
	"a name with a space":                 {asking(listLine, caller+"X Y: "+marker+"\r\n"), "400 closed"},
	"a name with a NUL":                   {asking(listLine, caller+"X\x00: "+marker+"\r\n"), "400 closed"},
	"a value with a NUL":                  {asking(listLine, caller+"X-Y: \x00"+marker+"\r\n"), "400 closed"},
	"a value with a carriage return":      {asking(listLine, caller+"X-Y: a\rTransfer-Encoding: chunked\r\n"), "400 closed"},
	"a folded value":                      {asking(listLine, caller+"X-Y: a\r\n "+marker+"\r\n"), "200 200 closed"},
	"a folded name":                       {asking(listLine, " "+marker+": x\r\n"+caller), "400 closed"},
	"lines that end in a line feed alone": {strings.ReplaceAll(list, "\r\n", "\n"), "200 200 closed"},
	"a wish for HTTP/2":                   {asking(listLine, caller+"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), "200 200 closed"},
	"a wish for a socket":                 {asking(listLine, caller+"Connection: Upgrade\r\nUpgrade: websocket\r\n"), "200 200 closed"},
	"the preface of HTTP/2":               {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "404 closed"},
	"a handshake of TLS":                  {"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + marker + "\r\n\r\n", "400 closed"},
	"headers beyond 16 KiB":               {asking(listLine, caller+"X-Y: "+strings.Repeat(marker, 2<<10)+"\r\n"), "431 closed"},
	"many headers beyond 16 KiB":          {asking(listLine, caller+strings.Repeat("X: "+marker+"\r\n", 2<<10)), "431 closed"},
	"a first line beyond 16 KiB":          {asking("GET /"+strings.Repeat(marker, 2<<10)+" HTTP/1.1", caller), "431 closed"},
}

func TestHead_IsRefusedOrReadInOneWay(t *testing.T) {
	t.Parallel()
	start(t, nil).answer(t, heads)
}
