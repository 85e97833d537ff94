package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// headerFlags collects the -H flags of a curl command.
type headerFlags http.Header

func (h headerFlags) String() string { return "" }

func (h headerFlags) Set(line string) error {
	name, value, _ := strings.Cut(line, ":")
	http.Header(h).Add(name, strings.TrimSpace(value))
	return nil
}

// curlStandIn replaces curl on machines without it, as far as the printed commands
// need: it sends one request and shows the status, headers and body of the response.
func curlStandIn() {
	headers := headerFlags{}
	line := flag.NewFlagSet("curl", flag.ExitOnError)
	line.Bool("sSi", true, "quiet but for errors; show the headers")
	method := line.String("X", http.MethodGet, "method")
	body := line.String("d", "", "body")
	line.Var(headers, "H", "header")
	// curl accepts flags after the URL too, the flag package only before it.
	_ = line.Parse(os.Args[1:])
	url := line.Arg(0)
	_ = line.Parse(line.Args()[1:])
	if err := fetch(*method, url, *body, http.Header(headers)); err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
		os.Exit(7)
	}
}

func fetch(method, url, body string, header http.Header) error {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s\r\n", resp.Proto, resp.Status)
	if err := resp.Header.Write(&head); err != nil {
		return err
	}
	head.WriteString("\r\n")
	_, err = io.Copy(os.Stdout, io.MultiReader(&head, resp.Body))
	return err
}
