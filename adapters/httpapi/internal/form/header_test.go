package form

import "testing"

func TestAcceptsJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		accept []string
		want   bool
	}{
		{name: "absent", want: true},
		{name: "empty", accept: []string{""}, want: true},
		{name: "JSON", accept: []string{"application/json"}, want: true},
		{name: "JSON in capitals", accept: []string{"Application/JSON"}, want: true},
		{name: "JSON in UTF-8", accept: []string{"application/json; charset=UTF-8"}, want: true},
		{name: "anything", accept: []string{"*/*"}, want: true},
		{name: "any application type", accept: []string{"application/*;q=0.1"}, want: true},
		{name: "a browser", accept: []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, want: true},
		{name: "on a second line", accept: []string{"text/html", "application/json"}, want: true},
		{name: "an empty item behind", accept: []string{"application/json,"}, want: true},
		{name: "an empty item before", accept: []string{",application/json"}, want: true},
		{name: "an empty item between", accept: []string{"application/json, ,text/html"}, want: true},
		{name: "an empty line", accept: []string{"", "application/json"}, want: true},
		{name: "an empty parameter", accept: []string{"application/json;"}, want: true},
		{name: "nothing but commas", accept: []string{", ,"}, want: true},
		{name: "an item that is no media range beside it", accept: []string{"text/html, image/gif, *; q=.2, */*; q=0.2"}, want: true},
		{name: "what Java sends", accept: []string{"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"}, want: true},
		{name: "a bad item beside a refusal", accept: []string{"nonsense, application/json;q=0"}},
		{name: "HTML alone", accept: []string{"text/html"}},
		{name: "JSON excluded", accept: []string{"application/json;q=0"}},
		{name: "JSON excluded, anything else welcome", accept: []string{"*/*, application/json;q=0"}},
		{name: "anything excluded but JSON", accept: []string{"*/*;q=0, application/json"}, want: true},
		{name: "JSON in another charset", accept: []string{"application/json; charset=latin1"}},
		{name: "nonsense", accept: []string{";;;"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := AcceptsJSON(tt.accept); got != tt.want {
				t.Errorf("acceptsJSON(%q) = %v, want %v", tt.accept, got, tt.want)
			}
		})
	}
}

func TestSendsJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		contentType []string
		want        bool
	}{
		{name: "JSON", contentType: []string{"application/json"}, want: true},
		{name: "JSON in UTF-8", contentType: []string{"application/json; charset=utf-8"}, want: true},
		{name: "in any case", contentType: []string{"Application/Json;Charset=UTF-8"}, want: true},
		{name: "absent"},
		{name: "empty", contentType: []string{""}},
		{name: "twice", contentType: []string{"application/json", "application/json"}},
		{name: "another charset", contentType: []string{"application/json; charset=latin1"}},
		{name: "another parameter", contentType: []string{"application/json; profile=x"}},
		{name: "a kin", contentType: []string{"application/merge-patch+json"}},
		{name: "a form", contentType: []string{"application/x-www-form-urlencoded"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := SendsJSON(tt.contentType); got != tt.want {
				t.Errorf("sendsJSON(%q) = %v, want %v", tt.contentType, got, tt.want)
			}
		})
	}
}
