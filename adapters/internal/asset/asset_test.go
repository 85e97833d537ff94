package asset

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAccepts(t *testing.T) {
	t.Parallel()
	for accepted, want := range map[string]bool{
		"":                         false,
		"gzip":                     true,
		"br, gzip;q=0.5":           true,
		"GZIP":                     true,
		"x-gzip":                   true,
		"deflate, br":              false,
		"gzip;q=0":                 false,
		"gzip; q=0.000, *":         false,
		"*":                        true,
		"*;q=0":                    false,
		"identity;q=1, *;q=0":      false,
		"gzip;q=":                  false,
		"gzip;q=NaN":               false,
		"br;q=1.0,gzip ; Q = 0.1 ": true,
	} {
		if got := accepts([]string{accepted}, "gzip", "x-gzip"); got != want {
			t.Errorf("accepts(%q) = %t, want %t", accepted, got, want)
		}
	}
}

// Without the name of a coding that means gzip, a response is never compressed.
func FuzzAccepts(f *testing.F) {
	f.Add("gzip;q=0.5, *")
	f.Fuzz(func(t *testing.T, accepted string) {
		if accepts([]string{accepted}, "gzip", "x-gzip") && !strings.Contains(strings.ToLower(accepted), "gzip") && !strings.Contains(accepted, "*") {
			t.Errorf("accepts(%q) = true", accepted)
		}
	})
}

func TestFile_IsSentInTheSmallestCodingThatIsAccepted(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write([]byte("content"))
	_ = w.Close()
	both := &File{Name: "a.js", Gzip: zipped.Bytes(), Brotli: []byte("brotli")}
	alone := &File{Name: "a.js", Gzip: zipped.Bytes()}
	for name, tc := range map[string]struct {
		file                   *File
		accepted, coding, body string
	}{
		"both accepted":            {both, "gzip, deflate, br", "br", "brotli"},
		"Brotli refused":           {both, "br;q=0, gzip", "gzip", zipped.String()},
		"only gzip is accepted":    {both, "gzip", "gzip", zipped.String()},
		"nothing is accepted":      {both, "", "", "content"},
		"there is no Brotli":       {alone, "br, gzip", "gzip", zipped.String()},
		"only Brotli, of which no": {alone, "br", "", "content"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/a.js", nil)
			r.Header.Set("Accept-Encoding", tc.accepted)
			got := httptest.NewRecorder()
			tc.file.ServeHTTP(got, r)
			if got.Header().Get("Content-Encoding") != tc.coding || got.Body.String() != tc.body {
				t.Errorf("got %q %q, want %q %q", got.Header().Get("Content-Encoding"), got.Body, tc.coding, tc.body)
			}
		})
	}
}
